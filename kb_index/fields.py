"""Front matter: the fields above an article's text, read with a message that names file, line and cure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

import frontmatter
import yaml

from kb_index.errors import ContentError

MAX_QUESTION = 500
MAX_QUESTIONS = 500


def text_of(source: bytes, name: str) -> str:
    """A file's text, without a byte order mark, with line breaks as \\n."""
    try:
        return source.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        raise ContentError(name, source[: error.start].count(b"\n") + 1, "not UTF-8; save it as UTF-8") from error


def split(source: str, name: str) -> tuple[dict[str, Any], str]:
    """(front matter, text below it)."""
    if not source.startswith("---"):
        raise ContentError(name, 1, "no front matter: expected a first line --- and the fields id, lang, title")
    try:
        meta, text = frontmatter.parse(source)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error)
        hint = "put values that contain a colon or begin with a sign in quotes"
        raise ContentError(
            name, mark.line + 1 if mark else None, f"front matter is not YAML: {problem}; {hint}"
        ) from error
    if not meta:
        raise ContentError(name, 1, "front matter is empty or not closed by a line ---")
    return dict(meta), str(text).strip()


def shown(value: object) -> str:
    """A value in a message; lists and mappings by their type, as references among them may make them endless."""
    return type(value).__name__ if isinstance(value, dict | list | tuple | set) else f"{value!r:.80}"


@dataclass(frozen=True)
class Fields:
    """The fields of the file `name`; whatever cannot be used is a ContentError."""

    meta: dict[str, Any]
    name: str
    source: str

    def line(self, key: str) -> int | None:
        for number, line in enumerate(self.source.splitlines(), 1):
            if line.startswith(f"{key}:"):
                return number
        return None

    def error(self, key: str, message: str) -> ContentError:
        return ContentError(self.name, self.line(key) or 1, f"{key}: {message}")

    def text(self, key: str, pattern: re.Pattern[str] | None = None) -> str:
        value = self.meta.get(key)
        if isinstance(value, dict | list | tuple | set):
            raise self.error(key, f"cannot be used: expected a text, got {shown(value)}")
        if value is None or not str(value).strip():
            raise self.error(key, f"missing; add a line {key}: …")
        result = str(value).strip()
        if pattern and not pattern.fullmatch(result):
            raise self.error(key, f"cannot be used: {value!r:.200}")
        return result

    def optional(self, key: str, pattern: re.Pattern[str] | None = None) -> str | None:
        return None if self.meta.get(key) in (None, "") else self.text(key, pattern)

    def day(self, key: str) -> str | None:
        """A date as YYYY-MM-DD."""
        value = self.optional(key)
        if value is None:
            return None
        try:
            return date.fromisoformat(value[:10]).isoformat()
        except ValueError:
            raise self.error(key, f"expected a date such as 2026-03-31, got {value!r:.80}") from None

    def questions(self) -> tuple[str, ...]:
        value = self.meta.get("questions") or []
        if not isinstance(value, list) or not all(isinstance(question, str) for question in value):
            raise self.error("questions", f"expected a list of texts, got {shown(value)}; quote entries with a colon")
        if len(value) > MAX_QUESTIONS:
            raise self.error("questions", f"{len(value)} of them; at most {MAX_QUESTIONS} are taken, six are plenty")
        kept = dict.fromkeys(" ".join(question.split())[:MAX_QUESTION] for question in value)
        return tuple(question for question in kept if question)
