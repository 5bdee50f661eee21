"""When a first answer is owed, and the deadlines that the clocks watch."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from .calendar import add_hours
from .model import Case, Event, NewCase
from .policy import Policy, Severity
from .tables import deadlines as table


def _rule(case: NewCase | Case, policy: Policy) -> Severity:
    if case.severity is None:
        return Severity(policy.ticket_hours, around_the_clock=False)
    return policy.severities[case.severity]


def due_at(case: NewCase | Case, policy: Policy, start: datetime) -> datetime:
    """When the first answer is owed, counted from `start`; a callback is owed when its slot begins."""
    if case.slot is not None:
        return case.slot
    rule = _rule(case, policy)
    return add_hours(policy.hours, start, rule.hours, around_the_clock=rule.around_the_clock)


async def set_deadlines(conn: AsyncConnection, case: Case, policy: Policy, start: datetime) -> None:
    """Watch a case: due soon, and breached (a callback: when its slot has ended and nobody has taken the case on)."""
    if case.due_at is None:
        return
    if case.slot is not None and case.slot_end is not None:
        soon, breached = case.slot - policy.callback.reminder, case.slot_end
    else:
        rule = _rule(case, policy)
        share = rule.hours * policy.due_soon_share
        soon = add_hours(policy.hours, start, share, around_the_clock=rule.around_the_clock)
        breached = case.due_at
    for event, at in ((Event.DUE_SOON, soon), (Event.BREACHED, breached)):
        await conn.execute(insert(table).values(ref=case.ref, event=event.value, at=at))


async def drop_deadlines(conn: AsyncConnection, ref: str) -> None:
    """Nothing is owed any more: what has not fired never will."""
    await conn.execute(delete(table).where(table.c.ref == ref, table.c.fired_at.is_(None)))
