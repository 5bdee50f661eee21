"""Words are compared without case, accents and endings; product names do not count."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb_index.text import WORD, FrameWords, ProductNames, fold, plain, stems, typed


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


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Bonjour, comment puis-je demander mon mot de passe ?", "demander mon mot de passe ?"),
        ("Bonjour, merci", "Bonjour, merci"),
        ("S’il vous plaît, où est la facture", "où est la facture"),
        ("le bonjour-matin du logiciel", "le bonjour-matin du logiciel"),
        ("Merciless", "Merciless"),
    ],
)
def test_frame_words_are_left_out_but_never_all_that_is_said(text: str, left: str) -> None:
    frame = FrameWords(["bonjour", "merci", "s'il vous plaît", "comment puis-je"])
    assert frame.remove(typed(text)) == left


def test_without_frame_words_nothing_is_left_out() -> None:
    assert FrameWords([]).remove("bonjour") == "bonjour"


@given(st.text(max_size=60))
def test_typed_text_stays_as_it_is_when_typed_again(text: str) -> None:
    assert typed(typed(text)) == typed(text)
