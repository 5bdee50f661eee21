"""Brings the states of tickets in another system back to their cases: asked for now and then, at once when that system
says that something has changed.

A ticket that is done there resolves its case here, one that is opened again there goes on here; what was changed here
meanwhile is left alone, since only a change there counts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import ColumnElement, Row, func, select, update

from bot.cases import sla, work
from bot.cases.desk_tables import external
from bot.cases.model import Status
from bot.cases.outbox import DeliveryError
from bot.cases.rows import By
from bot.cases.worker import Worker
from bot.database import Database

from .adapter import Adapter, GoneError, Remote
from .context import ConnectError
from .delivery import note_state
from .tables import links

log = structlog.get_logger(__name__)

GONE = "gone"  # state of a ticket that is no longer there
_LONGEST = timedelta(hours=24)
_LONGEST_FAILING = timedelta(hours=1)
_LEASE = timedelta(seconds=60)
_BATCH = 20


class States(Worker):
    """The worker. The longer a ticket has not changed, the rarer it is asked for; `changed` is called after one has."""

    name = "ticket_states"

    def __init__(
        self,
        database: Database,
        adapter: Adapter,
        *,
        by: Callable[[], By],
        changed: Callable[[], None],
        poll: timedelta,
        now: Callable[[], datetime],
    ) -> None:
        super().__init__(database.engine, now=now, longest_wait=min(15.0, poll.total_seconds()))
        self._database = database
        self._adapter = adapter
        self._by = by
        self._changed = changed
        self._poll = poll

    async def told(self, headers: Mapping[str, str], body: bytes) -> None:
        """A signed call of the system's names a ticket: look at it now. ConnectError 401, 422."""
        identifier = self._adapter.named(headers, body)
        if identifier is None:
            raise ConnectError(422, "unknown_ticket")
        refs = select(external.c.ref).where(external.c.system == self._adapter.system, external.c.id == identifier)
        own = (links.c.system == self._adapter.system) & links.c.ref.in_(refs)
        async with self._database.write() as conn:
            await conn.execute(update(links).where(own).values(poll_at=self._now(), failures=0))
        self.wake()

    async def _work(self) -> None:
        while await self.read_due():
            pass

    async def read_due(self) -> int:
        """Ask for the tickets whose time has come; how many."""
        now = self._now()
        query = (
            select(links.c.ref, links.c.failures, links.c.done, external.c.id, external.c.state, external.c.at)
            .join(external, (external.c.ref == links.c.ref) & (external.c.system == links.c.system))
            .where(links.c.system == self._adapter.system, links.c.poll_at <= now)
            .order_by(links.c.poll_at)
            .limit(_BATCH)
        )
        async with self._database.read() as conn:
            due = (await conn.execute(query)).all()
        for row in due:
            if await self._claim(row.ref, now):
                await self._read(row)
        return len(due)

    async def _claim(self, ref: str, now: datetime) -> bool:
        """So that no other process asks too; a crash is over when the lease is."""
        due = links.c.poll_at <= now
        async with self._database.write() as conn:
            taken = await conn.execute(update(links).where(self._own(ref), due).values(poll_at=now + _LEASE))
            return taken.rowcount == 1

    async def _read(self, row: Row[Any, Any, Any, Any, Any, Any]) -> None:
        now = self._now()
        try:
            remote = await self._adapter.read(row.id)
        except GoneError:
            gone = Remote(id=row.id, url=None, state=GONE, done=row.done)
            await self._keep(row.ref, gone, row.state, row.done, None)
            log.warning("ticket_gone", ref=row.ref, system=self._adapter.system, id=row.id)
            return
        except DeliveryError as error:
            wait = min(_LONGEST_FAILING, self._poll * 2 ** min(row.failures, 20))
            await self._later(row.ref, now + wait, row.failures + 1)
            log.warning("ticket_state_failed", ref=row.ref, system=self._adapter.system, error=str(error)[:200])
            return
        if remote.state[:40] != row.state:
            await self._keep(row.ref, remote, row.state, row.done, now + self._poll)
        else:
            quiet = now - row.at
            await self._later(row.ref, now + min(_LONGEST, max(self._poll, quiet / 4)), 0)

    def _own(self, ref: str) -> ColumnElement[bool]:
        return (links.c.ref == ref) & (links.c.system == self._adapter.system)

    async def _later(self, ref: str, at: datetime, failures: int) -> None:
        async with self._database.write() as conn:
            await conn.execute(update(links).where(self._own(ref)).values(poll_at=at, failures=failures))

    async def _keep(
        self, ref: str, remote: Remote, before: str | None, was_done: bool, next_at: datetime | None
    ) -> None:
        async with self._database.write() as conn:
            edit = await note_state(conn, self._adapter.system, ref, remote, self._by(), before=before or "")
            status, waits = edit.case.status, edit.case.status == Status.WAITING_CONSENT
            if remote.done and status not in sla.DONE and not waits:
                work.set_status(edit, Status.RESOLVED)
            elif was_done and not remote.done and status == Status.RESOLVED:
                work.set_status(edit, Status.IN_PROGRESS)
            edit.news = True
            await work.finish(conn, edit)
            await conn.execute(
                update(links).where(self._own(ref)).values(poll_at=next_at, done=remote.done, failures=0)
            )
        log.info("ticket_state", ref=ref, system=self._adapter.system, state=remote.state[:40])
        self._changed()

    async def _next(self) -> datetime | None:
        query = select(func.min(links.c.poll_at)).where(links.c.system == self._adapter.system)
        async with self._database.read() as conn:
            first: datetime | None = (await conn.execute(query)).scalar_one()
        return first
