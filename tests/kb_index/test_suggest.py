"""Suggestions: unfinished and misspelt words, whole questions, languages; only what customers may read."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from kb_index.content import Article, Content
from kb_index.encoder import Encoder
from kb_index.index import Index
from kb_index.public import SUMMARY_CHARS, is_public, public_articles, summary
from kb_index.signals import Signals
from kb_index.suggest import suggest

DAY = date(2026, 5, 1)


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("passw", "reset-password"),
        ("forgot my p", "reset-password"),
        ("scaner", "scan-document"),
        ("night col", "dark-theme"),
        ("the screen hurts my eyes at night, can I have darker colours", "dark-theme"),
    ],
)
def test_what_is_meant_comes_first(index: Index, encoder: Encoder, typed: str, first: str) -> None:
    hits = suggest(index, encoder, typed, "en", 5, DAY)
    assert hits[0]["article"] == first
    assert len({hit["article"] for hit in hits}) == len(hits) <= 5
    assert set(hits[0]) == {"article", "lang", "title", "heading", "url", "kind"}


@pytest.mark.parametrize("typed", ["", "  ", "???", "\x00", "xqzwk", "😀"])
def test_nothing_is_suggested_for_what_is_no_word_of_any_article(index: Index, encoder: Encoder, typed: str) -> None:
    assert suggest(index, encoder, typed, "en", 5, DAY) == []


def test_an_article_is_suggested_in_the_readers_language_and_else_in_one_it_has(index: Index, encoder: Encoder) -> None:
    assert suggest(index, encoder, "password", "fr", 5, DAY)[0]["lang"] == "fr"
    assert suggest(index, encoder, "dark theme", "fr", 5, DAY)[0]["lang"] == "en"


def narrowed(index: Index, **changes: str) -> Index:
    """The same index with every article changed so."""
    corpus = index.corpus
    articles = [replace(article, **changes) for article in corpus.articles]  # type: ignore[arg-type]
    other = type(corpus)(
        articles, corpus.topics, corpus.config, corpus.passages, corpus.targets, corpus.langs, corpus.rows
    )
    old = index.signals
    return replace(index, signals=Signals(other, old.vectors, old.keywords, old.grams, old.classifier))


@pytest.mark.parametrize(
    "changes", [{"audience": "internal"}, {"valid_from": "2026-05-02"}, {"valid_until": "2026-04-30"}]
)
def test_what_is_internal_or_out_of_its_time_is_neither_suggested_nor_listed(
    index: Index, encoder: Encoder, changes: dict[str, str]
) -> None:
    hidden = narrowed(index, **changes)
    assert suggest(hidden, encoder, "how do I reset my password", "en", 5, DAY) == []
    assert public_articles(hidden, DAY) == []


def test_all_public_articles_are_listed(index: Index, content: Content) -> None:
    listed = public_articles(index, DAY)
    assert [(one["article"], one["lang"]) for one in listed] == [(one.id, one.lang) for one in content.articles]


def test_the_first_and_the_last_day_of_an_article_count() -> None:
    one = Article("a", "en", "faq", "A", (), "text", "0", valid_from="2026-05-01", valid_until="2026-05-01")
    assert [is_public(one, date(2026, 5, day)) for day in (1, 2)] == [True, False]
    assert not is_public(one, date(2026, 4, 30))


def test_a_summary_is_read_and_ends_with_a_word() -> None:
    assert summary("## Titre\n\nDu **texte** et [un lien](/x).") == "Titre Du texte et un lien."
    long = summary("mot, " * 100)
    assert len(long) <= SUMMARY_CHARS + 2
    assert long.endswith("mot …")
