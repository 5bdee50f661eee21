"""Wakes this process's streams for what another process has written, where several share a database: once a second one
query asks how far the conversations are that somebody listens to. Signs of typing stay in their process."""

from __future__ import annotations

import asyncio
from typing import Any

import structlog
from sqlalchemy import select

from bot.database import Database
from bot.gateway.streams import Hub
from bot.gateway.tables import conversations
from bot.live.tables import live

log = structlog.get_logger(__name__)

POLL = 1.0  # seconds


async def run(database: Database, hub: Hub) -> None:
    """Until cancelled. A database that cannot be reached is tried again."""
    known: dict[str, Any] = {}
    while True:
        await asyncio.sleep(POLL)
        try:
            known = await _look(database, hub, known)
        except Exception:
            log.exception("live_relay_failed")


async def _look(database: Database, hub: Hub, known: dict[str, Any]) -> dict[str, Any]:
    heard = hub.heard()
    if not heard:
        return {}
    query = (
        select(conversations.c.id, conversations.c.last_seq, live.c.agent_read)
        .outerjoin(live, live.c.conversation == conversations.c.id)
        .where(conversations.c.id.in_(heard))
    )
    async with database.read() as conn:
        now = {row.id: (row.last_seq, row.agent_read) for row in await conn.execute(query)}
    for ident, (last, read) in now.items():
        before = known.get(ident)
        if before is None or before[0] != last:
            hub.wake(ident)
        if read and (before is None or before[1] != read):
            hub.read(ident, read)
    return now
