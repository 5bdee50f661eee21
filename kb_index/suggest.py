"""Public articles while one types: unfinished and misspelt words, and what a whole question means."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import numpy as np

from kb_index.encoder import Encoder
from kb_index.index import Index, address
from kb_index.public import is_public
from kb_index.text import WORD

WHOLE = 4  # words from which one means a question rather than the beginning of a name
LIKELY = 0.3  # probability from which an article that the search finds comes before those that are spelt alike
LEAST = 0.06  # cosine of n-grams below which texts share letters by chance
NEAR_BEST = 0.3  # share of the best cosine that the others need
TRIED = 40  # texts that are looked at for each hit: most belong to a few articles
OTHER_LANGUAGE = 0.6  # an article counts so much where its text in another language is alike

SHOWN = ("article", "lang", "title", "heading", "url", "kind")
Hit = dict[str, Any]


def suggest(index: Index, encoder: Encoder, text: str, lang: str, limit: int, day: date) -> list[Hit]:
    """Up to `limit` hits, the likeliest first, each article once: in `lang`, else in a language it has."""
    question = index.clean(text)
    if not WORD.search(question):
        return []
    found: dict[str, Hit] = {}
    if len(WORD.findall(question)) >= WHOLE:
        for hit in index.search(text, index.vector(text, encoder), lang, limit)["hits"]:
            article = index.article(hit["article"], hit["lang"])
            if hit["probability"] >= LIKELY and article is not None and is_public(article, day):
                found[hit["article"]] = {key: hit[key] for key in SHOWN}
    for hit in _alike(index, question, lang, limit, day):
        found.setdefault(hit["article"], hit)
        if len(found) >= limit:
            break
    return list(found.values())[:limit]


def _alike(index: Index, question: str, lang: str, limit: int, day: date) -> Iterator[Hit]:
    """By the n-grams that the question shares with titles, questions and passages."""
    corpus = index.corpus
    scores = index.signals.alike(question, unfinished=True)
    other = [place for place, code in enumerate(corpus.langs) if code != lang]
    scores[np.isin(corpus.entry_lang, other)] *= OTHER_LANGUAGE
    scores[corpus.is_topic[corpus.entry_target]] = 0
    rows = np.argsort(-scores, kind="stable")[: limit * TRIED]
    for row in rows[scores[rows] >= max(LEAST, NEAR_BEST * float(scores.max(initial=0)))]:
        variants = corpus.targets[int(corpus.entry_target[row])].variants
        spoken = corpus.langs[corpus.entry_lang[row]]
        place = variants.get(lang, variants[spoken])
        article, number = corpus.articles[place], int(corpus.entry_passage[row])
        if not is_public(article, day):
            continue
        passage = corpus.passages[place][number] if article.lang == spoken and number >= 0 else None
        yield {
            "article": article.id,
            "lang": article.lang,
            "title": article.title,
            "heading": passage.heading if passage else None,
            "url": address(article, passage),
            "kind": article.kind,
        }
