"""Fits ranking weights, probabilities and the threshold when an index is built. Needs scikit-learn and scipy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression

from kb_index.bounds import expected_threshold, lowest_threshold
from kb_index.classifier import Trained
from kb_index.decision import (
    AMONG_DIRECTION,
    RIGHT_DIRECTION,
    TOPIC_DIRECTION,
    Bound,
    Decider,
    Logistic,
    exclusive,
)
from kb_index.encoder import Encoder
from kb_index.examples import Example, gold_examples, make_examples
from kb_index.gold import ENOUGH, Gold
from kb_index.postings import Floats
from kb_index.ranking import EVIDENCE, PRIOR_WEIGHTS, TOPIC_EVIDENCE, Ranking, evidence, rank
from kb_index.signals import Signals

CONFIDENCE = 0.95
PRIOR_SPREAD = 1.0  # how far weights may move from the prior for the price of half a unit of log-likelihood
UNANSWERABLE_SHARE = 0.5  # more than help desks see (20 to 45 %): real questions lie further off than left-out ones
FAR_SHARE = 0.5  # of those
FEWEST_TO_FIT = 12
DIRECTION_INVERSE_PENALTY = 0.1
GOLD_WEIGHT = 3  # a real question tells more about the weights than one made of the articles
GOLD_FOLDS = 5
MESSAGES_FOR_TOPICS = 0.15  # share assumed where gold holds more of them: editors write them for each topic
LOWEST_THRESHOLD = 0.3  # an answer more likely wrong than this is not worth giving at any bound
FEWEST_ANSWERED = 45  # of 45 answered one may be wrong at 10 % and 95 %
FIRST_ANSWERED = 0.15  # share of the golden questions that the first threshold tested answers


def fit(
    signals: Signals, encoder: Encoder, trained: Trained, risk: float, gold: Sequence[Gold] = ()
) -> tuple[Ranking, Decider]:
    """Everything that is learnt: from the articles alone, or, for the probabilities, from enough golden questions."""
    left_out = make_examples(signals, encoder, trained) if len(signals.corpus.entries) else []
    if sum(bool(example.truth) and not example.easy for example in left_out) < FEWEST_TO_FIT:
        note = "too few articles have several example questions; probabilities are those of other subjects"
        return Ranking(PRIOR_WEIGHTS), Decider(
            default(RIGHT_DIRECTION, -0.1), default(AMONG_DIRECTION, 1.0), default_topical(), _cautious(risk, note)
        )
    if len(gold) < ENOUGH:
        note = f"questions left out of the articles prove nothing of customers' own; {ENOUGH} golden questions may"
        return _fit(signals, left_out, _cautious(risk, note))
    golden = gold_examples(signals, encoder, gold)
    bound = bound_of(*_held_out(signals, left_out, golden), risk)
    return _fit(signals, left_out, bound, golden)


def _fit(
    signals: Signals, left_out: list[Example], bound: Bound, golden: Sequence[Example] = ()
) -> tuple[Ranking, Decider]:
    """Probabilities from golden questions where there are any, else from those left out."""
    weights = fit_weights([*left_out, *golden] + [*golden] * (GOLD_WEIGHT - 1))
    judged = judge(signals, weights, golden or _mixed(left_out))
    return Ranking(weights), Decider(*fit_probabilities(judged, learn=bool(golden)), bound)


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
        absent[at, :count] = ~example.rivals
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
    """One row per example: evidence; the first article is right, one of the first three is, a topic is."""

    article: Floats
    topic: Floats
    right: NDArray[np.bool_]
    among: NDArray[np.bool_]
    topical: NDArray[np.bool_]
    topics: bool  # whether there are any


def judge(signals: Signals, weights: Floats, examples: Sequence[Example]) -> Judged:
    """Rank every example and see what came of it."""
    corpus = signals.corpus
    article = np.zeros((len(examples), len(EVIDENCE)), np.float32)
    topic = np.zeros((len(examples), len(TOPIC_EVIDENCE)), np.float32)
    right, among, topical = (np.zeros(len(examples), bool) for _ in range(3))
    for at, example in enumerate(examples):
        ranked = rank(example.features, weights, example.targets)
        seen = evidence(ranked, corpus.family, corpus.is_topic, example.question)
        article[at], topic[at] = seen.article, seen.topic
        truth = np.array(example.truth, np.int64)
        wanted = corpus.family[truth[~corpus.is_topic[truth]]]
        found = corpus.family[ranked.targets[~corpus.is_topic[ranked.targets]]]
        right[at] = np.isin(found[:1], wanted).any()
        among[at] = np.isin(found[:3], wanted).any()
        topical[at] = corpus.is_topic[truth].any()
    return Judged(article, topic, right, among, topical, bool(corpus.is_topic.any()))


def fit_probabilities(judged: Judged, learn: bool) -> tuple[Logistic, Logistic, Logistic]:
    """(first article right, one of the first three right, a topic right). `learn` the directions too: from gold."""
    weight = np.ones(len(judged.right))
    share = judged.topical.mean() if len(weight) else 0.0
    if learn and MESSAGES_FOR_TOPICS < share < 1:
        weight[judged.topical] = MESSAGES_FOR_TOPICS / (1 - MESSAGES_FOR_TOPICS) * (1 - share) / share
    return (
        _logistic(judged.article, judged.right, weight, RIGHT_DIRECTION, learn),
        _logistic(judged.article, judged.among, weight, AMONG_DIRECTION, learn),
        _logistic(judged.topic, judged.topical, np.ones_like(weight), TOPIC_DIRECTION, learn),
    )


def _logistic(
    rows: Floats, labels: NDArray[np.bool_], weight: NDArray[np.float64], direction: dict[str, float], learn: bool
) -> Logistic:
    mean, scale = rows.mean(axis=0).astype(np.float64), np.maximum(rows.std(axis=0), 1e-3).astype(np.float64)
    result = Logistic(direction, mean.tolist(), scale.tolist())
    if labels.all() or not labels.any():
        result.bias = 3.0 if labels.all() else -3.0
        result.slope = 0.0
        return result
    if learn:
        model = LogisticRegression(C=DIRECTION_INVERSE_PENALTY, max_iter=1000)
        model.fit(result.standard(rows), labels, sample_weight=weight)
        result.direction = dict(zip(direction, model.coef_[0].tolist(), strict=True))
        result.bias = float(model.intercept_[0])
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


def _probability(right: Logistic, topical: Logistic, judged: Judged) -> NDArray[np.float64]:
    """That of the first article, as the decision will see it."""
    return exclusive(right(judged.article), topical(judged.topic) * judged.topics)


def _held_out(
    signals: Signals, left_out: list[Example], golden: list[Example]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """(probability, right) of the golden questions, each by what was fitted without it."""
    probability, right = np.zeros(len(golden)), np.zeros(len(golden), bool)
    for fold in range(GOLD_FOLDS):
        asked = [at for at in range(len(golden)) if at % GOLD_FOLDS == fold]
        others = [example for at, example in enumerate(golden) if at % GOLD_FOLDS != fold]
        ranking, decider = _fit(signals, left_out, _cautious(0.0, ""), others)
        judged = judge(signals, ranking.weights, [golden[at] for at in asked])
        probability[asked], right[asked] = _probability(decider.right, decider.topical, judged), judged.right
    return probability, right


def bound_of(probability: NDArray[np.float64], right: NDArray[np.bool_], risk: float) -> Bound:
    """What held-out golden questions allow to state; else the threshold of about that risk, else the cautious one."""
    tested = len(right)
    likely = np.sort(probability[probability >= LOWEST_THRESHOLD])[::-1]  # in an order that no answer's rightness tells
    first = max(FEWEST_ANSWERED, round(FIRST_ANSWERED * tested))
    stated = lowest_threshold(likely[first - 1 :: 5].tolist(), probability, right, risk, CONFIDENCE)
    if stated is not None:
        return Bound(risk, CONFIDENCE, True, *stated, tested, f"tested on {tested} golden questions held out")
    nothing = f"{tested} golden questions allow no statement at a risk of {risk:.0%} with {CONFIDENCE:.0%} confidence"
    expected = expected_threshold(probability, right, risk)
    if expected is None or expected[0] < LOWEST_THRESHOLD:
        return _cautious(risk, f"{nothing}. More of them may", tested)
    _, answered, wrong = expected
    about = f"at the threshold {wrong} of {answered} answered were wrong there: about that share is to be expected"
    return Bound(risk, CONFIDENCE, False, *expected, tested, f"{nothing}; {about}. More of them may allow a statement")


def _cautious(risk: float, note: str, tested: int = 0) -> Bound:
    """The threshold above which `risk` is wrong where probabilities are true and spread evenly above it."""
    return Bound(risk, CONFIDENCE, False, max(1 - 2 * risk, 0.5), tested=tested, note=note)


def default_topical() -> Logistic:
    """Where nothing can be fitted: as likely as the share of the likelihood that topics hold."""
    zeros, ones = [0.0] * len(TOPIC_EVIDENCE), [1.0] * len(TOPIC_EVIDENCE)
    return Logistic(TOPIC_DIRECTION, zeros, ones, 6.0, -3.0)


def default(direction: dict[str, float], bias: float) -> Logistic:
    """Where nothing can be fitted: about what was right on outside sets of several subjects, at the prior weights."""
    known = {"score": (12.9, 5.4), "length": (2.0, 0.5), "share": (-0.5, 0.7), "third": (7.0, 5.9)}
    mean, scale = zip(*(known.get(name, (0.0, 1.0)) for name in EVIDENCE), strict=True)
    return Logistic(direction, list(mean), list(scale), 1.6, bias)
