"""Probabilities of articles and topics exclude each other, and evidence beyond what was seen counts no further."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kb_index.decision import (
    AMONG_DIRECTION,
    RIGHT_DIRECTION,
    TOPIC_DIRECTION,
    URGENT_THRESHOLD,
    URGENT_WEIGHT,
    Bound,
    Candidate,
    Decider,
    Logistic,
    decide,
    exclusive,
)
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


SHARE = st.floats(0, 1)
ARTICLES = st.builds(Candidate, SHARE)
TOPICS = st.builds(Candidate, SHARE, st.sampled_from(["ticket", "callback", "sla"]), st.booleans())
CANDIDATES = st.lists(ARTICLES | TOPICS, max_size=8)


@given(CANDIDATES, SHARE, SHARE, SHARE)
def test_a_decision_names_a_topic_only_with_a_handoff(
    found: list[Candidate], among: float, topical: float, threshold: float
) -> None:
    outcome, reason, place = decide(found, among, topical, threshold)
    assert (outcome == "handoff") == (reason not in ("confident", "several_likely"))
    assert (place is not None) == (reason == "level_topic")
    if place is not None:
        assert found[place].channel is not None
    if outcome == "answer":
        assert next(one for one in found if one.channel is None).probability >= threshold


@given(CANDIDATES, SHARE, SHARE, SHARE, SHARE)
def test_a_lower_threshold_takes_no_answer_away(
    found: list[Candidate], among: float, topical: float, threshold: float, other: float
) -> None:
    low, high = sorted((threshold, other))
    if decide(found, among, topical, high)[0] == "answer":
        assert decide(found, among, topical, low)[0] == "answer"


@given(CANDIDATES, st.floats(URGENT_THRESHOLD, 1), SHARE, SHARE)
def test_an_urgent_topic_that_is_likely_never_waits_behind_a_clarification(
    found: list[Candidate], likely: float, among: float, topical: float
) -> None:
    urgent = [Candidate(0.3), Candidate(likely, "sla", urgent=True), *found]
    assert decide(urgent, among, topical, threshold=1.1)[0] == "handoff"


def test_an_urgent_topic_does_not_wait_though_another_topic_is_far_likelier() -> None:
    found = [Candidate(0.3), Candidate(0.5, "ticket"), Candidate(0.1, "sla", urgent=True)]
    assert decide(found, among=0.9, topical=0.1, threshold=1.1) == ("handoff", "level_topic", 1)


@given(CANDIDATES, SHARE, SHARE)
def test_an_urgent_topic_is_chosen_unless_another_is_far_likelier(
    found: list[Candidate], among: float, topical: float
) -> None:
    others = [one for one in found if one.channel is not None and not one.urgent]
    assume(all(one.probability < URGENT_WEIGHT * 0.2 for one in others))
    urgent = [Candidate(0.2, "sla", urgent=True), *others, Candidate(0.5)]
    assert decide(urgent, among, topical, threshold=1.1) == ("handoff", "level_topic", 0)


@given(ARTICLES, SHARE)
def test_without_topics_more_likely_choices_are_never_handed_off_instead(article: Candidate, among: float) -> None:
    if decide([article], among, 0.0, threshold=1.1)[0] == "clarify":
        assert decide([article], (1 + among) / 2, 0.0, threshold=1.1)[0] == "clarify"


def test_a_confident_article_answers_though_a_topic_is_ranked_before_it() -> None:
    found = [Candidate(0.05, "ticket"), Candidate(0.95)]
    assert decide(found, 0.95, 0.05, 0.9) == ("answer", "confident", None)


def test_what_neither_an_article_nor_a_topic_is_likely_to_serve_names_no_topic() -> None:
    found = [Candidate(0.1, "ticket"), Candidate(0.05)]
    assert decide(found, 0.1, 0.1, 0.9) == ("handoff", "low_probability", None)


def test_what_an_article_is_likely_to_answer_is_asked_back() -> None:
    assert decide([Candidate(0.5), Candidate(0.1, "sla")], 0.8, 0.1, 0.9) == ("clarify", "several_likely", None)


def test_what_people_are_likely_to_serve_is_handed_to_the_topics_channel() -> None:
    found = [Candidate(0.5, "callback"), Candidate(0.1), Candidate(0.1, "sla")]
    assert decide(found, 0.2, 0.6, 0.9) == ("handoff", "level_topic", 0)


EVIDENCES = st.lists(st.floats(-50, 50), min_size=len(EVIDENCE), max_size=len(EVIDENCE))


@given(EVIDENCES, st.lists(st.floats(-30, 30, width=32), min_size=1, max_size=6), st.data())
def test_chances_are_probabilities_for_any_evidence(
    values: list[float], scores: list[float], data: st.DataObject
) -> None:
    topics = np.array(data.draw(st.lists(st.booleans(), min_size=len(scores), max_size=len(scores))))
    seen = Evidence(np.array(values, np.float32), np.array(values[: len(TOPIC_EVIDENCE)], np.float32))
    ranked = np.sort(np.array(scores, np.float32))[::-1]
    chances = decider(0.3, -0.2).chances(seen, ranked, topics)
    assert all(0 <= one <= 1 for one in [*chances.each, chances.among, chances.topical])
    articles = [one for one, topic in zip(chances.each, topics, strict=True) if not topic]
    assert articles == sorted(articles, reverse=True)
    assert chances.among >= max(articles, default=0.0)
    assert chances.among + chances.topical <= 1 + 1e-9
