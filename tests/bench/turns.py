"""Turns against Guichet and against the bare bot, timed from sending a message to holding its reply."""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import aiohttp

from tests.bench.bare import Bare

QUESTIONS = (
    "Comment puis-je demander mon mot de passe ?",
    "Comment créer un nouvel utilisateur ?",
    "Comment restaurer un document supprimé ?",
    "Où changer la langue de l’interface ?",
    "Comment partager un document par lien ?",
    "Comment numériser une facture ?",
    "Comment activer la double authentification ?",
    "Comment chercher dans le texte des documents ?",
)


class Talker(Protocol):
    """One conversation with some bot."""

    async def ask(self, text: str) -> None:
        """Send a question and return when the reply is there; AssertionError where none comes."""


class BareTalker:
    """A sender of Rasa's REST channel."""

    def __init__(self, session: aiohttp.ClientSession, bare: Bare) -> None:
        self.session, self.url, self.sender = session, bare.url, uuid.uuid4().hex

    async def ask(self, text: str) -> None:
        async with self.session.post(self.url, json={"sender": self.sender, "message": text}) as response:
            assert await response.json() == [{"recipient_id": self.sender, "text": "ok"}]


class GuichetTalker:
    """A customer with an open event stream, as the widget keeps one."""

    def __init__(self, session: aiohttp.ClientSession, url: str, identifier: str, token: str) -> None:
        self.session, self.base = session, f"{url}/api/conversations/{identifier}"
        self.headers = {"Authorization": f"Bearer {token}"}
        self.replied: dict[int, asyncio.Event] = {}
        self.seen = 0
        self.errors = 0
        self.stream = asyncio.create_task(self._listen())

    @classmethod
    async def begin(cls, session: aiohttp.ClientSession, url: str) -> GuichetTalker:
        async with session.post(f"{url}/api/conversations", json={"lang": "fr"}) as response:
            assert response.status == 201, await response.text()
            body = await response.json()
        return cls(session, url, body["id"], body["token"])

    async def _listen(self) -> None:
        headers = self.headers | {"Accept": "text/event-stream"}
        timeout = aiohttp.ClientTimeout(total=None)
        async with self.session.get(f"{self.base}/events", headers=headers, timeout=timeout) as response:
            async for line in response.content:
                if line.startswith(b"data:"):
                    self._receive(json.loads(line[5:]))

    def _receive(self, event: dict[str, Any]) -> None:
        if event.get("seq") and event["from"] != "customer":
            self.seen = max(self.seen, event["seq"])
            self.errors += event["type"] == "error"
            for seq, waiting in self.replied.items():
                if seq < event["seq"]:
                    waiting.set()

    async def ask(self, text: str) -> None:
        body = {"client_id": str(uuid.uuid4()), "text": text}
        async with self.session.post(f"{self.base}/messages", json=body, headers=self.headers) as response:
            assert response.status == 202, await response.text()
            seq = (await response.json())["seq"]
        waiting = self.replied.setdefault(seq, asyncio.Event())
        if self.seen > seq:
            waiting.set()
        await asyncio.wait_for(waiting.wait(), 60)
        del self.replied[seq]
        assert not self.errors, f"a question was answered by an error event: {text}"

    async def end(self) -> None:
        self.stream.cancel()
        await asyncio.gather(self.stream, return_exceptions=True)


Begin = Callable[[], Awaitable[Talker]]


async def turn_times(begin: Begin, turns: int, conversations: int) -> list[list[float]]:
    """Seconds of every turn, one list per conversation, one conversation after the other."""
    times = []
    for _ in range(conversations):
        talker = await begin()
        row = []
        for question in itertools.islice(itertools.cycle(QUESTIONS), turns):
            started = time.perf_counter()
            await talker.ask(question)
            row.append(time.perf_counter() - started)
        times.append(row)
    return times


async def throughput(begin: Begin, talkers: int, seconds: float) -> float:
    """Answered questions per second of `talkers` customers who each ask again as soon as they are answered.

    A conversation has eight questions; then a new customer takes the place.
    """
    until = time.perf_counter() + seconds
    answered = 0

    async def ask_on() -> None:
        nonlocal answered
        while time.perf_counter() < until:
            talker = await begin()
            for question in random.sample(QUESTIONS, len(QUESTIONS)):
                if time.perf_counter() > until:
                    break
                await talker.ask(question)
                answered += 1
            if isinstance(talker, GuichetTalker):
                await talker.end()

    started = time.perf_counter()
    await asyncio.gather(*(ask_on() for _ in range(talkers)))
    return answered / (time.perf_counter() - started)


async def sustained(begin: Begin, rate: float, seconds: float, talkers: int = 60) -> tuple[list[float], int]:
    """Ask at a fixed `rate` (questions per second) whatever the answers take. Returns the times of the answered and the
    number of lost questions."""
    pool = [await begin() for _ in range(talkers)]
    times: list[float] = []
    lost = 0

    async def one(talker: Talker, question: str) -> None:
        nonlocal lost
        started = time.perf_counter()
        try:
            await talker.ask(question)
            times.append(time.perf_counter() - started)
        except (AssertionError, TimeoutError, aiohttp.ClientError):
            lost += 1

    tasks = []
    started = time.perf_counter()
    for number in range(int(rate * seconds)):
        await asyncio.sleep(max(0.0, started + number / rate - time.perf_counter()))
        tasks.append(asyncio.create_task(one(pool[number % talkers], QUESTIONS[number % len(QUESTIONS)])))
    await asyncio.gather(*tasks)
    return times, lost
