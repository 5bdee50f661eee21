"""Words are compared without case, accents and endings; product names do not count."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb_index.text import WORD, ProductNames, fold, plain, stems


@pytest.mark.parametrize(
    ("one", "other", "stemmer"),
    [
        ("factures", "Facture", "french"),
        ("réinitialiser", "reinitialiser", "french"),
        ("bloquée", "bloquee", "french"),
        ("Häuser", "haeuser", "german"),
        ("ÜBERSICHT", "uebersicht", "german"),
        ("passwords", "password", "english"),
        ("straße", "STRASSE", "german"),
    ],
)
def test_forms_of_one_word_are_one(one: str, other: str, stemmer: str) -> None:
    assert stems(one, stemmer) == stems(other, stemmer)


@given(st.text(max_size=300), st.sampled_from(["french", "german", "english", "spanish", ""]))
def test_any_text_has_stems_without_accents(text: str, stemmer: str) -> None:
    for stem in stems(text, stemmer):
        assert stem == fold(stem)


@given(st.text(max_size=200))
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.text(max_size=200))
def test_leaving_out_product_names_leaves_something(text: str) -> None:
    names = ProductNames(["Archivelle", "Paper Office"])
    assert bool(WORD.search(names.remove(text))) == bool(WORD.search(text))


def test_product_names_are_left_out_as_whole_words() -> None:
    names = ProductNames(["Archivelle"])
    assert names.remove("la version d’Archivelle Plus") == "la version Plus"
    assert names.remove("archivelle") == "archivelle"
    assert names.remove("Archivelles") == "Archivelles"


def test_markdown_is_read_without_its_marks() -> None:
    assert plain("## A\n\n1. **Open** [the page](https://e.org) `now`\n") == "A\nOpen the page now"
