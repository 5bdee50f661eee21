"""BM25 over stemmed words, scaled to the share of the question that is matched. Rarity counts targets, not texts."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kb_index.common_words import common_words
from kb_index.postings import Arrays, Floats, Postings, Terms, keep_rarity, spread
from kb_index.text import stemmed, stems, words

K1 = 1.2
COMMON_WEIGHT = 0.25  # of words that every text has (articles, pronouns); see common_words.py


@dataclass(frozen=True)
class Weighed:
    """The known words of a question in every language, each with its share of the question's rarity there."""

    terms: list[int]
    weights: list[float]


class Keywords(Terms):
    """All texts, each under its own language's stemmer. An unknown word counts as the rarest.

    `pool` holds the same words for all texts of a target in a language together: its document is
    target × languages + language, its value how fully the best of them counts.
    """

    def __init__(
        self,
        vocabulary: dict[str, int],
        idf: Floats,
        unknown: Floats,
        postings: Postings,
        pool: Postings,
        means: Floats,
        stemmers: Mapping[str, str],
    ) -> None:
        """`unknown`, `means` (words a text has): of each language."""
        super().__init__(vocabulary, idf, unknown, postings)
        self.pool = pool
        self.means = means
        self.stemmers = dict(stemmers)
        self._common = {lang: common_words(lang, stemmer) for lang, stemmer in self.stemmers.items()}

    @classmethod
    def build(
        cls,
        texts: Sequence[str],
        langs: Sequence[str],
        targets: NDArray[np.int32],
        counts: Floats,
        stemmers: Mapping[str, str],
        b: float,
        like: Keywords | None = None,
    ) -> Keywords:
        """`langs`, `targets` (ascending), `counts` (in the pool): of each text; `b`: weight of text length.

        `stemmers`: one per language, in the order in which languages are numbered. `like`: where rarities and lengths
        are taken from, as far as it knows them; its languages come first.
        """
        codes = list(stemmers)
        lang = np.array([codes.index(code) for code in langs], np.int32)
        vocabulary: dict[str, int] = {}
        term, document, count = array("i"), array("i"), array("f")
        lengths = np.zeros(len(texts), np.float32)
        for row, (text, code) in enumerate(zip(texts, langs, strict=True)):
            found = stems(text, stemmers[code])
            lengths[row] = len(found)
            for word, times in Counter(found).items():
                term.append(vocabulary.setdefault(f"{code} {word}", len(vocabulary)))
                document.append(row)
                count.append(times)
        terms, documents = np.array(term, np.int32), np.array(document, np.int32)
        held = spread(terms, documents, targets, len(vocabulary))
        totals = np.array([len(np.unique(targets[lang == at])) for at in range(len(codes))])
        means = np.array(
            [max(float(lengths[lang == at].mean()), 1.0) if totals[at] else 1.0 for at in range(len(codes))], np.float32
        )
        if like is not None:
            totals[: len(like.unknown)] = np.round((np.exp(like.unknown.astype(np.float64)) - 1) * 0.5 - 0.5)
            means[: len(like.means)] = like.means
        norm = (K1 * (1 - b + b * lengths / means[lang])).astype(np.float32)
        counted = np.array(count, np.float32)
        values = counted * np.float32(K1 + 1) / (counted + norm[documents])
        total = np.zeros(len(vocabulary))
        total[terms] = totals[lang[documents]]
        total = np.maximum(total, held)
        idf = np.log(1 + (total - held + 0.5) / (held + 0.5)).astype(np.float32)
        common = {f"{code} {word}" for code, stemmer in stemmers.items() for word in common_words(code, stemmer)}
        for key in common & vocabulary.keys():
            idf[vocabulary[key]] *= COMMON_WEIGHT
        if like is not None:
            keep_rarity(vocabulary, idf, like)
        postings = Postings.build(terms, documents, values, len(vocabulary), len(texts))
        pool = _pool(postings, targets, lang, counts, len(codes))
        unknown = np.log(1 + (totals + 0.5) / 0.5).astype(np.float32)
        return cls(vocabulary, idf, unknown, postings, pool, means, stemmers)

    def weigh(self, question: str) -> Weighed:
        """The question's words that any text of their language holds."""
        terms: list[int] = []
        weights: list[float] = []
        split = words(question)
        for at, (lang, stemmer) in enumerate(self.stemmers.items()):
            common, unknown = self._common[lang], float(self.unknown[at])
            total = 0.0
            first = len(weights)
            for word in dict.fromkeys(stemmed(split, stemmer)):
                term = self.vocabulary.get(f"{lang} {word}")
                if term is None:
                    total += self.elsewhere(f"{lang} {word}", unknown * (COMMON_WEIGHT if word in common else 1.0))
                else:
                    weight = float(self.idf[term])
                    total += weight
                    terms.append(term)
                    weights.append(weight)
            weights[first:] = [weight / total for weight in weights[first:]]
        return Weighed(terms, weights)

    def scores(self, question: str) -> Floats:
        """(texts,) 0 to about 1: the share of the question's rarity that each text holds."""
        weighed = self.weigh(question)
        return self.postings.scores(weighed.terms, weighed.weights)

    def arrays(self) -> Arrays:
        pool = {f"pool_{name}": array for name, array in self.pool.arrays().items()}
        return super().arrays() | pool | {"means": self.means}

    @classmethod
    def from_arrays(cls, arrays: Arrays, stemmers: Mapping[str, str]) -> Keywords:
        pool = {name.removeprefix("pool_"): array for name, array in arrays.items() if name.startswith("pool_")}
        return cls(*cls.fields(arrays), Postings.from_arrays(pool), arrays["means"], stemmers)


def _pool(
    postings: Postings, targets: NDArray[np.int32], lang: NDArray[np.int32], counts: Floats, langs: int
) -> Postings:
    """The same terms by target and language; texts that count most come first within a target."""
    size = (int(targets.max()) + 1) * langs if len(targets) else 0
    lengths = np.diff(postings.starts)
    term = np.repeat(np.arange(len(lengths), dtype=np.int32), lengths)
    place = targets[postings.documents] * np.int32(langs) + lang[postings.documents]
    new = np.ones(len(term), bool)
    new[1:] = (term[1:] != term[:-1]) | (place[1:] != place[:-1])
    return Postings.build(term[new], place[new], counts[postings.documents[new]], len(lengths), size)
