"""Measures against values worked out by hand, or by scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import matthews_corrcoef, roc_auc_score

from kb_index import metrics

NUMBERS = st.lists(st.floats(0, 1), min_size=1, max_size=40).map(np.array)


@given(NUMBERS, NUMBERS)
def test_auroc_is_scikit_learns(positive: np.ndarray, negative: np.ndarray) -> None:
    labels = np.concatenate([np.ones(len(positive)), np.zeros(len(negative))])
    expected = roc_auc_score(labels, np.concatenate([positive, negative]))
    assert metrics.auroc(positive, negative) == pytest.approx(expected)


def test_hits_and_reciprocal_ranks() -> None:
    ranks = [1, 2, None, 4]
    assert [metrics.hit_at(ranks, k) for k in (1, 3, 5)] == [0.25, 0.5, 0.75]
    assert metrics.mrr(ranks) == pytest.approx((1 + 0.5 + 0 + 0.25) / 4)


def test_accuracy_at_rejection_uses_the_lowest_threshold_that_rejects_enough() -> None:
    right = np.array([True, True, False, True])
    inside, outside = np.array([0.9, 0.6, 0.8, 0.3]), np.array([0.1, 0.2, 0.3, 0.4, 0.7])
    assert metrics.accuracy_at_rejection(right, inside, outside) == 0.5


def test_best_mcc_is_that_of_the_best_threshold() -> None:
    labels, said, probability = ["a", "b", ""], ["a", "b", "a"], np.array([0.9, 0.8, 0.1])
    assert metrics.best_mcc(labels, said, probability) == pytest.approx(1.0)
    assert metrics.best_mcc(["a", "b", ""], ["b", "b", "a"], probability) == pytest.approx(
        max(matthews_corrcoef(["a", "b", ""], row) for row in (["b", "b", "a"], ["b", "b", ""], ["b", "", ""]))
    )


def test_reliability_is_zero_for_honest_and_large_for_false_probabilities() -> None:
    probability = np.array([0.25] * 100)
    assert metrics.reliability(probability, np.arange(100) < 25)[0] == pytest.approx(0)
    assert metrics.reliability(probability, np.ones(100, bool))[0] == pytest.approx(0.75)


def test_risk_coverage_ends_at_the_share_that_is_wrong() -> None:
    curve = metrics.risk_coverage(np.linspace(0, 1, 20), np.arange(20) >= 10)
    assert curve[0]["risk"] == 0
    assert curve[-1] == {"coverage": 1.0, "risk": 0.5, "threshold": 0.0}


def test_the_operating_point_counts_only_what_is_answered() -> None:
    point = metrics.operating_point(["answer", "answer", "clarify", "handoff"], np.array([True, False, False, True]))
    assert (point["answered"], point["wrong"], point["wrong_share"], point["clarified"]) == (2, 1, 0.5, 1)


def test_nothing_asked_has_an_operating_point_of_nothing() -> None:
    point = metrics.operating_point([], np.zeros(0, bool))
    assert (point["answered"], point["answered_share"], point["wrong"], point["wrong_share"]) == (0, 0.0, 0, None)
    assert metrics.operating_point([], np.array([]))["handed_off"] == 0
