"""Clocks as pure functions: what is owed when, whatever pauses there were."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cases import Policy, sla
from bot.cases.calendar import add_time, time_between
from bot.cases.model import Case, Event, Kind, Status
from bot.cases.policy import Escalation, Terms
from tests.cases.asking import NOW

MINUTE = timedelta(minutes=1)
moments = st.integers(0, 60 * 24 * 20).map(lambda minutes: NOW + minutes * MINUTE)


def a_case(**changes: object) -> Case:
    values: dict[str, object] = {
        "ref": "T-2222-2222",
        "key": "k",
        "conversation": "c",
        "kind": Kind.TICKET,
        "level": 1,
        "status": Status.OPEN,
        "lang": "fr",
        "subject": "s",
        "text": "t",
        "created_at": NOW,
        "updated_at": NOW,
        "receipt": None,
        "due_at": None,
        **dict.fromkeys(("topic", "email", "phone", "slot", "slot_end", "contract", "severity", "system")),
        **dict.fromkeys(("passed_to", "passed_on")),
    }
    return Case(**{**values, **changes})  # type: ignore[arg-type]


def moved(case: Case, status: Status, policy: Policy, now: datetime) -> Case:
    return sla.followed(case.with_(status=status), policy, now)


@given(times=st.lists(moments, min_size=2, max_size=8, unique=True).map(sorted))
def test_a_pause_moves_the_end_by_the_service_time_that_it_took(case_policy: Policy, times: list[datetime]) -> None:
    """Whatever pauses: the service time from start to end is the promise plus that of the pauses before the end."""
    case = sla.followed(a_case(), case_policy, NOW)
    promise = timedelta(hours=case_policy.levels[1].resolution or 0)
    paused, on = timedelta(), Status.WAITING_CUSTOMER
    for start, end in pairwise(times):
        case = moved(case, on, case_policy, start)
        if on == Status.WAITING_CUSTOMER:
            assert case.due_at is None
            assert case.resolution_due is not None
            if start < case.resolution_due:
                paused += time_between(case_policy.hours, start, end)
        on = Status.OPEN if on == Status.WAITING_CUSTOMER else Status.WAITING_CUSTOMER
    case = moved(case, Status.OPEN, case_policy, times[-1])
    assert case.resolution_due is not None
    assert time_between(case_policy.hours, NOW, case.resolution_due) == promise + paused


@given(start=moments, first=st.integers(0, 5000), second=st.integers(0, 5000))
def test_two_pauses_in_a_row_are_one(case_policy: Policy, start: datetime, first: int, second: int) -> None:
    begun = sla.followed(a_case(), case_policy, NOW)
    middle, end = start + first * MINUTE, start + (first + second) * MINUTE
    once = moved(moved(begun, Status.WAITING_CUSTOMER, case_policy, start), Status.OPEN, case_policy, end)
    half = moved(moved(begun, Status.WAITING_CUSTOMER, case_policy, start), Status.OPEN, case_policy, middle)
    twice = moved(moved(half, Status.WAITING_CUSTOMER, case_policy, middle), Status.OPEN, case_policy, end)
    hours = case_policy.hours
    for name in ("first_reply_due", "resolution_due"):
        one, other = getattr(once, name), getattr(twice, name)
        # The end of one day and the beginning of the next are the same service time.
        assert time_between(hours, min(one, other), max(one, other)) == timedelta()


@given(start=moments, length=st.integers(0, 60 * 24 * 30))
def test_time_that_is_added_is_the_time_that_passes(case_policy: Policy, start: datetime, length: int) -> None:
    end = add_time(case_policy.hours, start, length * MINUTE)
    assert time_between(case_policy.hours, start, end) == length * MINUTE
    assert time_between(case_policy.hours, end, start) == timedelta() or end == start


def test_around_the_clock_every_minute_counts(case_policy: Policy) -> None:
    case = sla.followed(a_case(severity=1, kind=Kind.SLA, level=3), case_policy, NOW)
    assert case.first_reply_due == NOW + timedelta(hours=2)
    case = moved(case, Status.WAITING_CUSTOMER, case_policy, NOW + timedelta(hours=1))
    case = moved(case, Status.OPEN, case_policy, NOW + timedelta(hours=49))
    assert case.first_reply_due == NOW + timedelta(hours=50)
    assert case.due_at == case.first_reply_due


def test_what_was_late_before_a_pause_stays_late(case_policy: Policy) -> None:
    case = sla.followed(a_case(severity=1, kind=Kind.SLA, level=3), case_policy, NOW)
    case = moved(case, Status.WAITING_CUSTOMER, case_policy, NOW + timedelta(hours=3))
    assert sla.states(case, NOW + timedelta(hours=3))[0]["state"] == "breached"
    assert sla.states(case, NOW + timedelta(hours=3))[1]["state"] == "paused"
    case = moved(case, Status.OPEN, case_policy, NOW + timedelta(hours=30))
    assert case.first_reply_due == NOW + timedelta(hours=2)


def test_an_appointment_is_not_moved_by_a_pause(case_policy: Policy) -> None:
    slot = NOW + timedelta(days=1)
    call = a_case(kind=Kind.CALLBACK, level=2, slot=slot, slot_end=slot + 30 * MINUTE)
    case = sla.followed(call, case_policy, NOW)
    case = moved(case, Status.WAITING_CUSTOMER, case_policy, NOW + timedelta(hours=1))
    case = moved(case, Status.OPEN, case_policy, NOW + timedelta(hours=3))
    assert case.first_reply_due == slot
    alarms = sla.alarms(case, case_policy)
    assert alarms[Event.DUE_SOON] == slot - case_policy.callback.reminder
    assert alarms[Event.BREACHED] == slot + 30 * MINUTE


def test_after_the_first_reply_the_resolution_is_next(case_policy: Policy) -> None:
    case = sla.followed(a_case(), case_policy, NOW)
    assert case.due_at == case.first_reply_due
    case = sla.with_next(case.with_(first_reply_at=NOW + MINUTE))
    assert case.due_at == case.resolution_due
    assert not any(name.startswith((Event.DUE_SOON, Event.BREACHED)) for name in sla.alarms(case, case_policy))
    assert sla.states(case, NOW + timedelta(days=400))[0] == {
        "event": "first_reply",
        "due_at": "2026-11-26T09:00:00Z",
        "state": "met",
        "met_at": "2026-11-25T09:01:00Z",
    }


def test_a_contract_has_hours_of_its_own(case_policy: Policy) -> None:
    policy = replace(case_policy, contracts={"SLA-2026-0042": {1: Terms(0.5, 4, True)}})
    own = a_case(kind=Kind.SLA, level=3, severity=1, contract="SLA-2026-0042")
    assert sla.followed(own, policy, NOW).first_reply_due == NOW + 30 * MINUTE
    assert sla.followed(own.with_(severity=2), policy, NOW).first_reply_due == datetime(2026, 11, 25, 14, tzinfo=UTC)
    assert sla.followed(own.with_(contract="SLA-2026-0043"), policy, NOW).first_reply_due == NOW + timedelta(hours=2)


def test_a_higher_level_promises_nothing_later(case_policy: Policy) -> None:
    policy = replace(case_policy, levels={1: Terms(8, 40), 2: Terms(2, 60), 3: Terms(16, 120), 4: Terms(8, 40)})
    case = sla.followed(a_case(), policy, NOW)
    soon = sla.tightened(case.with_(level=2), policy, NOW + timedelta(hours=1))
    assert soon.first_reply_due == datetime(2026, 11, 25, 13, 0, tzinfo=UTC)  # 11:00 + 2 h, lunch not counted
    assert soon.resolution_due == case.resolution_due
    later = sla.tightened(case.with_(level=3), policy, NOW + timedelta(hours=1))
    assert (later.first_reply_due, later.resolution_due) == (case.first_reply_due, case.resolution_due)


def test_an_end_set_by_hand_is_of_the_clock_that_runs_out_next(case_policy: Policy) -> None:
    case = sla.followed(a_case(), case_policy, NOW)
    due = datetime(2026, 11, 27, 10, tzinfo=UTC)
    moved_case = sla.moved_by_hand(case, case_policy, NOW, due)
    assert moved_case.first_reply_due == due
    assert moved_case.resolution_due == case.resolution_due
    assert moved_case.soon_at is not None
    assert NOW < moved_case.soon_at < due


def test_an_escalation_comes_some_service_time_after_its_deadline(case_policy: Policy) -> None:
    rule = Escalation(on=Event.BREACHED, after=timedelta(minutes=60), raise_level=True)
    case = sla.followed(a_case(), replace(case_policy, escalations=(rule,)), NOW)
    alarms = sla.alarms(case, replace(case_policy, escalations=(rule,)))
    assert alarms["case.breached"] == datetime(2026, 11, 26, 9, 0, tzinfo=UTC)
    assert alarms["case.breached+60"] == datetime(2026, 11, 26, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "state"),
    [("2026-11-25T09:00", "ok"), ("2026-11-25T16:00", "soon"), ("2026-11-26T09:00", "breached")],
)
def test_a_list_says_how_near_the_end_is(case_policy: Policy, at: str, state: str) -> None:
    case = sla.followed(a_case(), case_policy, NOW)
    assert sla.due_state(case, datetime.fromisoformat(at).replace(tzinfo=UTC)) == state
