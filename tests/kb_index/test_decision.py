"""Probabilities of articles and topics exclude each other, and evidence beyond what was seen counts no further."""

from __future__ import annotations

import numpy as np
import pytest

from kb_index.decision import AMONG_DIRECTION, RIGHT_DIRECTION, TOPIC_DIRECTION, Bound, Decider, Logistic, exclusive
from kb_index.ranking import EVIDENCE, TOPIC_EVIDENCE, Evidence


def logistic(direction: dict[str, float], bias: float) -> Logistic:
    return Logistic(direction, [0.0] * len(direction), [1.0] * len(direction), 1.0, bias)


def decider(right: float, topical: float) -> Decider:
    parts = (logistic(RIGHT_DIRECTION, right), logistic(AMONG_DIRECTION, 9.0), logistic(TOPIC_DIRECTION, topical))
    return Decider(*parts, Bound(0.1, 0.95, False, 0.75))


EMPTY = Evidence(np.zeros(len(EVIDENCE), np.float32), np.zeros(len(TOPIC_EVIDENCE), np.float32))


def test_an_article_is_no_likelier_than_that_no_topic_is_meant() -> None:
    scores, topics = np.array([5.0, 4.0, 3.0, 1.0], np.float32), np.array([True, False, True, False])
    chances = decider(right=3.0, topical=4.0).chances(EMPTY, scores, topics)
    assert chances.topical > 0.95
    assert chances.each[1] == pytest.approx(1 - chances.topical)
    assert chances.among <= 1 - chances.topical
    assert chances.each[0] + chances.each[2] == pytest.approx(chances.topical)
    assert chances.each[0] > chances.each[2]


def test_without_topics_nothing_is_topical() -> None:
    chances = decider(right=3.0, topical=4.0).chances(EMPTY, np.array([5.0, 4.0], np.float32), np.zeros(2, bool))
    assert chances.topical == 0
    assert chances.each[0] > 0.95


def test_with_topics_alone_no_article_is_likely() -> None:
    chances = decider(right=3.0, topical=4.0).chances(EMPTY, np.array([5.0], np.float32), np.ones(1, bool))
    assert chances.among == 0
    assert chances.each == pytest.approx([chances.topical])


def test_evidence_beyond_what_was_fitted_on_counts_no_further() -> None:
    right = logistic(RIGHT_DIRECTION, 0.0)
    far = np.zeros((2, len(EVIDENCE)))
    far[:, EVIDENCE.index("score")] = 3, 300
    one, other = right(far)
    assert one == other < 1


def test_exclusive_leaves_what_is_less_likely_anyway() -> None:
    np.testing.assert_allclose(exclusive(np.array([0.9, 0.1]), np.array([0.6, 0.6])), [0.4, 0.1])
