"""BM25 over stemmed words, scaled to the share of the question that is matched. Rarity counts targets, not texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kb_index.postings import Arrays, Floats, Postings, pack, unpack

K1 = 1.2
COMMON_WEIGHT = 0.25  # of words that every text has (articles, pronouns); see common_words.py


class Keywords:
    """One language's texts. `idf` is that of a word in one target of all; an unknown word counts as the rarest."""

    def __init__(self, vocabulary: dict[str, int], idf: Floats, unknown: float, postings: Postings) -> None:
        self.vocabulary = vocabulary
        self.idf = idf
        self.unknown = unknown
        self._postings = postings

    @classmethod
    def build(
        cls, texts: Sequence[Sequence[str]], targets: Sequence[int], b: float, common: frozenset[str] = frozenset()
    ) -> Keywords:
        """`texts`: stemmed words of each text; `targets`: the target each belongs to; `b`: weight of text length."""
        vocabulary: dict[str, int] = {}
        lengths = np.array([len(words) for words in texts], np.float32)
        mean = max(float(lengths.mean()) if len(texts) else 1.0, 1.0)
        holders: list[set[int]] = []
        rows: list[tuple[int, int, float]] = []
        for document, words in enumerate(texts):
            norm = K1 * (1 - b + b * len(words) / mean)
            for word, count in Counter(words).items():
                term = vocabulary.setdefault(word, len(vocabulary))
                if term == len(holders):
                    holders.append(set())
                holders[term].add(targets[document])
                rows.append((term, document, count * (K1 + 1) / (count + norm)))
        total = len(set(targets))
        idf = np.array([np.log(1 + (total - len(held) + 0.5) / (len(held) + 0.5)) for held in holders], np.float32)
        unknown = float(np.log(1 + (total + 0.5) / 0.5))
        for word, term in vocabulary.items():
            if word in common:
                idf[term] *= COMMON_WEIGHT
        return cls(vocabulary, idf, unknown, Postings.build(rows, len(vocabulary), len(texts)))

    def weights(self, words: Sequence[str], common: frozenset[str] = frozenset()) -> dict[str, float]:
        """Each different word of a question with its rarity."""
        result: dict[str, float] = {}
        for word in words:
            term = self.vocabulary.get(word)
            unknown = self.unknown * (COMMON_WEIGHT if word in common else 1.0)
            result[word] = unknown if term is None else float(self.idf[term])
        return result

    def scores(self, weights: dict[str, float]) -> Floats:
        """(texts,) 0 to about 1: the share of the question's rarity that each text holds."""
        total = sum(weights.values())
        terms = [(self.vocabulary[word], weight) for word, weight in weights.items() if word in self.vocabulary]
        scores = self._postings.scores([term for term, _ in terms], [weight for _, weight in terms])
        if total > 0:
            scores /= np.float32(total)
        return scores

    def holders(self, term: int) -> NDArray[np.int32]:
        """The texts that hold a word, ascending."""
        return self._postings.holders(term)

    def arrays(self) -> Arrays:
        return {
            "words": pack(self.vocabulary),
            "idf": self.idf,
            "unknown": np.array([self.unknown], np.float64),
            **self._postings.arrays(),
        }

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Keywords:
        return cls(unpack(arrays["words"]), arrays["idf"], float(arrays["unknown"][0]), Postings.from_arrays(arrays))
