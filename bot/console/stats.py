"""Intervals of shares, and a test that may be looked at after every observation."""

from __future__ import annotations

import math

from bot.cases.figures import wilson

SURE = 20.0  # evidence from which the test decides: 1 / 0.05, so that in 5 % of all cases at most it errs, ever
_GRID = 200


def share(hits: int, of: int) -> dict[str, float | int | None]:
    """`{"share", "low", "high", "count"}`; nothing but the count where nothing was counted."""
    between = wilson(hits, of)
    if between is None:
        return {"share": None, "low": None, "high": None, "count": 0}
    return {
        "share": round(hits / of, 4),
        "low": round(between[0], 4),
        "high": round(between[1], 4),
        "count": of,
    }


def evidence(wrong: int, right: int, bound: float, *, above: bool) -> float:
    """How strongly `wrong` of all observations speak against « the share of wrong is at most `bound` » (`above`), or
    against « it is at least `bound` ».

    A mixture of likelihood ratios (H. Robbins 1970): where the statement is true, the chance that this ever exceeds x
    is at most 1/x, however often one looks (Ville's inequality 1939; see A. Ramdas et al., Game-theoretic statistics
    and safe anytime-valid inference, Statistical Science 38, 2023)."""
    low, high = (bound, 1.0) if above else (0.0, bound)
    logs = []
    for step in range(_GRID):
        rate = low + (high - low) * (step + 0.5) / _GRID
        logs.append(wrong * math.log(rate / bound) + right * math.log((1 - rate) / (1 - bound)))
    top = max(logs)
    return math.exp(min(top, 600.0)) * sum(math.exp(one - top) for one in logs) / _GRID
