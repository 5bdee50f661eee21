"""A content file as fields and back: what editors fill in, and the front matter that it becomes."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import yaml

from bot.catalogue import SAFE_LOADER
from bot.console.context import KINDS, ConsoleError, cleaned

SINGLE = ("title", "category", "audience", "topic", "valid_from", "valid_until")  # fields of their own beside text
OWN = ("id", "lang", "questions", "updated", *SINGLE)
_FIRST = ("id", "lang", "title", "category")  # in this order above everything else
_DAYS = ("valid_from", "valid_until", "updated", "date")
_FRONT = re.compile(r"\ufeff?---[ \t]*\n(.*?)^---[ \t]*$\n?", re.S | re.M)
LONGEST = {"title": 300, "category": 200, "audience": 10, "topic": 100, "valid_from": 10, "valid_until": 10}
MOST_QUESTIONS, LONGEST_QUESTION = 500, 500


@dataclass
class Fields:
    """`meta`: the front matter whole; `text`: what stands below it. `broken`: why the front matter cannot be read."""

    meta: dict[str, Any] = field(default_factory=dict)
    text: str = ""
    broken: str | None = None

    def public(self) -> dict[str, Any]:
        """As the API shows it: fields of their own, the rest in `meta`."""
        shown = {name: _plain(self.meta.get(name)) for name in SINGLE}
        questions = self.meta.get("questions")
        return {
            **shown,
            "title": shown["title"] or "",
            "audience": shown["audience"] or "public",
            "text": self.text,
            "questions": [str(one) for one in questions] if isinstance(questions, list) else [],
            "updated": _plain(self.meta.get("updated") or self.meta.get("date")),
            "meta": {key: _json(value) for key, value in self.meta.items() if key not in OWN},
        }


class _Dumper(yaml.SafeDumper):
    """Lists are set in, as people write them."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def digest(source: str) -> str:
    """How kb names a version: the first 12 hex digits of the SHA-256."""
    return hashlib.sha256(source.encode()).hexdigest()[:12]


def read(source: str) -> Fields:
    """The fields of a file. Front matter that cannot be read leaves its text in `broken` and the rest readable."""
    found = _FRONT.match(source)
    if not found:
        return Fields(text=source.strip(), broken="no front matter")
    text = source[found.end() :].strip()
    try:
        meta = yaml.load(found[1], SAFE_LOADER)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        return Fields(text=text, broken=str(getattr(error, "problem", None) or error)[:200])
    if not isinstance(meta, dict):
        return Fields(text=text, broken="front matter is no list of fields")
    return Fields({str(key): value for key, value in meta.items()}, text)


def write(fields: Fields) -> str:
    """The file. The same fields give the same text."""
    order = {**dict.fromkeys(_FIRST), **fields.meta}
    meta = {}
    for key in (key for key in order if key not in ("questions", "updated")):
        if fields.meta.get(key) not in (None, "", []):
            meta[key] = fields.meta[key]
    for key in ("questions", "updated"):
        if fields.meta.get(key):
            meta[key] = fields.meta[key]
    head = yaml.dump(meta, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=10**6, default_flow_style=False)
    return f"---\n{head}---\n{fields.text.strip()}\n"


def changed(old: Fields, body: Mapping[str, Any], today: date) -> Fields:
    """`old` with the fields that `body` brings. What customers read or are found by sets `updated`. ConsoleError."""
    meta = dict(old.meta)
    if "meta" in body:
        given = body["meta"]
        if not isinstance(given, dict) or len(given) > 50:
            raise ConsoleError(422, "invalid_meta", "meta")
        meta = {key: value for key, value in meta.items() if key in OWN}
        meta |= {str(key): _typed(str(key), value) for key, value in given.items() if key not in OWN}
    for name in SINGLE:
        if name in body:
            meta[name] = _single(name, body[name])
    if meta.get("audience") == "public":
        del meta["audience"]  # as it is where nothing is said
    if "questions" in body:
        meta["questions"] = _questions(body["questions"])
    text = old.text
    if "text" in body:
        if not isinstance(body["text"], str):
            raise ConsoleError(422, "invalid_text", "text", most=1_000_000)
        text = cleaned(body["text"]).strip()
    kept = {key: value for key, value in meta.items() if value not in (None, "", [])}
    before = {key: value for key, value in old.meta.items() if value not in (None, "", [])}
    if (kept, text) == (before, old.text):
        return old
    read_by_customers = ("title", "questions")
    if text != old.text or any(kept.get(name) != before.get(name) for name in read_by_customers):
        kept["updated"] = today
    return Fields(kept, text)


def _single(name: str, value: object) -> Any:
    if value is None or value == "":
        return None
    if not isinstance(value, str) or len(value) > LONGEST[name] or "\n" in value:
        raise ConsoleError(422, "invalid_text", name, most=LONGEST[name])
    if name in _DAYS:
        return _day(name, value)
    if name == "audience" and value not in ("public", "internal"):
        raise ConsoleError(422, "invalid_choice", name, possible="public, internal")
    return cleaned(value).strip()


def _day(name: str, value: str) -> date:
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise ConsoleError(422, "invalid_day", name) from None


def _questions(value: object) -> list[str]:
    if (
        not isinstance(value, list)
        or len(value) > MOST_QUESTIONS
        or not all(isinstance(one, str) and len(one) <= LONGEST_QUESTION for one in value)
    ):
        raise ConsoleError(422, "invalid_questions", "questions", most=MOST_QUESTIONS, longest=LONGEST_QUESTION)
    kept = dict.fromkeys(" ".join(cleaned(one).split()) for one in value)
    return [one for one in kept if one]


def _typed(key: str, value: object) -> Any:
    """A value of other front matter: dates come as text and stay dates."""
    if isinstance(value, str):
        value = cleaned(value)
        if key in _DAYS and re.fullmatch(r"\d{4}-\d\d-\d\d", value):
            return _day("meta", value)
        return value
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, list) and all(isinstance(one, str | int | float | bool) for one in value):
        return [cleaned(one) if isinstance(one, str) else one for one in value]
    raise ConsoleError(422, "invalid_meta", "meta")


def _plain(value: object) -> str | None:
    return None if value in (None, "") else _text(value)


def _text(value: object) -> str:
    return value.isoformat()[:10] if isinstance(value, date | datetime) else str(value)


def _json(value: object) -> Any:
    """A value of the front matter as JSON can say it."""
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, list | tuple):
        return [_json(one) for one in value]
    return _text(value)


def path_of(kind: str, article: str, lang: str) -> str:
    return f"{KINDS[kind]}/{article}.{lang}.md"


def kind_of(path: str) -> str | None:
    """The kind of a content file by its path; `captions`, `golden`; None for what is none."""
    folder, _, rest = path.partition("/")
    if folder == "golden" and rest.endswith(".jsonl"):
        return "golden"
    if folder == "videos" and rest.endswith(".vtt"):
        return "captions"
    kind = next((kind for kind, name in KINDS.items() if name == folder), None)
    return kind if rest.endswith(".md") else None


def slug(title: str) -> str:
    """An id made of a title: letters and digits without accents, parts of it joined by hyphens."""
    folded = unicodedata.normalize("NFKD", title.casefold())
    plain = "".join(letter for letter in folded if not unicodedata.combining(letter))
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60].strip("-") or "article"


def fold(text: str) -> str:
    """For searching: lower case, without accents."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))
