"""Reads data/company.yml: names, languages, colours, opening hours, rules of callbacks, SLA, escalation, desk, live."""

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

from bot.cases.model import Event, Priority
from bot.cases.policy import Callback, CustomField, Escalation, Hours, Policy, SlotWords, Terms
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

    @property
    def style(self) -> bytes:
        """What stands before our style sheets, which use the colours by name."""
        return f":root {{ --accent: {self.accent}; --accent-text: {self.accent_text}; }}\n".encode()


class CallbackRules(_Part):
    minutes: PositiveInt
    agents: PositiveInt
    notice_minutes: Annotated[int, Field(ge=0)]
    days_ahead: Annotated[int, Field(ge=1, le=366)]
    reminder_minutes: Annotated[int, Field(ge=0)]
    customer_reminder_minutes: Annotated[int, Field(ge=0)] = 0


class LevelRules(_Part):
    answer_hours: PositiveFloat
    resolution_hours: PositiveFloat | None = None

    def terms(self) -> Terms:
        return Terms(self.answer_hours, self.resolution_hours)


class TicketRules(LevelRules):
    """For cases without a severity; `levels` are those that have other hours."""

    levels: dict[Literal[1, 2, 3, 4], LevelRules] = Field(default_factory=dict)


class SeverityRules(_Part):
    hours: PositiveFloat
    resolution_hours: PositiveFloat | None = None
    around_the_clock: bool

    def terms(self) -> Terms:
        return Terms(self.hours, self.resolution_hours, self.around_the_clock)


class ContractRules(_Part):
    """What a contract has of its own; severities it does not name are as everybody's."""

    severities: dict[Literal[1, 2, 3, 4], SeverityRules]


class SlaRules(_Part):
    contract_pattern: Annotated[str, AfterValidator(_pattern)]
    contract_example: Text
    due_soon_share: Annotated[float, Field(gt=0, lt=1)]
    severities: dict[Literal[1, 2, 3, 4], SeverityRules]
    contracts: dict[Text, ContractRules] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if set(self.severities) != {1, 2, 3, 4}:
            raise ValueError("expected the severities 1, 2, 3 and 4")
        if not re.fullmatch(self.contract_pattern, self.contract_example):
            raise ValueError("expected contract_example to match contract_pattern")
        for contract in self.contracts:
            if not re.fullmatch(self.contract_pattern, contract):
                raise ValueError(f"expected the contract {contract} to match contract_pattern")
        return self


class EscalationRule(_Part):
    """`after_minutes` (of opening hours; of any, where the case's terms are around the clock) count from `when`."""

    when: Literal["first_reply_due_soon", "first_reply_breached", "resolution_due_soon", "resolution_breached"]
    after_minutes: Annotated[int, Field(ge=0, le=60 * 24 * 60)] = 0
    levels: frozenset[Literal[1, 2, 3, 4]] = frozenset()
    severities: frozenset[Literal[1, 2, 3, 4]] = frozenset()
    raise_level: bool = False
    reassign: bool = False
    priority: Literal["high", "urgent"] | None = None
    mail: tuple[EmailStr, ...] = ()
    webhook: bool = False

    @model_validator(mode="after")
    def _does_something(self) -> Self:
        if not (self.raise_level or self.reassign or self.priority or self.mail or self.webhook):
            raise ValueError("expected at least one of raise_level, reassign, priority, mail, webhook")
        return self

    def rule(self) -> Escalation:
        return Escalation(
            on=Event(f"case.{self.when.removeprefix('first_reply_')}"),
            after=timedelta(minutes=self.after_minutes),
            levels=frozenset(self.levels),
            severities=frozenset(self.severities),
            raise_level=self.raise_level,
            reassign=self.reassign,
            priority=Priority[self.priority.upper()] if self.priority else None,
            mail=self.mail,
            webhook=self.webhook,
        )


class FieldRules(_Part):
    """A field of the company's own on every case."""

    key: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
    type: Literal["text", "number", "boolean", "date", "choice"]
    labels: dict[str, Text]
    choices: tuple[Text, ...] = ()

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.type == "choice") != bool(self.choices):
            raise ValueError("expected choices where, and only where, the type is choice")
        return self


class DeskRules(_Part):
    assignment: Literal["manual", "automatic"] = "manual"
    custom_fields: tuple[FieldRules, ...] = ()

    @model_validator(mode="after")
    def _unique(self) -> Self:
        keys = [field.key for field in self.custom_fields]
        if len(keys) != len(set(keys)):
            raise ValueError("expected every custom field to have a key of its own")
        return self


class LiveRules(_Part):
    """Live conversations with customers."""

    promise_seconds: Annotated[int, Field(ge=5, le=3600)] = 120
    agent_timeout_seconds: Annotated[int, Field(ge=5, le=3600)] = 300
    conversations_per_agent: Annotated[int, Field(ge=1, le=50)] = 3
    around_the_clock: bool = False


class ConsoleRules(_Part):
    """The editors' console. `review` required: nobody publishes what somebody else has not approved."""

    review: Literal["optional", "required"] = "optional"


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
    escalation: tuple[EscalationRule, ...] = ()
    desk: DeskRules = DeskRules()
    live: LiveRules = LiveRules()
    console: ConsoleRules = ConsoleRules()

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
                customer_reminder=timedelta(minutes=self.callback.customer_reminder_minutes),
            ),
            levels={n: self.ticket.levels.get(n, self.ticket).terms() for n in (1, 2, 3, 4)},
            severities={n: rule.terms() for n, rule in self.sla.severities.items()},
            contracts={
                contract: {n: rule.terms() for n, rule in own.severities.items()}
                for contract, own in self.sla.contracts.items()
            },
            escalations=tuple(rule.rule() for rule in self.escalation),
            automatic_assignment=self.desk.assignment == "automatic",
            custom_fields=tuple(
                CustomField(field.key, field.type, field.labels, field.choices) for field in self.desk.custom_fields
            ),
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
