"""What staff did, and what was done to their accounts: added to, never changed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.staff.people import Person
from bot.staff.tables import audit as table
from bot.staff.tables import text_of


async def write(
    conn: AsyncConnection,
    now: datetime,
    action: str,
    *,
    actor: Person | None = None,
    target: str | None = None,
    details: Mapping[str, Any] | None = None,
    address: str | None = None,
) -> None:
    """In the transaction of what was done. `action` is a code with a sentence at `staff.action.<action>`; `target` a
    person's id, or another part's reference; `details` holds no secrets."""
    await conn.execute(
        insert(table).values(
            at=text_of(now),
            actor=actor.id if actor else None,
            actor_name=actor.name if actor else None,
            action=action,
            target=target,
            details=dict(details or {}),
            address=address,
        )
    )


async def page(conn: AsyncConnection, *, before: int | None = None, limit: int = 50) -> list[dict[str, Any]]:
    """Entries, newest first; `before` is the id of the last one seen."""
    query = select(table).order_by(table.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(table.c.id < before)
    return [
        {
            "id": row.id,
            "at": row.at,
            "actor": {"id": row.actor, "name": row.actor_name} if row.actor else None,
            "action": row.action,
            "target": row.target,
            "details": row.details,
            "address": row.address,
        }
        for row in (await conn.execute(query)).all()
    ]
