"""What goes on in the background: customers' questions are taken over from the journal, their
opinions held against what is stated; what is published is seen; old lines are forgotten."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import structlog

from bot.console import asked, feed
from bot.console.alarm import Alarm
from bot.console.context import ConsoleError
from bot.console.shelf import Shelf
from bot.database import Database

log = structlog.get_logger(__name__)

EVERY = 60.0  # seconds


class Upkeep:
    def __init__(self, database: Database, shelf: Shelf, alarm: Alarm) -> None:
        self._database = database
        self._shelf = shelf
        self._alarm = alarm
        self._working = asyncio.Lock()

    async def run(self) -> None:
        while True:
            try:
                await self.once()
                await self._shelf.look()
                await self._alarm.once()
            except ConsoleError:
                pass  # kb does not answer; it is asked again
            except asyncio.CancelledError:
                raise
            except Exception:
                log.exception("console_upkeep_failed")
            await asyncio.sleep(EVERY)

    async def once(self) -> None:
        """Take over what has happened since; two processes that do it at once write nothing twice."""
        async with self._working:
            now = datetime.now(UTC)
            async with self._database.read() as conn:
                names = await asked.due(conn)
            for start in range(0, len(names), asked.BATCH):
                async with self._database.write() as conn:
                    await asked.collect(conn, names[start : start + asked.BATCH], now)
            async with self._database.write() as conn:
                await asked.looked(conn, now)
                await feed.forget(conn, now)
