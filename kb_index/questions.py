"""Questions of customers as the console sends them."""

from __future__ import annotations

from typing import Any

from kb_index.errors import PublishError

MOST_QUESTIONS = 5_000
Asked = tuple[str, str, int]  # text, language, how often


def questions_of(rows: object, most: int = MOST_QUESTIONS) -> list[Asked]:
    """(text, language, count) of `[{"text", "lang", "count"?}]`. PublishError where they cannot be asked."""
    if not isinstance(rows, list) or len(rows) > most:
        raise PublishError("invalid", f"questions: expected a list of at most {most}")
    found: list[Asked] = []
    for row in rows:
        given: dict[str, Any] = row if isinstance(row, dict) else {}
        text, lang, count = given.get("text"), given.get("lang"), given.get("count", 1)
        if not isinstance(text, str) or not isinstance(lang, str) or not isinstance(count, int):
            raise PublishError("invalid", 'questions: expected {"text", "lang", "count"?}')
        found.append((text.encode("utf-8", "replace").decode(), lang, count))
    return found
