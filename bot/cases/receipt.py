"""The handoff receipt: what was asked and said before, what the search found, and why it did not answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

LAST_MESSAGES = 20
LONGEST_MESSAGE = 2_000
_KEPT = ("question", "outcome", "reason", "index_version", "candidates", "topics")


def build(transcript: Sequence[Mapping[str, Any]], decision: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The receipt of a case: the end of the conversation (`from`, `at`, `text` of each message) and the search's own
    receipt of the question that led here, as `custom.receipt` of Rasa's channel; other keys are dropped."""
    said = [
        {"from": message.get("from"), "at": message.get("at"), "text": str(message["text"])[:LONGEST_MESSAGE]}
        for message in transcript
        if message.get("text")
    ]
    kept = {key: decision[key] for key in _KEPT if key in decision} if decision else {}
    return {**kept, "transcript": said[-LAST_MESSAGES:]}
