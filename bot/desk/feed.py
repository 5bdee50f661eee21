"""What open desks are told: changes of cases from their history, who looks at what, presence and load of colleagues,
and signals of other parts.

The history in the database is the journal: a desk that was away names the last line it knows and gets what it missed.
One reader per process looks once a second while somebody listens, so what another process wrote is seen as well.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.cases import timeline
from bot.cases.model import Event
from bot.cases.tables import cases
from bot.database import Database
from bot.desk import presence, team
from bot.live import listing

log = structlog.get_logger(__name__)

POLL = 1.0  # seconds
BACKLOG = 1_000  # lines that a desk which comes back is told one by one; after more it reads everything anew
WAITING = 1_000  # items that a slow reader may have waiting before its stream is ended


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A server-sent event. `id` is the line of history it tells of; `person` is who alone gets it, None: everybody."""

    event: str
    data: Mapping[str, Any]
    id: int | None = None
    person: str | None = None


class Listener:
    """One open desk."""

    def __init__(self) -> None:
        self.items: asyncio.Queue[Item | None] = asyncio.Queue(WAITING)  # None: the stream ends
        self.full = False

    def put(self, item: Item | None) -> None:
        try:
            self.items.put_nowait(item)
        except asyncio.QueueFull:
            self.full = True  # it comes back with the last id it has seen


class Feed:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._talks: dict[str, tuple[Any, ...]] | None = None  # not yet looked
        self._listeners: set[Listener] = set()
        self._wake = asyncio.Event()
        self._last = 0
        self._present: dict[str, list[dict[str, str]]] = {}
        self._team: list[dict[str, Any]] | None = None  # not yet looked
        self.closing = False

    def wake(self) -> None:
        """Call after a commit that wrote history."""
        self._wake.set()

    def announce(self, event: str, data: Mapping[str, Any], person: str | None = None) -> None:
        """Tell open desks of this process something that nothing keeps: `typing`."""
        for listener in self._listeners:
            listener.put(Item(event=event, data=data, person=person))

    def close(self) -> None:
        """End every stream; browsers come back to the next process."""
        self.closing = True
        for listener in self._listeners:
            listener.put(None)

    @contextlib.contextmanager
    def listen(self) -> Iterator[Listener]:
        """Items from now on."""
        listener = Listener()
        self._listeners.add(listener)
        self._wake.set()
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

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
                log.exception("desk_feed_failed")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), POLL)

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
        for listener in self._listeners:
            for item in items:
                listener.put(item)


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
