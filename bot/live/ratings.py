"""What customers said of conversations with a person."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.gateway.events import text_of
from bot.live.tables import ratings


async def scores(conn: AsyncConnection, start: datetime, end: datetime) -> list[int]:
    """The scores (1 to 5) given from `start` to before `end`."""
    within = ratings.c.at >= text_of(start), ratings.c.at < text_of(end)
    return [*(await conn.execute(select(ratings.c.score).where(*within).order_by(ratings.c.at))).scalars()]
