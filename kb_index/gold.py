"""Golden questions of an editor (`golden/*.jsonl`): as customers ask, with what is right. They beat left-out ones."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from kb_index.errors import ContentError

ENOUGH = 120  # questions from which probabilities and the threshold are fitted on gold alone


@dataclass(frozen=True)
class Gold:
    """`articles`: ids of which any is right; `topic`: the level topic that is; neither: nothing here answers it."""

    text: str
    lang: str
    articles: tuple[str, ...]
    topic: str | None


def read_gold(content_dir: Path) -> tuple[list[Gold], list[ContentError]]:
    """The golden questions to fit on (those with "part": "test" only measure), and what cannot be read.

    Lines: {"text", "lang", "expected": [ids]} or {…, "topic": id; null: people serve it, no topic names it}.
    """
    found: list[Gold] = []
    problems: list[ContentError] = []
    for path in sorted((content_dir / "golden").glob("*.jsonl")):
        name = path.relative_to(content_dir).as_posix()
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
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
                    found += [one] if part == "fit" else []
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
