"""The web process as a process: killed in mid-turn, stopped politely, started with nonsense."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientError, ClientSession

from tests.gateway.site import TOKEN, Event, RasaPeer, Turn, text_reply
from tests.running import ROOT, free_ports


class Process:
    """`python -m bot serve`."""

    def __init__(self, folder: Path, rasa_port: int, **more: str) -> None:
        self.port, internal, kb, actions = free_ports(4)
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = os.environ | {
            "PORT": str(self.port),
            "GUICHET_INTERNAL_PORT": str(internal),
            "GUICHET_KB_PORT": str(kb),
            "GUICHET_ACTIONS_PORT": str(actions),
            "GUICHET_RASA_PORT": str(rasa_port),
            "GUICHET_DATA_DIR": str(folder),
            "GUICHET_INTERNAL_TOKEN": TOKEN,
            **more,
        }
        self.running: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        self.running = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot", "serve", cwd=ROOT, env=self.environment, stderr=asyncio.subprocess.PIPE
        )
        assert self.running.stderr is not None
        async with asyncio.timeout(60):
            async for line in self.running.stderr:
                if b"web_listening" in line:
                    return
        raise AssertionError("ended before it listened")

    async def end(self, name: signal.Signals) -> int:
        """Send a signal and wait; returns the exit status."""
        assert self.running is not None
        with contextlib.suppress(ProcessLookupError):
            self.running.send_signal(name)
        async with asyncio.timeout(30):
            await self.running.communicate()
        assert self.running.returncode is not None
        return self.running.returncode


class Customer:
    def __init__(self, http: ClientSession, process: Process) -> None:
        self.http = http
        self.process = process
        self.id = self.token = ""

    async def begin(self) -> None:
        async with self.http.post(f"{self.process.url}/api/conversations", json={}) as response:
            body = await response.json()
            self.id, self.token = body["id"], body["token"]

    async def post(self, rest: str, body: dict[str, Any], **headers: str) -> Any:
        url = f"{self.process.url}/api/conversations/{self.id}/{rest}"
        headers["Authorization"] = f"Bearer {self.token}"
        async with self.http.post(url, json=body, headers=headers) as response:
            assert response.status in (201, 202)
            return await response.json()

    async def events(self) -> list[Event]:
        url = f"{self.process.url}/api/conversations/{self.id}/events"
        async with self.http.get(url, headers={"Authorization": f"Bearer {self.token}"}) as response:
            return list((await response.json())["events"])

    async def stream_until(self, text: str) -> None:
        url = f"{self.process.url}/api/conversations/{self.id}/events"
        headers = {"Authorization": f"Bearer {self.token}", "Accept": "text/event-stream"}
        async with asyncio.timeout(30), self.http.get(url, headers=headers) as response:
            async for line in response.content:
                if text.encode() in line:
                    return
        raise AssertionError(f"the stream ended without {text!r}")


@pytest.fixture
async def http() -> AsyncIterator[ClientSession]:
    async with ClientSession() as session:
        yield session


async def test_killed_in_mid_turn_it_answers_once_after_the_restart(tmp_path: Path, http: ClientSession) -> None:
    rasa = RasaPeer()
    reached, release = asyncio.Event(), asyncio.Event()

    async def hold(turn: Turn) -> Any:
        reached.set()
        await release.wait()
        return text_reply(f"answer to {turn['text']}")

    rasa.answer = hold
    process = Process(tmp_path, await rasa.start())
    await process.start()
    customer = Customer(http, process)
    await customer.begin()
    message = {"client_id": str(uuid.uuid4()), "text": "Ma question"}
    acknowledged = await customer.post("messages", message)
    ticket = {"kind": "ticket", "email": "client@example.org", "subject": "Facture", "text": "Elle est fausse."}
    case = await customer.post("cases", ticket, **{"Idempotency-Key": "k"})
    async with asyncio.timeout(20):
        await reached.wait()
    assert await process.end(signal.SIGKILL) == -signal.SIGKILL
    with pytest.raises(ClientError):
        await customer.events()
    release.set()
    await process.start()
    assert await customer.post("messages", message) == acknowledged
    assert await customer.post("cases", ticket, **{"Idempotency-Key": "k"}) == case
    await customer.stream_until("answer to Ma question")
    events = await customer.events()
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert [event["text"] for event in events if event["from"] == "bot"][1:] == ["answer to Ma question"]
    assert [event["case"]["ref"] for event in events if event["type"] == "case"] == [case["case"]["ref"]]
    assert len(rasa.turns) == 1
    assert await process.end(signal.SIGTERM) == 0
    await rasa.stop()


@pytest.mark.parametrize("name", [signal.SIGTERM, signal.SIGINT])
async def test_a_polite_stop_ends_streams_and_lets_a_turn_finish(
    tmp_path: Path, http: ClientSession, name: signal.Signals
) -> None:
    rasa = RasaPeer()
    reached, release = asyncio.Event(), asyncio.Event()

    async def hold(_turn: Turn) -> Any:
        reached.set()
        await release.wait()
        return text_reply("still in time")

    rasa.answer = hold
    process = Process(tmp_path, await rasa.start())
    await process.start()
    customer = Customer(http, process)
    await customer.begin()
    url = f"{process.url}/api/conversations/{customer.id}/events"
    headers = {"Authorization": f"Bearer {customer.token}", "Accept": "text/event-stream"}
    async with http.get(url, headers=headers) as stream:
        await stream.content.readuntil(b"connected")
        await customer.post("messages", {"client_id": "x", "text": "Ma question"})
        async with asyncio.timeout(20):
            await reached.wait()
        ending = asyncio.create_task(process.end(name))
        async with asyncio.timeout(20):
            while await stream.content.readline():
                pass  # the stream ends before the turn does
        release.set()
        assert await ending == 0
    await process.start()
    assert (await customer.events())[-1]["text"] == "still in time"
    assert len(rasa.calls) == 1
    await process.end(signal.SIGTERM)
    await rasa.stop()


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("GUICHET_INTERNAL_TOKEN", "", "GUICHET_INTERNAL_TOKEN"),
        ("GUICHET_TURN_DEADLINE", "soon", "GUICHET_TURN_DEADLINE"),
        ("GUICHET_LIMIT_CASES", "many", "GUICHET_LIMIT_CASES"),
        ("GUICHET_TRUSTED_PROXIES", "my-proxy", "GUICHET_TRUSTED_PROXIES"),
        ("DATABASE_URL", "nonsense", "DATABASE_URL"),
        ("DATABASE_URL", "sqlite+aiosqlite:////proc/none/x.db", "GUICHET_DATA_DIR"),
        ("GUICHET_DATA_DIR", "/proc/none", "GUICHET_DATA_DIR"),
        ("GUICHET_CONTENT_DIR", "/nonexistent", "company.yml"),
        ("GUICHET_WEBHOOK_URL", "https://hooks.example.com/x", "GUICHET_WEBHOOK_SECRET"),
    ],
)
async def test_it_says_what_is_wrong_with_a_setting_and_does_not_start(
    tmp_path: Path, variable: str, value: str, words: str
) -> None:
    process = Process(tmp_path, 9, **{variable: value})
    started = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "serve", cwd=ROOT, env=process.environment, stderr=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(60):
        _, said = await started.communicate()
    assert started.returncode == 2
    assert words in said.decode()
    assert "Traceback" not in said.decode()


async def test_a_port_in_use_is_said_in_a_sentence(tmp_path: Path) -> None:
    first = Process(tmp_path, 9)
    await first.start()
    second = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "serve", cwd=ROOT, env=first.environment, stderr=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(60):
        _, said = await second.communicate()
    assert second.returncode == 2
    assert "address already in use" in said.decode()
    assert "Traceback" not in said.decode()
    await first.end(signal.SIGTERM)
