"""Rasa's reply to one turn → events to be journaled. Only known keys pass; what cannot be read is an error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from bot.gateway.events import Button, Draft

SOURCE_KEYS = ("article", "version", "title", "url", "passage", "kind", "heading", "second", "lang")
DECISION_KEYS = ("outcome", "probability", "level", "channel")
CASE_KEYS = ("ref", "kind", "level", "status", "due_at")
ASKING = ("text", "choices")
EVENT_TYPES = {"answer": "answer", "handoff": "choices", "choices": "choices", "case": "case"}


class MalformedReply(Exception):
    """Rasa's answer is none that the channel promises; the message says what is wrong."""


@dataclass(frozen=True, slots=True)
class Reply:
    """Events of a turn, and the dialogue's open form with the slot it asks for."""

    drafts: tuple[Draft, ...]
    form: str | None
    asked: str | None


def read_reply(body: object, lang: str) -> Reply:
    """The channel's JSON as events. MalformedReply where it is no reply or says nothing."""
    if not isinstance(body, Mapping) or not isinstance(body.get("messages"), list):
        raise MalformedReply("expected {'messages': [...]}")
    state = body.get("state")
    state = state if isinstance(state, Mapping) else {}
    form, asked = _word(state.get("active_loop")), _word(state.get("requested_slot"))
    drafts = [draft for message in body["messages"] for draft in _drafts(message, lang)]
    if not drafts:
        raise MalformedReply("the reply says nothing")
    if not any("decision" in draft.body for draft in drafts):
        drafts = [_chat(draft) if draft.type in ASKING else draft for draft in drafts]
    if form and asked and drafts[-1].type in ASKING:
        drafts[-1] = _question(drafts[-1], form, asked)
    return Reply(tuple(drafts), form, asked)


def _drafts(message: object, lang: str) -> list[Draft]:
    if not isinstance(message, Mapping):
        raise MalformedReply("expected each message to be an object")
    drafts = []
    buttons, text, custom = _buttons(message.get("buttons")), _text(message.get("text")), message.get("custom")
    if custom is not None:
        drafts.append(_custom(custom, lang))
    if text is not None:
        drafts.append(Draft(sender="bot", type="text", body={"text": text, "lang": lang}, buttons=buttons))
    elif buttons:
        raise MalformedReply("expected text above buttons")
    return drafts


def _custom(custom: object, lang: str) -> Draft:
    kind = custom.get("type") if isinstance(custom, Mapping) else None
    if not isinstance(custom, Mapping) or not isinstance(kind, str) or kind not in EVENT_TYPES:
        raise MalformedReply(f"expected custom.type to be one of {', '.join(EVENT_TYPES)}, got {kind!r}")
    body: dict[str, Any] = {
        "text": _text(custom.get("text")),
        "lang": _word(custom.get("lang")) or lang,
        "source": _picked(custom.get("source"), SOURCE_KEYS),
        "decision": _picked(custom.get("decision"), DECISION_KEYS),
        "case": _picked(custom.get("case"), CASE_KEYS),
    }
    needed = {"answer": ("text", "source"), "handoff": ("text",), "choices": ("text",), "case": ("case",)}[kind]
    missing = [key for key in needed if not body[key]]
    if missing:
        raise MalformedReply(f"custom message of type {kind} without {', '.join(missing)}")
    receipt = custom.get("receipt")
    return Draft(
        sender="bot",
        type=EVENT_TYPES[kind],
        body={key: value for key, value in body.items() if value is not None},
        buttons=_buttons(custom.get("buttons")),
        receipt=receipt if isinstance(receipt, Mapping) else None,
    )


def _chat(draft: Draft) -> Draft:
    return replace(draft, body={**draft.body, "decision": {"outcome": "chat"}})


def _question(draft: Draft, form: str, asked: str) -> Draft:
    """The last words of a turn inside a form ask for a field: the page can then offer the fitting keyboard."""
    kind = form.removesuffix("_form")
    asked_for = {"kind": kind, "field": asked.removeprefix(f"{kind}_")}
    kind_of_event = "form" if draft.type == "text" else draft.type
    return replace(draft, type=kind_of_event, body={**draft.body, "form": asked_for})


def _buttons(value: object) -> tuple[Button, ...]:
    if value is None:
        return ()
    if not isinstance(value, list):
        raise MalformedReply("expected buttons to be a list")
    buttons = []
    for item in value:
        title = _text(item.get("title")) if isinstance(item, Mapping) else None
        payload = item.get("payload") if isinstance(item, Mapping) else None
        if title is None or not isinstance(payload, str) or not payload:
            raise MalformedReply("expected each button to have title and payload")
        buttons.append(Button(title=title, payload=payload))
    return tuple(buttons)


def _picked(value: object, keys: tuple[str, ...]) -> dict[str, Any] | None:
    if not isinstance(value, Mapping):
        return None
    return {key: value[key] for key in keys if value.get(key) is not None} or None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value.strip() else None


def _word(value: object) -> str | None:
    return value if isinstance(value, str) and 0 < len(value) <= 40 else None
