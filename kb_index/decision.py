"""Probabilities of being right, and what to do: answer, clarify, hand off."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from kb_index.ranking import EVIDENCE, TOPIC_EVIDENCE, Evidence

Outcome = Literal["answer", "clarify", "handoff"]
Reason = Literal["confident", "several_likely", "level_topic", "low_probability", "empty_index"]

FARTHEST = 3.0  # standard deviations

# What each outcome is worth to the customer, from 0 to 1, by what would have been right. What is not answered gets the
# outcome of the highest expected worth; an answer is given by its threshold alone.
CHOICE_RIGHT = 0.7  # asked back, the right article being among the choices
CHOICE_VAIN = 0.6  # asked back where nothing answers: people come one press later
TOPIC_ELSEWHERE = 0.85  # handed to a topic's people, where neither they nor an article would have been right
OTHER_CHANNEL = 0.2  # handed to people, but not on the channel that serves it
URGENT_WEIGHT = 2.0  # how much likelier another topic must be than an urgent one
URGENT_THRESHOLD = 0.05  # probability from which an urgent topic waits for no other outcome

# How much each piece of evidence counts beside the score where no golden questions tell it. Left-out questions tell
# the scale of probabilities, but lie too near to each other to tell these directions; they were set on outside sets.
RIGHT_DIRECTION = dict.fromkeys(EVIDENCE, 0.0) | {"score": 1.0, "length": 0.25, "share": 0.1}
AMONG_DIRECTION = dict.fromkeys(EVIDENCE, 0.0) | {"score": 1.0, "length": 0.25, "third": 0.3}
TOPIC_DIRECTION = dict.fromkeys(TOPIC_EVIDENCE, 0.0) | {"topics": 1.0}


@dataclass
class Logistic:
    """A logistic function of the standardised evidence, summed up in a direction: name → weight, in its order."""

    direction: dict[str, float]
    mean: list[float]
    scale: list[float]
    slope: float = 1.0
    bias: float = 0.0

    def along(self, evidence: NDArray[Any]) -> NDArray[np.float64]:
        """Evidence summed up, one number per row."""
        weights = np.array(list(self.direction.values()))
        return np.asarray(self.standard(evidence) @ weights)

    def standard(self, evidence: NDArray[Any]) -> NDArray[np.float64]:
        """Evidence in standard deviations from its mean; beyond what was fitted on, more of it counts no further."""
        return np.asarray(np.clip((np.asarray(evidence, np.float64) - self.mean) / self.scale, -FARTHEST, FARTHEST))

    def __call__(self, evidence: NDArray[Any]) -> NDArray[np.float64]:
        """Probabilities, one per row of evidence."""
        return np.asarray(1 / (1 + np.exp(-np.clip(self.slope * self.along(evidence) + self.bias, -30, 30))))


@dataclass
class Bound:
    """What is stated of errors: of what is answered at most `risk` is wrong, with `confidence`; or why nothing is."""

    risk: float
    confidence: float
    stated: bool
    threshold: float
    answered: int = 0
    wrong: int = 0
    tested: int = 0
    note: str = ""


def exclusive(article: NDArray[np.float64], topical: NDArray[np.float64] | float) -> NDArray[np.float64]:
    """An article's probability where a topic's is known too: what people must serve, no article answers."""
    return np.minimum(article, 1 - topical)


@dataclass(frozen=True)
class Chances:
    """`each`: one per ranked target; `among`: right among the first three articles; `topical`: people must serve it."""

    each: list[float]
    among: float
    topical: float


@dataclass
class Decider:
    """`right`: the first article is right; `among`: one of the first three is; `topical`: a topic is."""

    right: Logistic
    among: Logistic
    topical: Logistic
    bound: Bound

    def chances(self, evidence: Evidence, scores: NDArray[np.float32], topics: NDArray[np.bool_]) -> Chances:
        """`scores`, `topics`: of the ranked targets, best first."""
        scores = scores.astype(np.float64)
        topical = float(self.topical(evidence.topic)) if topics.any() else 0.0
        each = np.zeros(len(scores))
        if topics.any():
            powers = np.exp(scores[topics] - scores[topics][0])
            each[topics] = topical * powers / powers.sum()
        if topics.all():
            return Chances(each.tolist(), 0.0, topical)
        first = float(exclusive(self.right(evidence.article), topical))
        among = max(first, float(exclusive(self.among(evidence.article), topical)))
        rest = scores[~topics][1:]
        powers = np.exp(rest - rest.max(initial=-np.inf)) if len(rest) else rest
        others = np.minimum(first, (among - first) * powers / max(float(powers[:2].sum()), 1e-9))
        each[~topics] = [first, *others.tolist()]
        return Chances(each.tolist(), among, topical)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Decider:
        right, among, topical = (Logistic(**data[name]) for name in ("right", "among", "topical"))
        return cls(right, among, topical, Bound(**data["bound"]))


@dataclass(frozen=True)
class Candidate:
    """A ranked target as the decision sees it; `channel` and `urgent` of a topic."""

    probability: float
    channel: str | None = None
    urgent: bool = False


def decide(
    found: list[Candidate], among: float, topical: float, threshold: float
) -> tuple[Outcome, Reason, int | None]:
    """(outcome, reason, place of the topic to hand off to). `found`: best first; the rest: see `Chances`."""
    if not found:
        return "handoff", "empty_index", None
    article = next((one for one in found if one.channel is None), None)
    if article is not None and article.probability >= threshold:
        return "answer", "confident", None
    neither = max(0.0, 1 - among - topical)
    worth = {"handoff": neither + OTHER_CHANNEL * topical}
    if article is not None:
        worth["clarify"] = CHOICE_RIGHT * among + CHOICE_VAIN * neither
    place = _route(found)
    if place is not None:
        if any(one.urgent and one.probability >= URGENT_THRESHOLD for one in found):
            return "handoff", "level_topic", place  # to the urgent topic's people, or to those of a far likelier one
        served = sum(one.probability for one in found if one.channel == found[place].channel)
        worth["topic"] = served + OTHER_CHANNEL * (topical - served) + TOPIC_ELSEWHERE * neither
    best = max(worth, key=lambda outcome: worth[outcome])
    if best == "clarify":
        return "clarify", "several_likely", None
    return ("handoff", "level_topic", place) if best == "topic" else ("handoff", "low_probability", None)


def _route(found: list[Candidate]) -> int | None:
    """The likeliest topic, an urgent one counting more."""
    topics = [place for place, one in enumerate(found) if one.channel is not None]
    weighed = {at: found[at].probability * (URGENT_WEIGHT if found[at].urgent else 1.0) for at in topics}
    return max(topics, key=lambda at: weighed[at], default=None)
