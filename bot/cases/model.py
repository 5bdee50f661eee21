"""What a case is: kinds, statuses, references, and the errors that callers translate."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import IntEnum, StrEnum
from typing import Any, Protocol


class Kind(StrEnum):
    TICKET = "ticket"
    CALLBACK = "callback"
    SLA = "sla"


class Status(StrEnum):
    OPEN = "open"
    WAITING_CONSENT = "waiting_consent"
    IN_PROGRESS = "in_progress"
    WAITING_CUSTOMER = "waiting_customer"
    RESOLVED = "resolved"
    CLOSED = "closed"


class Channel(StrEnum):
    """Where an outbox letter goes."""

    CUSTOMER_MAIL = "customer_mail"
    STAFF_MAIL = "staff_mail"
    WEBHOOK = "webhook"
    TICKET_SYSTEM = "ticket_system"
    PLAIN_MAIL = "plain_mail"  # words for somebody, of no case


class Event(StrEnum):
    """What a line of a case's history, a deadline or an outbox letter tells."""

    CREATED = "case.created"
    CONSENTED = "case.consented"
    DECLINED = "case.declined"
    STATUS = "case.status"
    OWNER = "case.owner"
    PRIORITY = "case.priority"
    LEVEL = "case.level"
    TAGS = "case.tags"
    CUSTOM = "case.custom"
    DUE = "case.due"  # moved by hand
    SNOOZED = "case.snoozed"
    WOKEN = "case.woken"
    NOTE = "case.note"
    REPLY = "case.reply"
    CUSTOMER = "case.customer"  # wrote
    CONFIRMED = "case.confirmed"  # the customer says that it is solved
    DELIVERY = "case.delivery"  # of a reply by mail
    CALLBACK = "case.callback"
    CALLBACK_REMINDER = "case.callback_reminder"  # to the customer, before the call
    CALLBACK_CANCELLED = "case.callback_cancelled"
    TAUGHT = "case.taught"
    MERGED = "case.merged"
    EXTERNAL = "case.external"  # its ticket in another system, and that one's state
    DUE_SOON = "case.due_soon"  # the first reply
    BREACHED = "case.breached"
    RESOLUTION_DUE_SOON = "case.resolution_due_soon"
    RESOLUTION_BREACHED = "case.resolution_breached"
    ESCALATED = "case.escalated"


class Priority(IntEnum):
    LOW = 0
    NORMAL = 1
    HIGH = 2
    URGENT = 3


# Levels a kind may carry; the first is the default. Only an SLA request can be passed on to third parties (4).
LEVELS: Mapping[Kind, Sequence[int]] = {Kind.TICKET: (1, 2, 3), Kind.CALLBACK: (2, 1, 3), Kind.SLA: (3, 4)}


class Say(Protocol):
    """`bot.catalogue.Catalogue.text`: a sentence of the catalogue in a language."""

    def __call__(self, lang: str, key: str, /, **values: object) -> str: ...


class CaseError(Exception):
    """Base of what this package refuses; `status` is the HTTP status that fits.

    CaseError ─┬─ FieldError   422  a value is not acceptable
               ├─ KeyReused    409  same idempotency key, other content
               ├─ Conflict     409  the case is not in a state that allows this
               └─ NotFound     404  no such case for whoever asks
    """

    status = 400

    def __init__(self, code: str, field: str | None = None, **values: object) -> None:
        super().__init__(f"{code} ({field})" if field else code)
        self.code = code
        self.field = field
        self.values = values

    def message(self, say: Say, lang: str) -> str:
        """The sentence for people: `cases.error.<code>` of the catalogue."""
        return say(lang, f"cases.error.{self.code}", **self.values)

    def body(self, say: Say, lang: str) -> dict[str, Any]:
        """The error body of every API: `{"error": {"code", "message", "field"}}`."""
        return {"error": {"code": self.code, "message": self.message(say, lang), "field": self.field}}


class FieldError(CaseError):
    status = 422


class KeyReused(CaseError):
    status = 409

    def __init__(self) -> None:
        super().__init__("key_reused", "idempotency_key")


class Conflict(CaseError):
    status = 409


class ChangedMeanwhile(Conflict):
    """Somebody else was faster; `case` is as they left it."""

    def __init__(self, case: Case) -> None:
        super().__init__("changed_meanwhile", "version")
        self.case = case


class NotFound(CaseError):
    status = 404

    def __init__(self) -> None:
        super().__init__("case_not_found")


# Crockford's alphabet without the digits 0 and 1: nothing can be misread aloud or on paper.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
_REFERENCE = re.compile(rf"[{''.join(kind[0].upper() for kind in Kind)}]-[{ALPHABET}]{{4}}-[{ALPHABET}]{{4}}")


def new_reference(kind: Kind) -> str:
    """`T-7K3M-9QXP`: kind letter and 8 random characters (39 bits; the store retries a collision)."""
    code = "".join(secrets.choice(ALPHABET) for _ in range(8))
    return f"{kind[0].upper()}-{code[:4]}-{code[4:]}"


def read_reference(typed: str) -> str:
    """A reference as people type it (`t 7k3m 9qxp`) in its canonical form; other text comes back unchanged."""
    code = "".join(letter for letter in typed.upper() if letter.isalnum())
    ref = f"{code[:1]}-{code[1:5]}-{code[5:]}"
    return ref if is_reference(ref) else typed.strip()


def is_reference(text: str) -> bool:
    """Whether it has the canonical form of a reference."""
    return bool(_REFERENCE.fullmatch(text))


def utc_text(moment: datetime | None) -> str | None:
    """ISO 8601 in UTC with `Z`, to the second."""
    return None if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCase:
    """A validated request, made by `intake.new_case`. `attachments` None means: all loose ones of the conversation."""

    conversation: str
    idempotency_key: str
    fingerprint: str
    kind: Kind
    level: int
    lang: str
    subject: str
    text: str = ""
    time_zone: str | None = None
    topic: str | None = None
    email: str | None = None
    phone: str | None = None
    slot: datetime | None = None
    contract: str | None = None
    severity: int | None = None
    system: str | None = None
    passed_to: str | None = None
    passed_on: str | None = None
    attachments: tuple[str, ...] | None = None
    receipt: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file of a conversation; `path` is relative to the attachments folder, `size` in bytes."""

    id: str
    conversation: str
    name: str
    type: str
    size: int
    path: str
    ref: str | None = None

    def public(self) -> dict[str, Any]:
        return {"id": self.id, "name": self.name, "type": self.type, "size": self.size}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A stored case. `key` opens `/cases/{ref}?key=…` without the conversation's token."""

    ref: str
    key: str
    conversation: str
    kind: Kind
    level: int
    status: Status
    lang: str
    subject: str
    text: str
    topic: str | None
    email: str | None
    phone: str | None
    slot: datetime | None
    slot_end: datetime | None
    contract: str | None
    severity: int | None
    system: str | None
    passed_to: str | None
    passed_on: str | None
    due_at: datetime | None
    created_at: datetime
    updated_at: datetime
    receipt: dict[str, Any] | None = field(repr=False)
    time_zone: str | None = None  # the customer's (IANA), where known
    version: int = 1  # counts every change
    news: int = 1  # the version that staff last had something to read in
    owner: str | None = None  # id of a person of the staff
    priority: Priority = Priority.NORMAL
    snoozed_until: datetime | None = None
    custom: dict[str, Any] = field(default_factory=dict)
    merged_into: str | None = None
    # The clocks: `due_at`, `soon_at` are of whichever runs out next; first_reply_*, resolution_* each its own.
    soon_at: datetime | None = None
    first_reply_due: datetime | None = None
    first_reply_soon: datetime | None = None
    first_reply_at: datetime | None = None
    resolution_due: datetime | None = None
    resolution_soon: datetime | None = None
    resolved_at: datetime | None = None
    confirmed_at: datetime | None = None  # by the customer
    paused_since: datetime | None = None
    tags: tuple[str, ...] = ()
    attachments: tuple[Attachment, ...] = ()

    def brief(self) -> dict[str, Any]:
        """The case as its customer sees it: `{"ref", "kind", "level", "status", "due_at"}`; due is the first reply."""
        return {
            "ref": self.ref,
            "kind": self.kind.value,
            "level": self.level,
            "status": self.status.value,
            "due_at": utc_text(self.first_reply_due),
        }

    def listed(self) -> dict[str, Any]:
        """The case in its owner's list: brief + `subject`, `created_at`."""
        return {**self.brief(), "subject": self.subject, "created_at": utc_text(self.created_at)}

    def full(self) -> dict[str, Any]:
        """Everything that staff may know (mail, webhook); never the key."""
        return {
            **self.listed(),
            "lang": self.lang,
            "time_zone": self.time_zone,
            "text": self.text,
            "topic": self.topic,
            "email": self.email,
            "phone": self.phone,
            "slot": utc_text(self.slot),
            "slot_end": utc_text(self.slot_end),
            "resolution_due_at": utc_text(self.resolution_due),
            "contract": self.contract,
            "severity": self.severity,
            "system": self.system,
            "passed_to": self.passed_to,
            "passed_on": self.passed_on,
            "conversation": self.conversation,
            "attachments": [attachment.public() for attachment in self.attachments],
        }

    def with_(self, **changes: Any) -> Case:
        return replace(self, **changes)
