"""The company's rules for cases as plain values; `bot.company` builds them from data/company.yml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

DAY = 24 * 60


@dataclass(frozen=True, slots=True)
class Hours:
    """When the company is open. `week[0]` is Monday: (start, end) pairs in minutes from local midnight, in order."""

    time_zone: str
    country: str
    week: tuple[tuple[tuple[int, int], ...], ...]
    closed_on: frozenset[date] = frozenset()
    subdivision: str | None = None

    def __post_init__(self) -> None:
        if len(self.week) != 7 or not any(self.week):
            raise ValueError("Hours.week: expected 7 days with at least one opening interval among them")
        for day in self.week:
            ends = 0
            for start, end in day:
                if not ends <= start < end <= DAY:
                    raise ValueError(f"Hours.week: expected ordered intervals within 0..{DAY} minutes, got {day}")
                ends = end


@dataclass(frozen=True, slots=True)
class Callback:
    """Callback slots: minutes long, `agents` at the same time, from `notice` on, for `days_ahead` days."""

    minutes: int
    agents: int
    notice: timedelta
    days_ahead: int
    reminder: timedelta


@dataclass(frozen=True, slots=True)
class Severity:
    """Hours until the first answer of an SLA request, in service hours or around the clock."""

    hours: float
    around_the_clock: bool


@dataclass(frozen=True, slots=True)
class SlotWords:
    """How a language writes times of day: « 14 heures », "at 2", "2 pm", « midi », and words around a date that carry
    no meaning here (« prochain »)."""

    hour: tuple[str, ...] = ()
    at: tuple[str, ...] = ()
    am: tuple[str, ...] = ()
    pm: tuple[str, ...] = ()
    noon: tuple[str, ...] = ()
    fillers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Policy:
    """`severity_words` are what people type for a severity, in every language; `slot_words` are by language;
    `due_soon_share` is the part of the time used up at which staff are warned."""

    hours: Hours
    callback: Callback
    ticket_hours: float
    severities: Mapping[int, Severity]
    contract_pattern: str
    contract_example: str
    due_soon_share: float = 0.75
    severity_words: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    slot_words: Mapping[str, SlotWords] = field(default_factory=dict)
