"""What came of a call: reached, nobody answered (then another slot is booked, or the customer is asked), done."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from . import messages, rows, sla, slots, store, tables, work
from .model import Case, Conflict, Event, FieldError, Kind, Status, utc_text
from .rows import By

OUTCOMES = ("reached", "no_answer", "done")


async def outcome(
    conn: AsyncConnection,
    ref: str,
    by: By,
    *,
    result: str,
    slot: str | None = None,
    note: str | None = None,
    lang: str = "fr",
    version: int | None = None,
) -> Case:
    """Record the outcome of a call. `reached` is a first reply, `done` resolves the case too; `no_answer` with `slot`
    (as customers type or choose it) books the next attempt, without it the case waits for the customer.
    FieldError: invalid_outcome, and those of a slot; Conflict: no callback, or it is over."""
    if result not in OUTCOMES:
        raise FieldError("invalid_outcome", "outcome", values=", ".join(OUTCOMES))
    edit = await rows.lock(conn, ref, by)
    work.expect(edit, version)
    case = edit.case
    if case.kind != Kind.CALLBACK:
        raise Conflict("not_a_callback")
    if case.status in sla.DONE:
        raise Conflict("case_done")
    attempt = 1 + await _attempts(conn, ref)
    details: dict[str, Any] = {"outcome": result, "attempt": attempt, "note": note}
    if result == "no_answer":
        # The seat is free whatever comes next; the unique (start, seat) decides who gets the new one.
        await conn.execute(delete(tables.bookings).where(tables.bookings.c.ref == ref))
        if slot is not None:
            start = slots.find(slot, lang, by.policy, by.now, await store.bookings_by_start(conn, by.now))
            edit.case = _moved(case, start, by)
            await store.book(conn, edit.case, by.policy)
            edit.again |= {event.value for event in (*sla.FIRST_REPLY, Event.CALLBACK_REMINDER)}
            details["slot"] = utc_text(start)
    else:
        messages.replied(edit)
        edit.call_off = await work.call_off(conn, edit)  # they were reached before
    edit.note(Event.CALLBACK, **details)
    if result == "done":
        work.set_status(edit, Status.RESOLVED)
    elif result == "reached" or slot is not None:
        work.set_status(edit, Status.IN_PROGRESS)
    else:
        work.set_status(edit, Status.WAITING_CUSTOMER)
    case = await work.finish(conn, edit)
    if result == "no_answer" and slot is not None:
        await rows.tell(conn, case, Event.CALLBACK, by)
    return case


def _moved(case: Case, start: datetime, by: By) -> Case:
    """The same callback at another time; its clock ends there, unless somebody was reached before."""
    after = case.with_(slot=start, slot_end=start + timedelta(minutes=by.policy.callback.minutes))
    if case.first_reply_at is None:
        after = after.with_(first_reply_due=start, first_reply_soon=start - by.policy.callback.reminder)
    return sla.with_next(after)


async def _attempts(conn: AsyncConnection, ref: str) -> int:
    events = tables.case_events
    query = select(func.count()).where(events.c.ref == ref, events.c.event == Event.CALLBACK.value)
    return int((await conn.execute(query)).scalar_one())
