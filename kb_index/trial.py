"""Questions asked of drafts before they are published, with what each hit was found by."""

from __future__ import annotations

from typing import Any

import numpy as np

from kb_index.corpus import ASKED, Corpus, Entry
from kb_index.encoder import Encoder
from kb_index.index import Answer, Index
from kb_index.postings import Floats

WORDS, LETTERS = 0.6, 0.3  # how much they count beside meaning in what a hit was found by


def explained(index: Index, encoder: Encoder, text: str, lang: str, limit: int) -> Answer:
    """As `Index.search`; each hit and topic has `because` too: the text of its own that matched best, and how."""
    vector = index.vector(text, encoder)
    answer = index.search(text, vector, lang, limit)
    question = index.clean(text)
    alike = index.signals.alike(question)
    measured = index.signals.measure(question, vector, lang)
    corpus = index.corpus
    for row in [*answer["hits"], *answer["topics"]]:
        number = corpus.place["topic" in row, row.get("topic") or row["article"]]
        begin, end = corpus.span(number)
        rows, dense, word = measured.within(begin, end)
        if len(rows) == 0:  # found by words of several of its texts together
            rows, word = np.arange(begin, end), np.zeros(end - begin, np.float32)
            dense = np.asarray(index.signals.vectors.vectors[rows] @ vector)
        row["because"] = _because(corpus, number, rows - begin, dense, word, alike[rows])
    return answer


def _because(corpus: Corpus, number: int, places: Any, dense: Floats, word: Floats, alike: Floats) -> dict[str, Any]:
    at = int((dense + WORDS * word + LETTERS * alike).argmax())
    entry = corpus.texts_of(number)[int(places[at])]
    text, kind = _written(corpus, number, entry)
    signals = {"meaning": dense[at], "words": word[at], "letters": alike[at]}
    return {
        "text": text,
        "kind": kind,
        "lang": entry.lang,
        "signals": {name: round(float(value), 3) for name, value in signals.items()},
    }


def _written(corpus: Corpus, number: int, entry: Entry) -> tuple[str, str]:
    """(the text as its author wrote it, what it is)."""
    if entry.kind != ASKED:
        return entry.text, "passage"
    target = corpus.targets[number]
    place = target.variants[entry.lang]
    item = corpus.topics[place] if target.topic else corpus.articles[place]
    for question in item.questions:
        if corpus.named(question) == entry.text:
            return question, "question"
    return item.title, "title"
