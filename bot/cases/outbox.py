"""Delivers letters: claims with a lease, retries with exponential back-off and jitter, gives up into dead letters.

A crash between sending and marking sends the letter again under the same id (at least once): mails carry it as
Message-ID, webhooks as X-Guichet-Delivery. The wake-up only shortens the wait; the table alone decides.
"""

from __future__ import annotations

import asyncio
import random
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import ColumnElement, Row, and_, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from .model import Channel
from .tables import outbox as table
from .worker import Worker, utc_now

log = structlog.get_logger(__name__)

Sender = Callable[[Mapping[str, Any]], Awaitable[None]]
Settled = Callable[[AsyncConnection, str, str], Awaitable[None]]


class DeliveryError(Exception):
    """A letter was not accepted. `permanent`: trying again cannot help."""

    def __init__(self, reason: str, *, permanent: bool = False) -> None:
        super().__init__(reason)
        self.permanent = permanent


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """Seconds, except `attempts`. The defaults give up after about three days."""

    first: float = 5.0
    longest: float = 3600.0
    attempts: int = 100
    send_timeout: float = 45.0
    lease: float = 90.0
    poll: float = 15.0

    def delay(self, attempt: int, jitter: float) -> timedelta:
        """Wait after the `attempt`-th failure (from 1), between half and all of the exponential step."""
        step = min(self.longest, self.first * 2.0 ** min(attempt - 1, 30))
        return timedelta(seconds=step * (0.5 + jitter / 2))


class Outbox(Worker):
    """The worker. `senders` by channel; letters of channels without a sender wait until there is one. `settled` is
    called, in the same transaction, with the id of each letter that is `sent` or `dead`."""

    name = "outbox"

    def __init__(
        self,
        engine: AsyncEngine,
        senders: Mapping[Channel, Sender],
        *,
        retry: Retry | None = None,
        now: Callable[[], datetime] = utc_now,
        jitter: Callable[[], float] = random.random,
        settled: Settled | None = None,
    ) -> None:
        self._retry = retry or Retry()
        super().__init__(engine, now=now, longest_wait=self._retry.poll, patience=self._retry.first)
        self._senders = dict(senders)
        self._jitter = jitter
        self._settled = settled

    async def _work(self) -> None:
        while await self.deliver_due():
            pass

    async def deliver_due(self, limit: int = 10) -> int:
        """Claim up to `limit` due letters and send them side by side; how many were claimed."""
        claimed = await self._claim(limit)
        await asyncio.gather(*(self._deliver(letter) for letter in claimed))
        return len(claimed)

    def _due(self, now: datetime) -> ColumnElement[bool]:
        # `next_at` of a letter in sending is the end of its lease: its sender has died or hangs.
        return and_(
            table.c.status.in_(("pending", "sending")),
            table.c.next_at <= now,
            table.c.channel.in_([channel.value for channel in self._senders]),
        )

    async def _claim(self, limit: int) -> list[Row[Any]]:
        now, lease = self._now(), uuid.uuid4().hex
        async with self._reader.connect() as conn:
            ids = (
                (await conn.execute(select(table.c.id).where(self._due(now)).order_by(table.c.next_at).limit(limit)))
                .scalars()
                .all()
            )
        if not ids:
            return []
        async with self._engine.begin() as conn:
            await conn.execute(
                update(table)
                .where(table.c.id.in_(ids), self._due(now))
                .values(
                    status="sending",
                    lease=lease,
                    attempts=table.c.attempts + 1,
                    next_at=now + timedelta(seconds=self._retry.lease),
                )
            )
            return list((await conn.execute(select(table).where(table.c.lease == lease))).all())

    async def _deliver(self, letter: Row[Any]) -> None:
        if letter.attempts > self._retry.attempts:  # its senders died again and again without a word
            await self._settle(letter, status="dead", last_error="gave up: every attempt ended without a result")
            return
        try:
            async with asyncio.timeout(self._retry.send_timeout):
                await self._senders[Channel(letter.channel)](letter.payload)
        except asyncio.CancelledError:
            # Shutting down: free the letter, so that the next process need not wait for the lease to end.
            await asyncio.shield(self._settle(letter, status="pending", next_at=self._now(), last_error="interrupted"))
            raise
        except Exception as error:
            await self._failed(letter, error)
        else:
            await self._settle(letter, status="sent", sent_at=self._now(), last_error=None)
            log.info("letter_sent", letter=letter.id, ref=letter.ref, channel=letter.channel, attempt=letter.attempts)

    async def _failed(self, letter: Row[Any], error: Exception) -> None:
        reason = (
            f"no result within {self._retry.send_timeout:g} s"
            if isinstance(error, TimeoutError)
            else (str(error) if isinstance(error, DeliveryError) else f"{type(error).__name__}: {error}")
        )
        final = letter.attempts >= self._retry.attempts or (isinstance(error, DeliveryError) and error.permanent)
        now = self._now()
        if final:
            await self._settle(letter, status="dead", last_error=reason[:500])
        else:
            await self._settle(
                letter,
                status="pending",
                last_error=reason[:500],
                next_at=now + self._retry.delay(letter.attempts, self._jitter()),
            )
        log.warning(
            "letter_dead" if final else "letter_failed",
            letter=letter.id,
            ref=letter.ref,
            channel=letter.channel,
            attempt=letter.attempts,
            error=reason[:500],
        )

    async def _settle(self, letter: Row[Any], **values: Any) -> None:
        """Write the result, unless the lease has passed to somebody else meanwhile."""
        async with self._engine.begin() as conn:
            ours = (table.c.id == letter.id) & (table.c.lease == letter.lease)
            written = await conn.execute(update(table).where(ours).values(lease=None, **values))
            if written.rowcount and self._settled is not None and values["status"] in ("sent", "dead"):
                await self._settled(conn, letter.id, values["status"])

    async def _next(self) -> datetime | None:
        query = select(func.min(table.c.next_at)).where(
            table.c.status.in_(("pending", "sending")), table.c.channel.in_([c.value for c in self._senders])
        )
        async with self._reader.connect() as conn:
            first: datetime | None = (await conn.execute(query)).scalar_one()
        return first


STATUSES = ("pending", "sending", "sent", "dead")
_SHOWN = [
    table.c[name]
    for name in (
        "id",
        "ref",
        "channel",
        "event",
        "status",
        "attempts",
        "next_at",
        "last_error",
        "created_at",
        "sent_at",
    )
]


async def counts(conn: AsyncConnection) -> dict[str, int]:
    """Letters by status (`pending`, `sending`, `sent`, `dead`), for metrics and the readiness page."""
    rows = await conn.execute(select(table.c.status, func.count()).group_by(table.c.status))
    return {"pending": 0, "sending": 0, "sent": 0, "dead": 0} | {row.status: row[1] for row in rows}


async def waiting(conn: AsyncConnection, *, dead_only: bool = False, limit: int = 100) -> list[dict[str, Any]]:
    """Letters that have not been sent, oldest first, without their content."""
    columns = [column for column in _SHOWN if column.name != "sent_at"]
    statuses = ("dead",) if dead_only else ("dead", "pending", "sending")
    rows = await conn.execute(
        select(*columns).where(table.c.status.in_(statuses)).order_by(table.c.created_at, table.c.id).limit(limit)
    )
    return [dict(row) for row in rows.mappings()]


async def listed(conn: AsyncConnection, status: str, *, limit: int = 100) -> list[dict[str, Any]]:
    """Letters of one status, newest first, without their content."""
    newest = table.c.sent_at if status == "sent" else table.c.created_at
    query = select(*_SHOWN).where(table.c.status == status).order_by(newest.desc(), table.c.id).limit(limit)
    return [dict(row) for row in (await conn.execute(query)).mappings()]


async def find(conn: AsyncConnection, letter: str) -> dict[str, Any] | None:
    """One letter without its content."""
    row = (await conn.execute(select(*_SHOWN).where(table.c.id == letter))).mappings().one_or_none()
    return None if row is None else dict(row)


async def replay(conn: AsyncConnection, now: datetime, letter: str) -> bool:
    """Deliver once more a letter that was given up or sent, under the same id; False where it waits, or is none."""
    settled = (table.c.id == letter) & table.c.status.in_(("dead", "sent"))
    again = {"status": "pending", "attempts": 0, "next_at": now, "lease": None, "sent_at": None}
    return (await conn.execute(update(table).where(settled).values(**again))).rowcount == 1


async def retry_dead(conn: AsyncConnection, now: datetime, letter: str | None = None) -> int:
    """Give dead letters (or the one whose id begins so) a new round of attempts; how many."""
    chosen = table.c.status == "dead"
    if letter is not None:
        chosen = and_(chosen, or_(table.c.id == letter, table.c.id.startswith(letter, autoescape=True)))
    result = await conn.execute(
        update(table).where(chosen).values(status="pending", attempts=0, next_at=now, lease=None)
    )
    return result.rowcount
