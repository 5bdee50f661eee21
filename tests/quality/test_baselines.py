"""Baselines rank as their definitions say, on the bundled encoder."""

from __future__ import annotations

import math

import numpy as np
import pytest

from kb_index.config import Config
from kb_index.content import Article, Topic
from kb_index.encoder import load_encoder
from tests.quality import diet
from tests.quality.baselines import Baselines, Bm25, min_max
from tests.quality.targets import TOPIC, examples, row_of, texts_of


def article(ident: str, *questions: str, text: str = "") -> Article:
    return Article(ident, "en", "faq", questions[0], questions, text, "v")


def test_bm25_is_okapis() -> None:
    scores = Bm25([["red", "car"], ["red", "red", "house"], ["boat"]]).scores(["red"])
    rarity = math.log(1 + (3 - 2 + 0.5) / 2.5)
    assert scores[0] == pytest.approx(rarity * 2.2 / (1 + 1.2 * (0.25 + 0.75 * 2 / 2)))
    assert scores[1] == pytest.approx(rarity * 2 * 2.2 / (2 + 1.2 * (0.25 + 0.75 * 3 / 2)))
    assert scores[2] == 0.0


def test_min_max_of_equal_values_is_zero_everywhere() -> None:
    assert min_max(np.array([2.0, 2.0])).tolist() == [0.0, 0.0]
    assert min_max(np.array([1.0, 3.0, 2.0])).tolist() == [0.0, 1.0, 0.5]


def test_every_baseline_finds_a_question_by_its_own_words() -> None:
    encoder = load_encoder()
    articles = [article("pay", "How can I pay my bill?"), article("post", "Where is my parcel?", text="It is coming.")]
    found = Baselines(texts_of(articles), Config(), encoder).rankings([("where is the parcel", "en")], encoder)
    assert {system: rankings[0][0][0] for system, rankings in found.items()} == {
        "BM25": "post",
        "dense alone": "post",
        "naive hybrid": "post",
    }


def test_only_questions_and_titles_are_examples_to_train_on() -> None:
    texts = texts_of([article("post", "Where is my parcel?", text="It is coming.")])
    assert examples(texts) == [("Where is my parcel?", "post")]
    assert [one.text for one in texts if not one.asked] == ["It is coming."]


def test_a_topic_before_the_articles_is_a_handoff_and_no_hit() -> None:
    topic = Topic("bill", "en", 1, "ticket", "Bills", "People help.", (), "v")
    assert texts_of([], [topic])[0].target == TOPIC + "bill"
    row = row_of([(TOPIC + "bill", 0.9), ("pay", 0.4)], ("pay",))
    assert (row.ranked, row.confidence, row.outcome) == (("pay",), 0.4, "handoff")
    assert row_of([("pay", 0.9), (TOPIC + "bill", 0.4)], ("pay",)).outcome == "answer"
    assert row_of([], ("pay",)).outcome == "handoff"


def test_rasas_fallback_refuses_the_unsure_and_the_ambiguous() -> None:
    assert diet.sure([("a", 0.5), ("b", 0.3)])
    assert not diet.sure([("a", 0.29), ("b", 0.0)])
    assert not diet.sure([("a", 0.5), ("b", 0.45)])
    assert not diet.sure([])
