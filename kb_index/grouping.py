"""Questions grouped by meaning, across languages: what customers ask that nothing answers, said once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kb_index.encoder import Vectors
from kb_index.postings import Floats

SAME_MEANING = 0.60  # cosine to a group's centre; of pairs so grouped in the fit part of our golden questions, .68 have
# the same article; a lower one joins what only shares a subject
PASSES = 4  # in which each question goes to the nearest centre


def groups_of(texts: Sequence[str], counts: Sequence[int], vectors: Vectors) -> list[dict[str, Any]]:
    """[{"name": the most typical text, "members": [index]}], the most frequent group first. Deterministic."""
    if not texts:
        return []
    weight = np.maximum(np.asarray(counts, np.float32), 1)
    order = sorted(range(len(texts)), key=lambda at: (-weight[at], texts[at], at))
    group = _led(vectors, order)
    for _ in range(PASSES):
        centres = _centres(vectors, weight, group)
        near = vectors @ centres.T
        best = near.argmax(axis=1)
        moved = np.where(near[np.arange(len(texts)), best] >= SAME_MEANING, best, group)
        if (moved == group).all():
            break
        group = np.unique(moved, return_inverse=True)[1]
    found: list[tuple[int, dict[str, Any]]] = []
    for number, centre in enumerate(_centres(vectors, weight, group)):
        members = np.flatnonzero(group == number).tolist()
        name = max(members, key=lambda at: (float(vectors[at] @ centre), -at))
        found.append((int(weight[members].sum()), {"name": texts[name], "members": members}))
    return [one for _, one in sorted(found, key=lambda row: (-row[0], row[1]["members"][0]))]


def _led(vectors: Vectors, order: Sequence[int]) -> NDArray[np.int64]:
    """Each question joins the nearest leader before it, or leads a group of its own."""
    group = np.zeros(len(order), np.int64)
    leaders = np.empty_like(vectors)
    count = 0
    for at in order:
        near = leaders[:count] @ vectors[at]
        if count and near.max() >= SAME_MEANING:
            group[at] = int(near.argmax())
        else:
            leaders[count] = vectors[at]
            group[at] = count
            count += 1
    return group


def _centres(vectors: Vectors, weight: Floats, group: NDArray[np.int64]) -> Vectors:
    sums = np.zeros((int(group.max(initial=-1)) + 1, vectors.shape[1]), np.float32)
    np.add.at(sums, group, vectors * weight[:, None])
    return np.asarray(sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-9), np.float32)
