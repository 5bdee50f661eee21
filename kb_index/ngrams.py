"""Character n-grams, tf-idf, cosine: forgives typos, missing accents, plurals, and parts of compounds."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kb_index.postings import Arrays, Floats, Postings, Terms, keep_rarity, spread
from kb_index.text import WORD, fold

SIZES = (3, 4, 5)
MOST_SUMMED = 64_000  # values a question, of its rarest n-grams first: those of every other text tell little


def ngrams(text: str, *, unfinished: bool = False) -> Counter[str]:
    """The n-grams of each word with its borders marked by spaces. `unfinished`: the last word may go on."""
    found: list[str] = []
    words = WORD.findall(fold(text))
    for place, word in enumerate(words, 1):
        padded = f" {word}" if unfinished and place == len(words) else f" {word} "
        for size in SIZES:
            found += [padded[at : at + size] for at in range(len(padded) - size + 1)]
    return Counter(found)


class Ngrams(Terms):
    """All texts of all languages. Rarity counts targets, not texts."""

    @classmethod
    def build(cls, texts: Sequence[str], targets: NDArray[np.int32], like: Ngrams | None = None) -> Ngrams:
        """`targets`: of each text, ascending; `like`: where rarities are taken from, as far as it knows them."""
        vocabulary: dict[str, int] = {}
        term, document, count = array("i"), array("i"), array("f")
        for row, text in enumerate(texts):
            counts = ngrams(text)
            term.extend([vocabulary.setdefault(gram, len(vocabulary)) for gram in counts])
            document.extend([row] * len(counts))
            count.extend(counts.values())
        terms, documents = np.array(term, np.int32), np.array(document, np.int32)
        held = spread(terms, documents, targets, len(vocabulary))
        total = len(np.unique(targets)) if like is None else round(float(np.exp(like.unknown[0] - 0.1)) - 1)
        idf = (np.log((1 + total) / (1 + np.minimum(held, total))) + 0.1).astype(np.float32)
        if like is not None:
            keep_rarity(vocabulary, idf, like)
        values = (1 + np.log(np.array(count, np.float32))) * idf[terms]
        norm = np.sqrt(np.bincount(documents, values * values, len(texts)))
        values = (values / np.maximum(norm, 1e-9)[documents]).astype(np.float32)
        unknown = np.array([np.log(1 + total) + 0.1], np.float32)
        return cls(vocabulary, idf, unknown, Postings.build(terms, documents, values, len(vocabulary), len(texts)))

    def weigh(self, text: str, *, unfinished: bool = False) -> tuple[list[int], list[float]]:
        """(terms, weights) of the n-grams that any text holds; all n-grams' weights together have length 1."""
        terms: list[int] = []
        weights: list[float] = []
        squares = 0.0
        unknown, idf = float(self.unknown[0]), self.idf
        for gram, count in ngrams(text, unfinished=unfinished).items():
            term = self.vocabulary.get(gram)
            weight = self.elsewhere(gram, unknown) if term is None else float(idf[term])
            if count > 1:
                weight *= 1 + float(np.log(count))
            squares += weight * weight
            if term is not None:
                terms.append(term)
                weights.append(weight)
        length = max(squares, 1e-9) ** 0.5
        return terms, [weight / length for weight in weights]

    def scores(self, text: str, *, unfinished: bool = False) -> Floats:
        """(texts,) cosine of each text to the question, 0 to 1."""
        return self.postings.scores(*self.weigh(text, unfinished=unfinished), MOST_SUMMED)

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Ngrams:
        return cls(*cls.fields(arrays))
