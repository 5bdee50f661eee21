"""No action raises, whatever fails: the customer gets a polite reply with a way to a person, and the turn is done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import ClientSession

from actions.kb import Kb
from actions.registry import ACTIONS, executor, guarded
from actions.turn import Events, Services, Turn
from actions.web import Web
from tests.dialogue.peers import TOKEN, FakeKb, FakeWeb

DONE = {"event": "slot", "timestamp": None, "name": "turn", "value": "done"}


async def run(services: Services, body: dict[str, Any]) -> dict[str, Any]:
    body.setdefault("domain", {})
    result = await executor(services).run(body)
    assert result is not None
    return dict(result.model_dump())


@pytest.mark.parametrize("name", ACTIONS)
async def test_with_both_services_gone_every_action_still_answers(
    refusing: int, call: Callable[..., Any], name: str
) -> None:
    slots = {
        "form": {"kind": "ticket", "key": "k", "failures": 0}, "confirmation": "send", "text": "t", "email": "e",
        "requested_slot": "email", "expects": {"kind": "feedback", "question": "q", "shown": []},
    }  # fmt: skip
    body = call(name, slots, text="Comment faire ?", form="ticket_form")
    async with ClientSession() as session:
        services = Services(Kb(session, refusing, TOKEN), Web(session, refusing, TOKEN))
        result = await run(services, body)
    assert result["responses"], name
    assert DONE in result["events"]


async def test_an_exception_takes_back_what_was_half_said(services: Services, call: Callable[..., Any]) -> None:
    async def broken(turn: Turn) -> Events:
        turn.say("utter_greet")
        raise KeyError("a bug")

    made = executor(services)
    made.actions["action_answer"] = guarded("action_answer", broken, services)
    result = await made.run({**call("action_answer"), "domain": {}})
    assert result is not None
    assert [response["response"] for response in result.responses] == ["utter_trouble"]
    assert result.events == [DONE]


@pytest.mark.parametrize("answer", [{"hits": []}, {"version": "1", "decision": {}, "hits": None, "topics": []}])
async def test_an_answer_of_kb_that_the_contract_does_not_know_counts_as_down(
    services: Services, call: Callable[..., Any], kb: FakeKb, answer: dict[str, Any]
) -> None:
    kb.raw = answer
    result = await run(services, call("action_answer", text="une question"))
    assert [response["response"] for response in result["responses"]] == ["utter_search_down"]


async def test_in_a_form_a_failed_check_asks_again_and_keeps_no_raw_text(
    services: Services, call: Callable[..., Any], web: FakeWeb
) -> None:
    web.peer.down = True
    slots = {"requested_slot": "email", "email": "jean@exemple.fr", "form": {"kind": "ticket"}}
    body = call("validate_ticket_form", slots, text="jean@exemple.fr", form="ticket_form")
    result = await run(services, body)
    assert {"event": "slot", "timestamp": None, "name": "email", "value": None} in result["events"]
