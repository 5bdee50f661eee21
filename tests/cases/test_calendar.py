from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from bot.cases.calendar import (
    add_hours,
    calendar_file,
    display,
    display_local,
    display_short,
    free_slots,
    intervals,
    is_holiday,
    is_open,
    offered,
)
from bot.cases.model import Say
from bot.cases.policy import Callback, Hours

PARIS = ZoneInfo("Europe/Paris")
OFFICE = ((540, 750), (810, 1080))  # 09:00-12:30, 13:30-18:00
HOURS = Hours("Europe/Paris", "FR", (OFFICE,) * 5 + ((), ()))
CALLBACK = Callback(30, 2, timedelta(hours=1), 10, timedelta(minutes=15))


def paris(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=PARIS)


# Any company: opening intervals per day at quarter hours, somewhere, with its own closed days.
days = st.lists(st.integers(0, 96), unique=True, max_size=6).map(
    lambda marks: tuple((a * 15, b * 15) for a, b in zip(*[iter(sorted(marks))] * 2, strict=False))
)
companies = st.builds(
    lambda zone, country, week, closed: Hours(zone, country, tuple(week), frozenset(closed)),
    st.sampled_from(
        ["Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Santiago", "UTC"]
    ),
    st.sampled_from(["FR", "DE", "GB", "US"]),
    st.lists(days, min_size=7, max_size=7).filter(any),
    st.sets(st.dates(date(2026, 1, 1), date(2027, 12, 31)), max_size=3),
)
moments = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))
quarters = st.integers(0, 160).map(lambda count: count / 4)


def open_between(hours: Hours, start: datetime, end: datetime) -> timedelta:
    """Counted another way than `add_hours` does: what is left of every interval when cut to [start, end]."""
    zone = ZoneInfo(hours.time_zone)
    first, last = start.astimezone(zone).date() - timedelta(days=1), end.astimezone(zone).date()
    total = timedelta()
    while first <= last:
        for opens, closes in intervals(hours, first):
            total += max(timedelta(), min(closes, end) - max(opens, start))
        first += timedelta(days=1)
    return total


@given(companies, moments, quarters)
def test_a_deadline_is_never_in_closed_time_and_exactly_so_much_open_time_away(
    hours: Hours, start: datetime, amount: float
) -> None:
    due = add_hours(hours, start, amount)
    assert due >= start
    assert is_open(hours, due) or is_open(hours, due - timedelta(microseconds=1))
    assert open_between(hours, start, due) == timedelta(hours=amount)


@given(companies, moments, quarters, quarters)
def test_more_hours_or_a_later_start_are_never_due_earlier(
    hours: Hours, start: datetime, amount: float, more: float
) -> None:
    due = add_hours(hours, start, amount)
    assert add_hours(hours, start, amount + more) >= due
    assert add_hours(hours, start + timedelta(hours=more), amount) >= due
    assert add_hours(hours, due, more) == add_hours(hours, start, amount + more) or more == 0


@given(companies, moments)
def test_slots_lie_within_opening_hours_and_never_on_a_holiday(hours: Hours, now: datetime) -> None:
    zone = ZoneInfo(hours.time_zone)
    slots = offered(hours, CALLBACK, now)
    assert slots == sorted(set(slots))
    for slot in slots:
        end = slot + timedelta(minutes=CALLBACK.minutes)
        assert open_between(hours, slot, end) == end - slot
        assert not is_holiday(hours, slot.astimezone(zone).date())
        assert slot >= now + CALLBACK.notice
        assert slot.astimezone(zone).date() <= now.astimezone(zone).date() + timedelta(days=CALLBACK.days_ahead)
    assert all(b - a >= timedelta(minutes=CALLBACK.minutes) for a, b in pairwise(slots))


@pytest.mark.parametrize(
    ("start", "amount", "due"),
    [
        ("2026-11-25T10:00", 2, "2026-11-25T12:00"),
        ("2026-11-25T12:00", 1, "2026-11-25T14:00"),  # over lunch
        ("2026-11-25T17:00", 1, "2026-11-25T18:00"),  # the last minute of the day is still the day
        ("2026-11-25T17:00", 2, "2026-11-26T10:00"),
        ("2026-11-27T20:00", 1, "2026-11-30T10:00"),  # over a weekend
        ("2026-12-24T17:30", 1, "2026-12-28T09:30"),  # Christmas is a Friday
        ("2026-07-13T17:30", 1, "2026-07-15T09:30"),  # 14 July
    ],
)
def test_deadlines_in_opening_hours(start: str, amount: float, due: str) -> None:
    assert add_hours(HOURS, paris(start), amount) == paris(due)


def test_around_the_clock_is_elapsed_time_also_across_a_change_of_clocks() -> None:
    start = paris("2026-10-24T23:00")  # clocks go back at 3:00
    assert add_hours(HOURS, start, 6, around_the_clock=True) == paris("2026-10-25T04:00")


def test_opening_hours_follow_the_wall_clock_across_a_change_of_clocks() -> None:
    assert add_hours(HOURS, paris("2026-03-27T17:30"), 1) == paris("2026-03-30T09:30")
    night = Hours("Europe/Paris", "FR", ((((0, 360)),),) * 7)
    begin, end = intervals(night, date(2026, 3, 29))[0]
    assert end - begin == timedelta(hours=5)  # the night in which an hour is missing
    begin, end = intervals(night, date(2026, 10, 25))[0]
    assert end - begin == timedelta(hours=7)


def test_open_until_midnight_goes_on_into_the_next_day() -> None:
    always = Hours("Europe/Paris", "FR", (((0, 1440),),) * 7)
    assert add_hours(always, paris("2026-11-25T23:00"), 2) == paris("2026-11-26T01:00")


def test_days_the_company_closes_on_and_regional_holidays_are_closed() -> None:
    assert is_holiday(Hours("Europe/Paris", "FR", HOURS.week, frozenset({date(2026, 11, 26)})), date(2026, 11, 26))
    good_friday = date(2026, 4, 3)
    assert not is_holiday(HOURS, good_friday)
    assert is_holiday(Hours("Europe/Paris", "FR", HOURS.week, subdivision="57"), good_friday)


def test_a_slot_is_free_while_an_agent_is() -> None:
    now = paris("2026-11-25T10:00")
    first, second = offered(HOURS, CALLBACK, now)[:2]
    assert first == paris("2026-11-25T11:00")
    assert free_slots(HOURS, CALLBACK, now, {first: 1}, limit=2) == [first, second]
    assert free_slots(HOURS, CALLBACK, now, {first: 2}, limit=1) == [second]


@pytest.mark.parametrize("week", [((),) * 7, (OFFICE,) * 6, (((540, 500),),) * 7, (((540, 600), (590, 700)),) * 7])
def test_hours_that_cannot_be_are_refused(week: tuple[tuple[tuple[int, int], ...], ...]) -> None:
    with pytest.raises(ValueError, match=r"Hours\.week: expected"):
        Hours("Europe/Paris", "FR", week)


def test_hours_that_leave_no_deadline_are_said_so() -> None:
    every_day = frozenset(date(2026, 1, 1) + timedelta(days=n) for n in range(4400))
    with pytest.raises(ValueError, match="leave no deadline"):
        add_hours(Hours("Europe/Paris", "FR", HOURS.week, every_day), paris("2026-11-25T10:00"), 1)


@pytest.mark.parametrize(
    ("lang", "time_zone", "shown"),
    [
        ("fr", "Europe/Paris", "mardi 1 décembre 2026 à 14:00"),
        ("de", "Europe/Paris", "Dienstag, 1. Dezember 2026 um 14:00 Uhr"),
        ("en", "Europe/London", "Tuesday, 1 December 2026 at 13:00"),
    ],
)
def test_moments_are_shown_in_language_and_zone(lang: str, time_zone: str, shown: str, say: Say) -> None:
    assert display(paris("2026-12-01T14:00"), lang, time_zone, say) == shown


@pytest.mark.parametrize(
    ("lang", "time_zone", "shown"),
    [
        ("fr", "America/Toronto", "mardi 1 décembre 2026 à 08:00 (heure locale : Toronto)"),
        ("de", "Europe/London", "Dienstag, 1. Dezember 2026 um 13:00 Uhr (Ortszeit: London)"),
        ("en", "America/Argentina/Buenos_Aires", "Tuesday, 1 December 2026 at 10:00 (local time: Buenos Aires)"),
        ("de", "Europe/Berlin", "Dienstag, 1. Dezember 2026 um 14:00 Uhr"),
        ("fr", "Etc/UTC", "mardi 1 décembre 2026 à 13:00 (heure locale : UTC)"),
    ],
)
def test_a_clock_that_differs_from_the_companys_is_named(lang: str, time_zone: str, shown: str, say: Say) -> None:
    assert display_local(paris("2026-12-01T14:00"), lang, time_zone, "Europe/Paris", say) == shown


@pytest.mark.parametrize(
    ("lang", "shown"),
    [("fr", "mar. 1 déc. à 14:00"), ("de", "Di., 1. Dez. um 14:00 Uhr"), ("en", "Tue 1 Dec at 14:00")],
)
def test_a_moment_on_a_button_is_short(lang: str, shown: str, say: Say) -> None:
    assert display_short(paris("2026-12-01T14:00"), lang, "Europe/Paris", say) == shown


def test_the_calendar_file_says_when_in_utc_and_escapes_what_people_wrote() -> None:
    content = calendar_file(
        uid="C-1@x.example",
        sequence=0,
        start=paris("2026-12-01T14:00"),
        end=paris("2026-12-01T14:30"),
        stamp=paris("2026-11-25T10:00"),
        summary="Rappel; a, b\nBEGIN:VEVENT",
        description="d",
        organizer="team@x.example",
    )
    calendar = Calendar.from_ical(content)
    assert calendar["METHOD"] == "PUBLISH"
    (event,) = calendar.walk("VEVENT")
    assert event["UID"] == "C-1@x.example"
    assert event.decoded("DTSTART") == datetime(2026, 12, 1, 13, 0, tzinfo=UTC)
    assert event.decoded("DTEND") == datetime(2026, 12, 1, 13, 30, tzinfo=UTC)
    assert str(event["SUMMARY"]) == "Rappel; a, b\nBEGIN:VEVENT"
