"""Single values that outlive the process."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.console.tables import marks


async def get(conn: AsyncConnection, name: str) -> Any:
    """None where there is none."""
    return (await conn.execute(select(marks.c.value).where(marks.c.name == name))).scalar_one_or_none()


async def put(conn: AsyncConnection, name: str, value: Any) -> None:
    dialect = postgresql if conn.dialect.name == "postgresql" else sqlite
    written = dialect.insert(marks).values(name=name, value=value)
    await conn.execute(written.on_conflict_do_update(index_elements=[marks.c.name], set_={"value": value}))
