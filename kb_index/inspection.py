"""What is to be mended in articles themselves: links that lead nowhere, texts too long, languages behind, days past."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from datetime import date, timedelta
from typing import Any

from kb_index.content import Article
from kb_index.index import Index
from kb_index.passages import WIDGET_CHARS
from kb_index.sources import Key

STALE = timedelta(days=730)
_LINK = re.compile(r"\]\(\s*<?/articles/([A-Za-z0-9-]+)/([A-Za-z0-9_.-]+)(?:\?[^)#\s]*)?(?:#([^)\s>]*))?")
Row = dict[str, Any]


def dead_links(index: Index, known: Collection[Row]) -> list[Row]:
    """Links in articles and topics that lead to no article, or to no heading of it, but for those `known`."""
    found: list[Row] = []
    for where, text in _texts(index):
        for lang, ident, anchor in _LINK.findall(text):
            target = index.article(ident, lang)
            if target is None:
                message = f"/articles/{lang}/{ident}"
            elif anchor and not anchor.startswith("t=") and anchor not in _anchors(index, ident, lang):
                message = f"/articles/{lang}/{ident}#{anchor}"
            else:
                continue
            row = {"kind": "dead_link", "message": message, "where": where}
            if row not in known and row not in found:
                found.append(row)
    return found


def _texts(index: Index) -> Iterator[tuple[str, str]]:
    corpus = index.corpus
    for place in corpus.present():
        article = corpus.articles[place]
        yield f"article {article.id} ({article.lang})", article.text
    for target in corpus.targets:
        for place in target.variants.values() if target.topic else ():
            topic = corpus.topics[place]
            yield f"topic {topic.id} ({topic.lang})", topic.text


def _anchors(index: Index, ident: str, lang: str) -> set[str | None]:
    corpus = index.corpus
    place = corpus.targets[corpus.place[False, ident]].variants[lang]
    return {passage.anchor for passage in corpus.passages[place]}


def warnings(index: Index, changed: set[Key], today: date) -> list[Row]:
    """Of changed articles: too long for the widget, behind another language, old, not valid (any more)."""
    corpus = index.corpus
    languages = list(corpus.config.stemmers)
    rows: list[Row] = []
    for topic, ident in sorted(changed):
        place = corpus.place.get((topic, ident))
        if topic or place is None:
            continue
        variants = corpus.targets[place].variants
        articles = {lang: corpus.articles[at] for lang, at in variants.items()}
        first = next((articles[lang] for lang in languages if lang in articles), None)
        for article in articles.values():
            rows += [_warning(kind, article, message) for kind, message in _of(article, first, today)]
    return rows


def _of(article: Article, first: Article | None, today: date) -> Iterator[tuple[str, str]]:
    if article.kind == "faq" and len(article.text) > WIDGET_CHARS:
        yield "too_long", f"{len(article.text)} of {WIDGET_CHARS}"
    if first is not None and first.updated and article.updated and article.updated < first.updated:
        yield "outdated", f"{article.updated} < {first.updated} ({first.lang})"
    day = _day(article.updated)
    if day is not None and day < today - STALE:
        yield "stale", day.isoformat()
    if article.valid_until and article.valid_until < today.isoformat():
        yield "expired", article.valid_until
    if article.valid_from and article.valid_from > today.isoformat():
        yield "not_yet_valid", article.valid_from


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat((text or "")[:10])
    except ValueError:
        return None


def _warning(kind: str, article: Article, message: str) -> Row:
    return {"kind": kind, "message": message, "where": f"article {article.id} ({article.lang})"}
