"""What a person's fields may hold. A wrong one is a StaffError 422 that names the field."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from email_validator import EmailNotValidError, validate_email

from bot.staff.context import Staff, StaffError
from bot.staff.people import LEVELS, PRESENCES, ROLES
from bot.staff.tables import text_of

NAME_MOST = 80
CAPACITY_MOST = 100


def only(body: Mapping[str, Any], *known: str) -> None:
    """Nothing else than `known`: what is misspelt must not be taken for done."""
    for name in body:
        if name not in known:
            raise StaffError(422, "unknown_field", str(name)[:80], known=", ".join(known))


def text(body: Mapping[str, Any], field: str, most: int = 1000) -> str:
    """A text that is there and not blank, in one line."""
    value = body.get(field)
    if not isinstance(value, str) or not value.strip():
        raise StaffError(422, "required", field)
    line = " ".join(value.split())
    if len(line) > most or not line.isprintable():
        raise StaffError(422, "invalid_text", field, most=most)
    return line


def email(body: Mapping[str, Any], field: str = "email") -> str:
    value = text(body, field)
    try:
        return validate_email(value, check_deliverability=False).normalized.lower()
    except EmailNotValidError:
        raise StaffError(422, "invalid_email", field) from None


def secret(body: Mapping[str, Any], field: str, most: int = 1000) -> str:
    """A password or code as typed."""
    value = body.get(field)
    if not isinstance(value, str) or not value:
        raise StaffError(422, "required", field)
    if len(value) > most:
        raise StaffError(422, "invalid_text", field, most=most)
    return value


def _choice(value: Any, field: str, possible: tuple[Any, ...]) -> Any:
    if isinstance(value, bool) or value not in possible:
        raise StaffError(422, "invalid_choice", field, possible=", ".join(map(str, possible)))
    return value


def _choices(value: Any, field: str, possible: tuple[Any, ...], *, least: int = 0) -> list[Any]:
    """Some of `possible`, in their order."""
    known = isinstance(value, list) and all(not isinstance(each, bool) and each in possible for each in value)
    if not known or len(value) < least:
        raise StaffError(422, "invalid_choice", field, possible=", ".join(map(str, possible)))
    return [each for each in possible if each in value]


def _capacity(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= CAPACITY_MOST:
        raise StaffError(422, "invalid_capacity", "capacity", most=CAPACITY_MOST)
    return value


def _flag(value: Any, field: str) -> bool:
    if not isinstance(value, bool):
        raise StaffError(422, "invalid_choice", field, possible="true, false")
    return value


def _moment(value: Any) -> str | None:
    """A moment with its offset, as UTC text; None for none."""
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        moment = datetime.min
    if moment.tzinfo is None:
        raise StaffError(422, "invalid_moment", "out_until")
    try:
        return text_of(moment.astimezone(UTC))
    except OverflowError:
        raise StaffError(422, "invalid_moment", "out_until") from None


def columns(staff: Staff, body: Mapping[str, Any]) -> dict[str, Any]:
    """Column → value of the person's fields that `body` has."""
    languages = tuple(staff.company.languages)
    readers: dict[str, Callable[[], Any]] = {
        "name": lambda: text(body, "name", NAME_MOST),
        "email": lambda: email(body),
        "roles": lambda: _choices(body["roles"], "roles", ROLES, least=1),
        "lang": lambda: _choice(body["lang"], "lang", languages),
        "levels": lambda: _choices(body["levels"], "levels", LEVELS),
        "langs": lambda: _choices(body["langs"], "langs", languages),
        "capacity": lambda: _capacity(body["capacity"]),
        "presence": lambda: _choice(body["presence"], "presence", PRESENCES),
        "out_until": lambda: _moment(body["out_until"]),
        "active": lambda: _flag(body["active"], "active"),
    }
    return {name: read() for name, read in readers.items() if name in body}
