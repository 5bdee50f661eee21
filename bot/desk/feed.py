"""What open desks are told: changes of cases from their history, who looks at what, presence and load of colleagues,
and signals of other parts.

The history in the database is the journal: a desk that was away names the last line it knows and gets what it missed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.cases import timeline
from bot.cases.model import Event
from bot.cases.tables import cases
from bot.database import Database
from bot.desk import presence, team
from bot.live import listing
from bot.staff import stream
from bot.staff.stream import Item

BACKLOG = 1_000  # lines that a desk which comes back is told one by one; after more it reads everything anew


class Feed(stream.Feed):
    name = "desk_feed"

    def __init__(self, database: Database) -> None:
        super().__init__()
        self._database = database
        self._last = 0
        self._present: dict[str, list[dict[str, str]]] = {}
        self._talks: dict[str, tuple[Any, ...]] | None = None  # not yet looked
        self._team: list[dict[str, Any]] | None = None  # not yet looked

    def announce(self, event: str, data: Mapping[str, Any], person: str | None = None) -> None:
        """Tell open desks of this process something that nothing keeps: `typing`."""
        self.put([Item(event=event, data=data, person=person)])

    async def start(self) -> None:
        """Begin where history ends now."""
        async with self._database.read() as conn:
            self._last = await timeline.newest(conn)

    async def since(self, last: int) -> tuple[list[Item], int] | None:
        """What happened after line `last`, and the number of the last line; None where that is too much to tell."""
        async with self._database.read() as conn:
            lines = await timeline.after(conn, last, BACKLOG + 1)
            if len(lines) > BACKLOG:
                return None
            return await _items(conn, lines), lines[-1]["id"] if lines else last

    async def newest(self) -> int:
        async with self._database.read() as conn:
            return await timeline.newest(conn)

    async def _tell(self) -> None:
        now = datetime.now(UTC)
        async with self._database.read() as conn:
            lines = await timeline.after(conn, self._last)
            items = await _items(conn, lines)
            present = await presence.everywhere(conn, now)
            people = await team.shown(conn, now)
            talks = await listing.marks(conn)
        if self._talks is not None:
            changed = {ident for ident in {*self._talks, *talks} if self._talks.get(ident) != talks.get(ident)}
            items += [Item(event="conversation", data={"id": ident}) for ident in sorted(changed)]
        self._talks = talks
        if lines:
            self._last = lines[-1]["id"]
        for target in {*self._present, *present}:
            there = present.get(target, [])
            if there != self._present.get(target, []):
                items.append(Item(event="presence", data={**presence.named(target), "people": there}))
        self._present = present
        if self._team is not None and people != self._team:
            items.append(Item(event="people", data={}))  # whatever process or person has changed them
        self._team = people
        self.put(items)


async def _items(conn: AsyncConnection, lines: Sequence[Mapping[str, Any]]) -> list[Item]:
    """One item per case, with its version of now, and one for everybody who was mentioned."""
    if not lines:
        return []
    last_of = {line["ref"]: line["id"] for line in lines}
    rows = await conn.execute(select(cases.c.ref, cases.c.version).where(cases.c.ref.in_(last_of)))
    found = [Item(event="case", data={"ref": row.ref, "version": row.version}, id=last_of[row.ref]) for row in rows]
    for line in lines:
        if line["event"] == Event.NOTE.value:
            data = {"ref": line["ref"], "entry": str(line["id"])}
            mentioned = line["details"].get("mentions", [])
            found += [Item(event="mention", data=data, id=line["id"], person=person) for person in mentioned]
    return sorted(found, key=lambda item: item.id or 0)
