"""Who works here. A person has one or more roles; the last active administrator stays one."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.staff import tables
from bot.staff.context import StaffError
from bot.staff.tables import people as table
from bot.staff.tables import text_of

ROLES = ("agent", "editor", "administrator")
PRESENCES = ("online", "away", "offline")
LEVELS = (1, 2, 3, 4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One of the staff. `out_until` is ISO 8601 text in UTC."""

    id: str
    name: str
    email: str
    roles: tuple[str, ...]
    lang: str
    levels: tuple[int, ...]
    langs: tuple[str, ...]
    capacity: int
    presence: str
    out_until: str | None
    second_factor: bool
    active: bool

    def may(self, *roles: str) -> bool:
        """Whether one of `roles` is theirs (no role named: everybody may). Administrators may everything."""
        return not roles or "administrator" in self.roles or any(role in self.roles for role in roles)

    def public(self) -> dict[str, Any]:
        """As the API shows it."""
        return {
            "id": self.id,
            "name": self.name,
            "email": self.email,
            "roles": [*self.roles],
            "lang": self.lang,
            "levels": [*self.levels],
            "langs": [*self.langs],
            "capacity": self.capacity,
            "presence": self.presence,
            "out_until": self.out_until,
            "second_factor": self.second_factor,
            "active": self.active,
        }


def person_of(row: Row[Any]) -> Person:
    """From a row that has the columns of `staff_people`."""
    return Person(
        id=row.id,
        name=row.name,
        email=row.email,
        roles=tuple(row.roles),
        lang=row.lang,
        levels=tuple(row.levels),
        langs=tuple(row.langs),
        capacity=row.capacity,
        presence=row.presence,
        out_until=row.out_until,
        second_factor=row.totp_secret is not None,
        active=row.active,
    )


async def get(conn: AsyncConnection, identifier: str) -> Person | None:
    row = (await conn.execute(select(table).where(table.c.id == identifier))).first()
    return person_of(row) if row is not None else None


async def by_email(conn: AsyncConnection, email: str) -> Person | None:
    row = (await conn.execute(select(table).where(table.c.email == email.lower()))).first()
    return person_of(row) if row is not None else None


async def list(conn: AsyncConnection, *, active_only: bool = False) -> Sequence[Person]:
    """Everybody, by name."""
    query = select(table).order_by(func.lower(table.c.name), table.c.id)
    if active_only:
        query = query.where(table.c.active)
    return [person_of(row) for row in (await conn.execute(query)).all()]


async def count(conn: AsyncConnection) -> int:
    return int((await conn.execute(select(func.count()).select_from(table))).scalar_one())


async def create(
    conn: AsyncConnection,
    now: datetime,
    *,
    name: str,
    email: str,
    roles: Sequence[str],
    lang: str,
    langs: Sequence[str],
    levels: Sequence[int] = LEVELS,
    capacity: int = 8,
    password: str | None = None,
) -> Person:
    """`password` is its hash. StaffError 409 `email_taken`."""
    identifier = uuid.uuid4().hex
    values = {
        "id": identifier,
        "name": name,
        "email": email.lower(),
        "roles": [*roles],
        "lang": lang,
        "levels": [*levels],
        "langs": [*langs],
        "capacity": capacity,
        "presence": "offline",
        "active": True,
        "password": password,
        "totp_step": 0,
        "created_at": text_of(now),
        "updated_at": text_of(now),
    }
    try:
        async with conn.begin_nested():
            await conn.execute(insert(table).values(values))
    except IntegrityError:
        raise StaffError(409, "email_taken", "email") from None
    made = await get(conn, identifier)
    assert made is not None
    return made


async def change(conn: AsyncConnection, person: Person, now: datetime, values: Mapping[str, Any]) -> Person:
    """Write `values` by column name. StaffError 409 `email_taken`, `last_administrator`."""
    await tables.alone(conn)
    stays = "administrator" in values.get("roles", person.roles) and values.get("active", person.active)
    if not stays and await _only_administrator(conn, person):
        raise StaffError(409, "last_administrator", "roles" if "roles" in values else "active")
    try:
        async with conn.begin_nested():
            await conn.execute(update(table).where(table.c.id == person.id).values(**values, updated_at=text_of(now)))
    except IntegrityError:
        raise StaffError(409, "email_taken", "email") from None
    changed = await get(conn, person.id)
    assert changed is not None
    return changed


async def _only_administrator(conn: AsyncConnection, person: Person) -> bool:
    administrators = [each.id for each in await list(conn, active_only=True) if "administrator" in each.roles]
    return administrators == [person.id]
