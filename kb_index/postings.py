"""Term → the texts that hold it, as three flat arrays: small, saved and mapped as they are, scored in one pass."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Arrays = dict[str, NDArray[Any]]


class Postings:
    """`documents[starts[t]:starts[t + 1]]`, ascending, hold term `t`, with `values` beside."""

    def __init__(self, starts: NDArray[np.int64], documents: NDArray[np.int32], values: Floats, size: int) -> None:
        self.starts = starts
        self.documents = documents
        self.values = values
        self.size = size

    @classmethod
    def build(
        cls, term: NDArray[np.int32], document: NDArray[np.int32], value: Floats, terms: int, size: int
    ) -> Postings:
        """`term`, `document`, `value`: one each per pair, documents ascending; `size`: how many documents there are."""
        order = np.argsort(term, kind="stable")
        starts = np.zeros(terms + 1, np.int64)
        np.cumsum(np.bincount(term, minlength=terms), out=starts[1:])
        return cls(starts, document[order], value[order], size)

    def scores(self, terms: Sequence[int], weights: Sequence[float], most: int | None = None) -> Floats:
        """(documents,) the weighted sum of the values of the given terms, each given once; `most`: as in `add_to`."""
        documents, values = self._parts(terms, weights, most)
        return np.bincount(documents, values, self.size).astype(np.float32)

    def add_to(self, sums: Floats, terms: Sequence[int], weights: Sequence[float], most: int) -> NDArray[np.int32]:
        """Add the weighted values of the rarest terms, of as many as `most` values allow, to `sums` (documents,).

        Returns the documents that were touched, some more than once.
        """
        documents, values = self._parts(terms, weights, most)
        np.add.at(sums, documents, values)
        return documents

    def _parts(
        self, terms: Sequence[int], weights: Sequence[float], most: int | None
    ) -> tuple[NDArray[np.int32], Floats]:
        chosen = np.asarray(terms, np.int64)
        factors = np.asarray(weights, np.float32)
        begins, ends = self.starts[chosen], self.starts[chosen + 1]
        lengths = ends - begins
        if most is not None and lengths.sum() > most:
            order = np.argsort(lengths, kind="stable")
            order = order[np.cumsum(lengths[order]) <= most]
            begins, ends, lengths, factors = begins[order], ends[order], lengths[order], factors[order]
        if not len(lengths):
            return np.zeros(0, np.int32), np.zeros(0, np.float32)
        spans = list(zip(begins.tolist(), ends.tolist(), strict=True))
        values = np.concatenate([self.values[begin:end] for begin, end in spans])
        values *= np.repeat(factors, lengths)
        return np.concatenate([self.documents[begin:end] for begin, end in spans]), values

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


class Terms:
    """Terms with their rarity, and the texts that hold them: what words and character n-grams have in common.

    `peer`: the terms of other texts that are searched beside these; rarities agree, so that a question's terms weigh
    the same in both.
    """

    peer: Terms | None = None

    def __init__(self, vocabulary: dict[str, int], idf: Floats, unknown: Floats, postings: Postings) -> None:
        self.vocabulary = vocabulary
        self.idf = idf
        self.unknown = unknown
        self.postings = postings

    def elsewhere(self, term: str, unknown: float) -> float:
        """The rarity of a term that no text here holds."""
        at = None if self.peer is None else self.peer.vocabulary.get(term)
        return unknown if self.peer is None or at is None else float(self.peer.idf[at])

    def arrays(self) -> Arrays:
        return {
            "terms": pack(self.vocabulary),
            "idf": self.idf,
            "unknown": self.unknown,
            **self.postings.arrays(),
        }

    @staticmethod
    def fields(arrays: Arrays) -> tuple[dict[str, int], Floats, Floats, Postings]:
        """What `arrays` gave, as the constructor takes it."""
        return unpack(arrays["terms"]), arrays["idf"], arrays["unknown"], Postings.from_arrays(arrays)


def keep_rarity(vocabulary: dict[str, int], idf: Floats, like: Terms) -> None:
    """Give the terms that `like` knows too their rarity there."""
    for term, at in vocabulary.items():
        place = like.vocabulary.get(term)
        if place is not None:
            idf[at] = like.idf[place]


def spread(
    term: NDArray[np.int32], document: NDArray[np.int32], targets: NDArray[np.int32], terms: int
) -> NDArray[Any]:
    """(terms,) how many targets hold each term. `targets`: of each document, ascending, as documents are here."""
    order = np.argsort(term, kind="stable")
    sorted_terms, sorted_targets = term[order], targets[document[order]]
    new = np.ones(len(order), bool)
    new[1:] = (sorted_terms[1:] != sorted_terms[:-1]) | (sorted_targets[1:] != sorted_targets[:-1])
    return np.bincount(sorted_terms[new], minlength=terms)


def pack(vocabulary: Iterable[str]) -> NDArray[np.uint8]:
    """Words, none with a line break, as one flat array of bytes."""
    return np.frombuffer("\n".join(vocabulary).encode(), np.uint8)


def unpack(array: NDArray[Any]) -> dict[str, int]:
    """word → its place, as packed."""
    joined = array.tobytes().decode()
    return {word: place for place, word in enumerate(joined.split("\n"))} if joined else {}
