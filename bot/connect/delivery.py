"""Sends the outbox's letters to a ticket system: first a ticket for the case, then what is written about it.

One ticket per case, also where two letters are sent at once or an answer never came: who makes a ticket holds a lease,
looks for one with our reference first, and where it does not know whether one was made keeps the lease until it ends.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.cases import desk_store, rows
from bot.cases.desk_tables import external
from bot.cases.model import Event, Say
from bot.cases.outbox import DeliveryError
from bot.cases.rows import By
from bot.cases.tables import insert_new
from bot.database import Database

from .adapter import Adapter, FileToSend, NewMessage, NewTicket, Remote, UnsureError
from .tables import links

log = structlog.get_logger(__name__)

_LEASE = timedelta(seconds=90)  # longer than the outbox gives a letter


class Delivery:
    """`send` is a sender for the outbox; `made` is called after a ticket was noted; `by` says who acts."""

    def __init__(
        self,
        database: Database,
        adapter: Adapter,
        *,
        say: Say,
        attachments: Path,
        by: Callable[[], By],
        made: Callable[[], None],
        poll: timedelta,
        now: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._adapter = adapter
        self._say = say
        self._attachments = attachments
        self._by = by
        self._made = made
        self._poll = poll
        self._now = now

    async def send(self, letter: Mapping[str, Any]) -> None:
        ref, event = str(letter["case"]["ref"]), letter["event"]
        identifier = await self._known(ref) or await self._make(letter)
        if event in (Event.REPLY, Event.CUSTOMER):
            await self._adapter.add(identifier, await self._message(letter))

    async def _known(self, ref: str) -> str | None:
        query = select(external.c.id).where(external.c.ref == ref, external.c.system == self._adapter.system)
        async with self._database.read() as conn:
            found: str | None = (await conn.execute(query)).scalar_one_or_none()
        return found

    async def _make(self, letter: Mapping[str, Any]) -> str:
        """The case's ticket, made if there is none."""
        ref, ticket = str(letter["case"]["ref"]), await self._ticket(letter)
        if not await self._leased(ref):
            raise DeliveryError("another delivery of this case makes its ticket just now")
        if (identifier := await self._known(ref)) is not None:  # it has, between the look and the lease
            await self._release(ref)
            return identifier
        try:
            remote = await self._adapter.find(ref)
            if remote is None:
                remote = await self._adapter.create(ticket)
                log.info("ticket_made", ref=ref, system=self._adapter.system, id=remote.id)
        except UnsureError:
            raise  # there may be one: nobody tries before the lease ends, when it can be found
        except Exception:
            await self._release(ref)
            raise
        await self._note(ref, remote)
        self._made()
        return remote.id

    async def _leased(self, ref: str) -> bool:
        now = self._now()
        row = {"ref": ref, "system": self._adapter.system, "leased_until": now + _LEASE, "failures": 0}
        async with self._database.write() as conn:
            if await insert_new(conn, links, row):
                return True
            free = or_(links.c.leased_until.is_(None), links.c.leased_until <= now)
            taken = await conn.execute(update(links).where(self._own(ref), free).values(leased_until=now + _LEASE))
            return taken.rowcount == 1

    async def _release(self, ref: str) -> None:
        async with self._database.write() as conn:
            await conn.execute(update(links).where(self._own(ref)).values(leased_until=None))

    def _own(self, ref: str) -> Any:
        return (links.c.ref == ref) & (links.c.system == self._adapter.system)

    async def _note(self, ref: str, remote: Remote) -> None:
        now = self._now()
        async with self._database.write() as conn:
            await note_state(conn, self._adapter.system, ref, remote, self._by(), before=None)
            await conn.execute(
                update(links)
                .where(self._own(ref))
                .values(leased_until=None, poll_at=now + self._poll, done=remote.done, failures=0)
            )

    async def _ticket(self, letter: Mapping[str, Any]) -> NewTicket:
        case = letter["case"]
        facts = self._say(case["lang"], "connect.ticket.facts", ref=case["ref"], level=case["level"], lang=case["lang"])
        told = [case["text"] or case["subject"], *(case[name] for name in ("phone", "slot", "contract") if case[name])]
        return NewTicket(
            ref=case["ref"],
            subject=case["subject"],
            text="\n\n".join([*told, facts]),
            level=case["level"],
            lang=case["lang"],
            email=case["email"],
            phone=case["phone"],
            # A letter about a message carries the message's files, not the case's.
            files=await self._files(letter["files"] if "message" not in letter else ()),
        )

    async def _message(self, letter: Mapping[str, Any]) -> NewMessage:
        case, message, by_customer = letter["case"], letter["message"], letter["event"] == Event.CUSTOMER
        text = message["text"]
        if not by_customer:
            text = f"{self._say(case['lang'], 'connect.ticket.by', author=message['author'])}\n\n{text}"
        return NewMessage(
            id=letter["id"],
            ref=case["ref"],
            text=text,
            author=message["author"],
            by_customer=by_customer,
            files=await self._files(letter["files"]),
        )

    async def _files(self, listed: Sequence[Mapping[str, Any]]) -> list[FileToSend]:
        found = []
        for file in listed:
            try:
                content = await asyncio.to_thread((self._attachments / file["path"]).read_bytes)
            except FileNotFoundError:
                log.warning("attachment_missing", attachment=file["id"])
                continue
            found.append(FileToSend(file["name"], file["type"], content))
        return found


async def note_state(
    conn: AsyncConnection, system: str, ref: str, remote: Remote, by: By, *, before: str | None
) -> rows.Edit:
    """Keep where a case is elsewhere and in which state, and tell it in the case's history; the case is locked."""
    edit = await rows.lock(conn, ref, by)
    await desk_store.set_external(
        conn, ref, system, identifier=remote.id, url=remote.url, state=remote.state[:40], now=by.now
    )
    edit.note(Event.EXTERNAL, system=system, id=remote.id, url=remote.url, before=before, after=remote.state[:40])
    if before is None:
        await rows.save(conn, edit)
    return edit
