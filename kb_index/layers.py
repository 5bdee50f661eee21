"""A base that is never changed and a thin layer over it: what an edit of a few articles costs is the layer alone.

Targets of the base that the layer holds anew, or that are deleted, are hidden. Rarities of words, lengths of texts and
all that is fitted are the base's, so that both parts' values compare.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar, cast, overload

import numpy as np
from numpy.typing import NDArray

from kb_index.classifier import Classifier
from kb_index.corpus import Corpus, Rows, Target, find_families
from kb_index.encoder import Vectors
from kb_index.postings import Floats
from kb_index.signals import OF_MANUAL, Measured, Signals, of_manuals
from kb_index.vectors import VectorIndex

T = TypeVar("T")


class Layered(Signals):
    """Base and layer measured as one. `removed`: targets of the base that are hidden."""

    def __init__(self, base: Signals, layer: Signals, removed: Sequence[int]) -> None:
        self.base = base
        self.layer = layer
        self.removed = list(removed)
        self._below, self._above = base.beside(layer), layer.beside(base)
        self._gone = np.zeros(len(base.corpus.targets), bool)
        self._gone[self.removed] = True
        self.corpus = _joined(base.corpus, layer.corpus, self._gone)
        self.keywords, self.grams, self.classifier = base.keywords, base.grams, base.classifier
        self.vectors = cast(VectorIndex, _Stacked(base.vectors, layer.vectors))
        self.manual = np.concatenate([base.manual, layer.manual])

    def alike(self, question: str, *, unfinished: bool = False) -> Floats:
        scores = [part.alike(question, unfinished=unfinished) for part in (self._below, self._above)]
        scores[0] = np.where(self._gone[self.base.corpus.entry_target], np.float32(0), scores[0])
        return np.concatenate(scores)

    def measure(
        self,
        question: str,
        vector: Floats,
        lang: str,
        hidden: NDArray[np.int64] | None = None,
        classifier: Classifier | None = None,
    ) -> Measured:
        """As of `Signals`; a classifier of its own is for fitting, which is done on whole indexes only."""
        size, shift = self.base.corpus.size, len(self._gone)
        below = above = None
        if hidden is not None and len(hidden):
            below, above = (hidden, None) if hidden[0] < size else (None, hidden - size)
        one = self._below.measure(question, vector, lang, below)
        other = self._above.measure(question, vector, lang, above)
        kept = ~self._gone[one.targets]
        features = np.concatenate([one.features[kept], other.features])
        targets = np.concatenate([one.targets[kept], other.targets + shift])
        features[:, OF_MANUAL] = of_manuals(features.T, self.manual[targets])
        rows = None
        if one.rows is not None:
            rows = np.concatenate([one.rows, np.arange(len(other.dense)) + size])
        return Measured(
            features, targets, rows, np.concatenate([one.dense, other.dense]), np.concatenate([one.word, other.word])
        )


def _joined(base: Corpus, layer: Corpus, gone: NDArray[np.bool_]) -> Corpus:
    articles, topics, shift = len(base.articles), len(base.topics), len(base.targets)
    targets = [
        Target(one.id, one.topic, {} if gone[number] else one.variants) for number, one in enumerate(base.targets)
    ]
    for one in layer.targets:
        moved = topics if one.topic else articles
        targets.append(Target(one.id, one.topic, {lang: place + moved for lang, place in one.variants.items()}))
    keys = [*base.keys, *layer.keys]
    find_families(targets, keys)
    rows = Rows(
        np.concatenate([base.entry_target, layer.entry_target + np.int32(shift)]),
        np.concatenate([base.entry_kind, layer.entry_kind]),
        np.concatenate([base.entry_lang, layer.entry_lang]),
        np.concatenate([base.entry_passage, layer.entry_passage]),
    )
    limits = dict(base.limits) | {place + articles: found for place, found in layer.limits.items()}
    joined = Corpus(
        _Chained(base.articles, layer.articles),
        [*base.topics, *layer.topics],
        base.config,
        _Chained(base.passages, layer.passages),
        targets,
        layer.langs,
        rows,
        keys=keys,
        limits=limits,
    )
    joined.parts = base, layer
    return joined


class _Chained(Sequence[T]):
    """Two sequences, one after the other, as one."""

    def __init__(self, one: Sequence[T], other: Sequence[T]) -> None:
        self._one, self._other = one, other

    def __len__(self) -> int:
        return len(self._one) + len(self._other)

    @overload
    def __getitem__(self, at: int) -> T: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[T]: ...
    def __getitem__(self, at: int | slice) -> T | Sequence[T]:
        if isinstance(at, slice):
            return [self[one] for one in range(*at.indices(len(self)))]
        if not -len(self) <= at < len(self):
            raise IndexError(at)
        at %= len(self)
        return self._one[at] if at < len(self._one) else self._other[at - len(self._one)]


class _Stacked:
    """The vectors of both, by row, as far as they are read one by one (searching is done in each)."""

    def __init__(self, one: VectorIndex, other: VectorIndex) -> None:
        self._one, self._other = one.vectors, other.vectors
        self.size = one.size + other.size
        self.exact = one.exact
        self.kind = one.kind
        self.vectors = self

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, rows: Any) -> Vectors:
        chosen = np.asarray(rows)
        at, border = np.atleast_1d(chosen), len(self._one)
        result = np.empty((len(at), self._one.shape[1]), np.float32)
        above = at >= border
        result[~above] = self._one[at[~above]]
        result[above] = self._other[at[above] - border]
        return result if chosen.ndim else result[0]
