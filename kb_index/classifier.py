"""A linear classifier of questions by target over the vectors of all languages; folds of it for questions left out."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kb_index.corpus import ASKED, Corpus
from kb_index.encoder import Vectors
from kb_index.postings import Arrays, Floats

FOLDS = 3
LOGISTIC_UP_TO = 1_000_000_000  # questions × dimensions × targets; beyond, least squares, which takes far less time
LOGIT_SCALE = 5.0  # brings log-odds to about the range of the other signals
INVERSE_PENALTY = 10.0
RIDGE_PENALTY = 1.0


@dataclass
class Classifier:
    """`weights`: (rows, dim + 1), the constant last; `targets`: the target of each row, ascending."""

    weights: Floats
    targets: NDArray[np.int64]

    def scores(self, vector: Floats, targets: NDArray[np.int64]) -> Floats:
        """One per target, from 0 on; 0 where a question speaks no more for it than for the others on average."""
        result = np.zeros(len(targets), np.float32)
        if self.weights.size:
            rows = np.minimum(np.searchsorted(self.targets, targets), len(self.targets) - 1)
            known = np.flatnonzero(self.targets[rows] == targets)
            weights = self.weights if len(known) == len(self.targets) else self.weights[rows[known]]
            result[known] = np.maximum(weights @ np.append(vector, np.float32(1)), 0)
        return result

    def arrays(self) -> Arrays:
        return {"weights": self.weights, "targets": self.targets}


@dataclass
class Trained:
    """`whole` serves; `folds[fold[row]]` has not seen the question of `row`, nor those at its place in other languages.

    Translations mostly stand at the same place of their lists, and would give a left-out question away.
    """

    whole: Classifier
    folds: list[Classifier]
    fold: NDArray[np.int64]


def train(corpus: Corpus, vectors: Vectors) -> Trained:
    """Train on the questions and titles of all targets. Needs scikit-learn, so only when building."""
    rows = np.flatnonzero(corpus.entry_kind == ASKED)
    fold = np.zeros(corpus.size, np.int64)
    place: dict[tuple[int, int], int] = {}
    for row in rows.tolist():
        key = int(corpus.entry_target[row]), int(corpus.entry_lang[row])
        place[key] = place.get(key, -1) + 1
        fold[row] = place[key] % FOLDS
    labels = corpus.entry_target[rows].astype(np.int64)
    whole = fit_linear(vectors[rows], labels)
    folds = [fit_linear(vectors[rows[kept]], labels[kept]) for kept in (fold[rows] != out for out in range(FOLDS))]
    return Trained(whole, folds, fold)


def fit_linear(vectors: Vectors, labels: NDArray[np.int64]) -> Classifier:
    """Every target weighs the same, however many questions it has; empty where there are not two targets."""
    targets, places, counts = np.unique(labels, return_inverse=True, return_counts=True)
    if len(targets) < 2:
        return Classifier(np.zeros((0, vectors.shape[1] + 1), np.float32), np.zeros(0, np.int64))
    if vectors.size * len(targets) > LOGISTIC_UP_TO:
        return Classifier(_ridge(vectors, places, 1 / np.sqrt(counts)), targets)
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=INVERSE_PENALTY, class_weight="balanced", max_iter=60, tol=1e-3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # not quite converged is near enough; many targets with one question are usual
        model.fit(vectors, places)
    weights = np.hstack([model.coef_, model.intercept_[:, None]])
    if len(targets) == 2:  # scikit-learn gives one row, for the second
        weights = np.vstack([-weights, weights])
    return Classifier((weights / LOGIT_SCALE).astype(np.float32), targets)


def _ridge(vectors: Vectors, places: NDArray[np.int64], weight: NDArray[np.float64]) -> Floats:
    x = np.hstack([vectors, np.ones((len(vectors), 1), np.float32)])
    scale = weight[places].astype(np.float32)[:, None]
    gram = (x * scale).T @ x + RIDGE_PENALTY * np.eye(x.shape[1], dtype=np.float32)
    moment = np.zeros((len(weight), x.shape[1]), np.float32)
    np.add.at(moment, places, x * scale)
    return np.asarray(np.linalg.solve(gram, moment.T).T, np.float32)
