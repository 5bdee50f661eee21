"""Finds the callback slot that somebody means: an ISO start, or « demain à 14h », „Montag 10 Uhr“, "tomorrow 2pm"."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import dateparser

from .calendar import offered
from .model import FieldError
from .policy import Policy, SlotWords

_ISO = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d")
# With dots only where it can be a day and month at all: 9.30 is also how some write a time.
_DATES = (
    re.compile(r"(?<!\d)(\d{1,2})/(\d{1,2})(?:/(\d{4}|\d{2}))?(?!\d)"),
    re.compile(r"(?<!\d)(3[01]|[12]\d|0?[1-9])\.(1[0-2]|0?[1-9])(?:\.(\d{4}|\d{2})?)?(?![\d:])"),
)
NOON = 12 * 60
AFTERNOON = 13 * 60  # where only « après-midi » was said


def iso(start: datetime, time_zone: str) -> str:
    """The start with the offset of the time zone it is shown in, as `/internal/slots` lists it."""
    return start.astimezone(ZoneInfo(time_zone)).isoformat(timespec="minutes")


def find(
    value: str, lang: str, policy: Policy, now: datetime, taken: Mapping[datetime, int], time_zone: str | None = None
) -> datetime:
    """The start (UTC) of the free slot that `value` means on a clock of `time_zone` (default: the company's).

    FieldError: invalid_slot (not understood), slot_closed (not offered then), slot_taken (no agent left).
    """
    grid = offered(policy.hours, policy.callback, now)
    zone = ZoneInfo(time_zone or policy.hours.time_zone)
    meant = _exact(value, zone, grid) if _ISO.match(value) else _typed(value, lang, policy, now, grid, zone)
    if not meant:
        raise FieldError("slot_closed", "slot")
    for start in meant:
        if taken.get(start, 0) < policy.callback.agents:
            return start
    raise FieldError("slot_taken", "slot")


def _exact(value: str, zone: ZoneInfo, grid: Sequence[datetime]) -> list[datetime]:
    try:
        start = datetime.fromisoformat(value)
    except ValueError:
        raise FieldError("invalid_slot", "slot") from None
    if start.tzinfo is None:
        start = start.replace(tzinfo=zone)
    return [slot for slot in grid if slot == start.astimezone(UTC)]


def _typed(
    value: str, lang: str, policy: Policy, now: datetime, grid: Sequence[datetime], zone: ZoneInfo
) -> list[datetime]:
    """Offered slots that fit what was typed, best first; several only where no time of day was given."""
    words = policy.slot_words.get(lang, SlotWords())
    minutes, half, rest = _time_of_day(value.casefold().replace("’", "'"), words)
    rest = _without(rest, words.fillers)
    local_now = now.astimezone(zone)
    day = _day(rest, lang, policy, local_now) if rest else None
    if day is None and (rest or (minutes is None and half is None)):
        raise FieldError("invalid_slot", "slot")
    on_day = [slot for slot in grid if day is None or slot.astimezone(zone).date() == day]
    if minutes is None:
        starts, ends = {"am": (0, NOON), "pm": (AFTERNOON, 24 * 60)}.get(half or "", (0, 24 * 60))
        return [slot for slot in on_day if starts <= _minutes(slot, zone) < ends]
    if half == "pm" and minutes < NOON:
        minutes += NOON
    elif half == "am" and minutes >= NOON:
        minutes -= NOON
    choices = [minutes] if half or minutes >= NOON else [minutes, minutes + NOON]  # "at 2" is 14:00 where 02:00 is shut
    for choice in choices:
        fitting = [s for s in on_day if 0 <= choice - _minutes(s, zone) < policy.callback.minutes]
        if fitting:
            return fitting[:1]
    return []


def _minutes(slot: datetime, zone: ZoneInfo) -> int:
    local = slot.astimezone(zone)
    return local.hour * 60 + local.minute


def _alternatives(words: Sequence[str]) -> str:
    longest_first = sorted((word.casefold().replace("’", "'") for word in words), key=len, reverse=True)
    return "|".join(map(re.escape, longest_first)) or r"(?!)"


def _without(text: str, words: Sequence[str]) -> str:
    return " ".join(re.sub(rf"(?<!\w)(?:{_alternatives(words)})(?!\w)", " ", text).split()).strip(" ,.;:!?-")


def _time_of_day(text: str, words: SlotWords) -> tuple[int | None, str | None, str]:
    """Minutes from midnight, "am"/"pm" where said, and the text that is left."""
    half: str | None = None
    dated = text
    for pattern in _DATES:
        dated = pattern.sub(lambda match: " " * len(match.group()), dated)  # 02.12. is a date, not twelve past two
    hour, at = _alternatives(words.hour), _alternatives(words.at)
    before, after = _alternatives(words.am), _alternatives(words.pm)
    clock = re.search(
        rf"(?<!\d)(?:(?:{at})\s*)?(\d{{1,2}})\s*(?:(?:{hour}|[:.])\s*([0-5]\d)(?!\d)|(?:{hour})(?!\w)"
        rf"|(?=\s*(?:{before}|{after})(?!\w)))|(?<!\w)(?:{at})\s*(\d{{1,2}})(?!\w)",
        dated,
    )
    minutes: int | None = None
    if clock:
        hours = int(clock.group(1) or clock.group(3))
        minutes = hours * 60 + int(clock.group(2) or 0)
        if minutes >= 24 * 60:
            raise FieldError("invalid_slot", "slot")
        text = text[: clock.start()] + " " + text[clock.end() :]
    for name, said in (("pm", after), ("am", before)):
        if re.search(rf"(?<!\w)(?:{said})(?!\w)", text):
            half = name
            text = re.sub(rf"(?<!\w)(?:{said})(?!\w)", " ", text)
            break
    if minutes is None and (noon := re.search(rf"(?<!\w)(?:{at})?\s*(?:{_alternatives(words.noon)})(?!\w)", text)):
        minutes = NOON
        text = text[: noon.start()] + " " + text[noon.end() :]
    return minutes, half, _without(text, words.hour)


def _day(text: str, lang: str, policy: Policy, now: datetime) -> date | None:
    """The local day meant; None where the text is no date."""
    order = "MDY" if policy.hours.country == "US" else "DMY"
    for pattern in _DATES:
        if numeric := pattern.fullmatch(text):
            day, month = (int(part) for part in numeric.group(*((2, 1) if order == "MDY" else (1, 2))))
            return _numeric(day, month, numeric.group(3), now.date())
    settings = {"RELATIVE_BASE": now.replace(tzinfo=None), "PREFER_DATES_FROM": "future", "DATE_ORDER": order}
    try:
        parsed = dateparser.parse(text, languages=[lang], settings=settings)
    except ValueError:  # a language that dateparser does not know; guessing among all would take seconds
        return None
    return parsed.date() if parsed else None


def _numeric(day: int, month: int, year: str | None, today: date) -> date | None:
    try:
        if year is not None:
            return date(int(year) if len(year) == 4 else 2000 + int(year), month, day)
        this_year = date(today.year, month, day)
        return this_year if this_year >= today else date(today.year + 1, month, day)
    except ValueError:
        return None
