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
        {"from": message.get("from"), "at": message.get("at"), "text": _sound(str(message["text"]))[:LONGEST_MESSAGE]}
        for message in transcript
        if message.get("text")
    ]
    kept = {key: decision[key] for key in _KEPT if key in decision} if decision else {}
    if isinstance(kept.get("question"), str):
        kept["question"] = _sound(kept["question"])[:LONGEST_MESSAGE]
    return {**kept, "transcript": said[-LAST_MESSAGES:]}


def _sound(text: str) -> str:
    """Text that mail and JSON can carry: halves of characters, which JavaScript can send, become question marks."""
    return text.encode("utf-8", "replace").decode()
