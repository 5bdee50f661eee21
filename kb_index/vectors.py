"""Nearest vectors: exact while that is fast; beyond, a graph of FAISS finds rows that exact cosines then order.

The graph holds vectors of one byte a dimension; how broadly it is searched is set while building, by measuring. The
exact vectors lie in a mapped file beside: of a large one, only the rows that are looked at are read.
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
TRAINED_ON = 50_000  # vectors, for the range of each dimension
LINKS, BUILD_BREADTH = 32, 100
FIRST_BREADTH, LAST_BREADTH = 40, 2_000
RESCORED = 40  # found by the graph, at least, and ordered by exact cosine
FILES = ("vectors.npy", "vectors.faiss")


class VectorIndex:
    """Rows are entries, in the corpus's order. `vectors`: (n, dim) float32 of length 1; `graph`: FAISS's, if any."""

    def __init__(self, vectors: Vectors, graph: Any = None) -> None:
        self.vectors = vectors
        self.size = len(vectors)
        self.exact = graph is None
        self.graph: Any = graph

    @classmethod
    def build(cls, vectors: Vectors) -> VectorIndex:
        """Of rows of length 1."""
        vectors = np.ascontiguousarray(vectors, np.float32)
        if len(vectors) <= EXACT_UP_TO:
            return cls(vectors)
        count, dim = vectors.shape
        library: Any = faiss  # its stubs are wrong about this constructor, and leave `knn` out
        graph = library.IndexHNSWSQ(dim, faiss.ScalarQuantizer.QT_8bit, LINKS, faiss.METRIC_INNER_PRODUCT)
        graph.hnsw.efConstruction = BUILD_BREADTH
        chance = np.random.default_rng(0)
        graph.train(vectors[np.sort(chance.permutation(count)[:TRAINED_ON])])
        graph.add(vectors)
        result = cls(vectors, graph)
        result._tune(chance)
        return result

    def _tune(self, chance: np.random.Generator) -> None:
        """Search as broadly as finds nearly all of the ten nearest of questions that lie near known texts."""
        rows = np.sort(chance.permutation(self.size)[:TRIED])
        away = chance.normal(size=(TRIED, self.vectors.shape[1])).astype(np.float32)
        asked = self.vectors[rows] + away / np.linalg.norm(away, axis=1, keepdims=True)
        asked /= np.linalg.norm(asked, axis=1, keepdims=True)
        library: Any = faiss
        _, truth = library.knn(asked, self.vectors, 10, metric=faiss.METRIC_INNER_PRODUCT)
        self.graph.hnsw.efSearch = FIRST_BREADTH
        while self.graph.hnsw.efSearch < LAST_BREADTH:
            found = [self.search(vector, 10)[1] for vector in asked]
            hits = sum(len(np.intersect1d(one, other)) for one, other in zip(found, truth, strict=True))
            if hits >= RECALL * truth.size:
                return
            self.graph.hnsw.efSearch = min(self.graph.hnsw.efSearch * 3 // 2, LAST_BREADTH)

    @property
    def kind(self) -> str:
        """In words."""
        if self.exact:
            return "exact"
        return f"graph, breadth {self.graph.hnsw.efSearch}"

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
            _, found = self.graph.search(vector.reshape(1, -1), min(max(count, RESCORED), self.size))
            rows = found[0][found[0] >= 0]
            near = self.near(vector, rows)
        order = np.argsort(-near, kind="stable")[:count]
        return near[order], rows[order]

    def save(self, folder: Path) -> None:
        np.save(folder / FILES[0], self.vectors)
        if not self.exact:
            faiss.write_index(self.graph, str(folder / FILES[1]))

    @classmethod
    def load(cls, folder: Path) -> VectorIndex:
        """Map what `save` wrote."""
        vectors = np.asarray(np.load(folder / FILES[0], mmap_mode="r"))
        graph = folder / FILES[1]
        return cls(vectors, faiss.read_index(str(graph), faiss.IO_FLAG_MMAP_IFC) if graph.exists() else None)
