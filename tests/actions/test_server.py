"""The webhook as Rasa calls it: over HTTP, without a domain, with the token."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from actions.server import application
from tests.dialogue.peers import TOKEN, FakeKb, FakeWeb, found, hit


@pytest.fixture
async def server(kb: FakeKb, web: FakeWeb) -> AsyncIterator[Any]:
    app = application(kb_port=kb.peer.port, web_port=web.peer.port, token=TOKEN)
    async with TestClient(TestServer(app)) as client:
        yield client


async def test_health_needs_no_token(server: Any) -> None:
    assert (await server.get("/health")).status == 200


async def test_an_action_runs_without_the_domain_that_rasa_leaves_out(
    server: Any, call: Callable[..., Any], kb: FakeKb
) -> None:
    kb.results = [("passe", found("answer", [hit("reset-password")]))]
    body = call("action_answer", text="mot de passe oublié")
    async with server.post("/webhook", json=body, headers={"X-Guichet-Token": TOKEN}) as response:
        assert response.status == 200
        result = await response.json()
    assert result["responses"][0]["custom"]["source"]["article"] == "reset-password"
    assert {"event": "slot", "timestamp": None, "name": "turn", "value": "done"} in result["events"]


@pytest.mark.parametrize("token", [None, "", "wrong"])
async def test_a_call_without_the_token_is_refused(server: Any, call: Callable[..., Any], token: str | None) -> None:
    headers = {} if token is None else {"X-Guichet-Token": token}
    async with server.post("/webhook", json=call("action_answer"), headers=headers) as response:
        assert response.status == 403


async def test_an_unknown_action_is_a_404_that_names_it(server: Any, call: Callable[..., Any]) -> None:
    async with server.post("/webhook", json=call("action_unknown"), headers={"X-Guichet-Token": TOKEN}) as response:
        assert response.status == 404
        assert (await response.json())["action_name"] == "action_unknown"
