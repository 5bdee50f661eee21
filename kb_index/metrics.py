"""Measures of ranking and of knowing when not to know, in plain numpy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]


def hit_at(ranks: Sequence[int | None], k: int) -> float:
    """Share of questions whose right answer is among the first k. `ranks` count from 1; None: not ranked."""
    return float(np.mean([rank is not None and rank <= k for rank in ranks])) if ranks else float("nan")


def mrr(ranks: Sequence[int | None]) -> float:
    """Mean of 1/rank."""
    return float(np.mean([0.0 if rank is None else 1 / rank for rank in ranks])) if ranks else float("nan")


def auroc(positive: Numbers, negative: Numbers) -> float:
    """Chance that a positive lies above a negative, ties counting half."""
    if not len(positive) or not len(negative):
        return float("nan")
    ordered = np.sort(negative)
    below = np.searchsorted(ordered, positive, "left")
    upto = np.searchsorted(ordered, positive, "right")
    return float((below + upto).mean() / 2 / len(negative))


def accuracy_at_rejection(right: Flags, inside: Numbers, outside: Numbers, recall: float = 0.8) -> float:
    """In-scope accuracy at the lowest threshold that rejects at least `recall` of the out-of-scope questions."""
    if not len(inside) or not len(outside):
        return float("nan")
    thresholds = np.unique(np.concatenate([inside, outside, [np.inf]]))
    rejecting = [t for t in thresholds if (outside < t).mean() >= recall]
    return float((right & (inside >= rejecting[0])).mean())


def best_mcc(labels: Sequence[str], predictions: Sequence[str], probability: Numbers, none: str = "") -> float:
    """Multi-class Matthews correlation at its best threshold; below the threshold the prediction is `none`."""
    names = {name: at for at, name in enumerate(dict.fromkeys([*labels, *predictions, none]))}
    truth = np.array([names[label] for label in labels])
    best = 0.0
    for threshold in np.unique(probability):
        said = np.array(
            [names[p] if q >= threshold else names[none] for p, q in zip(predictions, probability, strict=True)]
        )
        counts_truth, counts_said = (np.bincount(side, minlength=len(names)).astype(float) for side in (truth, said))
        total = len(truth)
        over = float((truth == said).sum()) * total - float(counts_truth @ counts_said)
        under = (total**2 - float(counts_said @ counts_said)) * (total**2 - float(counts_truth @ counts_truth))
        best = max(best, over / np.sqrt(under) if under > 0 else 0.0)
    return float(best)


def risk_coverage(probability: Numbers, right: Flags) -> list[dict[str, float]]:
    """At every tenth of answered questions: the threshold, and the wrong share of what is answered."""
    order = np.argsort(-probability, kind="stable")
    result = []
    for tenth in range(1, 11):
        count = max(1, round(len(order) * tenth / 10))
        chosen = order[:count]
        result.append(
            {
                "coverage": round(count / len(order), 4),
                "risk": round(float(1 - right[chosen].mean()), 4),
                "threshold": round(float(probability[chosen[-1]]), 4),
            }
        )
    return result


def reliability(probability: Numbers, right: Flags, bins: int = 10) -> tuple[float, list[dict[str, float]]]:
    """(expected calibration error, per bin: count, mean probability, share right)."""
    place = np.minimum((probability * bins).astype(int), bins - 1)
    error, rows = 0.0, []
    for number in range(bins):
        chosen = place == number
        if chosen.any():
            said, was = float(probability[chosen].mean()), float(right[chosen].mean())
            error += abs(said - was) * chosen.mean()
            rows.append({"count": int(chosen.sum()), "probability": round(said, 4), "right": round(was, 4)})
    return float(error), rows


def operating_point(outcomes: Sequence[str], right: Flags) -> dict[str, Any]:
    """What was answered, and the wrong share of it."""
    answered = np.array([outcome == "answer" for outcome in outcomes], bool)
    count = int(answered.sum())
    wrong = int((answered & ~np.asarray(right, bool)).sum())
    return {
        "answered": count,
        "answered_share": round(count / max(len(outcomes), 1), 4),
        "wrong": wrong,
        "wrong_share": round(wrong / count, 4) if count else None,
        "clarified": sum(outcome == "clarify" for outcome in outcomes),
        "handed_off": sum(outcome == "handoff" for outcome in outcomes),
    }
