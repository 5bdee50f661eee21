"""BM25 and n-grams: what they forgive and what they count."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from kb_index.keywords import Keywords
from kb_index.ngrams import Ngrams
from kb_index.text import stems

TEXTS = ["mot de passe oublié", "créer un utilisateur", "numériser un document", "exporter un document en PDF"]
FRENCH = {"fr": "french"}


def numbered(count: int) -> NDArray[np.int32]:
    return np.arange(count, dtype=np.int32)


def keywords() -> Keywords:
    count = len(TEXTS)
    return Keywords.build(TEXTS, ["fr"] * count, numbered(count), np.ones(count, np.float32), FRENCH, 0.4)


def test_the_text_with_the_rare_word_wins_over_the_one_with_the_common_word() -> None:
    index = keywords()
    scores = index.scores("exporter les documents")
    assert scores.argmax() == 3
    assert scores[2] > 0 == scores[0]


def test_unknown_words_lower_the_share_that_is_matched() -> None:
    index = keywords()
    known = index.scores("mot de passe")[0]
    assert index.scores("mot de passe hamster girafe")[0] < known


def test_typos_missing_accents_and_compounds_still_match_by_ngrams() -> None:
    grams = Ngrams.build([*TEXTS, "Rechnungsadresse ändern"], numbered(5))
    for question, place in (("mot de pase oublie", 0), ("crer un utilisatuer", 1), ("Adresse der Rechnung", 4)):
        assert grams.scores(question).argmax() == place


def test_a_text_is_nearest_to_itself() -> None:
    grams = Ngrams.build(TEXTS, numbered(4))
    np.testing.assert_allclose([grams.scores(text)[place] for place, text in enumerate(TEXTS)], 1.0, atol=1e-5)


@given(st.text(max_size=100))
def test_scores_are_finite_and_within_bounds_for_any_question(question: str) -> None:
    index, grams = keywords(), Ngrams.build(TEXTS, numbered(4))
    words = index.scores(question)
    assert np.isfinite(words).all()
    assert (words >= 0).all()
    assert (words <= 2.2).all()
    nearness = grams.scores(question)
    assert (nearness >= 0).all()
    assert (nearness <= 1.001).all()


def test_saved_and_loaded_they_score_the_same() -> None:
    index, grams = keywords(), Ngrams.build(TEXTS, numbered(4))
    again = Keywords.from_arrays(index.arrays(), FRENCH)
    question = "document oublié zzz"
    assert again.weigh(question) == index.weigh(question)
    np.testing.assert_array_equal(again.scores(question), index.scores(question))
    np.testing.assert_array_equal(Ngrams.from_arrays(grams.arrays()).scores("doc"), grams.scores("doc"))


def test_each_language_has_its_own_words_and_rarity() -> None:
    texts, langs = ["chat noir", "chat on the phone", "chien"], ["fr", "en", "fr"]
    index = Keywords.build(texts, langs, numbered(3), np.ones(3, np.float32), FRENCH | {"en": "english"}, 0.4)
    scores = index.scores("chat")
    assert scores[0] > 0.5
    assert scores[1] > 0.3
    assert index.vocabulary["fr chat"] != index.vocabulary["en chat"]


def test_words_of_a_target_are_pooled_and_count_by_the_best_text_that_holds_them() -> None:
    texts, counts = ["mot de passe", "passe oublié", "autre"], np.array([1.0, 0.5, 1.0], np.float32)
    index = Keywords.build(texts, ["fr"] * 3, np.array([0, 0, 1], np.int32), counts, FRENCH, 0.4)
    weighed = index.weigh("passe oublié")
    pooled = index.pool.scores(weighed.terms, weighed.weights)
    weight = dict(zip(weighed.terms, weighed.weights, strict=True))
    passe, forgotten = (weight[index.vocabulary[f"fr {stems(word, 'french')[0]}"]] for word in ("passe", "oublié"))
    np.testing.assert_allclose(pooled, [passe + 0.5 * forgotten, 0], atol=1e-6)


@given(st.lists(st.text(alphabet="abc ", max_size=12), min_size=1, max_size=20), st.text(alphabet="abc ", max_size=12))
def test_summing_up_the_rarest_words_first_gives_the_same_where_all_are_summed(texts: list[str], question: str) -> None:
    grams = Ngrams.build(texts, numbered(len(texts)))
    sums = np.zeros(len(texts), np.float32)
    touched = grams.postings.add_to(sums, *grams.weigh(question), 10**6)
    np.testing.assert_allclose(sums, grams.scores(question), atol=1e-5)
    assert set(np.flatnonzero(sums)) <= set(touched.tolist())


def test_no_more_values_are_summed_up_than_allowed_and_the_rarest_words_come_first() -> None:
    texts = ["aaa"] * 50 + ["bbb"]
    grams = Ngrams.build(texts, numbered(51))
    sums = np.zeros(51, np.float32)
    touched = grams.postings.add_to(sums, *grams.weigh("aaa bbb"), 20)
    assert set(touched.tolist()) == {50}
