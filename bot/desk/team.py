"""People as the desk needs them: names, who can own a case, agents as plain values for the assignment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.cases.assignment import Agent
from bot.cases.assignment import loads as case_loads
from bot.live.presence import loads
from bot.staff import people
from bot.staff.people import Person

ROLES = ("agent", "administrator")


async def names(conn: AsyncConnection) -> dict[str, str]:
    """Name by id, of those too who work here no more."""
    return {person.id: person.name for person in await people.list(conn)}


async def owners(conn: AsyncConnection) -> list[Person]:
    """Who can have cases: active agents and administrators."""
    return [person for person in await people.list(conn, active_only=True) if _works(person)]


async def agents(conn: AsyncConnection) -> Sequence[Agent]:
    """Who can be given cases without being asked: active agents."""
    found = await people.list(conn, active_only=True)
    talks = await loads(conn)
    return [replace(agent_of(person), load=talks.get(person.id, 0)) for person in found if "agent" in person.roles]


def agent_of(person: Person) -> Agent:
    out = datetime.fromisoformat(person.out_until) if person.out_until else None
    return Agent(
        id=person.id,
        name=person.name,
        levels=frozenset(person.levels),
        langs=frozenset(person.langs),
        capacity=person.capacity,
        online=person.presence == "online",
        out_until=out.replace(tzinfo=UTC) if out is not None and out.tzinfo is None else out,
    )


async def shown(conn: AsyncConnection, now: datetime) -> list[dict[str, Any]]:
    """Colleagues with presence and load: what assigning by hand needs."""
    carried, talks = await case_loads(conn, now), await loads(conn)
    return [
        {
            "id": person.id,
            "name": person.name,
            "levels": list(person.levels),
            "langs": list(person.langs),
            "presence": person.presence,
            "out_until": person.out_until,
            "capacity": person.capacity,
            "load": carried.get(person.id, 0) + talks.get(person.id, 0),
        }
        for person in await owners(conn)
    ]


def _works(person: Person) -> bool:
    return any(role in person.roles for role in ROLES)
