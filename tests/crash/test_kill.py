"""`kill -9` of any process in mid-turn: nothing acknowledged is lost, nobody waits for ever, no case is made twice.

GUICHET_CRASHES (default 5) kills are spread over the processes; GUICHET_SEED repeats a run.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Iterator

import aiohttp
import pytest

from tests.chat import Chat, Event
from tests.running import Guichet, running

CRASHES = int(os.environ.get("GUICHET_CRASHES", "5"))
VICTIMS = ("web", "rasa", "actions", "kb")
QUESTIONS = (
    "Comment puis-je demander mon mot de passe ?",
    "Comment créer un nouvel utilisateur ?",
    "Bonjour",
    "J'ai des questions sur une facture",
)


@pytest.fixture(scope="module")
def own_guichet(tmp_path_factory: pytest.TempPathFactory, guichet: Guichet) -> Iterator[Guichet]:
    """Not shared with other tests, which would be hit by the kills as well."""
    with running(tmp_path_factory.mktemp("crash"), {"GUICHET_LIMIT_CONVERSATIONS": ""}, like=guichet) as whole:
        yield whole


async def until_back(guichet: Guichet, http: aiohttp.ClientSession) -> None:
    """Wait until every process is up again."""
    async with asyncio.timeout(90):
        while True:
            try:
                async with http.get(f"{guichet.url}/readyz") as response:
                    if response.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.2)


async def open_case(chat: Chat, key: str) -> dict[str, object]:
    """Post a ticket with one idempotency key until it is acknowledged, as the widget's form does."""
    body = {"kind": "ticket", "email": "client@example.org", "subject": "Facture", "text": "Le montant est faux."}
    async with asyncio.timeout(60):
        while True:
            try:
                headers = chat.headers | {"Idempotency-Key": key}
                async with chat.session.post(chat.path("cases"), json=body, headers=headers) as response:
                    answer = await response.json()
                    if response.status == 201:
                        return dict(answer["case"])
                    assert response.status >= 500, answer
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.1)


async def test_random_kills_lose_no_message_and_double_no_case(
    own_guichet: Guichet, http: aiohttp.ClientSession
) -> None:
    seed = int(os.environ.get("GUICHET_SEED", random.SystemRandom().randrange(10**9)))
    print(f"GUICHET_SEED={seed}")
    chance = random.Random(seed)
    victims = [VICTIMS[number % len(VICTIMS)] for number in range(CRASHES)]
    chance.shuffle(victims)
    for number, victim in enumerate(victims):
        chat = await Chat.begin(http, own_guichet.url)
        texts = [chance.choice(QUESTIONS) for _ in range(3)]

        async def talk(chat: Chat = chat, texts: list[str] = texts) -> None:
            for text in texts:
                replies = await chat.say(text, within=90)
                assert any(event.get("text") or event.get("buttons") for event in replies)

        async def kill(victim: str = victim, delay: float = chance.uniform(0, 0.25)) -> None:
            await asyncio.sleep(delay)
            own_guichet.kill(victim)

        key = f"crash-{number}"
        _, _, first = await asyncio.gather(talk(), kill(), open_case(chat, key))
        again = await open_case(chat, key)
        assert again == first, f"the same key made another case after a kill of {victim}"
        await until_back(own_guichet, http)

        events = await everything(chat)
        assert [event["seq"] for event in events] == list(range(1, len(events) + 1)), "a gap in the journal"
        said = [event["text"] for event in events if event["from"] == "customer" and event["type"] == "text"]
        assert said == texts, f"the journal lost or doubled a message after a kill of {victim}"
        async with http.get(chat.path("cases"), headers=chat.headers) as response:
            cases = (await response.json())["cases"]
        assert len(cases) == 1, f"{len(cases)} cases for one key after a kill of {victim}"


async def everything(chat: Chat) -> list[Event]:
    chat.events.clear()
    await chat.fetch()
    return chat.events


async def test_the_web_process_alone_takes_a_ticket_while_all_others_are_dead(
    own_guichet: Guichet, http: aiohttp.ClientSession
) -> None:
    chat = await Chat.begin(http, own_guichet.url)
    for name in ("rasa", "actions", "kb"):
        own_guichet.processes()[name].suspend()
    try:
        case = await open_case(chat, "alone")
        assert case["ref"]
        assert case["status"] == "open"
    finally:
        for name in ("rasa", "actions", "kb"):
            own_guichet.processes()[name].resume()


async def test_a_killed_process_is_started_again_within_seconds(
    own_guichet: Guichet, http: aiohttp.ClientSession
) -> None:
    for name in VICTIMS:
        dead = own_guichet.kill(name)
        async with asyncio.timeout(10):
            while True:
                process = own_guichet.processes().get(name)
                if process is not None and process.pid != dead:
                    break
                await asyncio.sleep(0.05)
        await until_back(own_guichet, http)
