"""Evaluates on any outside set of articles and questions; all that is fitted is fitted from the articles alone."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kb_index import metrics
from kb_index.building import build_index
from kb_index.config import Config
from kb_index.content import Article
from kb_index.encoder import Encoder
from kb_index.errors import ContentError
from kb_index.index import Index

SHOWN = 10


@dataclass(frozen=True)
class Question:
    """`expected`: ids of the right articles; empty: nothing answers it."""

    id: str
    lang: str
    text: str
    expected: tuple[str, ...]


def read_articles(path: Path) -> list[Article]:
    """One JSON object a line: id, lang, title, questions, answer (may be empty), translation_of (optional)."""
    result = []
    for number, row in _rows(path, ("id", "lang", "title", "questions", "answer")):
        if not isinstance(row["questions"], list):
            raise ContentError(path.name, number, f"questions: expected a list, got {type(row['questions']).__name__}")
        version = hashlib.sha256(json.dumps(row, sort_keys=True).encode()).hexdigest()[:12]
        result.append(
            Article(
                id=str(row["id"]),
                lang=str(row["lang"]),
                kind="faq",
                title=str(row["title"]),
                questions=tuple(str(question) for question in row["questions"]),
                text=str(row["answer"] or "").strip(),
                version=version,
                twin=str(row["translation_of"]) if row.get("translation_of") else None,
            )
        )
    return result


def read_questions(path: Path) -> list[Question]:
    """One JSON object a line: id, lang, text, expected."""
    return [
        Question(str(row["id"]), str(row["lang"]), str(row["text"]), tuple(str(one) for one in row["expected"]))
        for _, row in _rows(path, ("id", "lang", "text", "expected"))
    ]


def _rows(path: Path, needed: tuple[str, ...]) -> list[tuple[int, dict[str, Any]]]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ContentError(str(path), None, f"cannot be read as UTF-8: {error}") from error
    result = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise ContentError(path.name, number, f"not JSON: {error}; expected one object a line") from error
        missing = [key for key in needed if not isinstance(row, dict) or key not in row]
        if missing:
            raise ContentError(path.name, number, f"missing: {', '.join(missing)}")
        result.append((number, row))
    return result


def evaluate(
    articles: list[Article],
    questions: list[Question],
    config: Config,
    encoder: Encoder,
    risk: float,
    progress: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Build from the articles, ask every question, measure. The report is JSON; `rows` has one object per question."""
    index = build_index(articles, (), config, encoder, risk, progress=progress)
    progress(f"asking {len(questions)} questions")
    return measure(index, questions, encoder)


def measure(index: Index, questions: list[Question], encoder: Encoder) -> dict[str, Any]:
    """Ask an index every question."""
    rows = []
    for question in questions:
        vector = index.vector(question.text, encoder)
        found = index.search(question.text, vector, question.lang, limit=SHOWN)
        ranked = [hit["article"] for hit in found["hits"]]
        first = found["hits"][0]["probability"] if found["hits"] else 0.0
        rows.append(
            {
                "id": question.id,
                "lang": question.lang,
                "expected": list(question.expected),
                "ranked": ranked,
                "probability": first,
                "outcome": found["decision"]["outcome"],
            }
        )
    return report(rows, index)


def report(rows: list[dict[str, Any]], index: Index) -> dict[str, Any]:
    """The figures of one evaluation."""
    inside = [row for row in rows if row["expected"]]
    outside = [row for row in rows if not row["expected"]]
    ranks = [
        next((at for at, ident in enumerate(row["ranked"], 1) if ident in row["expected"]), None) for row in inside
    ]
    probability = np.array([row["probability"] for row in rows], np.float64)
    right = np.array([bool(row["ranked"]) and row["ranked"][0] in row["expected"] for row in rows], bool)
    is_inside = np.array([bool(row["expected"]) for row in rows], bool)
    error, bins = metrics.reliability(probability, right) if rows else (float("nan"), [])
    bound = index.decider.bound
    labels = [row["ranked"][0] if good else (row["expected"] or [""])[0] for row, good in zip(rows, right, strict=True)]
    return {
        "articles": len(index.corpus.articles),
        "answerable": len(inside),
        "unanswerable": len(outside),
        "hit@1": metrics.hit_at(ranks, 1),
        "hit@3": metrics.hit_at(ranks, 3),
        "hit@5": metrics.hit_at(ranks, 5),
        "mrr": metrics.mrr(ranks),
        "auroc": metrics.auroc(probability[is_inside], probability[~is_inside]),
        "accuracy_at_rejection_0.80": metrics.accuracy_at_rejection(
            right[is_inside], probability[is_inside], probability[~is_inside]
        ),
        "best_mcc": metrics.best_mcc(labels, [(row["ranked"] or [""])[0] for row in rows], probability)
        if outside
        else float("nan"),
        "calibration_error": error,
        "reliability": bins,
        "risk_coverage": metrics.risk_coverage(probability, right) if rows else [],
        "operating_point": metrics.operating_point([row["outcome"] for row in rows], right)
        | {
            "threshold": bound.threshold,
            "bound": bound.risk if bound.stated else None,
            "confidence": bound.confidence if bound.stated else None,
            "note": bound.note,
        },
        "rows": rows,
    }
