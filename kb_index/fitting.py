"""Fits ranking weights, probabilities and the threshold when an index is built. Needs scikit-learn and scipy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression

from kb_index.bounds import lowest_threshold
from kb_index.decision import CAUTIOUS_THRESHOLD, Bound, Decider, Logistic
from kb_index.encoder import Encoder
from kb_index.examples import Example, make_examples
from kb_index.postings import Floats
from kb_index.ranking import EVIDENCE, PRIOR_WEIGHTS, Ranking, evidence, rank
from kb_index.signals import Signals

CONFIDENCE = 0.95
PRIOR_SPREAD = 2.0  # how far weights may move from the prior for the price of half a unit of log-likelihood
UNANSWERABLE_SHARE = 0.4  # of the questions to fit on; real help desks see 20 to 45 %
FAR_SHARE = 0.25  # of those
FEWEST_TO_FIT = 30
FEWEST_ANSWERED = 45  # of 45 answered one may be wrong at 10 % and 95 %


def fit(signals: Signals, encoder: Encoder, left_out: Floats, risk: float) -> tuple[Ranking, Decider]:
    """Everything that is learnt, from the articles alone."""
    examples = make_examples(signals, encoder, left_out) if len(signals.corpus.entries) else []
    positives = sum(example.truth >= 0 for example in examples)
    if positives < FEWEST_TO_FIT:
        return Ranking(PRIOR_WEIGHTS), _unfitted(signals, examples, risk)
    first = [example for example in examples if not example.second_half]
    second = _mixed([example for example in examples if example.second_half])
    ranking = Ranking(fit_weights(first))
    right, among = fit_probabilities(signals, ranking.weights, _mixed(first))
    bound = _bound(signals, ranking, right, _mixed(first), second, risk)
    if not bound.stated:  # nothing is stated of the second half, so it may help to fit
        ranking = Ranking(fit_weights(examples))
        right, among = fit_probabilities(signals, ranking.weights, _mixed(examples))
    return ranking, Decider(right, among, bound)


def fit_weights(examples: Sequence[Example]) -> Floats:
    """Weights under which the right target is likeliest (softmax over candidates), held near the prior where data are few."""
    chosen = [example for example in examples if example.ranks and example.truth >= 0]
    width = max((len(example.targets) for example in chosen), default=0)
    if not chosen or width < 2:
        return PRIOR_WEIGHTS
    features = np.zeros((len(chosen), width, len(PRIOR_WEIGHTS)))
    absent = np.ones((len(chosen), width), bool)
    truth = np.zeros(len(chosen), np.int64)
    for at, example in enumerate(chosen):
        count = len(example.targets)
        features[at, :count] = example.features
        absent[at, :count] = False
        truth[at] = int(np.flatnonzero(example.targets == example.truth)[0])
    rows = np.arange(len(chosen))

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        scores = np.where(absent, -np.inf, features @ weights)
        scores -= scores.max(axis=1, keepdims=True)
        shares = np.exp(scores)
        shares /= shares.sum(axis=1, keepdims=True)
        away = (weights - PRIOR_WEIGHTS) / PRIOR_SPREAD
        value = -np.log(np.maximum(shares[rows, truth], 1e-12)).sum() + 0.5 * float(away @ away)
        gradient = np.einsum("nk,nkf->f", shares, features) - features[rows, truth].sum(0) + away / PRIOR_SPREAD
        return float(value), gradient

    found = minimize(
        loss, PRIOR_WEIGHTS.astype(np.float64), jac=True, method="L-BFGS-B", bounds=[(0, None)] * len(PRIOR_WEIGHTS)
    )
    return np.asarray(found.x, np.float32)


def judge(
    signals: Signals, weights: Floats, examples: Sequence[Example]
) -> tuple[Floats, NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]:
    """(evidence, first is right, right one among the first three, first is a topic), one row per example."""
    corpus = signals.corpus
    rows: list[Floats] = []
    right, among, topic = (np.zeros(len(examples), bool) for _ in range(3))
    for at, example in enumerate(examples):
        ranked = rank(example.features, weights, example.targets)
        first = int(ranked.targets[0])
        unmatched = signals.unmatched(example.measured, first)
        foreign = example.lang not in corpus.targets[first].variants
        rows.append(evidence(ranked, corpus.family, example.question, unmatched, foreign))
        if example.truth >= 0:
            families = corpus.family[ranked.targets[:3]]
            right[at] = families[0] == corpus.family[example.truth]
            among[at] = corpus.family[example.truth] in families
        topic[at] = corpus.is_topic[first]
    return np.array(rows, np.float32).reshape(len(examples), len(EVIDENCE)), right, among, topic


def fit_probabilities(signals: Signals, weights: Floats, examples: Sequence[Example]) -> tuple[Logistic, Logistic]:
    """(first is right, right one among the first three)."""
    rows, right, among, _ = judge(signals, weights, examples)
    return _logistic(rows, right), _logistic(rows, among)


def _logistic(rows: Floats, labels: NDArray[np.bool_]) -> Logistic:
    mean, scale = rows.mean(axis=0).astype(np.float64), np.maximum(rows.std(axis=0), 1e-3).astype(np.float64)
    if labels.all() or not labels.any():
        return Logistic(mean.tolist(), scale.tolist(), bias=3.0 if labels.all() else -3.0)
    model = LogisticRegression(C=0.3, max_iter=2000).fit((rows - mean) / scale, labels)
    return Logistic(mean.tolist(), scale.tolist(), model.coef_[0].tolist(), float(model.intercept_[0]))


def _mixed(examples: Sequence[Example]) -> list[Example]:
    """All answerable examples, with so many unanswerable ones that their share is as stated above."""
    answerable = [example for example in examples if example.truth >= 0]
    wanted = len(answerable) * UNANSWERABLE_SHARE / (1 - UNANSWERABLE_SHARE)
    far = [example for example in examples if example.far]
    near = [example for example in examples if example.truth < 0 and not example.far]
    result = answerable + _thinned(far, wanted * FAR_SHARE)
    return result + _thinned(near, wanted - (len(result) - len(answerable)))


def _thinned(examples: list[Example], count: float) -> list[Example]:
    step = max(len(examples) / max(count, 1), 1.0)
    return [examples[int(at * step)] for at in range(int(len(examples) / step))]


def _bound(
    signals: Signals,
    ranking: Ranking,
    right: Logistic,
    first: Sequence[Example],
    second: Sequence[Example],
    risk: float,
) -> Bound:
    """The threshold: its order of trial is set by the first half, its test is on the second."""
    rows, _, _, topic = judge(signals, ranking.weights, first)
    tried = np.sort(right(rows)[~topic])[::-1]
    places = np.unique(np.linspace(min(FEWEST_ANSWERED, len(tried)), len(tried), 60).astype(int)).tolist()
    order = [float(tried[place - 1]) for place in places if tried[place - 1] >= 0.3]
    rows, correct, _, topic = judge(signals, ranking.weights, second)
    kept = ~topic
    found = lowest_threshold(order, right(rows)[kept], correct[kept], risk, CONFIDENCE)
    tested = int(kept.sum())
    if found is None:
        note = (
            f"{tested} test questions from the articles allow no statement at a risk of {risk:.0%}; "
            f"the cautious threshold {CAUTIOUS_THRESHOLD} applies. More example questions per article would allow one"
        )
        return Bound(risk, CONFIDENCE, False, CAUTIOUS_THRESHOLD, tested=tested, note=note)
    threshold, answered, wrong = found
    note = f"tested on {tested} questions left out of the articles, {UNANSWERABLE_SHARE:.0%} of them unanswerable"
    return Bound(risk, CONFIDENCE, True, threshold, answered, wrong, tested, note)


def _unfitted(signals: Signals, examples: Sequence[Example], risk: float) -> Decider:
    """With hardly an article: probabilities by the default evidence, a cautious threshold, and saying so."""
    if examples and any(example.truth >= 0 for example in examples) and any(example.truth < 0 for example in examples):
        right, among = fit_probabilities(signals, PRIOR_WEIGHTS, examples)
    else:
        right, among = Logistic(bias=-3.0), Logistic(bias=-3.0)
    note = "too few questions in the articles to fit or test anything; the cautious threshold applies"
    return Decider(right, among, Bound(risk, CONFIDENCE, False, CAUTIOUS_THRESHOLD, note=note))
