"""Signals fused into one score, and what a decision is made from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kb_index.postings import Floats
from kb_index.signals import CLASS, DENSE_ASKED, DENSE_VOTE, FEATURES, WORD_ASKED, WORD_POOL, Measured, Signals
from kb_index.text import WORD

CANDIDATES = 48
PRIOR_WEIGHTS = np.array([3, 6, 4, 1, 2, 5, 3, 3, 4, 1], np.float32)  # where the articles say little about them
LEADS = [DENSE_ASKED, DENSE_VOTE, CLASS]
EVIDENCE = (
    "score",  # of the first article
    "length",  # words of the question (logarithm)
    "share",  # of the likelihood that the first article and its twins hold (logarithm)
    "third",  # lead over the third different article
    "margin",  # lead over the next different answer or topic
    "topics",  # share of the likelihood that topics hold
    "agreement",  # share of the signals that put it first
    *(f"own_{name}" for name in FEATURES),
    *(f"lead_{FEATURES[at]}" for at in LEADS),
)
TOLD_BY = [DENSE_ASKED, DENSE_VOTE, WORD_ASKED, WORD_POOL, CLASS]
TOPIC_EVIDENCE = (
    "topics",
    "score",  # of the first of all
    "length",
    "topic",  # score of the first topic
    "lead",  # of the first topic over the first article
    *(f"own_{FEATURES[at]}" for at in TOLD_BY),
    *(f"lead_{FEATURES[at]}" for at in TOLD_BY),
)


@dataclass
class Ranked:
    """Targets best first with their fused scores and features, at most about `CANDIDATES`."""

    targets: NDArray[np.int64]
    scores: Floats
    features: Floats


@dataclass(frozen=True)
class Evidence:
    """`article`: (EVIDENCE,); `topic`: (TOPIC_EVIDENCE,)."""

    article: Floats
    topic: Floats


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


def evidence(ranked: Ranked, family: NDArray[np.int32], is_topic: NDArray[np.bool_], question: str) -> Evidence:
    """What tells whether the first article answers, and whether people must serve it (a topic)."""
    topics = is_topic[ranked.targets]
    likely = shares(ranked.scores)
    words = float(np.log1p(len(WORD.findall(question))))
    held = float(likely[topics].sum())
    article = int(np.argmin(topics)) if not topics.all() else None
    topic = int(np.argmax(topics)) if topics.any() else None
    return Evidence(
        _of_article(ranked, family, topics, likely, article, words, held),
        _of_topic(ranked, article, topic, words, held),
    )


def _of_article(
    ranked: Ranked,
    family: NDArray[np.int32],
    topics: NDArray[np.bool_],
    likely: Floats,
    first: int | None,
    words: float,
    held: float,
) -> Floats:
    if first is None:
        return np.zeros(len(EVIDENCE), np.float32)
    families = family[ranked.targets]
    own = families == families[first]
    rivals = ~own & ~topics
    _, others = np.unique(families[rivals], return_index=True)
    scores = np.sort(ranked.scores[rivals][others])[::-1]
    score = float(ranked.scores[first])
    row = [
        score,
        words,
        float(np.log(max(float(likely[own].sum()), 1e-6))),
        score - (float(scores[1]) if len(scores) > 1 else 0.0),
        score - float(ranked.scores[~own].max(initial=0.0)),
        held,
        float((ranked.features.argmax(axis=0) == first).mean()),
    ]
    leads = [float(ranked.features[first, at] - ranked.features[~own, at].max(initial=0.0)) for at in LEADS]
    return np.array([*row, *ranked.features[first].tolist(), *leads], np.float32)


def _of_topic(ranked: Ranked, article: int | None, topic: int | None, words: float, held: float) -> Floats:
    if topic is None:
        return np.zeros(len(TOPIC_EVIDENCE), np.float32)
    rival = np.zeros(ranked.features.shape[1], np.float32) if article is None else ranked.features[article]
    lead = float(ranked.scores[topic]) - (0.0 if article is None else float(ranked.scores[article]))
    own = ranked.features[topic, TOLD_BY]
    row = [held, float(ranked.scores[0]), words, float(ranked.scores[topic]), lead]
    return np.array([*row, *own.tolist(), *(own - rival[TOLD_BY]).tolist()], np.float32)


@dataclass
class Ranking:
    """Ranks with fitted weights."""

    weights: Floats

    def rank(self, signals: Signals, measured: Measured) -> Ranked:
        """All candidates for a measured question, best first."""
        chosen = candidates(measured.features)
        return rank(measured.features[chosen], self.weights, measured.targets[chosen])
