"""What is searched by its likeliest texts alone answers as what is measured whole, also after saving and loading."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kb_index import building, signals, vectors
from kb_index.building import build_index
from kb_index.config import Config
from kb_index.content import Article
from kb_index.encoder import Encoder
from kb_index.index import Index
from kb_index.storage import load, save
from tests.kb_index.conftest import article

CONFIG = Config((), {"en": "english"})
THINGS = (
    "invoice", "folder", "password", "printer", "calendar", "contract", "backup", "camera", "licence", "signature",
    "mailbox", "supplier", "delivery", "scanner", "archive", "holiday", "salary", "project", "budget", "server",
)  # fmt: skip
DEEDS = ("create", "delete", "share", "rename", "export", "approve")


@pytest.fixture(scope="module")
def articles() -> list[Article]:
    return [
        article(
            f"Open the menu of the {thing}, choose {deed} and confirm with the green button.",
            id=f"{deed}-{thing}",
            title=f"{deed} a {thing}".capitalize(),
            questions=(
                f"How do I {deed} a {thing}?",
                f"{deed} the {thing} of a colleague",
                f"I cannot {deed} my {thing}",
            ),
        )
        for thing in THINGS
        for deed in DEEDS
    ]


@pytest.fixture(scope="module")
def pair(articles: list[Article], encoder: Encoder) -> tuple[Index, Index]:
    """The same articles measured whole, and searched."""
    whole = build_index(articles, (), CONFIG, encoder, 0.1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vectors, "EXACT_UP_TO", 100)
        patch.setattr(building, "GRAMS_OF_ALL_UP_TO", 100)
        patch.setattr(signals, "MOST_SUMMED", 800)
        searched = build_index(articles, (), CONFIG, encoder, 0.1)
    assert (whole.signals.vectors.exact, searched.signals.vectors.exact) == (True, False)
    return whole, searched


QUESTIONS = ("please tell me how to delete an invoice", "exprot the calender", "a colleague's folder should be shared",
             "approve salary", "I want to rename my printer")  # fmt: skip


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_same_article_comes_first(pair: tuple[Index, Index], encoder: Encoder, question: str) -> None:
    first = [one.search(question, one.vector(question, encoder), "en")["hits"][0]["article"] for one in pair]
    assert first[0] == first[1]


def test_what_was_found_has_the_values_it_has_when_all_is_measured(pair: tuple[Index, Index], encoder: Encoder) -> None:
    whole, searched = pair
    for question in QUESTIONS:
        vector = searched.vector(question, encoder)
        all_of_them = whole.signals.measure(question, vector, "en")
        some = searched.signals.measure(question, vector, "en")
        assert some.rows is not None
        assert 0 < len(some.targets) < len(all_of_them.targets)
        np.testing.assert_allclose(some.dense, np.maximum(all_of_them.dense[some.rows], 0), atol=1e-5)
        assert (some.word <= all_of_them.word[some.rows] + 1e-5).all()
        best = int(all_of_them.features[:, signals.DENSE_ANY].argmax())
        assert best in some.targets


def test_questions_asked_one_after_the_other_do_not_disturb_each_other(
    pair: tuple[Index, Index], encoder: Encoder
) -> None:
    searched = pair[1]
    asked = [(question, searched.vector(question, encoder)) for question in QUESTIONS]
    once = [searched.search(question, vector, "en") for question, vector in asked]
    again = [searched.search(question, vector, "en") for question, vector in reversed(asked)]
    assert once == again[::-1]


def test_saved_and_mapped_it_answers_the_same(pair: tuple[Index, Index], encoder: Encoder, tmp_path: Path) -> None:
    searched = pair[1]
    save(searched, tmp_path, encoder, {"created": "", "problems": []})
    loaded = load(tmp_path, encoder)
    assert "graph" in loaded.signals.vectors.kind
    for question in QUESTIONS:
        vector = searched.vector(question, encoder)
        assert loaded.search(question, vector, "en") == searched.search(question, vector, "en")


def test_excluded_articles_stay_out(pair: tuple[Index, Index], encoder: Encoder) -> None:
    searched = pair[1]
    vector = searched.vector("delete an invoice", encoder)
    found = searched.search("delete an invoice", vector, "en", exclude=["delete-invoice", "nothing"])
    assert "delete-invoice" not in [hit["article"] for hit in found["hits"]]
    assert found["hits"]
