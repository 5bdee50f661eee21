"""What open consoles are told: lines of a table, so that every process tells of what any has written.

Lines become visible in the order of their numbers: a console that names the last one it has seen misses none.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.console import presence
from bot.console.tables import changes
from bot.database import Database
from bot.staff import stream
from bot.staff.stream import WAITING, Item
from bot.staff.tables import text_of

BACKLOG = 500  # lines that are told one by one; after more a console reads everything anew
KEPT = timedelta(days=1)
_LOCK = 0x636F6E736F6C65  # PostgreSQL's advisory lock of who writes a line


async def tell(conn: AsyncConnection, now: datetime, event: str, data: Mapping[str, Any]) -> None:
    """In the transaction of what is told of."""
    if conn.dialect.name == "postgresql":  # SQLite has one writer anyway
        await conn.execute(select(func.pg_advisory_xact_lock(_LOCK)))
    await conn.execute(insert(changes).values(at=text_of(now), event=event, data=dict(data)))


async def forget(conn: AsyncConnection, now: datetime) -> None:
    await conn.execute(delete(changes).where(changes.c.at < text_of(now - KEPT)))


class Feed(stream.Feed):
    name = "console_feed"

    def __init__(self, database: Database) -> None:
        super().__init__()
        self._database = database
        self._last = 0
        self._present: dict[str, list[dict[str, str]]] = {}

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
        self.put(items)


async def _after(conn: AsyncConnection, last: int, most: int) -> list[Item]:
    rows = await conn.execute(select(changes).where(changes.c.id > last).order_by(changes.c.id).limit(most))
    return [Item(event=row.event, data=row.data, id=row.id) for row in rows]
