"""Signals fused into one score, and what a decision is made from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kb_index.postings import Floats
from kb_index.signals import Measured, Signals
from kb_index.text import WORD

CANDIDATES = 48
PRIOR_WEIGHTS = np.array([3, 6, 4, 1, 2, 5, 3, 3, 4], np.float32)  # where the articles say little about them
EVIDENCE = ("score", "length", "share", "third")


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


def shares(scores: Floats) -> Floats:
    """Scores as shares of one (softmax): the weights are fitted so that these are likelihoods."""
    powers = np.exp(scores - scores.max(initial=-np.inf))
    return np.asarray(powers / powers.sum())


def evidence(ranked: Ranked, family: NDArray[np.int32], question: str) -> Floats:
    """(EVIDENCE,) what tells whether the first target is right.

    score of the first; words of the question (logarithm); the first family's share of the likelihood (logarithm);
    lead over the third different answer.
    """
    families = family[ranked.targets]
    own = families == families[0]
    first = float(ranked.scores[0])
    _, others = np.unique(families[~own], return_index=True)
    rivals = np.sort(ranked.scores[~own][others])[::-1]
    share = float(shares(ranked.scores)[own].sum())
    third = first - (float(rivals[2]) if len(rivals) > 2 else 0.0)
    return np.array([first, np.log1p(len(WORD.findall(question))), np.log(max(share, 1e-6)), third], np.float32)


@dataclass
class Ranking:
    """Ranks with fitted weights."""

    weights: Floats

    def rank(self, signals: Signals, measured: Measured) -> Ranked:
        """All candidates for a measured question, best first."""
        chosen = candidates(measured.features)
        return rank(measured.features[chosen], self.weights, chosen)
