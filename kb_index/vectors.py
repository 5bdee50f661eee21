"""Nearest vectors with FAISS: exact while that is fast, a graph beyond; the file is mapped, not read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from kb_index.encoder import Vectors

EXACT_UP_TO = 60_000  # vectors; an exact search of more takes longer than encoding the question
NEIGHBOURS = 1_000  # entries looked at where the search is not exact
GRAPH_LINKS, BUILD_BREADTH, SEARCH_BREADTH = 32, 120, 256


class VectorIndex:
    """Rows are entries, in the corpus's order."""

    def __init__(self, index: Any) -> None:
        self._index: Any = index
        self.size = int(index.ntotal)
        self.exact = isinstance(index, faiss.IndexFlat)
        storage: Any = index if self.exact else faiss.downcast_index(index.storage)
        flat = faiss.rev_swig_ptr(storage.get_xb(), self.size * index.d) if self.size else np.zeros(0, np.float32)
        self.vectors: Vectors = flat.reshape(self.size, index.d)
        if not self.exact:
            index.hnsw.efSearch = SEARCH_BREADTH

    @classmethod
    def build(cls, vectors: Vectors) -> VectorIndex:
        """`vectors`: (n, dim) float32 of length 1."""
        dim = vectors.shape[1]
        index: Any
        if len(vectors) <= EXACT_UP_TO:
            index = faiss.IndexFlatIP(dim)
        else:
            index = faiss.IndexHNSWFlat(dim, GRAPH_LINKS, faiss.METRIC_INNER_PRODUCT)
            index.hnsw.efConstruction = BUILD_BREADTH
        index.add(np.ascontiguousarray(vectors))
        return cls(index)

    def scores(self, vector: NDArray[np.float32]) -> NDArray[np.float32]:
        """(n,) cosine of each row; where the search is not exact, rows beyond the nearest get the last one's."""
        if self.exact:
            result = np.empty(self.size, np.float32)
            if len(result):  # numpy's product is many times slower on the unaligned rows of a mapped file
                query = np.ascontiguousarray(vector, np.float32)
                rows: Any = self._index.get_xb()
                library: Any = faiss  # its stubs leave this function out
                library.fvec_inner_products_ny(
                    faiss.swig_ptr(result), faiss.swig_ptr(query), rows, self._index.d, self.size
                )
            return result
        near, rows = self._index.search(vector.reshape(1, -1), min(NEIGHBOURS, self.size))
        found = rows[0] >= 0
        result = np.full(self.size, near[0][found].min(initial=1.0), np.float32)
        result[rows[0][found]] = near[0][found]
        return result

    def search(self, vector: NDArray[np.float32], count: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """(cosines, rows) of the nearest `count` rows, best first."""
        near, rows = self._index.search(vector.reshape(1, -1), min(count, self.size))
        return near[0], rows[0]

    def save(self, path: Path) -> None:
        faiss.write_index(self._index, str(path))

    @classmethod
    def load(cls, path: Path) -> VectorIndex:
        return cls(faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC))
