"""Probabilities of being right, and what to do: answer, clarify, hand off."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from kb_index.postings import Floats
from kb_index.ranking import EVIDENCE

Outcome = Literal["answer", "clarify", "handoff"]
Reason = Literal["confident", "several_likely", "level_topic", "low_probability", "empty_index"]

CAUTIOUS_THRESHOLD = 0.85  # where the articles allow no statement about errors
CLARIFY_THRESHOLD = 0.45  # probability that the right article is among the first three
TOPIC_SHARE = 0.5  # of the likelihood that topics hold together: people can serve it, so they are offered
ROUTE_SHARE = 0.2  # of the likelihood, for the channel of a question that nothing answers
IN_SCOPE = 0.02  # probability below which a question has nothing to do with what is known
URGENT_SHARE = 0.15

# How much each piece of evidence counts beside the score. Left-out questions tell the scale of probabilities, but lie
# too near to each other to tell these directions; they are the same for all subjects and were set on outside sets.
RIGHT_DIRECTION = {"score": 1.0, "length": 0.25, "share": 0.1, "third": 0.0}
AMONG_DIRECTION = {"score": 1.0, "length": 0.25, "share": 0.0, "third": 0.3}


@dataclass
class Logistic:
    """A logistic function of the standardised evidence, summed up in a fixed direction."""

    direction: dict[str, float]
    mean: list[float] = field(default_factory=lambda: [0.0] * len(EVIDENCE))
    scale: list[float] = field(default_factory=lambda: [1.0] * len(EVIDENCE))
    slope: float = 1.0
    bias: float = 0.0

    def along(self, evidence: NDArray[Any]) -> NDArray[np.float64]:
        """Evidence summed up, one number per row."""
        weights = np.array([self.direction[name] for name in EVIDENCE])
        return np.asarray(((np.asarray(evidence, np.float64) - self.mean) / self.scale) @ weights)

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


@dataclass
class Decider:
    """`right`: the first is right; `among`: the right one is among the first three."""

    right: Logistic
    among: Logistic
    bound: Bound

    def probabilities(self, evidence: Floats, scores: Floats) -> tuple[list[float], float]:
        """(probability of each ranked target, probability that the right one is among the first three)."""
        first = float(self.right(evidence))
        among = max(first, float(self.among(evidence)))
        result = [first]
        if len(scores) > 1:
            rest = np.exp(scores[1:] - scores[1])
            share = rest / rest[:2].sum()
            result.extend(float(min(first, (among - first) * part)) for part in share)
        return result, among

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Decider:
        return cls(Logistic(**data["right"]), Logistic(**data["among"]), Bound(**data["bound"]))


@dataclass(frozen=True)
class Candidate:
    """A ranked target as the decision sees it: `share` of the likelihood; `channel` and `urgent` of a topic."""

    probability: float
    share: float
    channel: str | None = None
    urgent: bool = False


def decide(found: list[Candidate], among: float, threshold: float) -> tuple[Outcome, Reason, int | None]:
    """(outcome, reason, place of the topic to hand off to). `found`: best first."""
    if not found:
        return "handoff", "empty_index", None
    first = found[0]
    if first.channel is None and first.probability >= threshold:
        return "answer", "confident", None
    place, routed = _route(found)
    known = first.probability >= IN_SCOPE
    if known and place is not None and (first.channel is not None or routed >= TOPIC_SHARE):
        return "handoff", "level_topic", place
    urgent = next((at for at, one in enumerate(found) if one.urgent and one.share >= URGENT_SHARE), None)
    if known and urgent is not None:
        return "handoff", "level_topic", urgent
    if first.channel is None and among >= CLARIFY_THRESHOLD:
        return "clarify", "several_likely", None
    if known and place is not None and routed >= ROUTE_SHARE:
        return "handoff", "level_topic", place
    return "handoff", "low_probability", None


def _route(found: list[Candidate]) -> tuple[int | None, float]:
    """(the best topic of the likeliest channel, the share of the likelihood that the channel's topics hold)."""
    shares: dict[str, float] = {}
    best: dict[str, int] = {}
    for place, one in enumerate(found):
        if one.channel is not None:
            shares[one.channel] = shares.get(one.channel, 0.0) + one.share
            best.setdefault(one.channel, place)
    if not shares:
        return None, 0.0
    channel = max(shares, key=lambda name: shares[name])
    return best[channel], shares[channel]
