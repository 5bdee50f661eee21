"""Builds an index in memory from articles and topics; what is fitted is fitted last."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np

from kb_index.classifier import Trained, train
from kb_index.config import Config
from kb_index.content import Article, Topic
from kb_index.corpus import ASKED, Corpus
from kb_index.encoder import Encoder, Vectors
from kb_index.gold import Gold
from kb_index.index import Index
from kb_index.keywords import Keywords
from kb_index.ngrams import Ngrams
from kb_index.postings import Floats
from kb_index.signals import Signals, pool_counts
from kb_index.vectors import VectorIndex

TEXT_LENGTH_WEIGHT = 0.4  # BM25's b: entries are short and of like length
GRAMS_OF_ALL_UP_TO = 60_000  # texts; n-grams of more passages would take most of the space and tell little


class Known(Protocol):
    """text → vector, of texts that were encoded before."""

    def __contains__(self, text: object, /) -> bool: ...
    def __getitem__(self, text: str, /) -> Floats: ...


def build_index(
    articles: Sequence[Article],
    topics: Sequence[Topic],
    config: Config,
    encoder: Encoder,
    risk: float,
    *,
    version: str = "memory",
    known: Known | None = None,
    gold: Sequence[Gold] = (),
    progress: Callable[[str], None] = lambda _: None,
) -> Index:
    """Encode what is not `known` (text → vector), index and fit. Takes about a minute per 10,000 texts on one core."""
    signals, trained = build_signals(articles, topics, config, encoder, known or {}, progress)
    progress("fitting ranking and probabilities")
    return fitted(version, signals, trained, encoder, risk, gold)


def build_signals(
    articles: Sequence[Article],
    topics: Sequence[Topic],
    config: Config,
    encoder: Encoder,
    known: Known,
    progress: Callable[[str], None],
) -> tuple[Signals, Trained]:
    """All of an index but what is fitted."""
    corpus = Corpus.of(articles, topics, config)
    vectors = encode_texts([entry.text for entry in corpus.entries], encoder, known, progress)
    progress(f"indexing {corpus.size} texts of {len(corpus.targets)} articles and topics")
    trained = train(corpus, vectors)
    return Signals(corpus, VectorIndex.build(vectors), *index_words(corpus), trained.whole), trained


def fitted(
    version: str, signals: Signals, trained: Trained, encoder: Encoder, risk: float, gold: Sequence[Gold]
) -> Index:
    """An index whose ranking and probabilities are fitted on these golden questions."""
    from kb_index.fitting import fit  # scikit-learn is needed only here

    ranking, decider = fit(signals, encoder, trained, risk, gold)
    return Index(version, signals, ranking, decider)


def index_words(corpus: Corpus, like: Signals | None = None) -> tuple[Keywords, Ngrams]:
    """The words and n-grams of a corpus with its entries. Of a large one, only questions and titles forgive typos.

    `like`: where rarities are taken from, and how large it is.
    """
    texts = [entry.text for entry in corpus.entries]
    langs = [entry.lang for entry in corpus.entries]
    counts = pool_counts(corpus)
    words, grams = (None, None) if like is None else (like.keywords, like.grams)
    keywords = Keywords.build(texts, langs, corpus.entry_target, counts, corpus.stemmers, TEXT_LENGTH_WEIGHT, words)
    all_of_them = (like.corpus if like else corpus).size <= GRAMS_OF_ALL_UP_TO
    named = [entry.text if all_of_them or entry.kind == ASKED else "" for entry in corpus.entries]
    return keywords, Ngrams.build(named, corpus.entry_target, grams)


def encode_texts(texts: Sequence[str], encoder: Encoder, known: Known, progress: Callable[[str], None]) -> Vectors:
    """(texts, dim) float32; each different unknown text is encoded once."""
    fresh = [text for text in dict.fromkeys(texts) if text not in known]
    progress(f"encoding {len(fresh)} new texts, {len(set(texts)) - len(fresh)} known")
    encoded = dict(zip(fresh, encoder.encode(fresh, batch_size=16), strict=True)) if fresh else {}
    result = np.zeros((len(texts), encoder.dim), np.float32)
    for row, text in enumerate(texts):
        result[row] = encoded[text] if text in encoded else known[text]
    return result
