"""`kill -9` of the web process while an agent and a customer write: what was acknowledged is there, once."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientError, ClientSession, CookieJar

from tests.desk.live_site import eventually
from tests.desk.site import PASSWORD
from tests.gateway.site import TOKEN, RasaPeer
from tests.running import ROOT, free_ports

KILLS = 4
MESSAGES = 5  # of each side before the next kill
EMAIL = "ada@staff.example"
Json = dict[str, Any]


@dataclass
class Web:
    """`python -m bot serve`, killed and started again on the same data and ports; Rasa is the tests' peer."""

    folder: Path
    rasa: RasaPeer
    rasa_port: int
    url: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    _process: asyncio.subprocess.Process | None = None

    def __post_init__(self) -> None:
        port, internal = free_ports(2)
        self.url = f"http://127.0.0.1:{port}"
        self.environment = os.environ | {
            "PORT": str(port),
            "GUICHET_INTERNAL_PORT": str(internal),
            "GUICHET_RASA_PORT": str(self.rasa_port),
            "GUICHET_INTERNAL_TOKEN": TOKEN,
            "GUICHET_DATA_DIR": str(self.folder),
            "GUICHET_ADMIN_EMAIL": EMAIL,
            "GUICHET_ADMIN_PASSWORD": PASSWORD,
            "GUICHET_LIMIT_MESSAGES": "",
        }

    async def start(self) -> None:
        with (self.folder / "web.log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "bot", "serve", cwd=ROOT, env=self.environment, stdout=log, stderr=log
            )

    async def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        assert await self._process.wait() == -signal.SIGKILL

    async def stop(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
            await self._process.wait()


@pytest.fixture
async def web(tmp_path: Path) -> AsyncIterator[Web]:
    rasa = RasaPeer()
    web = Web(tmp_path, rasa, await rasa.start())
    await web.start()
    try:
        yield web
    finally:
        await web.stop()
        await rasa.stop()


@dataclass
class Side:
    """The agent or the customer: every request is sent until it is answered, as their pages do."""

    web: Web
    http: ClientSession
    headers: dict[str, str] = field(default_factory=dict)

    async def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        async with asyncio.timeout(60):
            while True:
                with contextlib.suppress(ClientError, ConnectionError):
                    url = f"{self.web.url}{path}"
                    async with self.http.request(method, url, json=body, headers=self.headers) as response:
                        return response.status, await response.json() if response.status != 204 else None
                await asyncio.sleep(0.05)

    async def done(self, method: str, path: str, body: Any = None) -> Json:
        status, answer = await self.call(method, path, body)
        assert status < 300, answer
        return dict(answer)


async def killed_while(web: Web, work: Callable[[], Awaitable[Any]], chance: random.Random) -> None:
    """Begin `work`, kill the process in the middle of it, start it again, and see the work done."""
    task = asyncio.ensure_future(work())
    await asyncio.sleep(chance.uniform(0, 0.1))  # anywhere between the request's first byte and its answer
    await web.kill()
    await web.start()
    await task


async def test_a_kill_in_mid_reply_loses_and_doubles_nothing(web: Web) -> None:
    chance = random.Random(4)
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as browser, ClientSession() as http:
        agent, customer = Side(web, browser), Side(web, http)
        csrf = (await agent.done("POST", "/api/staff/session", {"email": EMAIL, "password": PASSWORD}))["csrf"]
        agent.headers = {"X-CSRF-Token": csrf}
        talk = await customer.done("POST", "/api/conversations", {"lang": "fr"})
        customer.headers = {"Authorization": f"Bearer {talk['token']}"}
        mine, theirs = f"/api/desk/conversations/{talk['id']}", f"/api/conversations/{talk['id']}"
        acknowledged: dict[str, int] = {}

        async def say(side: Side, path: str, text: str) -> None:
            body = {"client_id": text.replace(" ", "-"), "text": text}
            acknowledged[text] = (await side.done("POST", f"{path}/messages", body))["seq"]

        async def round_(number: int) -> None:
            async def write(side: Side, path: str, who: str) -> None:
                for count in range(MESSAGES):
                    await say(side, path, f"{who} {number} {count}")

            await asyncio.gather(write(agent, mine, "agent"), write(customer, theirs, "customer"))

        await killed_while(web, lambda: agent.done("POST", f"{mine}/claim", {}), chance)
        for number in range(KILLS):
            await killed_while(web, lambda number=number: round_(number), chance)  # type: ignore[misc]
        await killed_while(web, lambda: agent.call("POST", f"{mine}/release", {}), chance)
        await say(customer, theirs, "customer asks the bot")
        events: list[Json] = []

        async def answered() -> bool:
            events[:] = (await customer.done("GET", f"{theirs}/events"))["events"]
            return bool(events[-1]["from"] == "bot")

        await eventually(answered)

    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    written = [event for event in events if event["from"] in ("agent", "customer")]
    assert {event["text"]: event["seq"] for event in written} == acknowledged
    assert len(written) == len(acknowledged) == 2 * KILLS * MESSAGES + 1
    for who in ("agent", "customer"):
        told = [event["text"] for event in written if event["from"] == who and event["text"] != "customer asks the bot"]
        assert told == [f"{who} {number} {count}" for number in range(KILLS) for count in range(MESSAGES)]
    assert [event["live"]["state"] for event in events if "live" in event] == ["live", "bot"]
    # The bot has heard and said nothing while the agent had the conversation.
    assert [turn["text"] for turn in web.rasa.turns] == ["customer asks the bot"]
    assert [event["text"] for event in events if event["from"] == "bot"][1:] == ["echo: customer asks the bot"]
