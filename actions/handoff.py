"""Handing over to people: the topic's words with its channel's button first, and the receipt that says why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from actions import people
from actions.kb import Found, Topic
from actions.turn import Events, Turn, payload

CANDIDATE = ("article", "version", "title", "probability")
CHANNELS = frozenset({"ticket", "callback", "sla"})


async def hand_over(turn: Turn, question: str, found: Found, reason: str | None = None) -> Events:
    """What the decision says: the topic's channel, or a ticket where no topic fits. Urgent topics are said to be so."""
    topic = found.topic
    decision = found.decision
    reasons = receipt(question, found, "handoff", reason)
    if topic is None:
        return await offer_people(
            turn, question, reasons, response="utter_no_answer", probability=decision["probability"]
        )
    before = []
    if topic["urgent"]:
        before.append("utter_urgent")
    if topic["lang"] != turn.lang:
        before.append("utter_other_language")
    channel = channel_of(topic)
    return await offer_people(
        turn, question, reasons,
        response=f"utter_handoff_{channel}", words=topic["text"], topic=kept(topic),
        level=topic["level"], channel=channel, probability=decision["probability"], before=before,
    )  # fmt: skip


async def offer_people(
    turn: Turn,
    question: str,
    reasons: dict[str, Any],
    *,
    response: str,
    topic: dict[str, Any] | None = None,
    level: int = 1,
    channel: str = "ticket",
    probability: float = 0.0,
    before: Sequence[str] = (),
    **values: Any,
) -> Events:
    """Say `response` with buttons that carry question and topic, so that they work at any later time too; first among
    them a person at once, where one is there. `before` are responses said just before it."""
    live = await people.offered(turn, question)
    for said in before:
        turn.say(said)
    requests: dict[str, Any] = {
        kind: payload(f"request_{kind}", question=question, topic=topic) for kind in sorted(CHANNELS)
    }
    turn.say(
        response,
        custom={
            "type": "handoff",
            "decision": {"outcome": "handoff", "probability": probability, "level": level, "channel": channel},
            "receipt": reasons,
        },
        live=live,
        **requests,
        **values,
    )
    expected = {"kind": "handoff", "channel": channel}
    return turn.set(expects=expected, offer={"question": question, "topic": topic})


def channel_of(topic: Topic) -> str:
    """Where the topic's people are asked; a ticket where content names no channel that we have."""
    return topic["channel"] if topic["channel"] in CHANNELS else "ticket"


def kept(topic: Topic) -> dict[str, Any]:
    """What a case needs to know of its topic."""
    return {
        "id": topic["topic"], "level": topic["level"], "channel": topic["channel"], "title": topic["title"],
        "passed_to": topic.get("passed_to"), "passed_on": topic.get("passed_on"),
    }  # fmt: skip


def receipt(question: str, found: Found | None, outcome: str, reason: str | None = None) -> dict[str, Any]:
    """Why the bot did what it did, for whoever takes over; `found` is None where the search was down."""
    return {
        "question": question,
        "outcome": outcome,
        "reason": reason or (found.decision["reason"] if found else None),
        "index_version": found.version if found else None,
        "candidates": [
            dict(zip(CANDIDATE, (hit["article"], hit["version"], hit["title"], hit["probability"]), strict=True))
            for hit in (found.hits if found else [])
        ],
        "topics": [
            {"topic": topic["topic"], "level": topic["level"], "probability": topic["probability"]}
            for topic in (found.topics if found else [])
        ],
    }
