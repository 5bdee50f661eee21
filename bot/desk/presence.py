"""Who looks at or types in a case or a conversation right now; forgotten after 30 seconds without a sign."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.cases.desk_tables import presence as table
from bot.staff.tables import people

LASTS = timedelta(seconds=30)
DOINGS = ("looking", "typing", "left")


def target_of(body: Mapping[str, Any]) -> str | None:
    """`case:<ref>` or `conversation:<id>` of a body that names one of them; None for every other."""
    for name, prefix in (("ref", "case"), ("conversation", "conversation")):
        value = body.get(name)
        if isinstance(value, str) and 0 < len(value) <= 60 and value.isascii() and value.isprintable():
            return f"{prefix}:{value}"
    return None


def named(target: str) -> dict[str, str]:
    """`{"ref"}` or `{"conversation"}` of a target."""
    kind, _, value = target.partition(":")
    return {"ref" if kind == "case" else kind: value}


async def note(conn: AsyncConnection, target: str, person: str, doing: str, now: datetime) -> None:
    """A sign of life; `left` forgets at once. What others have left behind is cleared away with it."""
    await conn.execute(delete(table).where(table.c.until <= now))
    if doing == "left":
        await conn.execute(delete(table).where(table.c.target == target, table.c.person == person))
        return
    dialect = postgresql if conn.dialect.name == "postgresql" else sqlite
    values = {"doing": doing, "until": now + LASTS}
    await conn.execute(
        dialect.insert(table)
        .values(target=target, person=person, **values)
        .on_conflict_do_update(index_elements=[table.c.target, table.c.person], set_=values)
    )


async def everywhere(conn: AsyncConnection, now: datetime) -> dict[str, list[dict[str, str]]]:
    """People by target: `{"id", "name", "doing"}`, by name."""
    query = (
        select(table.c.target, table.c.person, table.c.doing, people.c.name)
        .join(people, people.c.id == table.c.person)
        .where(table.c.until > now)
        .order_by(people.c.name, people.c.id)
    )
    found: dict[str, list[dict[str, str]]] = {}
    for row in await conn.execute(query):
        found.setdefault(row.target, []).append({"id": row.person, "name": row.name, "doing": row.doing})
    return found
