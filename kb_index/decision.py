"""Probabilities of being right, and what to do: answer, clarify, hand off."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from kb_index.ranking import EVIDENCE, TOPIC_EVIDENCE, Evidence

Outcome = Literal["answer", "clarify", "handoff"]
Reason = Literal["confident", "several_likely", "level_topic", "low_probability", "empty_index"]

CAUTIOUS_THRESHOLD = 0.75  # where too little can be tested to choose one
CLARIFY_THRESHOLD = 0.35  # probability that the right article is among the first three
TOPIC_THRESHOLD = 0.35  # probability that people must serve it, for the channel of what no article is likely to answer
POOLING = 0.5  # power of the shares of a channel's topics before they are added: several likely ones beat a single one
FARTHEST = 3.0  # standard deviations
URGENT_SHARE = 0.15  # of the likelihood
URGENT_THRESHOLD = 0.1  # the same probability, for an urgent topic

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
    """A ranked target as the decision sees it: `share` of the likelihood; `channel` and `urgent` of a topic."""

    probability: float
    share: float
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
    urgent = next((at for at, one in enumerate(found) if one.urgent and one.share >= URGENT_SHARE), None)
    if urgent is not None and topical >= URGENT_THRESHOLD:
        return "handoff", "level_topic", urgent
    place = _route(found)
    if place is not None and topical >= max(TOPIC_THRESHOLD, among if article is not None else 0.0):
        return "handoff", "level_topic", place
    if article is not None and among >= CLARIFY_THRESHOLD:
        return "clarify", "several_likely", None
    if place is not None and topical >= TOPIC_THRESHOLD:
        return "handoff", "level_topic", place
    return "handoff", "low_probability", None


def _route(found: list[Candidate]) -> int | None:
    """The best topic of the channel for which the most evidence speaks, that of all its topics together."""
    shares: dict[str, float] = {}
    best: dict[str, int] = {}
    for place, one in enumerate(found):
        if one.channel is not None:
            shares[one.channel] = shares.get(one.channel, 0.0) + one.share**POOLING
            best.setdefault(one.channel, place)
    return best[max(shares, key=lambda name: shares[name])] if shares else None
