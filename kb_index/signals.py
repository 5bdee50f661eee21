"""What speaks for each target: nearness of vectors, words, character n-grams, a linear classifier of the questions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kb_index.classifier import Classifier
from kb_index.common_words import common_words
from kb_index.corpus import ASKED, Corpus
from kb_index.keywords import Keywords
from kb_index.ngrams import Ngrams
from kb_index.postings import Floats
from kb_index.text import stems
from kb_index.vectors import VectorIndex

FEATURES = (
    "dense_asked",  # nearest question or title
    "dense_any",  # nearest text of all
    "dense_vote",  # all questions, near ones counting more
    "word_asked",  # share of the question's rarity in the best question
    "word_any",  # the same in the best text of all
    "word_pool",  # the same in all texts together
    "gram_asked",
    "gram_any",
    "class",  # linear classifier over the questions' vectors
    "word_long",  # word_any of manuals, videos and the like, whose few questions tell little of what they hold
)
DENSE_ASKED, DENSE_ANY, DENSE_VOTE, WORD_ASKED, WORD_ANY, WORD_POOL, GRAM_ASKED, GRAM_ANY, CLASS, WORD_LONG = range(
    len(FEATURES)
)
VOTE_SHARPNESS = 16.0
FOREIGN = 0.92  # how much a match in another language than the preferred one counts
LONG_ARTICLE = 8  # texts; a longer article holds many words of any question, so each counts less
MANUAL = 15  # texts; from here on an article answers many questions that none of its own resembles


@dataclass
class Measured:
    """One question against all targets. `features`: (targets, FEATURES); `dense`, `word`: (entries,)."""

    features: Floats
    dense: Floats
    word: Floats


class Signals:
    """The parts of an index that measure a question against every target."""

    def __init__(
        self, corpus: Corpus, vectors: VectorIndex, keywords: dict[str, Keywords], grams: Ngrams, classifier: Classifier
    ) -> None:
        self.corpus = corpus
        self.vectors = vectors
        self.keywords = keywords
        self.grams = grams
        self.classifier = classifier
        self._common = {lang: common_words(lang, corpus.config.stemmer(lang)) for lang in corpus.langs}
        self._rows = {lang: np.flatnonzero(corpus.entry_lang == at) for at, lang in enumerate(corpus.langs)}
        target, kind = corpus.entry_target, corpus.entry_kind
        changed = np.flatnonzero((np.diff(target, prepend=-1) != 0) | (np.diff(kind, prepend=-1) != 0))
        self._starts = changed
        self._seg_target, self._seg_asked = target[changed], kind[changed] == ASKED
        counts = np.bincount(target[kind == ASKED], minlength=len(corpus.targets)) if len(target) else np.zeros(0)
        self._vote_shift = (0.5 * np.log(np.maximum(counts, 1)) / VOTE_SHARPNESS).astype(np.float32)
        told = np.bincount(target[kind != ASKED], minlength=len(corpus.targets)) if len(target) else np.zeros(0)
        self._manual = told >= MANUAL
        weight = np.sqrt(LONG_ARTICLE / np.maximum(told, LONG_ARTICLE)).astype(np.float32)
        self._pool_weight = np.where(kind == ASKED, np.float32(1), weight[target]) if len(target) else weight

    def measure(
        self,
        question: str,
        vector: Floats,
        lang: str,
        hidden: NDArray[np.int64] | None = None,
        classifier: Classifier | None = None,
    ) -> Measured:
        """`question`: cleaned. Fitting hides rows, and gives a classifier that has not seen its question."""
        corpus = self.corpus
        foreign = self._foreign(lang)
        dense = np.clip(self.vectors.scores(vector), 0, 1) * foreign
        gram = self.grams.scores(question) * foreign
        word = np.zeros(len(dense), np.float32)
        pool = np.zeros(len(corpus.targets), np.float32)
        for code, keywords in self.keywords.items():
            weights = keywords.weights(stems(question, corpus.config.stemmer(code)), self._common[code])
            word[self._rows[code]] = keywords.scores(weights)
            factor = 1.0 if lang == code or lang not in self.keywords else FOREIGN
            np.maximum(pool, factor * self._pooled(code, keywords, weights, hidden), out=pool)
        word *= foreign
        if hidden is not None:
            dense[hidden] = gram[hidden] = word[hidden] = 0
        features = np.zeros((len(corpus.targets), len(FEATURES)), np.float32)
        features[:, DENSE_ASKED], features[:, DENSE_ANY] = self._best(dense)
        features[:, DENSE_VOTE] = self._vote(dense)
        features[:, WORD_ASKED], features[:, WORD_ANY] = self._best(word)
        features[:, WORD_POOL] = pool
        features[:, GRAM_ASKED], features[:, GRAM_ANY] = self._best(gram)
        features[:, CLASS] = (classifier or self.classifier).scores(vector, len(corpus.targets))
        features[:, WORD_LONG] = features[:, WORD_ANY] * self._manual
        return Measured(features, dense, word)

    def _foreign(self, lang: str) -> Floats:
        if lang not in self.corpus.langs:
            return np.ones(len(self.corpus.entries), np.float32)
        own = self.corpus.langs.index(lang)
        return np.where(self.corpus.entry_lang == own, np.float32(1), np.float32(FOREIGN))

    def _pooled(
        self, code: str, keywords: Keywords, weights: dict[str, float], hidden: NDArray[np.int64] | None
    ) -> Floats:
        result = np.zeros(len(self.corpus.targets), np.float32)
        total = sum(weights.values())
        for word, weight in weights.items():
            term = keywords.vocabulary.get(word)
            if term is None:
                continue
            rows = self._rows[code][keywords.holders(term)]
            if hidden is not None:
                rows = rows[~np.isin(rows, hidden)]
            held = np.zeros(len(result), np.float32)
            # rows ascend and so do targets; a target's questions come first and count fully
            held[self.corpus.entry_target[rows][::-1]] = self._pool_weight[rows][::-1]
            result += np.float32(weight / total) * held
        return result

    def _best(self, values: Floats) -> tuple[Floats, Floats]:
        """(targets,) the best of the questions, and of all texts; what has no question counts by its other texts."""
        asked = np.zeros(len(self.corpus.targets), np.float32)
        told = np.zeros(len(self.corpus.targets), np.float32)
        if len(values):
            best = np.maximum.reduceat(values, self._starts)
            asked[self._seg_target[self._seg_asked]] = best[self._seg_asked]
            told[self._seg_target[~self._seg_asked]] = best[~self._seg_asked]
        return asked, np.maximum(asked, told)

    def _vote(self, dense: Floats) -> Floats:
        result = np.zeros(len(self.corpus.targets), np.float32)
        if len(dense):
            sums = np.add.reduceat(np.exp(VOTE_SHARPNESS * dense), self._starts)
            asked = self._seg_asked
            result[self._seg_target[asked]] = np.log(sums[asked]) / VOTE_SHARPNESS
        return np.asarray(np.maximum(result - self._vote_shift, 0))
