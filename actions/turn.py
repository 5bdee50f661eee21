"""One call of an action: what the customer did, what the dialogue knows, and how the action replies."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.kb import Kb
from actions.web import Web

Event = dict[str, Any]
Events = list[Event]

FORM_SLOTS = ("subject", "text", "email", "phone", "slot", "contract", "severity", "system")
SURE = 0.6  # as the FallbackClassifier's threshold in config.yml


@dataclass(frozen=True, slots=True)
class Services:
    kb: Kb
    web: Web


class Turn:
    """`say` collects replies; an action returns the events it causes."""

    def __init__(self, dispatcher: CollectingDispatcher, tracker: Tracker, services: Services) -> None:
        self._dispatcher = dispatcher
        self._tracker = tracker
        self.kb = services.kb
        self.web = services.web
        message = tracker.latest_message or {}
        intent = message.get("intent") or {}
        self.conversation: str = tracker.sender_id
        self.message_id: str = str(message.get("message_id") or "")
        self.text: str = str(message.get("text") or "")
        self.intent: str = str(intent.get("name") or "")
        self.entities: dict[str, Any] = {e["entity"]: e["value"] for e in message.get("entities") or []}
        self.lang: str = tracker.get_slot("lang") or "fr"

    @property
    def pressed(self) -> bool:
        """True for a button; typed text never begins with a slash."""
        return self.text.startswith("/")

    @property
    def form_kind(self) -> str | None:
        """ticket, callback or sla while that form is open."""
        name = (self._tracker.active_loop or {}).get("name")
        return str(name).removesuffix("_form") if name else None

    def slot(self, name: str) -> Any:
        return self._tracker.get_slot(name)

    def state(self, name: str) -> dict[str, Any]:
        """A slot that holds a dictionary; empty where it is not set."""
        value = self._tracker.get_slot(name)
        return dict(value) if isinstance(value, dict) else {}

    def set(self, **values: Any) -> Events:
        """Events for the slots that are to change."""
        return [SlotSet(name, value) for name, value in values.items() if self._tracker.get_slot(name) != value]

    def say(
        self,
        response: str,
        *,
        custom: dict[str, Any] | None = None,
        buttons: Sequence[dict[str, str]] = (),
        **values: Any,
    ) -> None:
        """Utter a response of domain.yml; `values` fill its placeholders. `custom` travels with it; `buttons`, whose
        titles are content such as an article's title, stand before those of the response."""
        if buttons:
            custom = {"type": "choices", **(custom or {}), "buttons": list(buttons)}
        filled = {name: fillable(value) for name, value in values.items()}
        self._dispatcher.utter_message(response=response, json_message=custom, **filled)

    def show(self, custom: dict[str, Any]) -> None:
        """A custom message that brings its own words, verbatim from an article."""
        self._dispatcher.utter_message(json_message=custom)

    def take_back(self) -> None:
        """Forget what was said in this call."""
        self._dispatcher.messages.clear()

    def last_question(self) -> str | None:
        """What the customer typed last, in this message or before it."""
        for event in reversed(self._tracker.events):
            text = event.get("text") if event.get("event") == "user" else None
            if isinstance(text, str) and text and not text.startswith("/"):
                return text
        return None

    def last_buttons(self) -> list[tuple[str, str]]:
        """Titles and payloads of the buttons that came with the bot's last words."""
        for event in reversed(self._tracker.events):
            if event.get("event") == "bot" and event.get("text"):
                buttons = (event.get("data") or {}).get("buttons") or []
                return [(str(button["title"]), str(button["payload"])) for button in buttons]
        return []

    def shown_text(self, responses: Sequence[str], key: str, value: str) -> str | None:
        """The words in which one of `responses` was shown last, found by one of its placeholders' values."""
        for event in reversed(self._tracker.events):
            details = event.get("metadata") or {}
            if event.get("event") == "bot" and details.get("utter_action") in responses and details.get(key) == value:
                return str(event["text"])
        return None


def payload(intent: str, **entities: Any) -> str:
    """A button's payload; entities that are None are left out."""
    given = {name: value for name, value in entities.items() if value is not None}
    if not given:
        return f"/{intent}"
    return f"/{intent}{json.dumps(given, ensure_ascii=False)}".replace("0[", "0\\u005b")  # see `fillable`


def fillable(value: Any) -> Any:
    """Rasa fills no placeholder of a response whose filled text contains « 0[ », which its own notation looks like: an
    invisible word joiner keeps the two characters apart."""
    return value.replace("0[", "0\u2060[") if isinstance(value, str) else value
