"""Publications at a time: deadlines in the database, each fires once, whichever process is there then."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import func, select, update

from bot.cases.worker import Worker, utc_now
from bot.console import feed
from bot.console.context import ConsoleError
from bot.console.publishing import Publisher
from bot.console.shelf import told
from bot.console.tables import files
from bot.database import Database
from bot.staff import people
from bot.staff.tables import text_of

log = structlog.get_logger(__name__)

POLL = 30.0  # seconds: what another process has planned is seen by then
LEASE = timedelta(minutes=10)  # longer than a publication takes; after it another process tries
AGAIN = timedelta(minutes=1)  # while kb does not answer
_PASSING = (503, 504)


class Schedule(Worker):
    name = "console_schedule"

    def __init__(self, database: Database, publisher: Publisher, woken: feed.Feed) -> None:
        super().__init__(database.engine, now=utc_now, longest_wait=POLL)
        self._database = database
        self._publisher = publisher
        self._feed = woken

    async def _work(self) -> None:
        await self.fire(self._now())

    async def _next(self) -> datetime | None:
        async with self._database.read() as conn:
            waiting = select(func.min(func.coalesce(files.c.leased_until, files.c.publish_at)))
            planned = files.c.publish_at.is_not(None), files.c.draft.is_not(None)
            at = (await conn.execute(waiting.where(*planned))).scalar_one()
        return datetime.fromisoformat(at) if at else None

    async def fire(self, now: datetime) -> None:
        """Publish what is due, together by who planned it. Taken in one statement: two processes never take the
        same."""
        free = files.c.leased_until.is_(None) | (files.c.leased_until <= text_of(now))
        due = (files.c.publish_at <= text_of(now)) & files.c.draft.is_not(None) & free
        async with self._database.write() as conn:
            taken = update(files).where(due).values(leased_until=text_of(now + LEASE))
            rows = (await conn.execute(taken.returning(files.c.path, files.c.publish_by))).all()
        by: dict[str, list[str]] = {}
        for row in rows:
            by.setdefault(row.publish_by, []).append(row.path)
        for person, paths in by.items():
            await self._publish(person, paths, now)

    async def _publish(self, who: str, paths: list[str], now: datetime) -> None:
        try:
            async with self._database.read() as conn:
                person = await people.get(conn, who)
            if person is None or not person.active or not person.may("editor"):
                raise ConsoleError(403, "not_allowed")
            await self._publisher.publish(await self._publisher.batch(paths=paths), person)
        except ConsoleError as error:
            if error.status in _PASSING:
                await self._change(paths, now, leased_until=text_of(now + AGAIN))
                return
            log.warning("console_schedule_refused", files=len(paths), code=error.code)
            why: dict[str, Any] = {"code": error.code, "at": text_of(now), **error.more}
            await self._change(paths, now, publish_at=None, publish_by=None, leased_until=None, publish_error=why)

    async def _change(self, paths: list[str], now: datetime, **values: Any) -> None:
        async with self._database.write() as conn:
            await conn.execute(update(files).where(files.c.path.in_(paths)).values(**values))
            for path in paths:
                await feed.tell(conn, now, "article", told(path))
        self._feed.wake()
