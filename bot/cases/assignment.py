"""Who gets a case: a pure choice among agents, and the transaction that makes it once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from . import rows, sla, work
from .model import Case
from .rows import By
from .tables import cases

_ASSIGNING = 0x61737369  # PostgreSQL's advisory lock: loads are counted and cases given by one at a time
_CARRIED = tuple(status.value for status in sla.RUNNING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """Somebody who can own cases. `load` is what they carry beside cases (live conversations); `capacity` bounds both
    together."""

    id: str
    name: str
    levels: frozenset[int] = field(default=frozenset({1, 2, 3, 4}))
    langs: frozenset[str] = field(default=frozenset())
    capacity: int = 8
    online: bool = True
    out_until: datetime | None = None
    load: int = 0

    def can_take(self, level: int, lang: str, now: datetime) -> bool:
        """Whether they are here, may, can and have room."""
        here = self.online and (self.out_until is None or self.out_until <= now)
        return here and level in self.levels and lang in self.langs and self.load < self.capacity


def choose(agents: Iterable[Agent], level: int, lang: str, now: datetime, but: str | None = None) -> Agent | None:
    """The agent with the smallest share of their capacity in use who can take a case of this level and language; of
    equals the one with the smaller load, then the smaller id. `but` is never chosen."""
    able = [agent for agent in agents if agent.id != but and agent.can_take(level, lang, now)]
    return min(able, key=lambda agent: (agent.load / agent.capacity, agent.load, agent.id), default=None)


def waiting(now: datetime) -> ColumnElement[bool]:
    """Cases that somebody should own: begun, not asleep, nobody's."""
    awake = or_(cases.c.snoozed_until.is_(None), cases.c.snoozed_until <= now)
    return and_(cases.c.owner.is_(None), cases.c.status.in_(_CARRIED), awake)


async def loads(conn: AsyncConnection, now: datetime) -> dict[str, int]:
    """How many open cases each owner carries; those that sleep or wait for the customer count for nothing."""
    awake = or_(cases.c.snoozed_until.is_(None), cases.c.snoozed_until <= now)
    query = select(cases.c.owner, func.count()).where(cases.c.owner.is_not(None), cases.c.status.in_(_CARRIED), awake)
    return {row[0]: row[1] for row in await conn.execute(query.group_by(cases.c.owner))}


async def assign_next(conn: AsyncConnection, agents: Sequence[Agent], by: By) -> Case | None:
    """Give the case that nobody owns and that is due next to who can take it; None where none can be given. One a
    transaction, and alone in this on every database, so that no capacity is exceeded."""
    await alone(conn)
    team = (await _with_loads(conn, agents, by.now)).values()
    query = select(cases.c.ref, cases.c.level, cases.c.lang).where(waiting(by.now))
    order = (cases.c.priority.desc(), func.coalesce(cases.c.due_at, cases.c.created_at), cases.c.ref)
    chosen: dict[tuple[int, str], Agent | None] = {}
    for ref, level, lang in await conn.execute(query.order_by(*order)):
        if (level, lang) not in chosen:
            chosen[level, lang] = choose(team, level, lang, by.now)
        agent = chosen[level, lang]
        if agent is None:
            continue
        edit = await rows.lock(conn, ref, by)
        if edit.case.owner is None and edit.case.status in sla.RUNNING:
            work.set_owner(edit, agent.id)
            edit.news = True
        return await rows.save(conn, edit)
    return None


async def reassign(conn: AsyncConnection, edit: rows.Edit, agents: Sequence[Agent]) -> None:
    """Give a locked case to somebody else who can take it now; where there is nobody, it stays with its owner. Call
    `alone` before the case is locked."""
    team = await _with_loads(conn, agents, edit.by.now)
    chosen = choose(team.values(), edit.case.level, edit.case.lang, edit.by.now, but=edit.case.owner)
    if chosen is not None:
        work.set_owner(edit, chosen.id)


async def _with_loads(conn: AsyncConnection, agents: Sequence[Agent], now: datetime) -> dict[str, Agent]:
    carried = await loads(conn, now)
    return {agent.id: replace(agent, load=agent.load + carried.get(agent.id, 0)) for agent in agents}


async def alone(conn: AsyncConnection) -> None:
    """Wait until nobody else gives cases away, and keep others from it until the transaction ends."""
    if conn.dialect.name == "postgresql":
        await conn.execute(select(func.pg_advisory_xact_lock(_ASSIGNING)))
