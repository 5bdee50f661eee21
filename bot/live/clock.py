"""Fires what live conversations wait for, once each, whatever number of processes runs this: a promise that was not
kept, an agent who has gone. What is due stands in the database; firing holds the conversation and looks again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

import structlog
from prometheus_client import Gauge
from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.cases.worker import Worker, utc_now
from bot.gateway.events import text_of
from bot.gateway.journal import WAITING
from bot.gateway.tables import conversations, with_people
from bot.live.tables import live
from bot.live.talks import Talks

log = structlog.get_logger(__name__)

LONGEST_WAIT = 5.0  # seconds: also bounds how late something is done that another process has written
TALKS = Gauge("guichet_live_conversations", "Conversations that wait for a person, or that a person has", ["state"])


class Clock(Worker):
    """`fired` is called with the conversation in which something was done."""

    name = "live_clock"

    def __init__(
        self,
        engine: AsyncEngine,
        talks: Talks,
        *,
        fired: Callable[[str], None],
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        super().__init__(engine, now=now, longest_wait=LONGEST_WAIT)
        self._talks = talks
        self._fired = fired

    async def _work(self) -> None:
        await self.fire_due()
        async with self._reader.connect() as conn:
            query = select(conversations.c.owner).where(with_people)
            waits = [owner == WAITING for owner in (await conn.execute(query)).scalars()]
        TALKS.labels("waiting").set(waits.count(True))
        TALKS.labels("live").set(waits.count(False))

    async def fire_due(self) -> int:
        """Do everything that is due; how much this call did."""
        now = self._now()
        async with self._reader.connect() as conn:
            late = (await conn.execute(_promises().where(live.c.promised_at <= text_of(now)))).all()
            gone = [(ident, agent) for ident, agent, at in await self._silences(conn) if at <= now]
        due = [(row.conversation, "live_promise_broken", partial(self._talks.break_promise, now=now)) for row in late]
        due += [
            (ident, "live_agent_lost", partial(self._talks.lose_agent, agent=agent, now=now)) for ident, agent in gone
        ]
        done, failure = 0, None
        for ident, what, fire in due:
            try:
                async with self._engine.begin() as conn:
                    fired = await fire(conn, ident)
            except LookupError:
                continue  # deleted meanwhile
            except Exception as error:  # one that cannot be fired must not keep the others from it
                log.exception("live_clock_failed", conversation=ident)
                failure = error
                continue
            if fired:
                log.info(what, conversation=ident)
                self._fired(ident)
                done += 1
        if failure is not None:
            raise failure
        return done

    async def _silences(self, conn: AsyncConnection) -> list[tuple[str, str, datetime]]:
        """(conversation, its agent, when that agent is taken for gone) where the customer waits for a word."""
        query = select(live, conversations.c.owner).join(conversations, conversations.c.id == live.c.conversation)
        found = []
        for row in (await conn.execute(query.where(with_people, conversations.c.owner != WAITING))).all():
            at = await self._talks.gone_at(conn, row, row.owner)
            if at is not None:
                found.append((row.conversation, row.owner, at))
        return found

    async def _next(self) -> datetime | None:
        async with self._reader.connect() as conn:
            promised = [datetime.fromisoformat(row.promised_at) for row in await conn.execute(_promises())]
            silent = [at for _, _, at in await self._silences(conn)]
        return min([*promised, *silent], default=None)


def _promises() -> Select[Any]:
    """Promises that may be broken: (conversation, promised_at)."""
    waits = with_people, conversations.c.owner == WAITING, live.c.told.is_(False), live.c.promised_at.is_not(None)
    query = select(live.c.conversation, live.c.promised_at)
    return query.join(conversations, conversations.c.id == live.c.conversation).where(*waits)
