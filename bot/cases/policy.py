"""The company's rules for cases as plain values; `bot.company` builds them from data/company.yml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal

from .model import Event, Priority

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
    """Callback slots: minutes long, `agents` at the same time, from `notice` on, for `days_ahead` days. Staff are
    reminded `reminder` before a call, the customer `customer_reminder` before it (none: not at all)."""

    minutes: int
    agents: int
    notice: timedelta
    days_ahead: int
    reminder: timedelta
    customer_reminder: timedelta = timedelta()


@dataclass(frozen=True, slots=True)
class Terms:
    """Hours until the first reply and until the case is resolved (None: no promise), in service hours or around the
    clock."""

    first_reply: float
    resolution: float | None = None
    around_the_clock: bool = False


@dataclass(frozen=True, slots=True)
class Escalation:
    """What is done some time (`after`, service hours count) after a deadline `on` has fired, for cases of these levels
    and severities (none named: all). `mail` are addresses beside the usual."""

    on: Event
    after: timedelta = timedelta()
    levels: frozenset[int] = frozenset()
    severities: frozenset[int] = frozenset()
    raise_level: bool = False
    reassign: bool = False
    priority: Priority | None = None
    mail: tuple[str, ...] = ()
    webhook: bool = False

    @property
    def deadline(self) -> str:
        """Name of the deadline at which this is done."""
        minutes = int(self.after.total_seconds() // 60)
        return f"{self.on.value}+{minutes}" if minutes else self.on.value


@dataclass(frozen=True, slots=True)
class CustomField:
    """A field of the company's own on every case; `labels` by language, `choices` only where its type is that."""

    key: str
    type: Literal["text", "number", "boolean", "date", "choice"]
    labels: Mapping[str, str]
    choices: tuple[str, ...] = ()


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
    """`levels` are the terms of cases without a severity, by level; `contracts` those that a contract has of its own,
    by severity. `severity_words` are what people type for a severity, in every language; `slot_words` are by language;
    `due_soon_share` is the part of the time used up at which staff are warned."""

    hours: Hours
    callback: Callback
    levels: Mapping[int, Terms]
    severities: Mapping[int, Terms]
    contract_pattern: str
    contract_example: str
    due_soon_share: float = 0.75
    severity_words: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    slot_words: Mapping[str, SlotWords] = field(default_factory=dict)
    contracts: Mapping[str, Mapping[int, Terms]] = field(default_factory=dict)
    escalations: tuple[Escalation, ...] = ()
    automatic_assignment: bool = False
    custom_fields: tuple[CustomField, ...] = ()

    def terms(self, level: int, severity: int | None, contract: str | None) -> Terms:
        """What is promised to a case: by severity and contract where it has them, else by level."""
        if severity is None:
            return self.levels[level]
        own = self.contracts.get(contract or "", {})
        return own.get(severity) or self.severities[severity]
