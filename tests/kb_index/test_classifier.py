"""A classifier knows its questions; a fold of it has seen neither the question left out nor its translation."""

from __future__ import annotations

import numpy as np
import pytest

from kb_index import classifier
from kb_index.config import Config
from kb_index.content import Article
from kb_index.corpus import ASKED, Corpus
from tests.kb_index.conftest import article


def articles(targets: int = 3, langs: tuple[str, ...] = ("en", "fr")) -> list[Article]:
    return [
        article(
            "", id=f"t{t}", lang=lang, title=f"{lang} title {t}", questions=tuple(f"{lang} {t} {n}" for n in range(5))
        )
        for t in range(targets)
        for lang in langs
    ]


def corpus_and_vectors(targets: int = 3) -> tuple[Corpus, np.ndarray]:
    corpus = Corpus.of(articles(targets), (), Config())
    rng = np.random.default_rng(7)
    middles = rng.normal(size=(targets, 16))
    vectors = middles[corpus.entry_target] + 0.7 * rng.normal(size=(len(corpus.entries), 16))
    return corpus, (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize("limit", [10**9, 0])
@pytest.mark.parametrize("targets", [2, 3])
def test_questions_are_told_apart_with_either_solver(limit: int, targets: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classifier, "LOGISTIC_UP_TO", limit)
    corpus, vectors = corpus_and_vectors(targets)
    whole = classifier.train(corpus, vectors).whole
    found = [int(whole.scores(vector, np.arange(targets)).argmax()) for vector in vectors]
    assert np.mean(found == corpus.entry_target) > 0.9


def test_a_fold_is_what_training_without_its_questions_gives() -> None:
    corpus, vectors = corpus_and_vectors()
    trained = classifier.train(corpus, vectors)
    kept = (corpus.entry_kind == ASKED) & (trained.fold != trained.fold[2])
    alone = classifier.fit_linear(vectors[kept], corpus.entry_target[kept].astype(np.int64))
    np.testing.assert_allclose(trained.folds[trained.fold[2]].weights, alone.weights, atol=1e-5)


def test_translations_at_the_same_place_are_left_out_together() -> None:
    corpus, vectors = corpus_and_vectors()
    trained = classifier.train(corpus, vectors)
    fold = {entry.text: int(trained.fold[row]) for row, entry in enumerate(corpus.entries)}
    assert all(fold[f"en {t} {n}"] == fold[f"fr {t} {n}"] for t in range(3) for n in range(5))
    assert len(set(fold.values())) == classifier.FOLDS


def test_one_target_alone_needs_no_classifier() -> None:
    corpus, vectors = corpus_and_vectors(1)
    assert not classifier.train(corpus, vectors).whole.scores(vectors[0], np.arange(1)).any()
