"""The deadlines of a case as rows that the clocks watch: what `sla.alarms` says, kept in step with every change."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from . import sla
from .model import Case, Event
from .policy import Policy
from .tables import deadlines as table

REMINDER = Event.CALLBACK_REMINDER.value


async def follow(conn: AsyncConnection, case: Case, policy: Policy, again: Collection[str] = ()) -> None:
    """Bring the rows in step. What has fired stays fired, except what `again` names: it can fire once more. A call that
    is booked too late for its reminder has none: the mail about the booking says the same."""
    wanted = dict(sla.alarms(case, policy))
    rows = await conn.execute(select(table.c.event, table.c.at, table.c.fired_at).where(table.c.ref == case.ref))
    known = {row.event: row for row in rows}
    reminder = known.get(REMINDER)
    if (
        REMINDER in wanted
        and (reminder is None or reminder.at != wanted[REMINDER])
        and wanted[REMINDER] <= case.updated_at
    ):
        del wanted[REMINDER]
    for event, at in wanted.items():
        row = known.get(event)
        if row is None:
            await conn.execute(insert(table).values(ref=case.ref, event=event, at=at))
        elif (row.fired_at is None and row.at != at) or (row.fired_at is not None and event in again):
            await conn.execute(
                update(table).where(table.c.ref == case.ref, table.c.event == event).values(at=at, fired_at=None)
            )
    gone = [event for event, row in known.items() if event not in wanted and row.fired_at is None]
    if gone:
        await conn.execute(delete(table).where(table.c.ref == case.ref, table.c.event.in_(gone)))
