"""What happens when a deadline fires: a line in the history, mails, and what the company's rules say."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from . import assignment, rows, sla, tables, work
from .assignment import Agent
from .model import Channel, Event, Priority, utc_text
from .policy import Escalation
from .rows import Edit

_TOLD = (*sla.FIRST_REPLY, *sla.RESOLUTION)
_HIGHEST = 4


async def fired(conn: AsyncConnection, edit: Edit, deadline: str, agents: Sequence[Agent]) -> None:
    """Do what the deadline of a locked case calls for, and save it."""
    if deadline == Event.CALLBACK_REMINDER:
        await _remind(conn, edit)
        return
    if deadline == Event.WOKEN:
        work.set_snooze(edit, None)
    elif deadline in _TOLD:
        due = edit.case.first_reply_due if deadline in sla.FIRST_REPLY else edit.case.resolution_due
        edit.note(Event(deadline), due_at=utc_text(due))
    edit.news = True
    rules = [rule for rule in edit.by.policy.escalations if rule.deadline == deadline and _concerns(rule, edit)]
    for rule in rules:
        await _follow(conn, edit, rule, agents)
    case = await work.finish(conn, edit)
    if deadline in _TOLD:
        await rows.tell(conn, case, Event(deadline), edit.by)
    for rule in rules:
        only = {Channel.STAFF_MAIL} if rule.mail else set()
        only |= {Channel.WEBHOOK} if rule.webhook else set()
        await rows.tell(conn, case, Event.ESCALATED, edit.by, only=only, to=list(rule.mail), reason=rule.on.value)


async def _remind(conn: AsyncConnection, edit: Edit) -> None:
    """Tell the customer of their call, where it is still booked and to come; nothing of the case changes."""
    table, case = tables.bookings, edit.case
    query = select(table.c.ref).where(table.c.ref == case.ref, table.c.start == case.slot, table.c.start > edit.by.now)
    if (await conn.execute(query)).first() is not None:
        await rows.tell(conn, case, Event.CALLBACK_REMINDER, edit.by)


def _concerns(rule: Escalation, edit: Edit) -> bool:
    case = edit.case
    return (not rule.levels or case.level in rule.levels) and (not rule.severities or case.severity in rule.severities)


async def _follow(conn: AsyncConnection, edit: Edit, rule: Escalation, agents: Sequence[Agent]) -> None:
    before = edit.case
    if rule.raise_level and before.level < _HIGHEST:
        work.set_level(edit, {"level": before.level + 1, "reason": rule.on.value})
    if rule.priority is not None and rule.priority > before.priority:
        work.set_priority(edit, Priority(rule.priority))
    if rule.reassign:
        await assignment.reassign(conn, edit, agents)
    edit.note(Event.ESCALATED, on=rule.on.value, minutes=int(rule.after.total_seconds() // 60))
