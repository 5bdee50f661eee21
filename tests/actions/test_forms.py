"""The parts of forms that need no dialogue."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.forms import error_response, request, subject_of
from actions.turn import Services, Turn

LONG = "Depuis la mise à jour de lundi, le classeur Achats ne s'ouvre plus chez aucune de mes collègues du service."


def turn_of(call: dict[str, Any], services: Services) -> Turn:
    return Turn(CollectingDispatcher(), Tracker.from_dict(call["tracker"]), services)


def test_the_subject_is_the_topics_title_where_there_is_one() -> None:
    assert subject_of({"topic": {"title": "Question sur une facture"}}, LONG) == "Question sur une facture"


@pytest.mark.parametrize("text", [LONG, "x" * 300, "court", "deux\nlignes  avec   espaces", "a " * 200])
def test_a_subject_made_of_the_text_is_one_line_that_fits(text: str) -> None:
    subject = subject_of({}, text)
    assert 3 <= len(subject) <= 81
    assert "\n" not in subject
    assert subject.rstrip("…").rstrip() in " ".join(text.split())


def test_an_unknown_error_code_has_a_sentence_too() -> None:
    assert error_response("slot_taken") == "utter_error_slot_taken"
    assert error_response("something_new") == "utter_error_other"


@pytest.mark.parametrize(
    ("kind", "channel", "level", "sent"),
    [("ticket", "ticket", 1, 1), ("ticket", "sla", 4, None), ("callback", "callback", 2, 2), ("sla", "sla", 4, 4)],
)
def test_the_level_goes_with_the_topic_only_on_the_topics_own_channel(
    services: Services, call: Callable[..., Any], kind: str, channel: str, level: int, sent: int | None
) -> None:
    topic = {"id": "t", "level": level, "channel": channel, "title": "T", "passed_to": "who", "passed_on": "what"}
    slots = {"offer": {"question": "q", "topic": topic}, "text": "words", "phone": "+331"}
    body = call("action_close_form", slots)
    fields = request(turn_of(body, services), kind, {"key": "talk-1:m-0"})
    assert fields.get("level") == sent
    assert fields["idempotency_key"] == "talk-1:m-0"
    assert ("passed_to" in fields) == (sent == 4)
    assert not [name for name, value in fields.items() if value is None and name != "topic"]


def test_a_ticket_sends_nothing_that_belongs_to_other_forms(services: Services, call: Callable[..., Any]) -> None:
    slots = {"text": "words", "email": "a@b.fr", "phone": "+331", "contract": "SLA-1", "severity": "1"}
    body = call("action_close_form", slots)
    fields = request(turn_of(body, services), "ticket", {"key": "k"})
    assert {name for name, value in fields.items() if value is not None} == {
        "conversation", "idempotency_key", "kind", "lang", "text", "email", "subject",
    }  # fmt: skip
