"""What goes into a turn and what comes out of it, between the channel's JSON and Rasa's events."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rasa.core.channels.channel import OutputChannel
from rasa.shared.core.events import BotUttered, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

# `custom` messages that carry their words and buttons themselves, rather than beside them.
_WITH_BUTTONS = frozenset({"answer", "handoff", "choices", "case"})
_PAYLOAD = re.compile(r"/(?P<intent>[a-z_]+)(?P<entities>\{.*\})?", re.DOTALL)
_LEADING = re.compile(r"^[\s/]+")


class InvalidTurn(Exception):
    """The call is none that the contract knows; the message says what was expected."""


@dataclass(frozen=True)
class Turn:
    """`text` is what Rasa sees; `parse_data` is set for a button and None for typed text, which the model reads. With
    `fresh` a person had the conversation since the last turn."""

    sender: str
    message_id: str
    lang: str
    text: str
    parse_data: dict[str, Any] | None
    fresh: bool


class Discarded(OutputChannel):
    """Replies are read from the tracker, where a repeated delivery finds them too."""

    @classmethod
    def name(cls) -> str:
        return "guichet"

    async def send_response(self, recipient_id: str, message: dict[str, Any]) -> None:
        """Nothing to do: see the class."""


def read_turn(body: object, intents: set[str]) -> Turn:
    """The call's JSON as a turn. InvalidTurn where a key is missing or the payload is none of our buttons."""
    if not isinstance(body, Mapping):
        raise InvalidTurn("expected a JSON object")
    values = {}
    for key in ("sender", "message_id", "lang"):
        value = body.get(key)
        if not isinstance(value, str) or not value:
            raise InvalidTurn(f"expected {key} to be a non-empty string, got {value!r}")
        values[key] = value
    fresh = body.get("fresh") is True
    text, payload = body.get("text"), body.get("payload")
    if isinstance(payload, str) and text is None:
        return Turn(**values, text=payload, parse_data=read_payload(payload, intents), fresh=fresh)
    if isinstance(text, str) and payload is None:
        # Rasa takes `/intent{…}` for an intent, also behind spaces; typed text never is one.
        return Turn(**values, text=_LEADING.sub("", text).strip() or "?", parse_data=None, fresh=fresh)
    raise InvalidTurn("expected either text or payload to be a string")


def read_payload(payload: str, intents: set[str]) -> dict[str, Any]:
    """`/intent{"entity": value}` as Rasa's parse data."""
    match = _PAYLOAD.fullmatch(payload)
    if match is None or match["intent"] not in intents:
        raise InvalidTurn(f"expected a payload /intent{{…}} of a known intent, got {payload[:60]!r}")
    try:
        entities = json.loads(match["entities"] or "{}")
    except ValueError as error:
        raise InvalidTurn(f"the payload's entities are no JSON: {error}") from error
    intent = {"name": match["intent"], "confidence": 1.0}
    return {
        "text": payload,
        "intent": intent,
        "intent_ranking": [intent],
        "entities": [
            {"entity": name, "value": value, "start": 0, "end": len(payload)} for name, value in entities.items()
        ],
    }


def reply_to(tracker: DialogueStateTracker, message_id: str) -> dict[str, Any] | None:
    """What was said in the turn of `message_id` and where the dialogue stands; None where there is no such turn."""
    said: list[dict[str, Any]] | None = None
    for event in tracker.events:
        if isinstance(event, UserUttered):
            if said is not None:
                break
            if event.message_id == message_id:
                said = []
        elif isinstance(event, BotUttered) and said is not None:
            said.append(as_message(event))
    if said is None:
        return None
    state = {"active_loop": tracker.active_loop_name, "requested_slot": tracker.get_slot("requested_slot")}
    return {"messages": said, "state": state}


def as_message(event: BotUttered) -> dict[str, Any]:
    """`{"text"?, "buttons"?, "custom"?}`; the words and buttons of a custom message are put into it. A button for which
    the action had no payload is none."""
    buttons = [{"title": b["title"], "payload": b["payload"]} for b in event.data.get("buttons") or [] if b["payload"]]
    custom = event.data.get("custom")
    if not custom:
        return {"text": event.text, **({"buttons": buttons} if buttons else {})}
    if custom.get("type") not in _WITH_BUTTONS:
        return {"custom": custom}
    custom = dict(custom)
    if event.text:
        custom["text"] = event.text
    buttons = [*custom.pop("buttons", []), *buttons]  # choices first, then the way out of them
    return {"custom": {**custom, "buttons": buttons} if buttons else custom}
