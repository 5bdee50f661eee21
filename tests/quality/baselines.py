"""Plain ways to find the article: BM25, dense vectors alone, and their sum. None has a threshold of its own."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from kb_index.config import Config
from kb_index.encoder import Encoder
from kb_index.text import stems
from tests.quality.targets import Ranking, Text

K1, B = 1.2, 0.75
SHOWN = 50
Floats = NDArray[np.float64]


class Bm25:
    """Okapi BM25 over stemmed words; a text is a document."""

    def __init__(self, documents: Sequence[Sequence[str]]) -> None:
        self._lengths = np.array([len(words) for words in documents], np.float64)
        mean = float(self._lengths.mean()) if len(documents) else 1.0
        self._norm = K1 * (1 - B + B * self._lengths / max(mean, 1e-9))
        self._postings: dict[str, list[tuple[int, int]]] = {}
        for at, words in enumerate(documents):
            for word, count in Counter(words).items():
                self._postings.setdefault(word, []).append((at, count))

    def scores(self, words: Sequence[str]) -> Floats:
        """(documents,)"""
        result = np.zeros(len(self._lengths))
        for word in words:
            held = self._postings.get(word, [])
            rarity = math.log(1 + (len(self._lengths) - len(held) + 0.5) / (len(held) + 0.5))
            for at, count in held:
                result[at] += rarity * count * (K1 + 1) / (count + self._norm[at])
        return result


class Baselines:
    """BM25 and dense scores of each target: its best text's."""

    def __init__(self, texts: Sequence[Text], config: Config, encoder: Encoder) -> None:
        self.targets = list(dict.fromkeys(text.target for text in texts))
        place = {target: at for at, target in enumerate(self.targets)}
        self._target = np.array([place[text.target] for text in texts], np.int64)
        self._config = config
        self._bm25 = Bm25([stems(text.text, config.stemmer(text.lang)) for text in texts])
        self._vectors = encoder.encode([text.text for text in texts])

    def scores(self, question: str, lang: str, vector: NDArray[np.float32]) -> Mapping[str, Floats]:
        """System → (targets,)."""
        bm25 = self._best(self._bm25.scores(stems(question, self._config.stemmer(lang))))
        dense = self._best((self._vectors @ vector).astype(np.float64))
        return {"BM25": bm25, "dense alone": dense, "naive hybrid": min_max(bm25) + min_max(dense)}

    def _best(self, values: Floats) -> Floats:
        result = np.full(len(self.targets), -np.inf)
        np.maximum.at(result, self._target, values)
        return result

    def rankings(self, questions: Sequence[tuple[str, str]], encoder: Encoder) -> dict[str, list[Ranking]]:
        """System → a ranking per question (text, language)."""
        result: dict[str, list[Ranking]] = {}
        for text, lang in questions:
            for system, scores in self.scores(text, lang, encoder.encode([text])[0]).items():
                order = np.argsort(-scores, kind="stable")[:SHOWN]
                ranking = [(self.targets[at], float(scores[at])) for at in order if scores[at] > 0]
                result.setdefault(system, []).append(ranking)
        return result


def min_max(values: Floats) -> Floats:
    """Scaled to 0…1; all equal: zeros."""
    span = float(values.max() - values.min())
    return (values - values.min()) / span if span > 0 else np.zeros_like(values)
