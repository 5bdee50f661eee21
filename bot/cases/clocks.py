"""Deadlines of cases: warns staff before one passes and when it has passed, once each, across restarts.

Firing is a compare-and-set on the deadline's row, in one transaction with the letter and the case's history: two
workers cannot both fire it, and a crash leaves it either wholly fired or not at all.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Collection
from datetime import UTC, datetime

import structlog
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from . import letters, store
from .model import Channel, Event, utc_text
from .tables import deadlines as table

log = structlog.get_logger(__name__)

LONGEST_WAIT = 20.0  # seconds: also bounds how late a deadline fires that another process has set


class Clocks:
    """The worker. `fired` is called after something fired (wake the outbox)."""

    def __init__(
        self,
        engine: AsyncEngine,
        *,
        fired: Callable[[], None],
        channels: Collection[Channel] = store.ALL_CHANNELS,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._engine = engine
        self._reader = engine.execution_options(read_only=True)  # does not wait for writers where writers lock
        self._fired = fired
        self._channels = channels
        self._now = now
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """Call after a commit that may have set a nearer deadline."""
        self._wake.set()

    async def run(self) -> None:
        """Fire what is due until cancelled. A database that cannot be reached is tried again."""
        while True:
            self._wake.clear()
            try:
                await self.fire_due()
                wait = await self._seconds_to_next()
            except asyncio.CancelledError:
                raise
            except Exception:
                log.exception("clocks_failed")
                wait = LONGEST_WAIT
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), wait)

    async def fire_due(self) -> int:
        """Fire every deadline that is due; how many this call fired."""
        now = self._now()
        async with self._reader.connect() as conn:
            due = (
                await conn.execute(
                    select(table.c.ref, table.c.event)
                    .where(table.c.fired_at.is_(None), table.c.at <= now)
                    .order_by(table.c.at)
                )
            ).all()
        fired = [await self._fire(row.ref, Event(row.event), now) for row in due]
        if any(fired):
            self._fired()
        return sum(fired)

    async def _fire(self, ref: str, event: Event, now: datetime) -> bool:
        async with self._engine.begin() as conn:
            result = await conn.execute(
                update(table)
                .where(table.c.ref == ref, table.c.event == event.value, table.c.fired_at.is_(None))
                .values(fired_at=now)
            )
            if result.rowcount != 1:
                return False
            case = await store.load_case(conn, ref)
            await store.record(conn, ref, event, "clock", now, due_at=utc_text(case.due_at))
            await letters.post(conn, case, event, self._channels, now)
        log.info("deadline_fired", ref=ref, deadline=event.value)
        return True

    async def _seconds_to_next(self) -> float:
        async with self._reader.connect() as conn:
            first: datetime | None = (
                await conn.execute(select(func.min(table.c.at)).where(table.c.fired_at.is_(None)))
            ).scalar_one()
        if first is None:
            return LONGEST_WAIT
        seconds: float = (first - self._now()).total_seconds()
        return min(LONGEST_WAIT, max(0.0, seconds))
