"""Sessions of staff: opened by signing in, renewed while they are used, ended everywhere at once.

A browser's token is replaced every hour. The new one counts from its first use, so that an answer lost on the way
signs nobody out; the old one then holds for a minute, for requests that were already under way.
"""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Row, and_, delete, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.database import Database
from bot.staff.people import Person, person_of
from bot.staff.tables import hash_of, new_token, text_of
from bot.staff.tables import people as people_table
from bot.staff.tables import sessions as table

IDLE = timedelta(hours=12)
LONGEST = timedelta(days=7)
ROTATE = timedelta(hours=1)
GRACE = timedelta(minutes=1)  # how long a replaced token holds; how exact `seen_at` is
RECHECK = 15.0  # seconds until a session that another process ended is noticed


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """`new_token` is set where the browser is to get another one with this answer."""

    id: str
    person: Person
    csrf: str
    created_at: datetime
    new_token: str | None = None


class Sessions:
    """`now` is the clock."""

    def __init__(self, database: Database, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._database = database
        self._now = now
        self._watched: dict[str, set[asyncio.Event]] = {}

    async def open(self, conn: AsyncConnection, person: Person) -> Session:
        """A new session in the transaction of `conn`; its token is `new_token`."""
        now, token = self._now(), new_token()
        await conn.execute(delete(table).where(over(now)))
        session = Session(id=uuid.uuid4().hex, person=person, csrf=new_token(), created_at=now, new_token=token)
        await conn.execute(
            insert(table).values(
                id=session.id,
                person=person.id,
                token_hash=hash_of(token),
                csrf=session.csrf,
                created_at=text_of(now),
                rotated_at=text_of(now),
                seen_at=text_of(now),
            )
        )
        return session

    async def find(self, token: str) -> Session | None:
        """The session that `token` opens, for an active person; None where there is none or it is over."""
        if not token:
            return None
        kept, now = hash_of(token), self._now()
        columns = [column.label(f"session_{column.name}") for column in table.columns]
        query = (
            select(people_table, *columns)
            .join(table, table.c.person == people_table.c.id)
            .where(
                or_(table.c.token_hash == kept, table.c.next_hash == kept, table.c.previous_hash == kept),
                people_table.c.active,
                ~over(now),
            )
        )
        async with self._database.read() as conn:
            row = (await conn.execute(query)).first()
        if row is None:
            return None
        if kept == row.session_previous_hash and text_of(now) >= (row.session_previous_until or ""):
            return None
        return Session(
            id=row.session_id,
            person=person_of(row),
            csrf=row.session_csrf,
            created_at=datetime.fromisoformat(row.session_created_at),
            new_token=await self._keep_up(row, kept, now),
        )

    async def _keep_up(self, row: Row[Any], kept: str, now: datetime) -> str | None:
        """Write what this use of a session changes; the token to hand out, if any."""
        values: dict[str, Any] = {}
        token = None
        where = table.c.token_hash == row.session_token_hash  # two requests at once: the first one's change counts
        if kept == row.session_next_hash:
            values |= {
                "token_hash": kept,
                "next_hash": None,
                "next_at": None,
                "previous_hash": row.session_token_hash,
                "previous_until": text_of(now + GRACE),
                "rotated_at": text_of(now),
            }
        elif (
            kept == row.session_token_hash
            and row.session_rotated_at <= text_of(now - ROTATE)
            and (row.session_next_at is None or row.session_next_at <= text_of(now - GRACE))
        ):
            token = new_token()
            values |= {"next_hash": hash_of(token), "next_at": text_of(now)}
            where = and_(where, table.c.next_at.is_not_distinct_from(row.session_next_at))
        if values or row.session_seen_at <= text_of(now - GRACE):
            async with self._database.write() as conn:
                changed = await conn.execute(
                    update(table).where(table.c.id == row.session_id, where).values(**values, seen_at=text_of(now))
                )
            if changed.rowcount == 0:
                token = None
        return token

    async def end(self, conn: AsyncConnection, identifier: str) -> list[str]:
        """Delete one session; call `tell` with what this returns once the transaction is committed."""
        await conn.execute(delete(table).where(table.c.id == identifier))
        return [identifier]

    async def end_all(self, conn: AsyncConnection, person: str, *, but: str | None = None) -> list[str]:
        """Delete all sessions of a person (`but` one); call `tell` as after `end`."""
        where = table.c.person == person
        if but is not None:
            where = and_(where, table.c.id != but)
        ended = [*(await conn.execute(select(table.c.id).where(where))).scalars()]
        await conn.execute(delete(table).where(table.c.id.in_(ended)))
        return ended

    def tell(self, ended: Iterable[str]) -> None:
        """Wake whatever waits for the end of these sessions in this process."""
        for identifier in ended:
            for event in self._watched.get(identifier, ()):
                event.set()

    async def ended(self, identifier: str) -> None:
        """Returns when a session is over: at once where this process ended it, else within RECHECK seconds. Streams
        wait for it beside their events."""
        event = asyncio.Event()
        self._watched.setdefault(identifier, set()).add(event)
        try:
            while not event.is_set() and await self._alive(identifier):
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(event.wait(), RECHECK)
        finally:
            waiting = self._watched[identifier]
            waiting.discard(event)
            if not waiting:
                del self._watched[identifier]

    async def _alive(self, identifier: str) -> bool:
        query = select(table.c.id).where(table.c.id == identifier, ~over(self._now()))
        async with self._database.read() as conn:
            return (await conn.execute(query)).first() is not None


def over(now: datetime) -> Any:
    """Which rows of sessions no token opens any more."""
    return or_(table.c.created_at <= text_of(now - LONGEST), table.c.seen_at <= text_of(now - IDLE))
