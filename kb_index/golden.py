"""Golden questions asked of two indexes: which are right, lost, won. The part that only measures is asked too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kb_index.encoder import Encoder
from kb_index.gold import Gold, parse_gold
from kb_index.index import Answer, Index

CHOICES = 3  # shown where the bot asks back


def compare(
    before: Index, after: Index, sources: Mapping[str, bytes], encoder: Encoder, vectors: Any = None
) -> dict[str, Any]:
    """The golden questions of `sources` asked of both: {"asked", "right", "was_right", "lost", "won"}."""
    asked, _ = parse_gold(sources, ("fit", "test"))
    vector = vectors or (lambda index, text: index.vector(text, encoder))
    lost: list[dict[str, Any]] = []
    won: list[dict[str, Any]] = []
    right = was_right = 0
    for one in asked:
        old = before.search(one.text, vector(before, one.text), one.lang, CHOICES)
        new = after.search(one.text, vector(after, one.text), one.lang, CHOICES)
        good, bad = is_right(one, new), not is_right(one, old)
        right, was_right = right + good, was_right + (not bad)
        if good == bad:
            row = {"text": one.text, "lang": one.lang, "expected": expected(one)}
            (won if good else lost).append(row | {"before": outcome(old), "after": outcome(new)})
    return {"asked": len(asked), "right": right, "was_right": was_right, "lost": lost, "won": won}


def expected(one: Gold) -> list[str] | str:
    """As golden files say it: ids of articles, or a topic's name."""
    return one.topic if one.topic else list(one.articles)


def is_right(one: Gold, answer: Answer) -> bool:
    """Whether the answer, or one of the choices offered, is right; where nothing answers: whether nothing is said."""
    decision = answer["decision"]
    if one.topic:
        return bool(decision["outcome"] == "handoff" and decision["topic"] == one.topic)
    if not one.articles:
        return bool(decision["outcome"] != "answer")
    shown = {"answer": 1, "clarify": CHOICES}.get(decision["outcome"], 0)
    return any(hit["article"] in one.articles for hit in answer["hits"][:shown])


def outcome(answer: Answer) -> dict[str, Any]:
    """What a customer would get, in short: {"outcome", "article", "title", "text"}."""
    decision, hits = answer["decision"], answer["hits"]
    if decision["outcome"] == "handoff":
        topic = next((one for one in answer["topics"] if one["topic"] == decision["topic"]), None)
        title, text = (topic["title"], topic["text"]) if topic else (None, None)
        return {"outcome": "handoff", "article": None, "topic": decision["topic"], "title": title, "text": text}
    first = hits[0] if hits else {"article": None, "title": None, "text": None}
    return {"outcome": decision["outcome"], "topic": None} | {key: first[key] for key in ("article", "title", "text")}
