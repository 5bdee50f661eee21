"""Fits ranking weights, probabilities and the threshold when an index is built. Needs scikit-learn and scipy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression

from kb_index.bounds import lowest_threshold
from kb_index.decision import AMONG_DIRECTION, CAUTIOUS_THRESHOLD, RIGHT_DIRECTION, Bound, Decider, Logistic
from kb_index.encoder import Encoder
from kb_index.examples import Example, gold_examples, make_examples
from kb_index.gold import ENOUGH, Gold
from kb_index.postings import Floats
from kb_index.ranking import EVIDENCE, PRIOR_WEIGHTS, Ranking, evidence, rank
from kb_index.signals import Signals

CONFIDENCE = 0.95
PRIOR_SPREAD = 1.0  # how far weights may move from the prior for the price of half a unit of log-likelihood
UNANSWERABLE_SHARE = 0.5  # more than help desks see (20 to 45 %): real questions lie further off than left-out ones
FAR_SHARE = 0.5  # of those
FEWEST_TO_FIT = 12
LOWEST_THRESHOLD = 0.3  # an answer more likely wrong than this is not worth giving at any bound
FEWEST_ANSWERED = 45  # of 45 answered one may be wrong at 10 % and 95 %


def fit(
    signals: Signals, encoder: Encoder, leverages: Floats, risk: float, gold: Sequence[Gold] = ()
) -> tuple[Ranking, Decider]:
    """Everything that is learnt: from the articles alone, or, for the probabilities, from enough golden questions."""
    left_out = make_examples(signals, encoder, leverages) if len(signals.corpus.entries) else []
    golden = gold_examples(signals, encoder, gold) if len(gold) >= ENOUGH and left_out else []
    examples = golden or left_out
    if sum(bool(example.truth) and not example.easy for example in examples) < FEWEST_TO_FIT:
        note = (
            "too few articles have several example questions to fit or test anything; probabilities are those of other "
            f"subjects, and the cautious threshold {CAUTIOUS_THRESHOLD} applies"
        )
        return Ranking(PRIOR_WEIGHTS), Decider(
            default(RIGHT_DIRECTION, -0.1), default(AMONG_DIRECTION, 1.0), _cautious(risk, note)
        )
    ranking = Ranking(fit_weights([example for example in left_out + golden if not example.tests]))
    mixed = (lambda chosen: chosen) if golden else _mixed
    fitted = judge(signals, ranking.weights, mixed([example for example in examples if not example.tests]))
    right, among = fit_probabilities(fitted)
    tested = [example for example in examples if example.tests and not example.easy]
    if sum(bool(example.truth) for example in tested) < FEWEST_TO_FIT:
        tested = []
    tests = judge(signals, ranking.weights, mixed(tested))
    bound = _bound(right, fitted, tests, risk, "golden questions" if golden else "questions left out of the articles")
    if not bound.stated:  # nothing is stated of the tests, so they may help to fit
        ranking = Ranking(fit_weights(left_out + golden))
        right, among = fit_probabilities(judge(signals, ranking.weights, mixed(examples)))
    return ranking, Decider(right, among, bound)


def fit_weights(examples: Sequence[Example]) -> Floats:
    """Weights that make the right target likeliest (softmax over candidates), near the prior where data are few."""
    chosen = [example for example in examples if example.truth and not example.easy]
    width = max((len(example.targets) for example in chosen), default=0)
    if not chosen or width < 2:
        return PRIOR_WEIGHTS
    features = np.zeros((len(chosen), width, len(PRIOR_WEIGHTS)))
    absent = np.ones((len(chosen), width), bool)
    truth = np.zeros((len(chosen), width), bool)
    for at, example in enumerate(chosen):
        count = len(example.targets)
        features[at, :count] = example.features
        absent[at, :count] = False
        truth[at, :count] = np.isin(example.targets, example.truth)

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        scores = np.where(absent, -np.inf, features @ weights)
        scores -= scores.max(axis=1, keepdims=True)
        shares = np.exp(scores)
        shares /= shares.sum(axis=1, keepdims=True)
        away = (weights - PRIOR_WEIGHTS) / PRIOR_SPREAD
        hit = np.maximum((shares * truth).sum(axis=1), 1e-12)  # where several are right, any of them will do
        value = -np.log(hit).sum() + 0.5 * float(away @ away)
        pull = shares - shares * truth / hit[:, None]
        gradient = np.einsum("nk,nkf->f", pull, features) + away / PRIOR_SPREAD
        return float(value), gradient

    found = minimize(
        loss, PRIOR_WEIGHTS.astype(np.float64), jac=True, method="L-BFGS-B", bounds=[(0, None)] * len(PRIOR_WEIGHTS)
    )
    return np.asarray(found.x, np.float32)


@dataclass(frozen=True)
class Judged:
    """One row per example: evidence, first is right, right one among the first three, first is a topic."""

    evidence: Floats
    right: NDArray[np.bool_]
    among: NDArray[np.bool_]
    topic: NDArray[np.bool_]


def judge(signals: Signals, weights: Floats, examples: Sequence[Example]) -> Judged:
    """Rank every example and see what came of it."""
    corpus = signals.corpus
    rows: list[Floats] = []
    right, among, topic = (np.zeros(len(examples), bool) for _ in range(3))
    for at, example in enumerate(examples):
        ranked = rank(example.features, weights, example.targets)
        rows.append(evidence(ranked, corpus.family, example.question))
        wanted = corpus.family[list(example.truth)]
        right[at] = corpus.family[ranked.targets[0]] in wanted
        among[at] = np.isin(corpus.family[ranked.targets[:3]], wanted).any()
        topic[at] = corpus.is_topic[ranked.targets[0]]
    return Judged(np.array(rows, np.float32).reshape(len(examples), len(EVIDENCE)), right, among, topic)


def fit_probabilities(judged: Judged) -> tuple[Logistic, Logistic]:
    """(first is right, right one among the first three)."""
    rows = judged.evidence
    return _logistic(rows, judged.right, RIGHT_DIRECTION), _logistic(rows, judged.among, AMONG_DIRECTION)


def _logistic(rows: Floats, labels: NDArray[np.bool_], direction: dict[str, float]) -> Logistic:
    mean, scale = rows.mean(axis=0).astype(np.float64), np.maximum(rows.std(axis=0), 1e-3).astype(np.float64)
    result = Logistic(direction, mean.tolist(), scale.tolist())
    if labels.all() or not labels.any():
        result.bias = 3.0 if labels.all() else -3.0
        return result
    model = LogisticRegression(C=10.0).fit(result.along(rows)[:, None], labels)
    result.slope, result.bias = max(float(model.coef_[0, 0]), 0.1), float(model.intercept_[0])
    return result


def _mixed(examples: Sequence[Example]) -> list[Example]:
    """All answerable examples, with so many unanswerable ones that their share is as stated above."""
    answerable = [example for example in examples if example.truth]
    wanted = len(answerable) * UNANSWERABLE_SHARE / (1 - UNANSWERABLE_SHARE)
    far = [example for example in examples if example.far]
    near = [example for example in examples if not example.truth and not example.far]
    result = answerable + _thinned(far, wanted * FAR_SHARE)
    return result + _thinned(near, wanted - (len(result) - len(answerable)))


def _thinned(examples: list[Example], count: float) -> list[Example]:
    step = max(len(examples) / max(count, 1), 1.0)
    return [examples[int(at * step)] for at in range(int(len(examples) / step))]


def _bound(right: Logistic, fitted: Judged, tests: Judged, risk: float, what: str) -> Bound:
    """The threshold: tried in an order from what was fitted on, tested on the rest. Topics answer nothing."""
    tried = np.sort(right(fitted.evidence)[~fitted.topic])[::-1]
    places = np.unique(np.linspace(min(FEWEST_ANSWERED, len(tried)), len(tried), 60).astype(int)).tolist()
    order = [float(tried[place - 1]) for place in places if place and tried[place - 1] >= LOWEST_THRESHOLD]
    kept = ~tests.topic
    found = lowest_threshold(order, right(tests.evidence)[kept], tests.right[kept], risk, CONFIDENCE)
    tested = int(kept.sum())
    if found is None:
        note = (
            f"{tested} {what} allow no statement at a risk of {risk:.0%}; the cautious threshold {CAUTIOUS_THRESHOLD} "
            f"applies. More questions per article, or {ENOUGH} or more golden questions, may allow one"
        )
        return _cautious(risk, note, tested)
    threshold, answered, wrong = found
    return Bound(risk, CONFIDENCE, True, threshold, answered, wrong, tested, f"tested on {tested} {what}")


def _cautious(risk: float, note: str, tested: int = 0) -> Bound:
    return Bound(risk, CONFIDENCE, False, CAUTIOUS_THRESHOLD, tested=tested, note=note)


def default(direction: dict[str, float], bias: float) -> Logistic:
    """Where nothing can be fitted: about what was right on outside sets of several subjects, at the prior weights."""
    return Logistic(direction, [12.9, 2.0, -0.5, 7.0], [5.4, 0.5, 0.7, 5.9], 1.6, bias)
