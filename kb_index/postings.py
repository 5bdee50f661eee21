"""Term → the texts that hold it, as three flat arrays: small, saved as they are, scored by slices."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Arrays = dict[str, NDArray[Any]]


class Postings:
    """`documents[starts[t]:starts[t + 1]]` hold term `t`, with `values` beside."""

    def __init__(self, starts: NDArray[np.int64], documents: NDArray[np.int32], values: Floats, size: int) -> None:
        self.starts = starts
        self.documents = documents
        self.values = values
        self.size = size

    @classmethod
    def build(cls, rows: Iterable[tuple[int, int, float]], terms: int, size: int) -> Postings:
        """`rows`: (term, document, value), each pair once; `size`: how many documents there are."""
        listed = list(rows)
        term = np.fromiter((row[0] for row in listed), np.int64, len(listed))
        document = np.fromiter((row[1] for row in listed), np.int32, len(listed))
        value = np.fromiter((row[2] for row in listed), np.float32, len(listed))
        order = np.argsort(term, kind="stable")
        starts = np.zeros(terms + 1, np.int64)
        np.cumsum(np.bincount(term, minlength=terms), out=starts[1:])
        return cls(starts, document[order], value[order], size)

    def scores(self, terms: Sequence[int], weights: Sequence[float]) -> Floats:
        """(documents,) the weighted sum of the values of the given terms, each given once."""
        result = np.zeros(self.size, np.float32)
        for term, weight in zip(terms, weights, strict=True):
            part = slice(self.starts[term], self.starts[term + 1])
            result[self.documents[part]] += np.float32(weight) * self.values[part]
        return result

    def holders(self, term: int) -> NDArray[np.int32]:
        """The documents that hold a term, ascending."""
        return self.documents[self.starts[term] : self.starts[term + 1]]

    def arrays(self) -> Arrays:
        return {
            "starts": self.starts,
            "documents": self.documents,
            "values": self.values,
            "size": np.array([self.size], np.int64),
        }

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Postings:
        return cls(arrays["starts"], arrays["documents"], arrays["values"], int(arrays["size"][0]))


def pack(vocabulary: Iterable[str]) -> NDArray[np.uint8]:
    """Words, none with a line break, as one flat array of bytes."""
    return np.frombuffer("\n".join(vocabulary).encode(), np.uint8)


def unpack(array: NDArray[Any]) -> dict[str, int]:
    """word → its place, as packed."""
    joined = array.tobytes().decode()
    return {word: place for place, word in enumerate(joined.split("\n"))} if joined else {}
