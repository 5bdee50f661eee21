"""A linear classifier of questions by target, one per language: ridge regression, its leave-one-out values exact."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kb_index.corpus import ASKED, Corpus
from kb_index.encoder import Vectors
from kb_index.postings import Arrays, Floats

PENALTIES = (0.1, 0.3, 1.0, 3.0, 10.0)


@dataclass(frozen=True)
class LeftOut:
    """A question taken out of the training again: its target, language (place in Corpus.langs) and leverage."""

    target: int
    lang: int
    leverage: float


@dataclass
class Classifier:
    """`weights`: (dim + 1, columns), last row the constant; `targets`, `langs`: target and language of each column."""

    weights: Floats
    targets: NDArray[np.int64]
    langs: NDArray[np.int64]

    def scores(self, vector: Floats, targets: int, left_out: LeftOut | None = None) -> Floats:
        """(targets,) about 1 where a question belongs to a target, about 0 where not; the best of the languages.

        With `left_out` exactly as if that question had not been trained on (`vector` is then its own); its target's
        columns of other languages, which may hold its translation, do not count.
        """
        result = np.zeros(targets, np.float32)
        if not self.weights.size:
            return result
        values = vector @ self.weights[:-1] + self.weights[-1]
        if left_out:
            own = self.targets == left_out.target
            same = self.langs == left_out.lang
            values[same] = (values[same] - left_out.leverage * own[same]) / (1 - left_out.leverage)
            values[own & ~same] = 0
        np.maximum.at(result, self.targets, values)
        return result

    def arrays(self) -> Arrays:
        return {"weights": self.weights, "targets": self.targets, "langs": self.langs}


def weight_of(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """The weight of each question of a target that has so many: a target with many does not outweigh the others."""
    return 1.0 / np.sqrt(counts)


def train(corpus: Corpus, vectors: Vectors) -> tuple[Classifier, Floats]:
    """The classifier, and the leverage of each entry (0 for passages): how much its own label decides its value."""
    leverages = np.zeros(len(corpus.entries), np.float32)
    weights: list[Floats] = [np.zeros((vectors.shape[1] + 1, 0), np.float32)]
    columns: list[NDArray[np.int64]] = [np.zeros(0, np.int64)]
    langs: list[NDArray[np.int64]] = [np.zeros(0, np.int64)]
    for lang in range(len(corpus.langs)):
        rows = np.flatnonzero((corpus.entry_kind == ASKED) & (corpus.entry_lang == lang))
        if len(rows) < 2:
            continue
        targets, labels = np.unique(corpus.entry_target[rows], return_inverse=True)
        counts = np.bincount(labels)
        scale = weight_of(counts)[labels]
        x = np.hstack([vectors[rows], np.ones((len(rows), 1), np.float32)]).astype(np.float64)
        y = np.zeros((len(rows), len(targets)))
        y[np.arange(len(rows)), labels] = 1
        xd = x.T * scale
        gram, moment = xd @ x, xd @ y
        best: tuple[float, Floats, Floats] | None = None
        for penalty in PENALTIES:
            inverse = np.linalg.inv(gram + penalty * np.eye(len(gram)))
            solution = inverse @ moment
            leverage = np.minimum(np.einsum("ij,jk,ik->i", x, inverse, x) * scale, 0.999)
            fitted = x @ solution
            loo = (fitted - leverage[:, None] * y) / (1 - leverage)[:, None]
            loss = float((scale * ((loo - y) ** 2).sum(1)).sum())
            if best is None or loss < best[0]:
                best = loss, solution.astype(np.float32), leverage.astype(np.float32)
        assert best is not None
        weights.append(best[1])
        columns.append(targets.astype(np.int64))
        langs.append(np.full(len(targets), lang, np.int64))
        leverages[rows] = best[2]
    return Classifier(np.hstack(weights), np.concatenate(columns), np.concatenate(langs)), leverages
