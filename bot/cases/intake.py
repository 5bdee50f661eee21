"""A request for a case, as it comes from a form or the dialogue, checked as a whole."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from .fields import Context, check
from .model import LEVELS, FieldError, Kind, NewCase

# Required and optional fields by kind.
REQUIRED: Mapping[Kind, tuple[str, ...]] = {
    Kind.TICKET: ("email", "subject", "text"),
    Kind.CALLBACK: ("phone", "slot", "subject"),
    Kind.SLA: ("email", "contract", "severity", "system", "text"),
}
OPTIONAL: Mapping[Kind, tuple[str, ...]] = {
    Kind.TICKET: ("phone",),
    Kind.CALLBACK: ("email", "text"),
    Kind.SLA: ("subject", "phone", "passed_to", "passed_on"),
}
# Read from elsewhere than `data`, so that no request can claim another conversation or forge a receipt.
_IGNORED = frozenset({"conversation", "idempotency_key", "receipt"})
_COMMON = frozenset({"kind", "lang", "level", "topic", "attachments"})
LONGEST_KEY = 128
LONGEST_TOPIC = 128


def fingerprint(data: Mapping[str, Any]) -> str:
    """SHA-256 of what was asked for, as sent: the same key must come with the same content."""
    asked = {name: value for name, value in data.items() if name not in _IGNORED}
    return hashlib.sha256(json.dumps(asked, sort_keys=True, ensure_ascii=True, default=str).encode()).hexdigest()


def new_case(
    data: Mapping[str, Any],
    context: Context,
    *,
    conversation: str,
    idempotency_key: str,
    receipt: dict[str, Any] | None,
) -> NewCase:
    """The checked request; FieldError says which field is not acceptable and why. Fields that the kind does not have
    are refused where they carry a value: nothing that was typed is dropped in silence."""
    kind = _kind(data.get("kind"))
    accepted = REQUIRED[kind] + OPTIONAL[kind]
    for name, value in data.items():
        if name not in _IGNORED | _COMMON | {*accepted} and value not in (None, ""):
            raise FieldError("unknown_field", name)
    values: dict[str, Any] = {}
    for name in accepted:
        value = data.get(name)
        if value is None or (isinstance(value, str) and not value.strip()):
            if name in REQUIRED[kind]:
                raise FieldError("required", name)
            continue
        values[name] = check(name, value, context).value
    if "slot" in values:
        values["slot"] = datetime.fromisoformat(values["slot"]).astimezone(UTC)
    level = _level(data.get("level"), kind)
    if level != 4:
        values.pop("passed_to", None)
        values.pop("passed_on", None)
    values.setdefault("subject", values.get("system", "")[:150])
    return NewCase(
        conversation=conversation,
        idempotency_key=idempotency_key,
        fingerprint=fingerprint(data),
        kind=kind,
        level=level,
        lang=context.lang,
        time_zone=context.time_zone,
        topic=_topic(data.get("topic")),
        attachments=_attachments(data),
        receipt=receipt,
        **values,
    )


def check_key(key: object) -> str:
    """An idempotency key: 1 to 128 printable characters."""
    if not isinstance(key, str) or not key.strip():
        raise FieldError("required", "idempotency_key")
    if len(key) > LONGEST_KEY or not key.isprintable():
        raise FieldError("too_long", "idempotency_key", shortest=1, longest=LONGEST_KEY)
    return key


def _kind(value: object) -> Kind:
    try:
        return Kind(value)  # type: ignore[arg-type]
    except ValueError:
        raise FieldError("invalid_kind", "kind") from None


def _level(value: object, kind: Kind) -> int:
    if value is None:
        return LEVELS[kind][0]
    if isinstance(value, bool) or not isinstance(value, int | str) or not str(value).isdecimal():
        raise FieldError("invalid_level", "level")
    level = int(value)
    if level not in LEVELS[kind]:
        raise FieldError("invalid_level", "level")
    return level


def _topic(value: object) -> str | None:
    if value is None or value == "":
        return None
    if not isinstance(value, str) or len(value) > LONGEST_TOPIC or not value.isprintable():
        raise FieldError("invalid_text", "topic")
    return value


def _attachments(data: Mapping[str, Any]) -> tuple[str, ...] | None:
    listed = data.get("attachments")
    if listed is None:
        return None
    if not isinstance(listed, list) or not all(isinstance(item, str) for item in listed):
        raise FieldError("invalid_attachment", "attachments")
    return tuple(dict.fromkeys(listed))
