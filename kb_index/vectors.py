"""Nearest vectors: exact while that is fast; beyond, FAISS's inverted lists find rows that exact cosines then order.

The lists hold vectors of one byte a dimension; how many are searched is set while building, by measuring. The exact
vectors lie in a mapped file beside: of a large one, only the rows that are looked at are read.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from kb_index.encoder import Vectors

EXACT_UP_TO = 20_000  # vectors; beyond, an exact search takes longer than encoding the question
RECALL = 0.995  # of the ten nearest, measured on `TRIED` questions: above the .99 that is promised
TRIED = 200
TRAINED_ON = 40  # vectors per list
RESCORED = 4  # times as many as are asked for
FILES = ("vectors.npy", "vectors.faiss")


class VectorIndex:
    """Rows are entries, in the corpus's order. `vectors`: (n, dim) float32 of length 1; `lists`: FAISS's, if any."""

    def __init__(self, vectors: Vectors, lists: Any = None) -> None:
        self.vectors = vectors
        self.size = len(vectors)
        self.exact = lists is None
        self.lists: Any = lists

    @classmethod
    def build(cls, vectors: Vectors) -> VectorIndex:
        """Of rows of length 1."""
        vectors = np.ascontiguousarray(vectors, np.float32)
        if len(vectors) <= EXACT_UP_TO:
            return cls(vectors)
        count, dim = vectors.shape
        lists = 2 ** round(np.log2(4 * np.sqrt(count)))
        quantizer: Any = faiss.IndexFlatIP(dim)
        kind = faiss.ScalarQuantizer.QT_8bit
        index: Any = faiss.IndexIVFScalarQuantizer(quantizer, dim, lists, kind, faiss.METRIC_INNER_PRODUCT, False)
        index.own_fields = True
        quantizer.this.disown()
        index.cp.spherical = True
        chance = np.random.default_rng(0)
        sample = chance.permutation(count)[: lists * TRAINED_ON]
        index.train(vectors[np.sort(sample)])
        index.add(vectors)
        result = cls(vectors, index)
        result._tune(chance)
        return result

    def _tune(self, chance: np.random.Generator) -> None:
        """Search as few lists as find nearly all of the ten nearest of questions that lie near known texts."""
        rows = np.sort(chance.permutation(self.size)[:TRIED])
        away = chance.normal(size=(TRIED, self.vectors.shape[1])).astype(np.float32)
        asked = self.vectors[rows] + 0.6 * away / np.linalg.norm(away, axis=1, keepdims=True)
        asked /= np.linalg.norm(asked, axis=1, keepdims=True)
        library: Any = faiss
        _, truth = library.knn(asked, self.vectors, 10, metric=faiss.METRIC_INNER_PRODUCT)
        self.lists.nprobe = 4
        while self.lists.nprobe < self.lists.nlist:
            found = [self.search(vector, 10)[1] for vector in asked]
            hits = sum(len(np.intersect1d(one, other)) for one, other in zip(found, truth, strict=True))
            if hits >= RECALL * truth.size:
                return
            self.lists.nprobe = min(self.lists.nprobe * 3 // 2, self.lists.nlist)

    @property
    def kind(self) -> str:
        """In words."""
        if self.exact:
            return "exact"
        return f"{self.lists.nlist} lists, {self.lists.nprobe} searched"

    def scores(self, vector: NDArray[np.float32]) -> NDArray[np.float32]:
        """(n,) cosine of each row. On one thread: a second one gains little and disturbs the other questions."""
        result = np.empty(self.size, np.float32)
        if self.size:
            asked = np.ascontiguousarray(vector, np.float32)
            pointers = (faiss.swig_ptr(array) for array in (result, asked, self.vectors))
            library: Any = faiss  # its stubs leave this function out
            library.fvec_inner_products_ny(*pointers, self.vectors.shape[1], self.size)
        return result

    def near(self, vector: NDArray[np.float32], rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """(rows,) cosine of the given rows."""
        return np.asarray(self.vectors[rows] @ vector)

    def search(self, vector: NDArray[np.float32], count: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """(cosines, rows) of the nearest `count` rows, best first."""
        if self.exact:
            near, rows = self.scores(vector), np.arange(self.size)
        else:
            _, found = self.lists.search(vector.reshape(1, -1), min(count * RESCORED, self.size))
            rows = found[0][found[0] >= 0]
            near = self.near(vector, rows)
        order = np.argsort(-near, kind="stable")[:count]
        return near[order], rows[order]

    def save(self, folder: Path) -> None:
        np.save(folder / FILES[0], self.vectors)
        if not self.exact:
            faiss.write_index(self.lists, str(folder / FILES[1]))

    @classmethod
    def load(cls, folder: Path) -> VectorIndex:
        """Map what `save` wrote."""
        vectors = np.asarray(np.load(folder / FILES[0], mmap_mode="r"))
        lists = folder / FILES[1]
        return cls(vectors, faiss.read_index(str(lists), faiss.IO_FLAG_MMAP) if lists.exists() else None)
