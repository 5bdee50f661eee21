"""What customers may read: public articles that are valid today."""

from __future__ import annotations

from datetime import date
from typing import Any

from kb_index.content import Article
from kb_index.index import Index
from kb_index.text import plain

SUMMARY_CHARS = 180


def is_public(article: Article, day: date) -> bool:
    """Whether customers may read it on that day; its last day is one of them."""
    begins, ends = article.valid_from, article.valid_until
    if article.audience != "public":
        return False
    return (begins is None or begins <= day.isoformat()) and (ends is None or day.isoformat() <= ends)


def public_articles(index: Index, day: date) -> list[dict[str, Any]]:
    """All of them in the order of the content, each with the beginning of its text as it is read."""
    return [
        {
            "article": article.id,
            "lang": article.lang,
            "kind": article.kind,
            "title": article.title,
            "version": article.version,
            "category": article.category,
            "updated": article.updated,
            "video": article.video,
            "summary": summary(article.text),
        }
        for article in (index.corpus.articles[place] for place in index.corpus.present())
        if is_public(article, day)
    ]


def summary(text: str) -> str:
    """The first words of a Markdown text, ended at a word."""
    words = " ".join(plain(text).split())
    if len(words) <= SUMMARY_CHARS:
        return words
    return words[:SUMMARY_CHARS].rsplit(" ", 1)[0].rstrip(" ,;:.–…") + " …"
