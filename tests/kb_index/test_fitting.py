"""What is fitted: the stated bound holds although it is tested crosswise, and says so where nothing can be stated."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from kb_index.building import build_index
from kb_index.config import Config
from kb_index.content import Content
from kb_index.encoder import Encoder
from kb_index.examples import Example
from kb_index.fitting import bound_of, fit_weights
from kb_index.signals import DENSE_ANY, FEATURES, OF_MANUAL

RISK = 0.10
Numbers = NDArray[np.float64]


def test_the_true_risk_exceeds_what_is_stated_crosswise_in_at_most_five_percent_of_samples() -> None:
    """Each question's probability is by what was fitted without it; the threshold then serves what is fitted on all."""
    rng = np.random.default_rng(20261125)
    slopes = np.array([4.0, 2.0, -1.0, 0.0])

    def draw(count: int) -> tuple[Numbers, NDArray[np.bool_]]:
        rows = rng.normal(size=(count, len(slopes)))
        return rows, rng.uniform(size=count) < 1 / (1 + np.exp(-(rows @ slopes)))

    def fitted(rows: Numbers, right: NDArray[np.bool_]) -> LogisticRegression:
        return LogisticRegression(C=0.1).fit(rows, right)

    population, population_right = draw(20_000)
    broken = stated = 0
    for _ in range(60):
        rows, right = draw(500)
        held = np.zeros(len(rows))
        for fold in range(5):
            asked = np.arange(len(rows)) % 5 == fold
            held[asked] = fitted(rows[~asked], right[~asked]).predict_proba(rows[asked])[:, 1]
        bound = bound_of(held, right, RISK)
        if bound.stated:
            stated += 1
            answered = fitted(rows, right).predict_proba(population)[:, 1] >= bound.threshold
            broken += (~population_right[answered]).mean() > RISK
    assert stated > 30, "the test must see statements that could be broken"
    assert broken <= 0.05 * stated + 2 * np.sqrt(stated * 0.05 * 0.95)


def test_too_few_golden_questions_state_nothing_but_expect_a_share() -> None:
    probability = np.linspace(1, 0, 60)
    bound = bound_of(probability, probability > 0.5, RISK)
    assert not bound.stated
    assert bound.wrong <= RISK * bound.answered
    assert "allow no statement" in bound.note
    assert "to be expected" in bound.note


def test_where_all_is_wrong_the_cautious_threshold_applies() -> None:
    bound = bound_of(np.linspace(1, 0, 200), np.zeros(200, bool), RISK)
    assert (bound.stated, bound.threshold) == (False, 0.8)


def test_enough_right_answers_are_stated_with_the_count_they_rest_on() -> None:
    bound = bound_of(np.linspace(1, 0, 400), np.linspace(1, 0, 400) > 0.4, RISK)
    assert bound.stated
    assert bound.wrong / bound.answered < RISK
    assert bound.threshold < 0.5
    assert bound.tested == 400


def test_articles_alone_state_nothing(content: Content, config: Config, encoder: Encoder) -> None:
    bound = build_index(content.articles, content.topics, config, encoder, RISK).decider.bound
    assert (bound.stated, bound.threshold) == (False, 0.8)
    assert "golden questions" in bound.note


def test_the_same_articles_give_the_same_fit(content: Content, config: Config, encoder: Encoder) -> None:
    first, second = (build_index(content.articles, content.topics, config, encoder, RISK) for _ in range(2))
    assert first.decider == second.decider
    np.testing.assert_array_equal(first.ranking.weights, second.ranking.weights)


def test_a_target_that_is_no_rival_changes_no_weight() -> None:
    features = np.zeros((3, len(FEATURES)), np.float32)
    features[0, DENSE_ANY] = 0.9
    features[1, DENSE_ANY] = 0.4
    features[2, OF_MANUAL] = 1.0
    known = Example("q", "en", (0,), np.arange(3), features, np.array([True, True, False]))
    two = replace(known, targets=np.arange(2), features=features[:2], rivals=np.ones(2, bool))
    against = replace(known, rivals=np.ones(3, bool))
    np.testing.assert_allclose(fit_weights([known] * 9), fit_weights([two] * 9), rtol=1e-3)
    assert fit_weights([against] * 9)[OF_MANUAL] < fit_weights([known] * 9)[OF_MANUAL]
