"""kb_index on the tasks: ranking and decision as the service gives them, level routing, passages of long texts."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kb_index.building import build_index, build_signals, fitted
from kb_index.config import Config
from kb_index.decision import Bound
from kb_index.encoder import Encoder
from kb_index.evaluation import Question, measure
from kb_index.index import Index
from tests.quality.measures import Row, Share, share
from tests.quality.sets import Golden, Task
from tests.quality.targets import TOPIC, Ranking

RISK = 0.10  # the largest wrong share that is asked for: the product's default
SECONDS_NEAR = 30  # a video's passage is right where it begins at most this far from the golden second
FOLDS = 4  # of the golden questions that may be fitted on
NAME = "Guichet"


@dataclass(frozen=True)
class Routing:
    """Level questions of one language as one system routed them: shares that got the right one."""

    topic: Share
    level: Share
    channel: Share


def rows_of(index: Index, questions: Sequence[Question], encoder: Encoder) -> list[Row]:
    report = measure(index, list(questions), encoder)
    return [
        Row(tuple(row["expected"]), tuple(row["ranked"]), float(row["probability"]), str(row["outcome"]))
        for row in report["rows"]
    ]


def evaluate_task(task: Task, config: Config, encoder: Encoder) -> tuple[list[Row], Bound]:
    """Everything is fitted from the task's articles alone."""
    index = build_index(task.articles, (), config, encoder, RISK)
    return rows_of(index, task.questions, encoder), index.decider.bound


class OwnIndexes:
    """Our content, indexed once and fitted several times, so that no question is asked of what was fitted on it.

    The questions that only measure are asked of `shipped`, fitted on all others as the service's index is; each other
    one of the index that was fitted without its fold.
    """

    def __init__(self, golden: Golden, config: Config, encoder: Encoder) -> None:
        content = golden.content
        self._encoder = encoder
        signals, trained = build_signals(content.articles, content.topics, config, encoder, {}, lambda _: None)
        self.shipped = fitted("shipped", signals, trained, encoder, RISK, content.gold)
        self.crossed = [
            fitted("crossed", signals, trained, encoder, RISK, [one for one in content.gold if fold(one.text) != asked])
            for asked in range(FOLDS)
        ]
        known = {fold_key(one.text) for one in content.gold}
        self._seen = lambda text: fold_key(text) in known

    def index_for(self, text: str) -> Index:
        """The one that has not seen this question."""
        return self.crossed[fold(text)] if self._seen(text) else self.shipped

    def search(self, text: str, lang: str) -> Any:
        """What the service would answer."""
        index = self.index_for(text)
        return index.search(text, index.vector(text, self._encoder), lang)

    def rows(self, questions: Sequence[Question]) -> list[Row]:
        return [rows_of(self.index_for(question.text), [question], self._encoder)[0] for question in questions]

    def bounds(self, tested: bool) -> list[Bound]:
        """Of the indexes that the questions of that part are asked of."""
        return [index.decider.bound for index in ([self.shipped] if tested else self.crossed)]


def fold_key(text: str) -> str:
    return " ".join(text.casefold().split())


def fold(text: str) -> int:
    """The fold that a golden question belongs to; the same text, in whatever file, is never in two."""
    return hashlib.sha256(fold_key(text).encode()).digest()[0] % FOLDS


def decisions(indexes: OwnIndexes, levels: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The decision on each level question."""
    return [indexes.search(row["text"], row["lang"])["decision"] for row in levels]


def routing(golden: Golden, found: Sequence[Any], lang: str) -> Routing:
    """Right only where the outcome is a handoff: an answer or a clarification routes nowhere.

    A row without a topic (none of its level names it) counts for level and channel alone.
    """
    channels = {topic.level: topic.channel for topic in golden.content.topics}
    pairs = [(row, one) for row, one in zip(golden.levels, found, strict=True) if row["lang"] == lang]
    handed = [one["outcome"] == "handoff" for _, one in pairs]
    return Routing(
        topic=share(
            [ok and one["topic"] == row["topic"] for ok, (row, one) in zip(handed, pairs, strict=True) if row["topic"]]
        ),
        level=share([ok and one["level"] == row["level"] for ok, (row, one) in zip(handed, pairs, strict=True)]),
        channel=share(
            [ok and one["channel"] == channels[row["level"]] for ok, (row, one) in zip(handed, pairs, strict=True)]
        ),
    )


def routing_by_rank(golden: Golden, rankings: Sequence[Ranking], lang: str) -> Routing:
    """For a system that only ranks: the first target's level and channel, where it is a topic."""
    topics = {topic.id: topic for topic in golden.content.topics}
    channels = {topic.level: topic.channel for topic in golden.content.topics}
    pairs = []
    for row, ranking in zip(golden.levels, rankings, strict=True):
        first = ranking[0][0] if ranking else ""
        if row["lang"] == lang:
            pairs.append((row, topics.get(first.removeprefix(TOPIC)) if first.startswith(TOPIC) else None))
    return Routing(
        topic=share([topic is not None and topic.id == row["topic"] for row, topic in pairs if row["topic"]]),
        level=share([topic is not None and topic.level == row["level"] for row, topic in pairs]),
        channel=share([topic is not None and topic.channel == channels[row["level"]] for row, topic in pairs]),
    )


def urgent_waiting(golden: Golden, found: Sequence[dict[str, Any]]) -> Share:
    """Urgent messages that were answered or asked back instead of handed to people."""
    urgent = {topic.id for topic in golden.content.topics if topic.urgent}
    return share(
        [one["outcome"] != "handoff" for row, one in zip(golden.levels, found, strict=True) if row["topic"] in urgent]
    )


def passages_right(indexes: OwnIndexes, long: Sequence[dict[str, Any]]) -> Share:
    """Of the questions whose first hit is the article named first: the passage under the right heading or second."""
    flags = []
    for row in long:
        hits = indexes.search(row["text"], row["lang"])["hits"]
        if not hits or hits[0]["article"] != row["expected"][0]:
            continue
        if "second" in row:
            second = hits[0]["second"]
            flags.append(second is not None and abs(second - row["second"]) <= SECONDS_NEAR)
        else:
            flags.append((hits[0]["heading"] or "").split(" › ")[-1] == row["heading"])  # the last of its path
    return share(flags)
