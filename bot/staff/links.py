"""Links that let somebody in once: to set up the first account, to accept an invitation, to choose a new password."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.staff.tables import hash_of, new_token, text_of
from bot.staff.tables import links as table

LIFETIMES = {"setup": timedelta(hours=24), "invitation": timedelta(hours=72), "reset": timedelta(hours=1)}
LIFETIMES["provider"] = timedelta(minutes=10)  # signed in there; the second factor here is still to be shown
PASSWORD = ("invitation", "reset")  # the purposes that choose a person's password


async def make(conn: AsyncConnection, now: datetime, purpose: str, person: str | None = None) -> str:
    """A new token for `purpose`."""
    token = new_token()
    await conn.execute(delete(table).where(table.c.expires_at <= text_of(now)))
    expires = text_of(now + LIFETIMES[purpose])
    await conn.execute(insert(table).values(hash=hash_of(token), purpose=purpose, person=person, expires_at=expires))
    return token


async def find(conn: AsyncConnection, now: datetime, token: str, *purposes: str) -> tuple[str, str | None] | None:
    """(purpose, person's id) of a link that holds; None where it does not, or serves another purpose."""
    row = (
        await conn.execute(
            select(table.c.purpose, table.c.person).where(
                table.c.hash == hash_of(token), table.c.purpose.in_(purposes), table.c.expires_at > text_of(now)
            )
        )
    ).first()
    return (row.purpose, row.person) if row is not None else None


async def use(conn: AsyncConnection, now: datetime, token: str, *purposes: str) -> str | None:
    """Use a link up, and every other one for the same person and purposes: the person's id ("" for `setup`).
    None where it does not hold (any more)."""
    found = await find(conn, now, token, *purposes)
    if found is None:
        return None
    used = await conn.execute(delete(table).where(table.c.hash == hash_of(token)))
    if used.rowcount != 1:
        return None
    _, person = found
    same = table.c.person == person if person is not None else table.c.person.is_(None)
    await conn.execute(delete(table).where(same, table.c.purpose.in_(purposes)))
    return person or ""


async def drop(conn: AsyncConnection, token: str) -> None:
    """A link that never reached anybody."""
    await conn.execute(delete(table).where(table.c.hash == hash_of(token)))


async def withdraw(conn: AsyncConnection, person: str) -> None:
    """All links of a person."""
    await conn.execute(delete(table).where(table.c.person == person))
