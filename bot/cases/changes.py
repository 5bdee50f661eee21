"""Reads what somebody asks to change, as JSON, into the values that `work.apply` takes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import date, datetime, timedelta
from math import isfinite
from typing import Any

from .fields import clean
from .model import FieldError, Priority, Status
from .policy import CustomField, Policy

MOST_TAGS = 20
LONGEST_TAG = 40
LONGEST_CUSTOM = 500
LONGEST_REASON = 500
FURTHEST = timedelta(days=3660)


def check(data: Mapping[str, Any], policy: Policy, now: datetime, people: Collection[str]) -> dict[str, Any]:
    """The checked changes; `people` are ids that can own a case. FieldError: which is not acceptable, and why."""
    readers: Mapping[str, Callable[[Any], Any]] = {
        "status": _status,
        "owner": lambda value: _owner(value, people),
        "priority": priority,
        "tags": tags,
        "due_at": lambda value: _later(value, "due_at", now),
        "snoozed_until": lambda value: None if value is None else _later(value, "snoozed_until", now),
        "custom": lambda value: _custom(value, policy.custom_fields),
        "level": _level,
    }
    for name in data:
        if name not in readers:
            raise FieldError("unknown_change", name)
    return {name: readers[name](value) for name, value in data.items()}


def _status(value: object) -> Status:
    try:
        return Status(value)  # type: ignore[arg-type]
    except ValueError:
        raise FieldError("invalid_status", "status", values=", ".join(Status)) from None


def _owner(value: object, people: Collection[str]) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or value not in people:
        raise FieldError("invalid_owner", "owner")
    return value


def priority(value: object) -> Priority:
    """A priority by its name."""
    names = {item.name.lower(): item for item in Priority}
    if not isinstance(value, str) or value not in names:
        raise FieldError("invalid_priority", "priority", values=", ".join(names))
    return names[value]


def tags(value: object) -> tuple[str, ...]:
    """Tags in lower case, each once."""
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value) or len(value) > MOST_TAGS:
        raise FieldError("invalid_tags", "tags", most=MOST_TAGS, longest=LONGEST_TAG)
    found = tuple(dict.fromkeys(clean(item).lower() for item in value))
    if any(not tag or len(tag) > LONGEST_TAG or "," in tag for tag in found):
        raise FieldError("invalid_tags", "tags", most=MOST_TAGS, longest=LONGEST_TAG)
    return found


def moment(value: object, field: str) -> datetime:
    """An ISO 8601 moment with its offset."""
    try:
        found = datetime.fromisoformat(value)  # type: ignore[arg-type]
    except (ValueError, TypeError):
        raise FieldError("invalid_moment", field) from None
    if found.tzinfo is None:
        raise FieldError("invalid_moment", field)
    return found


def _later(value: object, field: str, now: datetime) -> datetime:
    found = moment(value, field)
    if not now < found < now + FURTHEST:
        raise FieldError("not_in_future", field)
    return found.replace(microsecond=0)


def _level(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise FieldError("invalid_escalation", "level")
    level, reason = value.get("level"), value.get("reason")
    if isinstance(level, bool) or level not in (1, 2, 3, 4):
        raise FieldError("invalid_escalation", "level")
    if not isinstance(reason, str) or not clean(reason):
        raise FieldError("required", "reason")
    texts = {"reason": reason, **{name: value[name] for name in ("passed_to", "passed_on") if value.get(name)}}
    for name, text in texts.items():
        if not isinstance(text, str):
            raise FieldError("invalid_text", name)
        if len(text) > LONGEST_REASON:
            raise FieldError("too_long", name, shortest=1, longest=LONGEST_REASON)
    return {"level": level, **{name: clean(text, lines=True) for name, text in texts.items()}}


def _custom(value: object, known: Collection[CustomField]) -> dict[str, Any]:
    fields = {field.key: field for field in known}
    if not isinstance(value, dict) or not all(name in fields for name in value):
        raise FieldError("unknown_custom_field", "custom")
    return {name: None if item in (None, "") else _custom_value(fields[name], item) for name, item in value.items()}


def _custom_value(field: CustomField, value: object) -> Any:
    if field.type == "text" and isinstance(value, str) and len(value) <= LONGEST_CUSTOM:
        return clean(value)
    if field.type == "number" and isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value):
        return value
    if field.type == "boolean" and isinstance(value, bool):
        return value
    if field.type == "choice" and value in field.choices:
        return value
    if field.type == "date" and isinstance(value, str):
        try:
            return date.fromisoformat(value).isoformat()
        except ValueError:
            pass
    raise FieldError("invalid_custom_field", field.key)
