"""Signals fused into one score, and what a decision is made from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kb_index.postings import Floats
from kb_index.signals import CLASS, DENSE_ANY, FEATURES, GRAM_ANY, WORD_ANY, WORD_POOL, Measured, Signals
from kb_index.text import WORD

CANDIDATES = 48
PRIOR_WEIGHTS = np.array([3, 6, 4, 1, 2, 5, 3, 3, 4], np.float32)  # where the articles say little about them
EVIDENCE = (
    "score", "margin", "log_share", "dense", "dense_margin", "word", "pool", "gram", "gram_margin", "class",
    "class_margin", "agreement", "unmatched", "unknown", "length", "foreign", "third_margin",
)  # fmt: skip


@dataclass
class Ranked:
    """Targets best first with their fused scores and features, at most about `CANDIDATES`."""

    targets: NDArray[np.int64]
    scores: Floats
    features: Floats


def candidates(features: Floats) -> NDArray[np.int64]:
    """The targets that can win: the best by prior weights and by each signal."""
    total = len(features)
    if total <= CANDIDATES:
        return np.arange(total)
    first = np.argpartition(-(features @ PRIOR_WEIGHTS), CANDIDATES)[:CANDIDATES]
    each = np.argpartition(-features, 3, axis=0)[:3].ravel()
    return np.unique(np.concatenate([first, each]))


def rank(features: Floats, weights: Floats, targets: NDArray[np.int64]) -> Ranked:
    """`features`: (targets, FEATURES) of the given targets."""
    scores = features @ weights
    order = np.argsort(-scores, kind="stable")
    return Ranked(targets[order], scores[order], features[order])


def evidence(
    ranked: Ranked, family: NDArray[np.int32], question: str, unmatched: tuple[float, float], foreign: bool
) -> Floats:
    """(EVIDENCE,) what speaks for or against the first target being right. `unmatched`: see Signals.unmatched."""
    families = family[ranked.targets]
    other = families != families[0]
    top = ranked.features[0]
    rest = ranked.features[other] if other.any() else np.zeros((1, len(FEATURES)), np.float32)
    others = ranked.scores[other]
    best = rest.max(axis=0)
    shifted = ranked.scores - ranked.scores[0]
    distinct = np.concatenate([others, np.zeros(3, np.float32)])
    top_of_family = ranked.features[~other].max(axis=0)
    return np.array(
        [
            ranked.scores[0],
            ranked.scores[0] - distinct[0],
            -np.log(np.exp(shifted).sum()),
            top[DENSE_ANY],
            top[DENSE_ANY] - best[DENSE_ANY],
            top[WORD_ANY],
            top[WORD_POOL],
            top[GRAM_ANY],
            top[GRAM_ANY] - best[GRAM_ANY],
            top[CLASS],
            top[CLASS] - best[CLASS],
            float(np.mean(top_of_family > best)),
            unmatched[0],
            unmatched[1],
            np.log1p(len(WORD.findall(question))),
            float(foreign),
            ranked.scores[0] - distinct[2],
        ],
        np.float32,
    )


@dataclass
class Ranking:
    """Ranks with fitted weights."""

    weights: Floats

    def rank(self, signals: Signals, measured: Measured) -> Ranked:
        """All candidates for a measured question, best first."""
        chosen = candidates(measured.features)
        return rank(measured.features[chosen], self.weights, chosen)
