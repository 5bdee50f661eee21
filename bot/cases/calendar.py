"""Opening hours, deadlines, callback slots, calendar files: pure functions on aware datetimes, DST-safe.

Time that passes is counted in UTC; wall clock and public holidays follow the company's time zone and country.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from importlib.resources import files
from zoneinfo import ZoneInfo

import holidays
from babel.dates import format_date, format_skeleton, format_time, get_timezone_location
from icalendar import Alarm, Calendar, Event

from .model import Say
from .policy import Callback, Hours

# A deadline further away than this is a configuration mistake (e.g. every opening day is a public holiday).
SEARCH_DAYS = 3660


@cache
def _countries() -> Mapping[str, str]:
    lines = (files("tzdata") / "zoneinfo" / "zone.tab").read_text("utf-8").splitlines()
    rows = (line.split("\t") for line in lines if line and not line.startswith("#"))
    return {row[2]: row[0] for row in rows}


def country_of(time_zone: str | None) -> str | None:
    """The country (ISO 3166) in which a time zone lies; None where it is no country's."""
    return _countries().get(time_zone or "")


@lru_cache(maxsize=64)
def _holidays(country: str, subdivision: str | None, year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays(country, subdiv=subdivision, years=year))


def is_holiday(hours: Hours, day: date) -> bool:
    """Public holiday of the country, or a day that the company closes on."""
    return day in hours.closed_on or day in _holidays(hours.country, hours.subdivision, day.year)


def _wall(day: date, minutes: int, zone: ZoneInfo) -> datetime:
    """The instant at which local clocks show `minutes` past midnight of `day`, in UTC."""
    day, clock = day + timedelta(days=minutes // 1440), minutes % 1440
    return datetime.combine(day, time(clock // 60, clock % 60), zone).astimezone(UTC)


def intervals(hours: Hours, day: date) -> list[tuple[datetime, datetime]]:
    """Opening intervals of a local day in UTC; empty on closed days and holidays."""
    if is_holiday(hours, day):
        return []
    zone = ZoneInfo(hours.time_zone)
    found = [(_wall(day, start, zone), _wall(day, end, zone)) for start, end in hours.week[day.weekday()]]
    return [(start, end) for start, end in found if start < end]  # a DST gap can swallow an interval


def _days(hours: Hours, moment: datetime) -> Iterator[date]:
    # From the day before: an interval that ends at 24:00 ends on the next local day.
    first = moment.astimezone(ZoneInfo(hours.time_zone)).date() - timedelta(days=1)
    return (first + timedelta(days=n) for n in range(SEARCH_DAYS))


def is_open(hours: Hours, moment: datetime) -> bool:
    """Whether `moment` lies in an opening interval (its end excluded)."""
    day = moment.astimezone(ZoneInfo(hours.time_zone)).date()
    return any(start <= moment < end for start, end in intervals(hours, day))


def add_hours(hours: Hours, start: datetime, amount: float, *, around_the_clock: bool = False) -> datetime:
    """`add_time` for hours."""
    return add_time(hours, start, timedelta(hours=amount), around_the_clock=around_the_clock)


def add_time(hours: Hours, start: datetime, left: timedelta, *, around_the_clock: bool = False) -> datetime:
    """The instant (UTC) at which `left` has passed since `start`, counting open time only unless
    `around_the_clock`. The result lies in opening time, its very end included.

    Raises ValueError where the opening hours leave no such instant within ten years.
    """
    start = start.astimezone(UTC)
    if around_the_clock:
        return start + left
    wanted = left
    for day in _days(hours, start):
        for opens, closes in intervals(hours, day):
            begin = max(opens, start)
            if begin >= closes:
                continue
            if begin + left <= closes:
                return begin + left
            left -= closes - begin
    raise ValueError(f"opening hours of {hours.country} leave no deadline {wanted} after {start.isoformat()}")


def time_between(hours: Hours, start: datetime, end: datetime, *, around_the_clock: bool = False) -> timedelta:
    """How much (open) time passes from `start` to `end`; none where `end` is not later."""
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    if around_the_clock:
        return max(end - start, timedelta())
    passed = timedelta()
    for day in _days(hours, start):
        if day > end.astimezone(ZoneInfo(hours.time_zone)).date():
            break
        for opens, closes in intervals(hours, day):
            passed += max(min(closes, end) - max(opens, start), timedelta())
    return passed


def slots_of(hours: Hours, callback: Callback, day: date) -> Iterator[datetime]:
    """Starts (UTC) of the callback grid of a local day: every `minutes` from each opening, ending before closing."""
    step = timedelta(minutes=callback.minutes)
    for opens, closes in intervals(hours, day):
        while opens + step <= closes:
            yield opens
            opens += step


def offered(hours: Hours, callback: Callback, now: datetime) -> list[datetime]:
    """The whole grid (UTC) between the notice period and the last day offered, free or not."""
    today = now.astimezone(ZoneInfo(hours.time_zone)).date()
    return [
        slot
        for n in range(callback.days_ahead + 1)
        for slot in slots_of(hours, callback, today + timedelta(days=n))
        if slot >= now + callback.notice
    ]


def free_slots(
    hours: Hours, callback: Callback, now: datetime, taken: Mapping[datetime, int], limit: int | None = None
) -> list[datetime]:
    """Offered slots with an agent left; `taken` counts bookings by start (UTC)."""
    free = [slot for slot in offered(hours, callback, now) if taken.get(slot, 0) < callback.agents]
    return free if limit is None else free[:limit]


def display(moment: datetime, lang: str, time_zone: str, say: Say) -> str:
    """A moment as customers read it: « mardi 1 décembre 2026 à 14:00 », in the given time zone."""
    zone, locale = ZoneInfo(time_zone), say(lang, "cases.locale")
    day = format_date(moment.astimezone(zone), "full", locale=locale)
    clock = format_time(moment, "short", tzinfo=zone, locale=locale)
    return say(lang, "cases.moment", date=day, time=clock)


def display_short(moment: datetime, lang: str, time_zone: str, say: Say) -> str:
    """The same for a button: « mar. 1 déc. à 14:00 »."""
    zone, locale = ZoneInfo(time_zone), say(lang, "cases.locale")
    day = format_skeleton("MMMEd", moment.astimezone(zone), locale=locale)
    clock = format_time(moment, "short", tzinfo=zone, locale=locale)
    return say(lang, "cases.moment", date=day, time=clock)


def display_local(moment: datetime, lang: str, time_zone: str, home: str, say: Say) -> str:
    """The same, with the city of the time zone where its clocks show another time than those of `home`."""
    shown, zone = display(moment, lang, time_zone, say), ZoneInfo(time_zone)
    if moment.astimezone(zone).utcoffset() == moment.astimezone(ZoneInfo(home)).utcoffset():
        return shown
    city = get_timezone_location(zone, locale=say(lang, "cases.locale"), return_city=True).rpartition("/")[2]
    return say(lang, "cases.local_time", moment=shown, city=city)


def calendar_file(
    *,
    uid: str,
    sequence: int,
    start: datetime,
    end: datetime,
    stamp: datetime,
    summary: str,
    description: str,
    organizer: str,
    cancelled: bool = False,
) -> bytes:
    """An iCalendar file (RFC 5545) with one event and a reminder ten minutes before it. Times are written in UTC,
    which every calendar shows in its owner's zone. Calendars replace what they have under `uid` by a higher `sequence`,
    and take it away where it is `cancelled`."""
    calendar = Calendar()
    calendar.add("prodid", "-//Guichet//callback//")
    calendar.add("version", "2.0")
    calendar.add("method", "CANCEL" if cancelled else "PUBLISH")
    event = Event()
    event.add("uid", uid)
    event.add("sequence", sequence)
    event.add("status", "CANCELLED" if cancelled else "CONFIRMED")
    event.add("dtstamp", stamp.astimezone(UTC))
    event.add("dtstart", start.astimezone(UTC))
    event.add("dtend", end.astimezone(UTC))
    event.add("summary", summary)
    event.add("description", description)
    event.add("organizer", f"mailto:{organizer}")
    if not cancelled:
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", summary)
        alarm.add("trigger", timedelta(minutes=-10))
        event.add_component(alarm)
    calendar.add_component(event)
    content: bytes = calendar.to_ical()
    return content
