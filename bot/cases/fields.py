"""Checks each field of a case as people type it, and brings it into its one stored form.

Codes of FieldError: invalid_email invalid_phone too_short too_long invalid_contract invalid_severity invalid_slot
slot_taken slot_closed (and, when a case is opened: required, unknown_field, invalid_kind, invalid_level, invalid_text,
invalid_attachment).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

import phonenumbers
from babel.core import get_global
from email_validator import EmailNotValidError, validate_email

from . import slots
from .calendar import country_of, display_local
from .model import FieldError, Say
from .policy import Policy

# (shortest, longest) in characters that can be seen
LENGTHS: Mapping[str, tuple[int, int]] = {
    "subject": (3, 150),
    "text": (3, 10_000),
    "system": (2, 200),
    "passed_to": (2, 500),
    "passed_on": (2, 2_000),
}
LONGEST_INPUT = 320  # for fields whose form is checked: nobody types a longer address or number
LONGEST_SLOT = 100  # parsing a date takes longer the longer it is
_BIDI = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])  # would reorder the text around it


@dataclass(frozen=True, slots=True)
class Checked:
    """`value` as stored (JSON), `display` as people read it."""

    value: str | int
    display: str


@dataclass(frozen=True, slots=True)
class Context:
    """What a check may need: language of the typist, the company's rules, sentences, the time, bookings by start
    (`store.bookings_by_start`, only for field `slot`), and the typist's time zone where it is known."""

    lang: str
    policy: Policy
    say: Say
    now: datetime
    taken: Mapping[datetime, int]
    time_zone: str | None = None


def clean(value: str, *, lines: bool = False) -> str:
    """Text without control and direction-override characters; on one line unless `lines`."""
    value = unicodedata.normalize("NFC", value.replace("\r\n", "\n").replace("\r", "\n")).translate(_BIDI)
    kept = "".join(c for c in value if c in "\n\t" or unicodedata.category(c) not in {"Cc", "Cs"})
    return kept.strip() if lines else " ".join(kept.split())


def _visible(value: str) -> int:
    return sum(unicodedata.category(c) not in {"Cf", "Zs", "Zl", "Zp", "Cc"} for c in value)


def _words(field: str, value: str) -> Checked:
    shortest, longest = LENGTHS[field]
    value = clean(value, lines=field in {"text", "passed_on"})
    if _visible(value) < shortest:
        raise FieldError("too_short", field, shortest=shortest, longest=longest)
    if len(value) > longest:
        raise FieldError("too_long", field, shortest=shortest, longest=longest)
    return Checked(value, value)


def email(value: str) -> Checked:
    """One address, also as `mailto:…`, `Name <…>`, with a closing full stop, or within a short sentence."""
    found = [part for part in re.split(r"[\s<>,;()\"«»“”]+", clean(value)) if "@" in part.strip("@")]
    if len(found) != 1:
        raise FieldError("invalid_email", "email")
    typed = re.sub(r"^mailto:", "", found[0].split("?")[0], flags=re.IGNORECASE).strip(".:'’‘!")
    try:
        # Syntax only: a request does not wait for DNS. `.test` domains are let through for trial installations.
        address = validate_email(typed, check_deliverability=False, allow_smtputf8=False, test_environment=True)
    except EmailNotValidError:
        raise FieldError("invalid_email", "email") from None
    return Checked(address.ascii_email or address.normalized, address.normalized)


def phone(value: str, *countries: str) -> Checked:
    """One valid number in E.164; without a country code it belongs to the first of `countries` where it is valid."""
    value = clean(value)
    for country in countries:
        found = [match.number for match in phonenumbers.PhoneNumberMatcher(value, country)]
        if not found:
            try:
                found = [phonenumbers.parse(value, country)]
            except phonenumbers.NumberParseException:
                continue
        if len(found) == 1 and phonenumbers.is_valid_number(found[0]):
            return Checked(
                phonenumbers.format_number(found[0], phonenumbers.PhoneNumberFormat.E164),
                phonenumbers.format_number(found[0], phonenumbers.PhoneNumberFormat.INTERNATIONAL),
            )
    raise FieldError("invalid_phone", "phone")


def countries(context: Context) -> list[str]:
    """Whose numbers the typist may mean, likeliest first: of where they are, of the company, of their language."""
    language = get_global("likely_subtags").get(context.lang, "").rpartition("_")[2]
    likely = (country_of(context.time_zone), context.policy.hours.country, language)
    return list(dict.fromkeys(country for country in likely if country))


def contract(value: str, pattern: str, example: str) -> Checked:
    """A contract number in the company's form, whatever its case and separators, with or without its first letters."""
    typed = clean(value).strip(".")
    letters = "".join(c for c in typed if c.isalnum()).upper()
    prefix = re.match(r"[A-Za-z]*", example)
    candidates = [typed, typed.upper(), typed.lower()]
    for bare in (letters, (prefix.group() if prefix else "") + letters):
        shaped = _in_shape(bare, example)
        candidates += [shaped, shaped.upper(), shaped.lower()]
    for candidate in candidates:
        if re.fullmatch(pattern, candidate):
            return Checked(candidate, candidate)
    raise FieldError("invalid_contract", "contract", example=example)


def _in_shape(bare: str, example: str) -> str:
    """`SLA20260042` with the separators of `SLA-2026-0042`."""
    left = iter(bare)
    shaped = ""
    for place in example:
        shaped += next(left, "") if place.isalnum() else place
    return shaped + "".join(left)


def severity(value: str, words: Mapping[int, tuple[str, ...]], allowed: Mapping[int, object]) -> Checked:
    """`1`…`4` or words for it; the longest phrase found decides, then the more severe one."""
    tokens = _plain(value)
    numbers = [int(token) for token in tokens.split() if token.isdecimal()]
    found = [
        (len(phrase), -level)
        for level, phrases in words.items()
        for phrase in map(_plain, phrases)
        if f" {phrase} " in f" {tokens} "
    ]
    if tokens.isdecimal():
        level = int(tokens)
    elif found:
        level = -max(found)[1]
    elif len(numbers) == 1 and len(tokens.split()) <= 4:
        level = numbers[0]
    else:
        level = 0
    if level not in allowed:
        raise FieldError("invalid_severity", "severity")
    return Checked(level, str(level))


def _plain(text: str) -> str:
    """Lower case, no accents, words separated by one space."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    return " ".join(re.findall(r"\w+", bare))


def slot(value: str, context: Context) -> Checked:
    """A free callback slot, from its ISO start or as typed (« demain à 14h »); stored as ISO in UTC."""
    home = context.policy.hours.time_zone
    zone = context.time_zone or home
    start = slots.find(clean(value), context.lang, context.policy, context.now, context.taken, zone)
    return Checked(slots.iso(start, zone), display_local(start, context.lang, zone, home, context.say))


def _severity(value: str, context: Context) -> Checked:
    checked = severity(value, context.policy.severity_words, context.policy.severities)
    return Checked(checked.value, context.say(context.lang, f"cases.severity.{checked.value}"))


_CHECKS: Mapping[str, Callable[[str, Context], Checked]] = {
    "email": lambda value, context: email(value),
    "phone": lambda value, context: phone(value, *countries(context)),
    "contract": lambda value, context: contract(
        value, context.policy.contract_pattern, context.policy.contract_example
    ),
    "severity": _severity,
    "slot": slot,
}
FIELDS = frozenset({*_CHECKS, *LENGTHS})


def check(field: str, value: object, context: Context) -> Checked:
    """The value of one field in its stored form, or FieldError. Numbers count as typed."""
    if field not in FIELDS:
        raise FieldError("unknown_field", field)
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise FieldError("invalid_text", field)
    value = str(value)
    if field in LENGTHS:
        return _words(field, value)
    longest = LONGEST_SLOT if field == "slot" else LONGEST_INPUT
    if len(value) > longest:
        raise FieldError("too_long", field, shortest=1, longest=longest)
    return _CHECKS[field](value, context)
