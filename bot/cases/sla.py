"""The clocks of a case as pure functions: first reply and resolution, each counted in the hours of its terms.

A clock starts with the case (level 4: with the consent), stands still while the customer has the word, and stops when
its event has happened. Moments that lie behind the beginning of a pause move by the service time that the pause took.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from .calendar import add_hours, add_time, time_between
from .model import Case, Event, Kind, Status, utc_text
from .policy import Policy, Terms

# Statuses in which the clocks run.
RUNNING = frozenset({Status.OPEN, Status.IN_PROGRESS})
DONE = frozenset({Status.RESOLVED, Status.CLOSED})
# What a clock fires: soon, due.
FIRST_REPLY = (Event.DUE_SOON, Event.BREACHED)
RESOLUTION = (Event.RESOLUTION_DUE_SOON, Event.RESOLUTION_BREACHED)


def terms(case: Case, policy: Policy) -> Terms:
    return policy.terms(case.level, case.severity, case.contract)


def started(case: Case, policy: Policy, now: datetime) -> Case:
    """Both clocks begin. A callback is owed when its slot begins, its resolution counts from there."""
    if case.slot is not None:
        case = case.with_(first_reply_due=case.slot, first_reply_soon=case.slot - policy.callback.reminder)
    else:
        due, soon = _count(case, policy, now, terms(case, policy).first_reply)
        case = case.with_(first_reply_due=due, first_reply_soon=soon)
    resolution = terms(case, policy).resolution
    if resolution is not None:
        due, soon = _count(case, policy, max(now, case.slot or now), resolution)
        case = case.with_(resolution_due=due, resolution_soon=soon)
    return with_next(case.with_(paused_since=None))


def _count(case: Case, policy: Policy, start: datetime, hours: float) -> tuple[datetime, datetime]:
    mode = terms(case, policy).around_the_clock
    share = hours * policy.due_soon_share
    return (
        add_hours(policy.hours, start, hours, around_the_clock=mode),
        add_hours(policy.hours, start, share, around_the_clock=mode),
    )


def followed(case: Case, policy: Policy, now: datetime) -> Case:
    """Pause or go on, as the status says. Call after a change of status."""
    if case.first_reply_due is None and case.resolution_due is None:
        return with_next(started(case, policy, now)) if case.status in RUNNING else with_next(case)
    if case.status not in RUNNING and case.paused_since is None:
        return with_next(case.with_(paused_since=now))
    if case.status in RUNNING and case.paused_since is not None:
        return with_next(_resumed(case, policy, now))
    return with_next(case)


def _resumed(case: Case, policy: Policy, now: datetime) -> Case:
    since = case.paused_since
    assert since is not None
    mode = terms(case, policy).around_the_clock

    def moved(moment: datetime | None) -> datetime | None:
        if moment is None or moment <= since:
            return moment
        left = time_between(policy.hours, since, moment, around_the_clock=mode)
        return add_time(policy.hours, now, left, around_the_clock=mode)

    changes: dict[str, Any] = {"paused_since": None}
    if case.first_reply_at is None and case.slot is None:  # an appointment stays where it is
        changes |= {"first_reply_due": moved(case.first_reply_due), "first_reply_soon": moved(case.first_reply_soon)}
    changes |= {"resolution_due": moved(case.resolution_due), "resolution_soon": moved(case.resolution_soon)}
    return case.with_(**changes)


def tightened(case: Case, policy: Policy, now: datetime) -> Case:
    """After a change of level: counted anew from now, but nobody is promised anything later than before."""
    if case.first_reply_due is None and case.resolution_due is None:
        return case
    fresh = started(case, policy, now)
    changes: dict[str, datetime | None] = {}
    for due, soon, met in (
        ("first_reply_due", "first_reply_soon", case.first_reply_at),
        ("resolution_due", "resolution_soon", case.resolved_at),
    ):
        before, after = getattr(case, due), getattr(fresh, due)
        if met is None and after is not None and (before is None or after < before):
            changes |= {due: after, soon: getattr(fresh, soon)}
    return with_next(case.with_(**changes))


def moved_by_hand(case: Case, policy: Policy, now: datetime, due: datetime) -> Case:
    """The clock that runs out next gets another end."""
    mode = terms(case, policy).around_the_clock
    left = time_between(policy.hours, now, due, around_the_clock=mode)
    soon = add_time(policy.hours, now, left * policy.due_soon_share, around_the_clock=mode)
    name = "first_reply" if case.first_reply_at is None and case.first_reply_due is not None else "resolution"
    return with_next(case.with_(**{f"{name}_due": due, f"{name}_soon": min(soon, due)}))


def with_next(case: Case) -> Case:
    """`due_at` and `soon_at` of the clock that runs out next; none where no clock runs."""
    ends = [(due, soon or due) for due, soon in ((due, soon) for _, due, soon in _running(case))]
    due, soon = min(ends, default=(None, None))
    return case.with_(due_at=due, soon_at=soon)


def _running(case: Case) -> list[tuple[tuple[Event, Event], datetime, datetime | None]]:
    if case.status not in RUNNING or case.paused_since is not None:
        return []
    clocks = []
    if case.first_reply_at is None and case.first_reply_due is not None:
        clocks.append((FIRST_REPLY, case.first_reply_due, case.first_reply_soon))
    if case.resolved_at is None and case.resolution_due is not None:
        clocks.append((RESOLUTION, case.resolution_due, case.resolution_soon))
    return clocks


def alarms(case: Case, policy: Policy) -> Mapping[str, datetime]:
    """When which deadline of a case fires, by its name: warnings, breaches, escalations after them, and the end of its
    sleep, the reminder of a call to its customer. A callback is missed only when its slot has ended."""
    found: dict[str, datetime] = {}
    for (soon_event, due_event), due, soon in _running(case):
        if due_event is Event.BREACHED and case.kind == Kind.CALLBACK and case.slot_end is not None:
            due = max(due, case.slot_end)
        found |= {soon_event.value: soon or due, due_event.value: due}
    mode = terms(case, policy).around_the_clock
    for rule in policy.escalations:
        if rule.after > timedelta() and (begins := found.get(rule.on.value)):
            found[rule.deadline] = add_time(policy.hours, begins, rule.after, around_the_clock=mode)
    if case.snoozed_until is not None and case.status not in DONE:
        found[Event.WOKEN.value] = case.snoozed_until
    reminder = policy.callback.customer_reminder
    settled = case.status in DONE or case.status == Status.WAITING_CONSENT
    if case.slot is not None and reminder > timedelta() and not settled:
        found[Event.CALLBACK_REMINDER.value] = case.slot - reminder
    return found


def states(case: Case, now: datetime) -> list[dict[str, str | None]]:
    """Each clock as people see it: `{"event", "due_at", "state": "running|paused|met|breached|none", "met_at"}`."""
    return [
        _state("first_reply", case, case.first_reply_due, case.first_reply_at, now),
        _state("resolution", case, case.resolution_due, case.resolved_at, now),
    ]


def _state(name: str, case: Case, due: datetime | None, met: datetime | None, now: datetime) -> dict[str, str | None]:
    stopped = met or case.resolved_at
    if due is None:
        state = "none"
    elif stopped is not None:
        state = "met" if stopped <= due else "breached"
    elif case.paused_since is not None:
        state = "paused" if case.paused_since <= due else "breached"
    else:
        state = "running" if now < due else "breached"
    return {"event": name, "due_at": utc_text(due), "state": state, "met_at": utc_text(met)}


def due_state(case: Case, now: datetime) -> str:
    """`ok`, `soon`, `breached`, `paused` or `none`: of the clock that runs out next."""
    if case.due_at is None:
        return "paused" if case.paused_since is not None and case.status not in DONE else "none"
    if now >= case.due_at:
        return "breached"
    return "soon" if case.soon_at is not None and now >= case.soon_at else "ok"
