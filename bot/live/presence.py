"""Whether a person can talk to a customer at once: who is there, speaks the language and has room."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from sqlalchemy import func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.cases.calendar import add_time, is_open
from bot.cases.policy import Hours
from bot.company import LiveRules
from bot.gateway.events import text_of
from bot.gateway.journal import WAITING
from bot.gateway.tables import conversations, with_people
from bot.live.tables import desks
from bot.staff import people
from bot.staff.people import Person

DESK_LASTS = timedelta(seconds=45)  # since the last sign of an open desk
DESK_SIGN = 15.0  # seconds between two signs
ROLES = frozenset({"agent", "administrator"})


@dataclass(frozen=True, slots=True)
class Presence:
    """`reason` why nobody is there; `opens_at` where it is the hour."""

    reason: Literal["closed", "nobody", "busy"] | None = None
    opens_at: datetime | None = None

    @property
    def there(self) -> bool:
        return self.reason is None


async def look(
    conn: AsyncConnection, lang: str, now: datetime, *, rules: LiveRules, hours: Hours, but: Collection[str] = ()
) -> Presence:
    """For one more conversation in `lang`; people of `but` do not count."""
    if not rules.around_the_clock and not is_open(hours, now):
        return Presence("closed", add_time(hours, now, timedelta()))
    team = await people.list(conn, active_only=True)
    able = [person for person in await _at_desk(conn, team, now) if lang in person.langs and person.id not in but]
    if not able:
        return Presence("nobody")
    talks = await loads(conn)
    room = sum(max(0, rules.conversations_per_agent - talks.get(person.id, 0)) for person in able)
    waiting = with_people, conversations.c.owner == WAITING, conversations.c.lang == lang
    queue = (await conn.execute(select(func.count()).select_from(conversations).where(*waiting))).scalar_one()
    return Presence() if room > queue else Presence("busy")


async def loads(conn: AsyncConnection) -> dict[str, int]:
    """How many live conversations each person has."""
    owner = conversations.c.owner
    query = select(owner, func.count()).where(with_people, owner != WAITING).group_by(owner)
    return {row[0]: row[1] for row in await conn.execute(query)}


async def _at_desk(conn: AsyncConnection, team: Sequence[Person], now: datetime) -> list[Person]:
    """Who serves customers, has said to be online and has the desk open."""
    opened = set((await conn.execute(select(desks.c.person).where(desks.c.until > text_of(now)))).scalars())
    return [
        person
        for person in team
        if person.id in opened and person.presence == "online" and ROLES & set(person.roles) and not _out(person, now)
    ]


def _out(person: Person, now: datetime) -> bool:
    if person.out_until is None:
        return False
    until = datetime.fromisoformat(person.out_until)
    return until.replace(tzinfo=until.tzinfo or UTC) > now


async def sign(conn: AsyncConnection, person: str, now: datetime) -> None:
    """This person's desk is open."""
    dialect = postgresql if conn.dialect.name == "postgresql" else sqlite
    values = {"until": text_of(now + DESK_LASTS)}
    statement = dialect.insert(desks).values(person=person, **values)
    await conn.execute(statement.on_conflict_do_update(index_elements=[desks.c.person], set_=values))
