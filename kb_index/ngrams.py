"""Character n-grams, tf-idf, cosine: forgives typos, missing accents, plurals, and parts of compounds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from kb_index.postings import Arrays, Floats, Postings, pack, unpack
from kb_index.text import WORD, fold

SIZES = (3, 4, 5)


def ngrams(text: str) -> Counter[str]:
    """The n-grams of each word with its borders marked by spaces."""
    counts: Counter[str] = Counter()
    for word in WORD.findall(fold(text)):
        padded = f" {word} "
        for size in SIZES:
            counts.update(padded[at : at + size] for at in range(len(padded) - size + 1))
    return counts


class Ngrams:
    """All texts of all languages. Rarity counts targets, not texts."""

    def __init__(self, vocabulary: dict[str, int], idf: Floats, unknown: float, postings: Postings) -> None:
        self.vocabulary = vocabulary
        self.idf = idf
        self.unknown = unknown
        self._postings = postings

    @classmethod
    def build(cls, texts: Sequence[str], targets: Sequence[int]) -> Ngrams:
        vocabulary: dict[str, int] = {}
        holders: list[set[int]] = []
        counted = [ngrams(text) for text in texts]
        for document, counts in enumerate(counted):
            for gram in counts:
                term = vocabulary.setdefault(gram, len(vocabulary))
                if term == len(holders):
                    holders.append(set())
                holders[term].add(targets[document])
        total = len(set(targets))
        idf = np.array([np.log((1 + total) / (1 + len(held))) + 0.1 for held in holders], np.float32)
        unknown = float(np.log(1 + total) + 0.1)
        rows: list[tuple[int, int, float]] = []
        for document, counts in enumerate(counted):
            weights = {vocabulary[gram]: (1 + np.log(count)) * idf[vocabulary[gram]] for gram, count in counts.items()}
            norm = float(np.sqrt(sum(weight * weight for weight in weights.values()))) or 1.0
            rows.extend((term, document, weight / norm) for term, weight in weights.items())
        return cls(vocabulary, idf, unknown, Postings.build(rows, len(vocabulary), len(texts)))

    def scores(self, text: str) -> Floats:
        """(texts,) cosine of each text to the question, 0 to 1."""
        counts = ngrams(text)
        terms: list[int] = []
        weights: list[float] = []
        squares = 0.0
        for gram, count in counts.items():
            term = self.vocabulary.get(gram)
            weight = (1 + float(np.log(count))) * (self.unknown if term is None else float(self.idf[term]))
            squares += weight * weight
            if term is not None:
                terms.append(term)
                weights.append(weight)
        scores = self._postings.scores(terms, weights)
        if squares > 0:
            scores /= np.float32(np.sqrt(squares))
        return scores

    def arrays(self) -> Arrays:
        return {
            "grams": pack(self.vocabulary),
            "idf": self.idf,
            "unknown": np.array([self.unknown], np.float64),
            **self._postings.arrays(),
        }

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Ngrams:
        return cls(unpack(arrays["grams"]), arrays["idf"], float(arrays["unknown"][0]), Postings.from_arrays(arrays))
