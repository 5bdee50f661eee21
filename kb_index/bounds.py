"""Distribution-free bounds: how many may be wrong, whatever the probabilities are worth."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FEWEST = 20  # answered questions from which a share of wrong ones is estimated


def upper_bound(wrong: int, answered: int, confidence: float) -> float:
    """Clopper-Pearson: the wrong share is below this with the given confidence. Needs scipy, so only when building."""
    from scipy.stats import beta

    if wrong >= answered:
        return 1.0
    return float(beta.ppf(confidence, wrong + 1, answered - wrong))


def lowest_threshold(
    order: list[float], probability: NDArray[np.float64], right: NDArray[np.bool_], risk: float, confidence: float
) -> tuple[float, int, int] | None:
    """Learn-then-Test with a fixed sequence: thresholds are tested from the safest on, up to the first failure.

    `order` must not have been chosen with `right`. Returns (threshold, answered, wrong) of the last that passed, or
    None: the wrong share above it is at most `risk` with `confidence`, however many were tested.
    """
    passed = None
    for threshold in order:
        chosen = probability >= threshold
        answered, wrong = int(chosen.sum()), int((chosen & ~right).sum())
        if upper_bound(wrong, answered, confidence) > risk:
            break
        passed = (threshold, answered, wrong)
    return passed


def expected_threshold(
    probability: NDArray[np.float64], right: NDArray[np.bool_], risk: float
) -> tuple[float, int, int] | None:
    """The lowest threshold above which at most `risk` was wrong, `FEWEST` or more having been answered.

    As (threshold, answered, wrong), or None. An estimate of what is to be expected, no statement with confidence.
    """
    order = np.argsort(-probability, kind="stable")
    wrong = np.cumsum(~right[order])
    answered = np.arange(1, len(order) + 1)
    last = np.append(np.diff(probability[order]) != 0, True)[: len(order)]  # what is equally likely enters together
    kept = np.flatnonzero(last & (answered >= FEWEST) & (wrong <= risk * answered))
    if not len(kept):
        return None
    at = int(kept[-1])
    return float(probability[order[at]]), int(answered[at]), int(wrong[at])
