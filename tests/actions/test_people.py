"""A person at once is offered where one is there, asked for once, and never the only way on."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from actions.server import application
from tests.dialogue.peers import CLOSED, THERE, TOKEN, FakeKb, FakeWeb, found, topic

Run = Callable[..., Any]


@pytest.fixture
async def run(kb: FakeKb, web: FakeWeb, call: Callable[..., Any]) -> AsyncIterator[Run]:
    """Runs an action as Rasa does, on the real action server; gives its responses and the slots that it set."""
    app = application(kb_port=kb.peer.port, web_port=web.peer.port, token=TOKEN)
    async with TestClient(TestServer(app)) as client:

        async def post(action: str, *slots: Any, **message: Any) -> tuple[list[Any], dict[str, Any]]:
            body = call(action, *slots, **message)
            async with client.post("/webhook", json=body, headers={"X-Guichet-Token": TOKEN}) as response:
                assert response.status == 200
                result = await response.json()
            return result["responses"], {e["name"]: e["value"] for e in result["events"] if e["event"] == "slot"}

        yield post


def names(responses: list[Any]) -> list[str]:
    return [one["response"] for one in responses]


@pytest.mark.parametrize(
    ("presence", "response"),
    [
        (THERE, "utter_ask_human_there"),
        (CLOSED, "utter_ask_human_closed"),
        ({"there": False, "reason": "busy", "display": None}, "utter_ask_human_busy"),
        ({"there": False, "reason": "nobody", "display": None}, "utter_ask_human_nobody"),
        ({**THERE, "released": True}, "utter_ask_human_there"),  # asked for, so offered
    ],
)
async def test_who_asks_for_a_person_is_told_what_is_so(
    run: Run, web: FakeWeb, presence: dict[str, Any], response: str
) -> None:
    web.presence = presence
    responses, slots = await run("action_ask_human", text="parler à quelqu’un", intent="ask_human")
    assert names(responses) == [response]
    assert (slots.get("expects") is not None) == presence["there"]
    if presence.get("display"):
        assert responses[0]["back"] == presence["display"]


async def test_without_the_web_process_the_other_ways_are_offered(run: Run, web: FakeWeb) -> None:
    web.peer.down = True
    responses, _ = await run("action_ask_human", text="parler à quelqu’un", intent="ask_human")
    assert names(responses) == ["utter_ask_human"]


@pytest.mark.parametrize(
    ("presence", "before", "offered"),
    [(THERE, [], True), ({**THERE, "released": True}, [], False), (CLOSED, ["utter_back"], False)],
)
async def test_a_handoff_offers_a_person_first_unless_one_has_just_left(
    run: Run, kb: FakeKb, web: FakeWeb, presence: dict[str, Any], before: list[str], offered: bool
) -> None:
    web.presence = presence
    kb.results = [("facture", found("handoff", [], [topic("invoice-question", 1, "ticket")]))]
    responses, _ = await run("action_answer", text="une facture double")
    assert names(responses) == [*before, "utter_handoff_ticket"]
    live = responses[-1]["live"]
    assert bool(live) == offered
    if offered:
        assert json.loads(live.removeprefix("/request_person")) == {"question": "une facture double"}


@pytest.mark.parametrize("where", ["kb", "web"])
async def test_where_search_or_web_is_down_a_ticket_stays_a_way(run: Run, kb: FakeKb, web: FakeWeb, where: str) -> None:
    web.presence = THERE
    (kb if where == "kb" else web).peer.down = True
    responses, _ = await run("action_answer", text="une question")
    assert names(responses) == ["utter_search_down" if where == "kb" else "utter_no_answer"]
    assert responses[0]["ticket"].startswith("/request_ticket")
    assert bool(responses[0]["live"]) == (where == "kb")


async def test_the_urgent_words_stand_beside_the_topic_and_after_the_hours(run: Run, kb: FakeKb, web: FakeWeb) -> None:
    web.presence = CLOSED
    kb.results = [("bloqué", found("handoff", [], [topic("system-down", 3, "sla", urgent=True)]))]
    responses, _ = await run("action_answer", text="tout est bloqué")
    assert names(responses) == ["utter_back", "utter_urgent", "utter_handoff_sla"]


async def test_the_button_asks_for_a_person_with_the_question(run: Run, web: FakeWeb) -> None:
    web.presence = THERE
    responses, slots = await run(
        "action_request_person", text="/request_person", intent="request_person", entities={"question": "ma facture"}
    )
    assert web.asked == [{"conversation": "talk-1", "question": "ma facture"}]
    assert names(responses) == ["utter_person_coming"]
    assert slots["offer"] == {"question": "ma facture", "topic": None}  # for a ticket instead


async def test_nobody_there_any_more_is_said_with_the_other_ways(run: Run, web: FakeWeb) -> None:
    web.presence = CLOSED
    responses, slots = await run("action_request_person", text="/request_person", intent="request_person")
    assert names(responses) == ["utter_ask_human_closed"]
    assert web.asked == []
    assert slots["turn"] == "done"


async def test_a_web_process_that_is_down_can_be_asked_again(run: Run, web: FakeWeb) -> None:
    web.peer.down = True
    responses, _ = await run(
        "action_request_person", text="/request_person", intent="request_person", entities={"question": "ma facture"}
    )
    assert names(responses) == ["utter_person_unreachable"]
    assert json.loads(responses[0]["live"].removeprefix("/request_person")) == {"question": "ma facture"}


@pytest.mark.parametrize(("intent", "action"), [("affirm", "action_feedback"), ("ask_human", "action_ask_human")])
async def test_a_yes_or_the_same_wish_again_takes_the_offer(run: Run, web: FakeWeb, intent: str, action: str) -> None:
    web.presence = THERE
    slots = {"expects": {"kind": "handoff", "channel": "person"}, "offer": {"question": "ma facture", "topic": None}}
    responses, changed = await run(action, slots, text="oui", intent=intent)
    assert names(responses) == ["utter_person_coming"]
    assert web.asked == [{"conversation": "talk-1", "question": "ma facture"}]
    assert changed["expects"] is None


@pytest.mark.parametrize("there", [True, False])
async def test_inside_a_form_a_person_is_offered_where_one_is_there(run: Run, web: FakeWeb, there: bool) -> None:
    web.presence = THERE if there else CLOSED
    slots = {"requested_slot": "email", "form": {"kind": "ticket"}}
    responses, changed = await run(
        "validate_ticket_form", slots, text="parler à quelqu’un", intent="ask_human", form="ticket_form"
    )
    assert names(responses) == (["utter_form_human_there"] if there else ["utter_back", "utter_form_human"])
    assert changed["email"] is None  # asked for again


@pytest.mark.parametrize("there", [True, False])
async def test_the_button_inside_a_form_ends_it_only_where_somebody_comes(run: Run, web: FakeWeb, there: bool) -> None:
    web.presence = THERE if there else CLOSED
    slots = {"requested_slot": "email", "form": {"kind": "ticket"}, "text": "Ma demande"}
    _, changed = await run(
        "validate_ticket_form", slots, text="/request_person", intent="request_person", form="ticket_form"
    )
    assert (changed.get("confirmation") == "person") == there
    assert ("requested_slot" in changed) == there
    assert "text" not in changed
    if there:
        responses, closed = await run("action_close_form", {**slots, **changed}, intent="request_person")
        assert names(responses) == ["utter_person_coming"]
        assert closed["confirmation"] is None
        assert len(web.asked) == 1
