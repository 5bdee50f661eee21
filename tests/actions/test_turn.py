from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.turn import Services, Turn, payload


@pytest.mark.parametrize("text", ['with "quotes" {braces} \\ and\nlines', "ünïcödé ’ » 漢字", "{a}", "array0[1]"])
def test_a_payload_carries_any_text_unharmed(text: str) -> None:
    made = payload("choose", question=text, shown=["a", "b"], topic=None)
    assert json.loads(made.removeprefix("/choose")) == {"question": text, "shown": ["a", "b"]}
    assert "0[" not in made


def test_a_payload_without_entities_is_the_intent() -> None:
    assert payload("retry", question=None) == "/retry"


def test_only_slots_that_change_become_events(services: Services, call: Callable[..., Any]) -> None:
    tracker = Tracker.from_dict(call("x", {"email": "a@b.fr", "phone": None})["tracker"])
    events = Turn(CollectingDispatcher(), tracker, services).set(email="a@b.fr", phone="+33", subject=None)
    assert [(event["name"], event["value"]) for event in events] == [("phone", "+33")]


def test_the_last_question_is_what_was_typed_and_never_a_button(services: Services, call: Callable[..., Any]) -> None:
    body = call("x", text="/retry")
    body["tracker"]["events"].insert(0, {"event": "user", "text": "où est la corbeille"})
    assert (
        Turn(CollectingDispatcher(), Tracker.from_dict(body["tracker"]), services).last_question()
        == "où est la corbeille"
    )
