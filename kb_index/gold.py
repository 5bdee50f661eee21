"""Golden questions of an editor (`golden/*.jsonl`): as customers ask, with what is right. They beat left-out ones."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kb_index.errors import ContentError

ENOUGH = 120  # questions from which probabilities and the threshold are fitted on gold alone


@dataclass(frozen=True)
class Gold:
    """`articles`: ids of which any is right; `topic`: the level topic that is; neither: nothing here answers it."""

    text: str
    lang: str
    articles: tuple[str, ...]
    topic: str | None


def parse_gold(sources: Mapping[str, bytes], parts: Sequence[str] = ("fit",)) -> tuple[list[Gold], list[ContentError]]:
    """The golden questions of `sources` (path → file) to fit on, and what cannot be read.

    Those with "part": "test" only measure: whoever measures asks for `parts` ("fit", "test").
    Lines: {"text", "lang", "expected": [ids]} or {…, "topic": id; null: people serve it, no topic names it}.
    """
    found: list[Gold] = []
    problems: list[ContentError] = []
    for name in sources:
        if not name.startswith("golden/"):
            continue
        try:
            lines = sources[name].decode("utf-8-sig").split("\n")
        except UnicodeDecodeError as error:
            problems.append(ContentError(name, None, f"cannot be read as UTF-8: {error}"))
            continue
        for number, line in enumerate(lines, 1):
            if line.strip():
                try:
                    part, one = _gold(line)
                except (ValueError, KeyError, TypeError) as error:
                    expected = (
                        'expected {"text", "lang", "expected": [ids]} or {"text", "lang", "topic"}, "part" fit or test'
                    )
                    problems.append(ContentError(name, number, f"{expected}: {error!r}"))
                else:
                    found += [one] if part in parts else []
    return found, problems


def _gold(line: str) -> tuple[str, Gold]:
    row = json.loads(line)
    text, lang, topic, part = row["text"], row["lang"], row.get("topic"), row.get("part", "fit")
    expected = row.get("expected", []) if "topic" in row else row["expected"]
    if not (isinstance(text, str) and text.strip() and isinstance(lang, str) and isinstance(expected, list)):
        raise ValueError("text, lang or expected is of the wrong type")
    if part not in ("fit", "test"):
        raise ValueError(f"part: expected fit or test, got {part!r}")
    return part, Gold(text, lang, tuple(str(ident) for ident in expected), str(topic) if topic else None)
