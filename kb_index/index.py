"""An index, built (building.py) or loaded (storage.py): asked for hits and a decision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kb_index.content import Article, Topic
from kb_index.corpus import TOLD, Corpus
from kb_index.decision import Candidate, Chances, Decider, decide
from kb_index.encoder import Encoder
from kb_index.passages import Passage, chunks
from kb_index.postings import Floats
from kb_index.ranking import Ranked, Ranking, evidence
from kb_index.signals import DENSE_ANY, Measured, Signals

WINDOW_CHARS = 500  # surely within an encoder's window, which cuts off what is longer
MOST_PIECES = 8  # of a long question: more cost time, and say the same again
Answer = dict[str, Any]


@dataclass
class Index:
    """`version` names it in every answer; `fitted`: the version that weights and probabilities were fitted on."""

    version: str
    signals: Signals
    ranking: Ranking
    decider: Decider
    fitted: str = ""
    _closed: dict[tuple[str, str], tuple[frozenset[int], NDArray[np.int64]]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @property
    def corpus(self) -> Corpus:
        return self.signals.corpus

    def search(
        self,
        text: str,
        vector: Floats,
        lang: str,
        limit: int = 5,
        exclude: Sequence[str] = (),
        audience: str = "public",
        least: float = 0.0,
    ) -> Answer:
        """What `POST /search` answers (docs/architecture.md). `vector`: of `clean(text)`, by the index's encoder;
        `least`: a threshold that is to hold where the fitted one is lower."""
        corpus = self.corpus
        closed, hidden = self._closed_to(audience)
        question = self.clean(text)
        measured = self.signals.measure(question, vector, lang)
        if exclude:
            places = [corpus.place.get((False, ident), -1) for ident in exclude]
            measured.features[np.isin(measured.targets, places)] = -1
        if len(hidden):
            measured.features[np.isin(measured.targets, hidden)] = -1
        ranked = self.ranking.rank(self.signals, measured)
        shown = [place for place, target in enumerate(ranked.targets) if ranked.features[place, DENSE_ANY] >= 0]
        if shown:
            ranked = Ranked(ranked.targets[shown], ranked.scores[shown], ranked.features[shown])
        chances = Chances([], 0.0, 0.0)
        if shown:
            row = evidence(ranked, corpus.family, corpus.is_topic, question)
            chances = self.decider.chances(row, ranked.scores, corpus.is_topic[ranked.targets])
        probabilities = chances.each
        found = [
            self._candidate(int(target), probability)
            for target, probability in zip(ranked.targets, probabilities, strict=False)
        ]
        threshold = max(self.decider.bound.threshold, least)
        outcome, reason, handed = decide(found, chances.among, chances.topical, threshold)
        hits: list[Answer] = []
        topics: list[Answer] = []
        for place in range(len(found)):
            target = int(ranked.targets[place])
            if corpus.targets[target].topic:
                if len(topics) < limit:
                    chance = {"probability": round(probabilities[place], 4)}
                    topics.append(self.topic(corpus.targets[target].id, lang) | chance)
            elif len(hits) < limit:
                hits.append(
                    self._hit(target, lang, measured, probabilities[place], float(ranked.scores[place]), closed)
                )
        decision: Answer = {"outcome": outcome, "probability": hits[0]["probability"] if hits else 0.0}
        decision |= {"level": None, "channel": None, "topic": None, "urgent": False, "reason": reason}
        if outcome == "handoff":
            decision |= {"level": 1, "channel": "ticket"}
            if handed is not None:
                topic = self.topic(corpus.targets[int(ranked.targets[handed])].id, lang)
                decision |= {key: topic[key] for key in ("level", "channel", "topic", "urgent")}
                decision["probability"] = round(found[handed].probability, 4)
        return {
            "version": self.version,
            "lang": lang,
            "decision": decision,
            "hits": hits,
            "topics": topics,
        }

    def clean(self, text: str) -> str:
        """The question as it is encoded and measured."""
        return self.corpus.clean(text)

    def vector(self, text: str, encoder: Encoder) -> Floats:
        """The vector of a question. One too long for the encoder's window counts by the mean of its pieces."""
        question = self.clean(text)
        if len(question) <= WINDOW_CHARS:
            return np.asarray(encoder.encode([question])[0])
        total = encoder.encode(chunks(question)[:MOST_PIECES]).sum(axis=0)
        return np.asarray(total / max(float(np.linalg.norm(total)), 1e-9), np.float32)

    def article(self, ident: str, lang: str) -> Article | None:
        """The article in exactly this language."""
        place = self.corpus.place.get((False, ident))
        at = None if place is None else self.corpus.targets[place].variants.get(lang)
        return None if at is None else self.corpus.articles[at]

    def topic(self, ident: str, lang: str) -> Answer:
        """One topic in `lang`, else in the first language it has. KeyError where there is none."""
        target = self.corpus.targets[self.corpus.place[True, ident]]
        return topic_json(self.corpus.topics[_variant(target.variants, lang, self._languages())])

    def _languages(self) -> list[str]:
        return list(self.corpus.config.stemmers)

    def _candidate(self, target: int, probability: float) -> Candidate:
        found = self.corpus.targets[target]
        if not found.topic:
            return Candidate(probability)
        topic = self.corpus.topics[next(iter(found.variants.values()))]
        return Candidate(probability, topic.channel, topic.urgent)

    def _closed_to(self, audience: str) -> tuple[frozenset[int], NDArray[np.int64]]:
        """(articles' places, targets) that `audience` does not see today."""
        key = audience, date.today().isoformat()
        if key not in self._closed:
            corpus = self.corpus
            places = frozenset(place for place, limits in corpus.limits.items() if not limits.allow(*key))
            targets = [
                number
                for number, one in enumerate(corpus.targets if places else ())
                if not one.topic and one.variants and places.issuperset(one.variants.values())
            ]
            self._closed.clear()  # of yesterday
            self._closed[key] = places, np.array(targets, np.int64)
        return self._closed[key]

    def _hit(
        self, target: int, lang: str, measured: Measured, probability: float, score: float, closed: frozenset[int]
    ) -> Answer:
        variants = self.corpus.targets[target].variants
        if closed:
            variants = {code: place for code, place in variants.items() if place not in closed}
        place = _variant(variants, lang, self._languages())
        article = self.corpus.articles[place]
        passage = self._passage(target, article, self.corpus.passages[place], measured)
        return {
            "article": article.id,
            "version": article.version,
            "lang": article.lang,
            "kind": article.kind,
            "title": article.title,
            "url": address(article, passage),
            "passage": f"{article.id}.{article.lang}#{passage.number}",
            "heading": passage.heading,
            "second": passage.second,
            "text": passage.text,
            "probability": round(probability, 4),
            "score": round(score, 4),
        }

    def _passage(self, target: int, article: Article, passages: Sequence[Passage], measured: Measured) -> Passage:
        """The passage that answers: the best by vectors and words; the first where nothing speaks for another."""
        if len(passages) == 1:
            return passages[0]
        if not passages:
            return Passage(0, "")
        rows, dense, word = measured.within(*self.corpus.span(target))
        lang = self.corpus.langs.index(article.lang)
        own = (self.corpus.entry_kind[rows] == TOLD) & (self.corpus.entry_lang[rows] == lang)
        value = np.zeros(len(passages), np.float32)
        np.maximum.at(value, self.corpus.entry_passage[rows[own]], dense[own] + np.float32(0.6) * word[own])
        return passages[int(value.argmax())]


def _variant(variants: Mapping[str, int], lang: str, languages: Sequence[str]) -> int:
    for code in (lang, *languages):
        if code in variants:
            return variants[code]
    return next(iter(variants.values()))


def address(article: Article, passage: Passage | None) -> str:
    """Where the article is read, at that passage."""
    url = article.url or f"/articles/{article.lang}/{article.id}"
    if passage is not None and passage.anchor:
        return f"{url}#{passage.anchor}"
    if passage is None or passage.second is None:
        return url
    return f"{url}#t={passage.second}" if article.url else f"{url}?t={passage.second}"  # our page links to the video


def topic_json(topic: Topic) -> Answer:
    """A topic as the service shows it, without its probability."""
    return {
        "topic": topic.id,
        "lang": topic.lang,
        "level": topic.level,
        "channel": topic.channel,
        "title": topic.title,
        "text": topic.text,
        "urgent": topic.urgent,
        "passed_to": topic.passed_to,
        "passed_on": topic.passed_on,
    }
