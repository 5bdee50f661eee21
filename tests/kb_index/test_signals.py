"""BM25 and n-grams: what they forgive and what they count."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kb_index.keywords import Keywords
from kb_index.ngrams import Ngrams
from kb_index.text import stems

TEXTS = ["mot de passe oublié", "créer un utilisateur", "numériser un document", "exporter un document en PDF"]
WORDS = [stems(text, "french") for text in TEXTS]


def keywords() -> Keywords:
    return Keywords.build(WORDS, range(len(WORDS)), 0.4)


def test_the_text_with_the_rare_word_wins_over_the_one_with_the_common_word() -> None:
    index = keywords()
    scores = index.scores(index.weights(stems("exporter les documents", "french")))
    assert scores.argmax() == 3
    assert scores[2] > 0 == scores[0]


def test_unknown_words_lower_the_share_that_is_matched() -> None:
    index = keywords()
    known = index.scores(index.weights(stems("mot de passe", "french")))[0]
    assert index.scores(index.weights(stems("mot de passe hamster girafe", "french")))[0] < known


def test_typos_missing_accents_and_compounds_still_match_by_ngrams() -> None:
    grams = Ngrams.build([*TEXTS, "Rechnungsadresse ändern"], range(5))
    for question, place in (("mot de pase oublie", 0), ("crer un utilisatuer", 1), ("Adresse der Rechnung", 4)):
        assert grams.scores(question).argmax() == place


def test_a_text_is_nearest_to_itself() -> None:
    grams = Ngrams.build(TEXTS, range(4))
    np.testing.assert_allclose([grams.scores(text)[place] for place, text in enumerate(TEXTS)], 1.0, atol=1e-5)


@given(st.text(max_size=100))
def test_scores_are_finite_and_within_bounds_for_any_question(question: str) -> None:
    index, grams = keywords(), Ngrams.build(TEXTS, range(4))
    words = index.scores(index.weights(stems(question, "french")))
    assert np.isfinite(words).all()
    assert (words >= 0).all()
    assert (words <= 2.2).all()
    nearness = grams.scores(question)
    assert (nearness >= 0).all()
    assert (nearness <= 1.001).all()


def test_saved_and_loaded_they_score_the_same() -> None:
    index, grams = keywords(), Ngrams.build(TEXTS, range(4))
    again = Keywords.from_arrays(index.arrays())
    weights = index.weights(stems("document oublié zzz", "french"))
    assert again.weights(stems("document oublié zzz", "french")) == weights
    np.testing.assert_array_equal(again.scores(weights), index.scores(weights))
    np.testing.assert_array_equal(Ngrams.from_arrays(grams.arrays()).scores("doc"), grams.scores("doc"))
