"""What open consoles are told: lines of a table, so that every process tells of what any has written.

Lines become visible in the order of their numbers: a console that names the last one it has seen misses none.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.console import presence
from bot.console.tables import changes
from bot.database import Database
from bot.staff.tables import text_of

log = structlog.get_logger(__name__)

POLL = 1.0  # seconds
BACKLOG = 500  # lines that are told one by one; after more a console reads everything anew
WAITING = 1_000
KEPT = timedelta(days=1)
_LOCK = 0x636F6E736F6C65  # PostgreSQL's advisory lock of who writes a line


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    event: str
    data: Mapping[str, Any]
    id: int | None = None


class Listener:
    """One open console."""

    def __init__(self) -> None:
        self.items: asyncio.Queue[Item | None] = asyncio.Queue(WAITING)  # None: the stream ends
        self.full = False

    def put(self, item: Item | None) -> None:
        try:
            self.items.put_nowait(item)
        except asyncio.QueueFull:
            self.full = True  # it comes back with the last id it has seen


async def tell(conn: AsyncConnection, now: datetime, event: str, data: Mapping[str, Any]) -> None:
    """In the transaction of what is told of."""
    if conn.dialect.name == "postgresql":  # SQLite has one writer anyway
        await conn.execute(select(func.pg_advisory_xact_lock(_LOCK)))
    await conn.execute(insert(changes).values(at=text_of(now), event=event, data=dict(data)))


async def forget(conn: AsyncConnection, now: datetime) -> None:
    await conn.execute(delete(changes).where(changes.c.at < text_of(now - KEPT)))


class Feed:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._listeners: set[Listener] = set()
        self._wake = asyncio.Event()
        self._last = 0
        self._present: dict[str, list[dict[str, str]]] = {}
        self.closing = False

    def wake(self) -> None:
        """Call after a commit that told something."""
        self._wake.set()

    def close(self) -> None:
        self.closing = True
        for listener in self._listeners:
            listener.put(None)

    @contextlib.contextmanager
    def listen(self) -> Iterator[Listener]:
        listener = Listener()
        self._listeners.add(listener)
        self._wake.set()
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    async def newest(self) -> int:
        async with self._database.read() as conn:
            return int((await conn.execute(select(func.max(changes.c.id)))).scalar_one() or 0)

    async def since(self, last: int) -> list[Item] | None:
        """What was told after line `last`; None where that is too much, or no longer kept."""
        async with self._database.read() as conn:
            oldest = (await conn.execute(select(func.min(changes.c.id)))).scalar_one()
            if oldest is not None and last + 1 < oldest:
                return None
            found = await _after(conn, last, BACKLOG + 1)
        return found if len(found) <= BACKLOG else None

    async def start(self) -> None:
        """Begin where the lines end now."""
        self._last = await self.newest()

    async def run(self) -> None:
        """Read and tell until cancelled. A database that cannot be reached is tried again."""
        while True:
            if not self._listeners:
                self._wake.clear()
                await self._wake.wait()
            self._wake.clear()
            try:
                await self._tell()
            except asyncio.CancelledError:
                raise
            except Exception:
                log.exception("console_feed_failed")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), POLL)

    async def _tell(self) -> None:
        async with self._database.read() as conn:
            items = await _after(conn, self._last, WAITING)
            present = await presence.everywhere(conn, datetime.now(UTC))
        if items:
            self._last = items[-1].id or self._last
        for article in {*self._present, *present}:
            people = present.get(article, [])
            if people != self._present.get(article, []):
                items.append(Item(event="presence", data={"article": article, "people": people}))
        self._present = present
        for listener in self._listeners:
            for item in items:
                listener.put(item)


async def _after(conn: AsyncConnection, last: int, most: int) -> list[Item]:
    rows = await conn.execute(select(changes).where(changes.c.id > last).order_by(changes.c.id).limit(most))
    return [Item(event=row.event, data=row.data, id=row.id) for row in rows]
