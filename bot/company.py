"""Reads data/company.yml: names, languages, colours, opening hours, callback and SLA rules."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, available_timezones

import holidays
import phonenumbers
import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    EmailStr,
    Field,
    PositiveFloat,
    PositiveInt,
    ValidationError,
    model_validator,
)

from bot.cases.policy import Callback, Hours, Policy, Severity, SlotWords
from bot.catalogue import Catalogue

WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class CompanyError(ValueError):
    """A company file that cannot be used: one line per fault, with key, expectation, value and cure."""


def _interval(value: object) -> tuple[int, int]:
    found = re.fullmatch(r"(\d{1,2}):(\d\d)\s*[-–]\s*(\d{1,2}):(\d\d)", value) if isinstance(value, str) else None
    if not found:
        raise ValueError('expected "HH:MM-HH:MM" in quotes, such as "09:00-12:30"')
    hours = [int(part) for part in found.groups()]
    start, end = hours[0] * 60 + hours[1], hours[2] * 60 + hours[3]
    if hours[1] > 59 or hours[3] > 59 or not start < end <= 24 * 60:
        raise ValueError("expected a start before its end, at most 24:00")
    return start, end


def _country(value: str) -> str:
    if value not in holidays.list_supported_countries() or value not in phonenumbers.SUPPORTED_REGIONS:
        raise ValueError("expected a two-letter country code (ISO 3166) such as FR")
    return value


def _time_zone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError("expected a time zone of the IANA database such as Europe/Paris")
    return value


def _pattern(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f"expected a regular expression ({error})") from None
    return value


Interval = Annotated[tuple[int, int], BeforeValidator(_interval)]
Colour = Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")]
Text = Annotated[str, Field(min_length=1)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Identity(_Part):
    name: Text
    product: Text
    email: EmailStr


class Colours(_Part):
    accent: Colour
    accent_text: Colour


class CallbackRules(_Part):
    minutes: PositiveInt
    agents: PositiveInt
    notice_minutes: Annotated[int, Field(ge=0)]
    days_ahead: Annotated[int, Field(ge=1, le=366)]
    reminder_minutes: Annotated[int, Field(ge=0)]


class TicketRules(_Part):
    answer_hours: PositiveFloat


class SeverityRules(_Part):
    hours: PositiveFloat
    around_the_clock: bool


class SlaRules(_Part):
    contract_pattern: Annotated[str, AfterValidator(_pattern)]
    contract_example: Text
    due_soon_share: Annotated[float, Field(gt=0, lt=1)]
    severities: dict[Literal[1, 2, 3, 4], SeverityRules]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if set(self.severities) != {1, 2, 3, 4}:
            raise ValueError("expected the severities 1, 2, 3 and 4")
        if not re.fullmatch(self.contract_pattern, self.contract_example):
            raise ValueError("expected contract_example to match contract_pattern")
        return self


class Company(_Part):
    """The company file. `languages[0]` is the default language."""

    identity: Identity = Field(alias="company")
    languages: Annotated[tuple[Annotated[str, Field(pattern=r"^[a-z]{2,3}$")], ...], Field(min_length=1)]
    country: Annotated[str, AfterValidator(_country)]
    subdivision: str | None = None
    time_zone: Annotated[str, AfterValidator(_time_zone)]
    colours: Colours
    opening_hours: dict[Literal[WEEK], tuple[Interval, ...]]  # type: ignore[valid-type]
    closed_on: tuple[date, ...] = ()
    callback: CallbackRules
    ticket: TicketRules
    sla: SlaRules

    @model_validator(mode="after")
    def _usable(self) -> Self:
        self.hours()
        if self.subdivision is not None and self.subdivision not in holidays.list_supported_countries()[self.country]:
            raise ValueError(f"expected subdivision to be a region of {self.country} known to the holidays library")
        return self

    @property
    def first_language(self) -> str:
        return self.languages[0]

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    def hours(self) -> Hours:
        return Hours(
            time_zone=self.time_zone,
            country=self.country,
            subdivision=self.subdivision,
            week=tuple(tuple(self.opening_hours.get(day, ())) for day in WEEK),
            closed_on=frozenset(self.closed_on),
        )

    def policy(self, catalogue: Catalogue) -> Policy:
        """The rules for cases, with the words of every language of the catalogue."""
        return Policy(
            hours=self.hours(),
            callback=Callback(
                minutes=self.callback.minutes,
                agents=self.callback.agents,
                notice=timedelta(minutes=self.callback.notice_minutes),
                days_ahead=self.callback.days_ahead,
                reminder=timedelta(minutes=self.callback.reminder_minutes),
            ),
            ticket_hours=self.ticket.answer_hours,
            severities={n: Severity(rule.hours, rule.around_the_clock) for n, rule in self.sla.severities.items()},
            contract_pattern=self.sla.contract_pattern,
            contract_example=self.sla.contract_example,
            due_soon_share=self.sla.due_soon_share,
            severity_words={
                n: tuple(
                    word for lang in catalogue.languages for word in catalogue.words(lang, f"cases.severity_words.{n}")
                )
                for n in self.sla.severities
            },
            slot_words={
                lang: SlotWords(
                    **{
                        name: catalogue.words(lang, f"cases.slot_words.{name}")
                        for name in SlotWords.__dataclass_fields__
                    }
                )
                for lang in catalogue.languages
            },
        )


def load_company(file: Path) -> Company:
    """The company, or CompanyError with every fault of the file."""
    try:
        tree = yaml.safe_load(file.read_text("utf-8"))
    except FileNotFoundError:
        raise CompanyError(
            f"{file}: expected the company file, got none: copy data/company.yml and put in your own"
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise CompanyError(f"{file}: expected YAML in UTF-8, got {error}: correct the line it names") from error
    try:
        return Company.model_validate(tree)
    except ValidationError as error:
        raise CompanyError("\n".join(_fault(file, fault) for fault in error.errors())) from None


def _fault(file: Path, fault: Any) -> str:
    key = ".".join(str(part) for part in fault["loc"] if part != "[key]") or "the whole file"
    expected = str(fault["msg"]).removeprefix("Value error, ")
    if fault["type"] == "missing":
        return f"{file}: {key}: expected a value, got nothing: add the key (data/company.yml of the sources shows one)"
    if fault["type"] == "extra_forbidden":
        return f"{file}: {key}: expected a known key, got this one: correct its spelling or remove it"
    got = repr(fault["input"])
    return f"{file}: {key}: {expected}, got {got if len(got) <= 80 else got[:77] + '…'}: correct the value"
