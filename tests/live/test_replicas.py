"""Two web processes on one PostgreSQL: the customer listens to one, the agent works at the other."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bot.company import LiveRules
from tests.desk.live_site import eventually
from tests.desk.site import DeskSite, open_desk
from tests.gateway.site import Talk, content

RULES = LiveRules(around_the_clock=True)
BASE = "/api/desk/conversations"
SECONDS = 15  # what a busy machine may need; the processes look once a second
Sign = tuple[str, dict[str, Any]]


@dataclass
class Pair:
    one: DeskSite
    two: DeskSite

    def elsewhere(self, talk: Talk) -> Talk:
        """The same conversation, for a customer whose requests reach the second process."""
        return Talk(self.two.site, talk.id, talk.token)


@pytest.fixture
async def pair(tmp_path: Path, postgres_url: str) -> AsyncIterator[Pair]:
    company = content()[0].model_copy(update={"live": RULES})
    async with (
        open_desk(tmp_path / "one", company, database_url=postgres_url) as one,
        open_desk(tmp_path / "two", company, database_url=postgres_url) as two,
    ):
        yield Pair(one, two)


@contextlib.asynccontextmanager
async def listening(talk: Talk) -> AsyncIterator[AsyncIterator[Sign]]:
    """(event, data) of a customer's stream, which is open when this begins."""
    headers = talk.headers | {"Accept": "text/event-stream"}
    async with talk.site.http.get(talk.url("events"), headers=headers) as response:
        assert response.status == 200, await response.text()

        async def signs() -> AsyncIterator[Sign]:
            name = "message"
            async for line in response.content:
                if line.startswith(b"event: "):
                    name = line[7:].decode().strip()
                elif line.startswith(b"data: "):
                    yield name, json.loads(line[6:])
                    name = "message"

        yield signs()


async def until(signs: AsyncIterator[Sign], wanted: Callable[[str, dict[str, Any]], bool]) -> dict[str, Any]:
    async with asyncio.timeout(SECONDS):
        async for name, data in signs:
            if wanted(name, data):
                return data
    raise AssertionError("the stream ended before")


async def test_what_an_agent_does_at_one_process_reaches_a_customer_at_the_other(pair: Pair) -> None:
    anna = await pair.one.colleague("Anna")
    talk = await pair.one.site.talk()
    customer = pair.elsewhere(talk)
    async with listening(customer) as signs:
        await until(signs, lambda _, data: data.get("seq") == 1)
        status, body = await anna.call("POST", f"{BASE}/{talk.id}/claim", {})
        assert status == 200, body
        joined = await until(signs, lambda _, data: "live" in data)
        assert joined["live"] == {"state": "live", "agent": {"name": "Anna"}}
        seq = await customer.say("Bonjour Anna")
        status, body = await anna.call("POST", f"{BASE}/{talk.id}/read", {"seq": seq})
        assert status == 204, body
        await until(signs, lambda name, data: (name, data) == ("read", {"seq": seq}))
        message = {"client_id": "m1", "text": "Bonjour, je regarde."}
        status, body = await anna.call("POST", f"{BASE}/{talk.id}/messages", message)
        assert status == 201, body
        said = await until(signs, lambda _, data: data.get("from") == "agent")
        assert (said["seq"], said["text"]) == (body["seq"], message["text"])


async def test_what_a_customer_does_at_one_process_reaches_the_desks_of_the_other(pair: Pair) -> None:
    anna = await pair.one.colleague("Anna")
    talk = await pair.one.site.talk()
    async with anna.stream() as events, asyncio.timeout(SECONDS):
        async for event in events:
            if event["event"] == "ready":
                break
        status, body = await anna.call("POST", f"{BASE}/{talk.id}/claim", {})
        assert status == 200, body
        async for event in events:  # the desk's own change
            if event["event"] == "conversation":
                break
        await pair.elsewhere(talk).say("Bonjour Anna")
        async for event in events:
            if event["event"] == "conversation":
                assert event["data"] == {"id": talk.id}
                break
    shown = await anna.get(f"{BASE}/{talk.id}")
    assert shown["events"][-1]["text"] == "Bonjour Anna"
    assert shown["conversation"]["unread"]
    assert pair.one.site.rasa.calls == pair.two.site.rasa.calls == []  # the bot is silent at both


async def test_a_desk_that_is_open_at_one_process_lets_a_customer_of_the_other_ask_for_a_person(pair: Pair) -> None:
    anna = await pair.one.colleague("Anna")
    await pair.one.presence(anna, "online")
    customer = pair.elsewhere(await pair.one.site.talk())

    async def there() -> bool:
        return (await customer.post("person", {}))[0] == 202

    assert not await there()
    async with anna.stream() as events, asyncio.timeout(SECONDS):
        async for event in events:
            if event["event"] == "ready":
                break
        await eventually(there)  # the sign of the open desk is on its way
        async for event in events:
            if event["event"] == "conversation":
                assert event["data"] == {"id": customer.id}
                break


async def test_of_agents_at_two_processes_who_claim_at_once_one_wins(pair: Pair) -> None:
    anna, bruno = await pair.one.colleague("Anna"), await pair.two.colleague("Bruno")
    for _ in range(5):
        talk = await pair.one.site.talk()
        answers = await asyncio.gather(*(who.call("POST", f"{BASE}/{talk.id}/claim", {}) for who in (anna, bruno)))
        assert sorted(status for status, _ in answers) == [200, 409]
        (refused,) = [body for status, body in answers if status == 409]
        winner = anna if answers[0][0] == 200 else bruno
        assert refused["error"]["code"] == "already_claimed"
        assert winner.name in refused["error"]["message"]
        assert [event["text"] for event in await talk.events() if event.get("live")] == [
            pair.one.site.gateway.catalogue.text("fr", "live.joined", name=winner.name)
        ]
