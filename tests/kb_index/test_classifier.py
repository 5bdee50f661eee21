"""Leave-one-out values in closed form are those of a classifier trained without the question."""

from __future__ import annotations

import numpy as np
import pytest

from kb_index import classifier
from kb_index.config import Config
from kb_index.corpus import Corpus
from tests.kb_index.conftest import article


def test_left_out_values_equal_training_without_the_question(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classifier, "PENALTIES", (1.0,))
    # the weight of a question depends on how many its target has; fixed here so that only the left-out row differs
    monkeypatch.setattr(classifier, "weight_of", lambda counts: np.ones_like(counts, dtype=float))
    rng = np.random.default_rng(7)
    asked = {f"t{t}": [f"question {t} {n}" for n in range(4)] for t in range(3)}
    vectors = {text: rng.normal(size=8).astype(np.float32) for texts in asked.values() for text in texts}

    def trained(left: str | None) -> tuple[classifier.Classifier, np.ndarray, Corpus]:
        articles = [
            article(
                "",
                id=ident,
                title=texts[0] if texts[0] != left else texts[1],
                questions=tuple(t for t in texts if t != left),
            )
            for ident, texts in asked.items()
        ]
        corpus = Corpus(articles, (), Config())
        model, leverages = classifier.train(corpus, np.array([vectors[entry.text] for entry in corpus.entries]))
        return model, leverages, corpus

    model, leverages, corpus = trained(None)
    row = next(row for row, entry in enumerate(corpus.entries) if entry.text == "question 1 2")
    out = classifier.LeftOut(corpus.entries[row].target, 0, float(leverages[row]))
    without, _, _ = trained("question 1 2")
    vector = vectors["question 1 2"]
    np.testing.assert_allclose(model.scores(vector, 3, out), without.scores(vector, 3), atol=1e-4)
    assert model.scores(vector, 3)[1] > without.scores(vector, 3)[1]
