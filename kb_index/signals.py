"""What speaks for each target: nearness of vectors, words, character n-grams, a linear classifier of the questions."""

from __future__ import annotations

import copy
import threading
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kb_index.classifier import Classifier
from kb_index.corpus import ASKED, Corpus
from kb_index.keywords import Keywords, Weighed
from kb_index.ngrams import Ngrams
from kb_index.postings import Floats, Postings
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
    "manual",  # dense_any and word_any of manuals, videos and the like, as far as no question asked is near
)
DENSE_ASKED, DENSE_ANY, DENSE_VOTE, WORD_ASKED, WORD_ANY, WORD_POOL, GRAM_ASKED, GRAM_ANY, CLASS, OF_MANUAL = range(
    len(FEATURES)
)
VOTE_SHARPNESS = 16.0
FOREIGN = 0.92  # how much a match in another language than the preferred one counts
LONG_ARTICLE = 8  # texts; a longer article holds many words of any question, so each counts less
MANUAL = 15  # texts; from here on an article answers many questions that none of its own resembles


# Where vectors are not searched exactly, only texts that a search finds are measured:
NEAREST = 128  # by vectors
BEST_BY_WORDS, BEST_BY_GRAMS = 64, 32
MOST_SUMMED = 12_000  # values of the rarest words, and of the rarest n-grams, that are summed up to find those
DENSE, WORD, GRAM = range(3)


@dataclass(frozen=True)
class Layout:
    """Some rows (all, or sorted ones) grouped by target and kind, for the best of each group.

    `targets`: those that have rows; `starts`: where groups begin; groups and their targets' places by kind.
    """

    rows: NDArray[np.int64] | None
    targets: NDArray[np.int64]
    starts: NDArray[np.int64]
    asked: NDArray[np.int64]
    asked_at: NDArray[np.int64]
    told: NDArray[np.int64]
    told_at: NDArray[np.int64]

    @classmethod
    def of(cls, corpus: Corpus, rows: NDArray[np.int64] | None) -> Layout:
        target = corpus.entry_target if rows is None else corpus.entry_target[rows]
        kind = corpus.entry_kind if rows is None else corpus.entry_kind[rows]
        group = target.astype(np.int64) * 2 + kind
        starts = np.flatnonzero(np.diff(group, prepend=-1))
        owner, asked = target[starts].astype(np.int64), kind[starts] == ASKED
        if rows is None:
            targets, at = np.arange(len(corpus.targets)), owner
        else:
            targets, at = np.unique(owner, return_inverse=True)
        a, b = np.flatnonzero(asked), np.flatnonzero(~asked)
        return cls(rows, targets, starts, a, at[a], b, at[b])


@dataclass
class Measured:
    """One question against targets: `features` (targets, FEATURES) of `targets`, which no other can outdo.

    `rows`: the entries measured, None: all; `dense`, `word`: of each.
    """

    features: Floats
    targets: NDArray[np.int64]
    rows: NDArray[np.int64] | None
    dense: Floats
    word: Floats

    def of(self, targets: NDArray[np.int64]) -> Floats:
        """The features of any targets; zeros where one was not measured."""
        places = np.minimum(np.searchsorted(self.targets, targets), len(self.targets) - 1)
        return np.asarray(self.features[places] * (self.targets[places] == targets)[:, None])

    def within(self, begin: int, end: int) -> tuple[NDArray[np.int64], Floats, Floats]:
        """(rows, dense, word) of the measured entries from row `begin` to `end`."""
        if self.rows is None:
            return np.arange(begin, end), self.dense[begin:end], self.word[begin:end]
        a, b = np.searchsorted(self.rows, [begin, end])
        return self.rows[a:b], self.dense[a:b], self.word[a:b]


def _factors(langs: list[str], lang: str) -> Floats:
    """(languages,) how much a match in each counts where `lang` is preferred; none: the same for all."""
    return np.array([1.0 if lang in ("", code) else FOREIGN for code in langs], np.float32)


def pool_counts(corpus: Corpus) -> Floats:
    """(entries,) how fully a word of each entry counts among all words of its target."""
    told = _told(corpus)
    weight = np.sqrt(LONG_ARTICLE / np.maximum(told, LONG_ARTICLE)).astype(np.float32)
    return np.where(corpus.entry_kind == ASKED, np.float32(1), weight[corpus.entry_target]).astype(np.float32)


def of_manuals(features: Floats, manual: NDArray[np.bool_]) -> Floats:
    """The signal of manuals, from all others (FEATURES, targets). What is asked word for word needs no manual."""
    near = features[DENSE_ASKED].max(initial=0)
    return np.asarray((features[DENSE_ANY] + features[WORD_ANY]) * manual * (1 - near**2), np.float32)


def _told(corpus: Corpus) -> NDArray[np.int64]:
    return np.bincount(corpus.entry_target[corpus.entry_kind != ASKED], minlength=len(corpus.targets))


class Signals:
    """The parts of an index that measure a question against every target."""

    def __init__(
        self, corpus: Corpus, vectors: VectorIndex, keywords: Keywords, grams: Ngrams, classifier: Classifier
    ) -> None:
        self.corpus = corpus
        self.vectors = vectors
        self.keywords = keywords
        self.grams = grams
        self.classifier = classifier
        asked = corpus.entry_target[corpus.entry_kind == ASKED]
        counts = np.bincount(asked, minlength=len(corpus.targets))
        self._vote_shift = (0.5 * np.log(np.maximum(counts, 1)) / VOTE_SHARPNESS).astype(np.float32)
        self.manual = _told(corpus) >= MANUAL
        self._counts = pool_counts(corpus)
        self._whole = Layout.of(corpus, None) if vectors.exact else None
        self._factors = {lang: _factors(corpus.langs, lang) for lang in ("", *corpus.langs)}
        self._foreign = {lang: self._factors[lang][corpus.entry_lang] for lang in self._factors if vectors.exact}
        self._local = threading.local()

    def beside(self, other: Signals) -> Signals:
        """The same, measured beside `other`: words that only it holds are known, its languages may be preferred."""
        result = copy.copy(self)
        result.keywords, result.grams = copy.copy(self.keywords), copy.copy(self.grams)
        result.keywords.peer, result.grams.peer = other.keywords, other.grams
        own = self.corpus.langs
        result._factors = {lang: _factors(own, lang) for lang in ("", *own, *other.corpus.langs)}
        if self.vectors.exact:
            result._foreign = {lang: factors[self.corpus.entry_lang] for lang, factors in result._factors.items()}
        return result

    def alike(self, question: str, *, unfinished: bool = False) -> Floats:
        """(entries,) likeness of each text in letters (n-grams); 0 where its target is not there any more."""
        return self.grams.scores(question, unfinished=unfinished)

    def measure(
        self,
        question: str,
        vector: Floats,
        lang: str,
        hidden: NDArray[np.int64] | None = None,
        classifier: Classifier | None = None,
    ) -> Measured:
        """`question`: cleaned. Fitting hides rows of one target, and gives a classifier that has not seen its question.

        Where vectors are not searched exactly, only what the searches by vectors, words and n-grams find is measured.
        """
        lang = lang if lang in self._factors else ""
        weighed = self.keywords.weigh(question)
        if self._whole is not None:
            layout = self._whole
            values = np.empty((3, self.corpus.size), np.float32)
            values[DENSE] = self.vectors.scores(vector)
            values[WORD] = self.keywords.postings.scores(weighed.terms, weighed.weights)
            values[GRAM] = self.grams.scores(question)
            pool = self.keywords.pool.scores(weighed.terms, weighed.weights).reshape(-1, max(len(self.corpus.langs), 1))
            foreign = self._foreign[lang]
        else:
            rows, values = self._found(question, vector, weighed)
            layout = Layout.of(self.corpus, rows)
            pool = self._summed(self.keywords.pool, "pool", weighed, layout.targets)
            foreign = self._factors[lang][self.corpus.entry_lang[rows]]
        values *= foreign
        np.maximum(values[DENSE], 0, out=values[DENSE])
        factors = self._factors[lang]
        pooled = np.zeros(len(layout.targets), np.float32)
        pooled[: len(pool)] = (pool * factors).max(axis=1, initial=0)
        if hidden is not None and len(hidden):
            self._hide(hidden, layout, values, pooled, weighed, factors)
        best = np.zeros((2, 3, len(layout.targets)), np.float32)  # of the questions, and of all texts
        if values.size:
            groups = np.maximum.reduceat(values, layout.starts, axis=1)
            best[0][:, layout.asked_at] = groups[:, layout.asked]
            best[1][:, layout.told_at] = groups[:, layout.told]
            np.maximum(best[0], best[1], out=best[1])
        features = np.empty((len(FEATURES), len(layout.targets)), np.float32)
        features[DENSE_ASKED], features[DENSE_ANY] = best[:, DENSE]
        features[DENSE_VOTE] = self._vote(values[DENSE], layout)
        features[WORD_ASKED], features[WORD_ANY] = best[:, WORD]
        features[WORD_POOL] = pooled
        features[GRAM_ASKED], features[GRAM_ANY] = best[:, GRAM]
        features[CLASS] = (classifier or self.classifier).scores(vector, layout.targets)
        features[OF_MANUAL] = of_manuals(features, self.manual[layout.targets])
        return Measured(features.T, layout.targets, layout.rows, values[DENSE], values[WORD])

    def _vote(self, dense: Floats, layout: Layout) -> Floats:
        result = np.zeros(len(layout.targets), np.float32)
        if len(dense):
            sums = np.add.reduceat(np.exp(VOTE_SHARPNESS * dense), layout.starts)
            result[layout.asked_at] = np.log(sums[layout.asked]) / VOTE_SHARPNESS
        return np.asarray(np.maximum(result - self._vote_shift[layout.targets], 0))

    def _hide(
        self,
        hidden: NDArray[np.int64],
        layout: Layout,
        values: Floats,
        pooled: Floats,
        weighed: Weighed,
        factors: Floats,
    ) -> None:
        """As if the hidden rows, all of one target, were not there."""
        corpus = self.corpus
        rows = hidden if layout.rows is None else np.flatnonzero(np.isin(layout.rows, hidden))
        values[:, rows] = 0
        target = int(corpus.entry_target[hidden[0]])
        begin, end = corpus.span(target)
        seen = np.setdiff1d(np.arange(begin, end), hidden)
        sums = np.zeros(len(corpus.langs), np.float32)
        for term, weight in zip(weighed.terms, weighed.weights, strict=True):
            holders = self.keywords.postings.holders(term)
            own = holders[np.searchsorted(holders, begin) : np.searchsorted(holders, end)]
            left = own[np.isin(own, seen)]
            if len(left):
                sums[corpus.entry_lang[left[0]]] += weight * self._counts[left].max()
        pooled[layout.targets == target] = (sums * factors).max(initial=0)

    def _found(self, question: str, vector: Floats, weighed: Weighed) -> tuple[NDArray[np.int64], Floats]:
        """(rows, values (3, rows)) of the entries that a search by vectors, words or n-grams finds."""
        _, nearest = self.vectors.search(vector, NEAREST)
        words, grams = self._sums("words"), self._sums("grams")
        by_word = self.keywords.postings.add_to(words, weighed.terms, weighed.weights, MOST_SUMMED)
        by_gram = self.grams.postings.add_to(grams, *self.grams.weigh(question), MOST_SUMMED)
        rows = np.unique(
            np.concatenate([nearest, _best(words, by_word, BEST_BY_WORDS), _best(grams, by_gram, BEST_BY_GRAMS)])
        )
        values = np.stack([self.vectors.near(vector, rows), words[rows], grams[rows]])
        words[by_word] = grams[by_gram] = 0
        return rows, values

    def _summed(self, postings: Postings, name: str, weighed: Weighed, targets: NDArray[np.int64]) -> Floats:
        """(targets, languages) sums of the rarest words."""
        langs = len(self.corpus.langs)
        sums = self._sums(name)
        touched = postings.add_to(sums, weighed.terms, weighed.weights, MOST_SUMMED)
        result = sums.reshape(-1, langs)[targets]
        sums[touched] = 0
        return np.asarray(result)

    def _sums(self, name: str) -> Floats:
        """Zeros, one per entry or per target and language; each thread has its own, and leaves zeros behind."""
        found: Floats | None = getattr(self._local, name, None)
        if found is None:
            size = len(self.corpus.targets) * len(self.corpus.langs) if name == "pool" else self.corpus.size
            found = np.zeros(size, np.float32)
            setattr(self._local, name, found)
        return found


def _best(sums: Floats, touched: NDArray[np.int32], count: int) -> NDArray[np.int32]:
    """The touched entries with the largest sums, about `count`, some more than once."""
    if len(touched) <= count:
        return touched
    values = sums[touched]
    return touched[np.argpartition(values, len(values) - count)[-count:]]
