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

CAUTIOUS_THRESHOLD = 0.90  # where the articles allow no statement about errors
CLARIFY_THRESHOLD = 0.45  # probability that the right article is among the first three
TOPIC_THRESHOLD = 0.20  # a topic hands over to people: being wrong costs little, so less is asked of it
URGENT_THRESHOLD = 0.15


@dataclass
class Logistic:
    """A logistic regression on standardised evidence."""

    mean: list[float] = field(default_factory=lambda: [0.0] * len(EVIDENCE))
    scale: list[float] = field(default_factory=lambda: [1.0] * len(EVIDENCE))
    weights: list[float] = field(default_factory=lambda: [0.0] * len(EVIDENCE))
    bias: float = 0.0

    def __call__(self, evidence: NDArray[Any]) -> NDArray[np.float64]:
        """Probabilities, one per row of evidence."""
        z = (np.asarray(evidence, np.float64) - self.mean) / self.scale
        return np.asarray(1 / (1 + np.exp(-np.clip(z @ np.array(self.weights) + self.bias, -30, 30))))


@dataclass
class Bound:
    """What is stated about errors: of what is answered at most `risk` is wrong, with `confidence`, or why nothing is stated."""

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
    """A ranked target as the decision sees it."""

    probability: float
    topic: bool
    urgent: bool = False


def decide(found: list[Candidate], among: float, threshold: float) -> tuple[Outcome, Reason, int | None]:
    """(outcome, reason, place of the topic to hand off to). `found`: best first."""
    if not found:
        return "handoff", "empty_index", None
    first = found[0]
    if first.topic:
        if first.probability >= TOPIC_THRESHOLD:
            return "handoff", "level_topic", 0
    elif first.probability >= threshold:
        return "answer", "confident", None
    urgent = next((place for place, one in enumerate(found[:3]) if one.urgent), None)
    if urgent is not None and found[urgent].probability >= URGENT_THRESHOLD:
        return "handoff", "level_topic", urgent
    if not first.topic and among >= CLARIFY_THRESHOLD:
        return "clarify", "several_likely", None
    return "handoff", "low_probability", None
