"""The loop that every worker runs: do what is due, sleep until the next is or until woken."""

from __future__ import annotations

import asyncio
import contextlib
from abc import ABC, abstractmethod
from collections.abc import Callable
from datetime import UTC, datetime

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

log = structlog.get_logger(__name__)


def utc_now() -> datetime:
    return datetime.now(UTC)


class Worker(ABC):
    """Reads from the database what is due; the wake-up only shortens the wait, so several processes may run one each.
    `longest_wait` in seconds bounds how late something is done that another process has written; after a failure it
    tries again in `patience` seconds."""

    name: str

    def __init__(
        self, engine: AsyncEngine, *, now: Callable[[], datetime], longest_wait: float, patience: float = 5.0
    ) -> None:
        self._engine = engine
        self._reader = engine.execution_options(read_only=True)  # does not wait for writers where writers lock
        self._now = now
        self._longest_wait = longest_wait
        self._patience = patience
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """Call after a commit that may have made something due."""
        self._wake.set()

    async def run(self) -> None:
        """Work until cancelled. A database that cannot be reached is tried again."""
        while True:
            self._wake.clear()
            try:
                await self._work()
                wait = await self._seconds_to_next()
            except asyncio.CancelledError:
                raise
            except Exception:
                log.exception(f"{self.name}_failed")
                wait = self._patience
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), wait)

    @abstractmethod
    async def _work(self) -> None:
        """Everything that is due now."""

    @abstractmethod
    async def _next(self) -> datetime | None:
        """When something is due next, as far as is known."""

    async def _seconds_to_next(self) -> float:
        following = await self._next()
        if following is None:
            return self._longest_wait
        return min(self._longest_wait, max(0.0, (following - self._now()).total_seconds()))
