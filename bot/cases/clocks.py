"""Fires the deadlines of cases, once each, across restarts and whatever number of processes runs this; gives cases that
nobody owns to agents where the company wants that.

Firing is a compare-and-set on the deadline's row, in one transaction with all that follows from it: two workers cannot
both fire it, and a crash leaves it either wholly fired or not at all.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime

import structlog
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from . import assignment, escalation, rows
from .assignment import Agent
from .model import Channel
from .policy import Policy
from .rows import Asked, By
from .tables import cases
from .tables import deadlines as table
from .worker import Worker, utc_now

log = structlog.get_logger(__name__)

LONGEST_WAIT = 20.0  # seconds: also bounds how late a deadline fires that another process has set

Team = Callable[[AsyncConnection], Awaitable[Sequence[Agent]]]


async def nobody(_conn: AsyncConnection) -> Sequence[Agent]:
    """A team without people."""
    return ()


class Clocks(Worker):
    """The worker. `fired` is called after something was done (wake the outbox, tell the desk); `team` reads the agents
    as they are now; `asked` as `rows.By` has it."""

    name = "clocks"

    def __init__(
        self,
        engine: AsyncEngine,
        policy: Policy,
        *,
        fired: Callable[[], None],
        channels: Collection[Channel] = frozenset(Channel),
        team: Team = nobody,
        asked: Asked | None = None,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        super().__init__(engine, now=now, longest_wait=LONGEST_WAIT)
        self._policy = policy
        self._fired = fired
        self._channels = channels
        self._team = team
        self._asked = asked

    async def _work(self) -> None:
        done = await self.fire_due()
        while self._policy.automatic_assignment and await self.assign():
            done += 1
        if done:
            self._fired()

    async def fire_due(self) -> int:
        """Fire every deadline that is due; how many this call fired."""
        now = self._now()
        query = select(table.c.ref, table.c.event).where(table.c.fired_at.is_(None), table.c.at <= now)
        async with self._reader.connect() as conn:
            due = (await conn.execute(query.order_by(table.c.at, table.c.event))).all()
        fired, failure = 0, None
        for row in due:
            try:
                fired += await self._fire(row.ref, row.event, now)
            except Exception as error:  # one that cannot be fired must not keep the others from it
                log.exception("deadline_failed", ref=row.ref, deadline=row.event)
                failure = error
        if failure is not None:
            raise failure
        return fired

    async def _fire(self, ref: str, event: str, now: datetime) -> bool:
        async with self._engine.begin() as conn:
            if any(rule.reassign and rule.deadline == event for rule in self._policy.escalations):
                await assignment.alone(conn)
            edit = await rows.lock(conn, ref, self._by(now))  # before all else, as every change does
            still = (table.c.ref == ref) & (table.c.event == event) & (table.c.at <= now) & table.c.fired_at.is_(None)
            if (await conn.execute(update(table).where(still).values(fired_at=now))).rowcount != 1:
                return False
            await escalation.fired(conn, edit, event, await self._team(conn))
        log.info("deadline_fired", ref=ref, deadline=event)
        return True

    async def assign(self) -> bool:
        """Give one case away, if one can be given."""
        now = self._now()
        async with self._reader.connect() as conn:
            if not (await conn.execute(select(cases.c.ref).where(assignment.waiting(now)).limit(1))).all():
                return False
        async with self._engine.begin() as conn:
            case = await assignment.assign_next(conn, await self._team(conn), self._by(now))
        if case is not None:
            log.info("case_assigned", ref=case.ref, owner=case.owner)
        return case is not None

    def _by(self, now: datetime) -> By:
        return By(actor="clock", now=now, policy=self._policy, channels=self._channels, asked=self._asked)

    async def _next(self) -> datetime | None:
        async with self._reader.connect() as conn:
            first: datetime | None = (
                await conn.execute(select(func.min(table.c.at)).where(table.c.fired_at.is_(None)))
            ).scalar_one()
        return first
