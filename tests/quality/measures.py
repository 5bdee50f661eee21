"""Rows of answers → figures. The measures are kb_index's; intervals and whole curves are added here."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kb_index import metrics

Floats = NDArray[np.float64]
Z95 = 1.959963984540054


@dataclass(frozen=True)
class Row:
    """One question as one system answered it. `ranked`: ids, best first; `expected` empty: nothing answers it."""

    expected: tuple[str, ...]
    ranked: tuple[str, ...]
    confidence: float
    outcome: str  # answer, clarify, handoff

    @property
    def right(self) -> bool:
        return bool(self.ranked) and self.ranked[0] in self.expected

    @property
    def rank(self) -> int | None:
        return next((at for at, one in enumerate(self.ranked, 1) if one in self.expected), None)


@dataclass(frozen=True)
class Share:
    """`count` of `of`."""

    count: int
    of: int

    @property
    def value(self) -> float:
        return self.count / self.of if self.of else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """95 % by Wilson's score; (nan, nan) of nothing."""
        return wilson(self.count, self.of)


def wilson(count: int, of: int) -> tuple[float, float]:
    """Wilson's score interval of a binomial share, 95 %."""
    if not 0 <= count <= of:
        raise ValueError(f"expected 0 <= count <= of, got {count} of {of}")
    if of == 0:
        return math.nan, math.nan
    share, square = count / of, Z95**2
    middle = (share + square / (2 * of)) / (1 + square / of)
    half = Z95 / (1 + square / of) * math.sqrt(share * (1 - share) / of + square / (4 * of * of))
    return max(0.0, middle - half), min(1.0, middle + half)


def share(flags: Sequence[bool]) -> Share:
    return Share(sum(flags), len(flags))


def figures(rows: Sequence[Row], probabilities: bool) -> dict[str, Any]:
    """The figures of one system on one set. `probabilities`: its confidence claims to be one.

    hit1, hit3, hit5, in_scope (accuracy at out-of-scope recall ≥ 0.80), answered, wrong: Share; mrr, auroc, ece: float.
    """
    inside = [row for row in rows if row.expected]
    confidence, right = arrays(rows)
    is_inside = np.array([bool(row.expected) for row in rows], bool)
    answered = [row for row in rows if row.outcome == "answer"]
    accuracy = metrics.accuracy_at_rejection(right[is_inside], confidence[is_inside], confidence[~is_inside])
    ranks = [row.rank for row in inside]
    return {
        "answerable": len(inside),
        "unanswerable": len(rows) - len(inside),
        **{f"hit{k}": share([rank is not None and rank <= k for rank in ranks]) for k in (1, 3, 5)},
        "mrr": metrics.mrr(ranks),
        "auroc": metrics.auroc(confidence[is_inside], confidence[~is_inside]),
        "in_scope": None if math.isnan(accuracy) else Share(round(accuracy * len(inside)), len(inside)),
        "answered": share([row.outcome == "answer" for row in rows]),
        "wrong": share([not row.right for row in answered]),
        "clarified": share([row.outcome == "clarify" for row in rows]),
        "clarified_right": share([(row.rank or 99) <= 3 for row in rows if row.outcome == "clarify"]),
        "ece": metrics.reliability(confidence, right)[0] if probabilities and rows else math.nan,
    }


def arrays(rows: Sequence[Row]) -> tuple[Floats, NDArray[np.bool_]]:
    """(confidence, right) of all rows."""
    return np.array([row.confidence for row in rows], np.float64), np.array([row.right for row in rows], bool)


def risk_curve(rows: Sequence[Row]) -> tuple[Floats, Floats]:
    """(coverage, wrong share of what is covered) where the surest questions are answered first; ties enter together."""
    confidence, right = arrays(rows)
    order = np.argsort(-confidence, kind="stable")
    wrong = np.cumsum(~right[order])
    ends = np.flatnonzero(np.diff(confidence[order], append=-np.inf) != 0)
    return (ends + 1) / max(len(rows), 1), wrong[ends] / (ends + 1)


def spearman(first: Floats, second: Floats) -> float:
    """Rank correlation, ties sharing their mean rank."""
    return float(np.corrcoef(_ranks(first), _ranks(second))[0, 1])


def _ranks(values: Floats) -> Floats:
    ordered = np.sort(values)
    return np.asarray(np.searchsorted(ordered, values, "left") + np.searchsorted(ordered, values, "right"), np.float64)
