from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import pytest
from aiohttp import ClientSession
from aiohttp import web as aiohttp_web
from aiohttp.test_utils import TestServer

from actions.kb import Kb
from actions.turn import Services
from actions.web import Web
from tests.dialogue.peers import TOKEN, FakeKb, FakeWeb


@pytest.fixture
def kb() -> Any:
    peer = FakeKb()
    yield peer
    peer.peer.close()


@pytest.fixture
def web() -> Any:
    peer = FakeWeb()
    yield peer
    peer.peer.close()


@pytest.fixture
async def services(kb: FakeKb, web: FakeWeb) -> AsyncIterator[Services]:
    async with ClientSession() as session:
        yield Services(Kb(session, kb.peer.port, TOKEN), Web(session, web.peer.port, TOKEN))


Call = dict[str, Any]


@pytest.fixture
def call() -> Callable[..., Call]:
    """What Rasa sends to run an action."""

    def build(
        action: str,
        slots: Mapping[str, Any] | None = None,
        *,
        text: str = "",
        intent: str = "question",
        entities: Mapping[str, Any] | None = None,
        form: str | None = None,
    ) -> Call:
        message = {
            "text": text, "message_id": "m-1", "intent": {"name": intent, "confidence": 1.0},
            "entities": [{"entity": name, "value": value} for name, value in (entities or {}).items()],
        }  # fmt: skip
        return {
            "next_action": action,
            "sender_id": "talk-1",
            "version": "3.6.21",
            "tracker": {
                "sender_id": "talk-1", "slots": {"lang": "fr", **(slots or {})}, "latest_message": message,
                "events": [{"event": "user", **message, "parse_data": message}], "paused": False,
                "followup_action": None, "active_loop": {"name": form} if form else {},
                "latest_action_name": "action_listen", "latest_input_channel": "guichet",
            },
        }  # fmt: skip

    return build


@pytest.fixture
async def refusing() -> int:
    """A port where nobody listens any more."""
    server = TestServer(aiohttp_web.Application())
    await server.start_server()
    port = server.port
    await server.close()
    assert port is not None
    return port
