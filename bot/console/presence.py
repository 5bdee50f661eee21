"""Who has which article open; forgotten after 30 seconds without a sign."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.console.tables import presence as table
from bot.staff.tables import people, text_of

LASTS = timedelta(seconds=30)
DOINGS = ("looking", "typing", "left")


async def note(conn: AsyncConnection, article: str, person: str, doing: str, now: datetime) -> None:
    """A sign of life; `left` forgets at once. What others have left behind is cleared away with it."""
    await conn.execute(delete(table).where(table.c.until <= text_of(now)))
    if doing == "left":
        await conn.execute(delete(table).where(table.c.article == article, table.c.person == person))
        return
    dialect = postgresql if conn.dialect.name == "postgresql" else sqlite
    values = {"doing": doing, "until": text_of(now + LASTS)}
    await conn.execute(
        dialect.insert(table)
        .values(article=article, person=person, **values)
        .on_conflict_do_update(index_elements=[table.c.article, table.c.person], set_=values)
    )


async def everywhere(conn: AsyncConnection, now: datetime) -> dict[str, list[dict[str, str]]]:
    """People by article: `{"id", "name", "doing"}`, by name."""
    query = (
        select(table.c.article, table.c.person, table.c.doing, people.c.name)
        .join(people, people.c.id == table.c.person)
        .where(table.c.until > text_of(now))
        .order_by(people.c.name, people.c.id)
    )
    found: dict[str, list[dict[str, str]]] = {}
    for row in await conn.execute(query):
        found.setdefault(row.article, []).append({"id": row.person, "name": row.name, "doing": row.doing})
    return found
