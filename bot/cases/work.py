"""What agents change on a case: status, owner, priority, level, tags, due date, snooze, fields of the company's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncConnection

from . import rows, sla, tables
from .model import Case, ChangedMeanwhile, Conflict, Event, Priority, Status, utc_text
from .rows import By, Edit


async def change(
    conn: AsyncConnection, ref: str, changes: Mapping[str, Any], by: By, *, version: int | None = None
) -> Case:
    """Apply what `changes.check` has read. ChangedMeanwhile where `version` is not the present one; Conflict where the
    case's state does not allow it; nothing is kept then."""
    edit = await rows.lock(conn, ref, by)
    expect(edit, version)
    apply(edit, changes)
    return await finish(conn, edit)


def expect(edit: Edit, version: int | None) -> None:
    """ChangedMeanwhile unless the case is at `version`, or none is expected."""
    if version is not None and version != edit.case.version:
        raise ChangedMeanwhile(edit.case)


async def judge(conn: AsyncConnection, ref: str, by: By, *, solved: bool) -> Case:
    """What the customer says of a case that was resolved: it is solved, or it goes on; again changes nothing. Conflict
    `not_resolved` where it is not resolved, or was closed or merged."""
    edit = await rows.lock(conn, ref, by)
    if edit.case.status != Status.RESOLVED:
        raise Conflict("not_resolved")
    if not solved:
        set_status(edit, Status.OPEN if edit.case.owner is None else Status.IN_PROGRESS)
        edit.news = True
    elif edit.case.confirmed_at is None:
        edit.case = edit.case.with_(confirmed_at=by.now)
        edit.note(Event.CONFIRMED)
    return await finish(conn, edit)


def apply(edit: Edit, changes: Mapping[str, Any]) -> None:
    """The changes in an order in which one does not undo another: the level may call for a consent, a status comes
    last."""
    if edit.case.merged_into is not None and changes:
        raise Conflict("case_merged", into=edit.case.merged_into)
    for name, setter in _SETTERS.items():
        if name in changes:
            setter(edit, changes[name])


async def finish(conn: AsyncConnection, edit: Edit) -> Case:
    """Save, and what follows from a new status or level elsewhere."""
    case, before = edit.case, edit.before
    if case.status in sla.DONE and before.status not in sla.DONE:
        edit.call_off = edit.call_off or await call_off(conn, edit)
    asks = case.status == Status.WAITING_CONSENT and before.status != Status.WAITING_CONSENT
    case = await rows.save(conn, edit)
    if edit.call_off:
        await rows.tell(conn, case, Event.CALLBACK_CANCELLED, edit.by)
    if asks:
        await rows.tell(conn, case, Event.LEVEL, edit.by)
        if edit.by.asked is not None:
            await edit.by.asked(conn, case)
    return case


async def call_off(conn: AsyncConnection, edit: Edit) -> bool:
    """Give the seat of a call that is still to come to others; whether there was one."""
    table = tables.bookings
    gone = await conn.execute(delete(table).where(table.c.ref == edit.case.ref, table.c.start > edit.by.now))
    return gone.rowcount > 0


def set_status(edit: Edit, status: Status) -> None:
    case, now = edit.case, edit.by.now
    if status == case.status:
        return
    if case.status == Status.WAITING_CONSENT and status != Status.CLOSED:
        raise Conflict("consent_missing", "status")
    if status == Status.WAITING_CONSENT:
        raise Conflict("consent_by_level", "status")
    edit.note(Event.STATUS, before=case.status.value, after=status.value)
    resolved = case.resolved_at if case.status in sla.DONE else now
    after = case.with_(status=status, resolved_at=resolved if status in sla.DONE else None)
    if status in sla.DONE:
        after = after.with_(snoozed_until=None)
    elif case.status in sla.DONE:
        after = after.with_(confirmed_at=None)
    edit.case = sla.followed(after, edit.by.policy, now)


def set_owner(edit: Edit, owner: str | None) -> None:
    if owner != edit.case.owner:
        edit.note(Event.OWNER, before=edit.case.owner, after=owner)
        edit.case = edit.case.with_(owner=owner)


def set_priority(edit: Edit, priority: Priority) -> None:
    if priority != edit.case.priority:
        edit.note(Event.PRIORITY, before=edit.case.priority.name.lower(), after=priority.name.lower())
        edit.case = edit.case.with_(priority=priority)


def set_tags(edit: Edit, tags: tuple[str, ...]) -> None:
    before, after = set(edit.case.tags), set(tags)
    if before != after:
        edit.note(Event.TAGS, added=sorted(after - before), removed=sorted(before - after))
        edit.case = edit.case.with_(tags=tuple(sorted(after)))


def set_custom(edit: Edit, values: Mapping[str, Any]) -> None:
    after = {name: value for name, value in {**edit.case.custom, **values}.items() if value is not None}
    if after != edit.case.custom:
        edit.note(Event.CUSTOM, fields=sorted(values))
        edit.case = edit.case.with_(custom=after)


def set_due(edit: Edit, due: datetime) -> None:
    case, now = edit.case, edit.by.now
    if case.due_at is None:
        raise Conflict("no_clock_running", "due_at")
    if due == case.due_at:
        return
    edit.case = sla.moved_by_hand(case, edit.by.policy, now, due)
    edit.again |= {event.value for event in (*sla.FIRST_REPLY, *sla.RESOLUTION)}
    edit.note(Event.DUE, before=utc_text(case.due_at), after=utc_text(due))


def set_snooze(edit: Edit, until: datetime | None) -> None:
    if until == edit.case.snoozed_until:
        return
    if until is not None and edit.case.status in sla.DONE:
        raise Conflict("case_done", "snoozed_until")
    edit.case = edit.case.with_(snoozed_until=until)
    edit.again.add(Event.WOKEN.value)
    if until is None:
        edit.note(Event.WOKEN)
    else:
        edit.note(Event.SNOOZED, until=utc_text(until))


def set_level(edit: Edit, wanted: Mapping[str, Any]) -> None:
    """`{"level", "reason", "passed_to"?, "passed_on"?}`. At level 4 nothing goes on before the customer has agreed."""
    case, level = edit.case, int(wanted["level"])
    if level == case.level:
        return
    if case.status in sla.DONE:
        raise Conflict("case_done", "level")
    edit.note(Event.LEVEL, before=case.level, after=level, reason=wanted["reason"])
    passing = {name: wanted[name] for name in ("passed_to", "passed_on") if wanted.get(name)}
    status = case.status
    if level == 4:
        status = Status.WAITING_CONSENT
    elif status == Status.WAITING_CONSENT:
        status = Status.OPEN
    if status != case.status:
        edit.note(Event.STATUS, before=case.status.value, after=status.value)
    after = case.with_(level=level, status=status, **passing)
    after = sla.followed(after, edit.by.policy, edit.by.now)
    if after.status in sla.RUNNING and after.paused_since is None:
        after = sla.tightened(after, edit.by.policy, edit.by.now)
    edit.case = after


_SETTERS: Mapping[str, Callable[[Edit, Any], None]] = {
    "level": set_level,
    "owner": set_owner,
    "priority": set_priority,
    "tags": set_tags,
    "custom": set_custom,
    "due_at": set_due,
    "snoozed_until": set_snooze,
    "status": set_status,
}
