"""Figures from rows: intervals, ranks, refusing, curves."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.quality.measures import Row, Share, figures, risk_curve, spearman, wilson


def row(expected: str, ranked: str, confidence: float, outcome: str = "answer") -> Row:
    return Row(tuple(expected), tuple(ranked), confidence, outcome)


def test_wilson_agrees_with_the_textbook() -> None:
    assert wilson(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    assert wilson(0, 10) == pytest.approx((0.0, 0.2775), abs=1e-4)


def test_wilson_of_nothing_is_not_a_number_and_nonsense_is_refused() -> None:
    assert all(math.isnan(end) for end in wilson(0, 0))
    with pytest.raises(ValueError, match="got 3 of 2"):
        wilson(3, 2)


@given(st.integers(1, 500).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_wilson_holds_the_share_and_mirrors(case: tuple[int, int]) -> None:
    count, of = case
    low, high = wilson(count, of)
    assert 0 <= low <= count / of + 1e-12
    assert count / of <= high + 1e-12 <= 1 + 1e-9
    assert wilson(of - count, of) == pytest.approx((1 - high, 1 - low))


def test_figures_count_hits_of_answerable_questions_only() -> None:
    found = figures([row("a", "ab", 0.9), row("b", "xyb", 0.8), row("c", "ab", 0.7), row("", "a", 0.6)], True)
    assert (found["answerable"], found["unanswerable"]) == (3, 1)
    assert found["hit1"] == Share(1, 3)
    assert found["hit3"] == Share(2, 3)
    assert found["mrr"] == pytest.approx((1 + 1 / 3 + 0) / 3)
    assert found["auroc"] == 1.0


def test_an_answer_to_an_unanswerable_question_is_wrong_and_a_handoff_is_not() -> None:
    rows = [row("a", "a", 0.9), row("", "a", 0.8), row("", "a", 0.1, "handoff"), row("b", "cb", 0.5, "clarify")]
    found = figures(rows, True)
    assert found["answered"] == Share(2, 4)
    assert found["wrong"] == Share(1, 2)
    assert found["clarified_right"] == Share(1, 1)


def test_a_set_without_unanswerable_questions_has_no_rejection_figures() -> None:
    found = figures([row("a", "a", 0.9)], False)
    assert found["in_scope"] is None
    assert math.isnan(found["auroc"])
    assert math.isnan(found["ece"])


def test_nothing_ranked_is_not_right() -> None:
    assert not row("a", "", 0.0).right
    assert row("a", "", 0.0).rank is None


def test_the_risk_curve_answers_the_surest_first_and_ties_together() -> None:
    coverage, risk = risk_curve([row("a", "a", 0.9), row("a", "b", 0.5), row("a", "a", 0.5), row("", "a", 0.1)])
    assert coverage.tolist() == [0.25, 0.75, 1.0]
    assert risk.tolist() == pytest.approx([0.0, 1 / 3, 0.5])


def test_spearman_is_of_ranks_and_shares_ties() -> None:
    assert spearman(np.array([1.0, 2.0, 3.0]), np.array([1.0, 10.0, 1000.0])) == pytest.approx(1.0)
    assert spearman(np.array([1.0, 2.0, 2.0, 3.0]), np.array([1.0, 3.0, 2.0, 4.0])) == pytest.approx(0.9487, abs=1e-4)
