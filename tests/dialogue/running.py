"""The real Rasa with its real model and the real action server, beside peers for kb and web."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import Any

from bot.gateway.replies import read_reply
from bot.launch import RASA_PYTHON, ROOT, train_rasa
from bot.settings import Settings
from tests.dialogue.peers import TOKEN, FakeKb, FakeWeb
from tests.running import free_ports

MODELS = ROOT / "var" / "tests"  # kept between runs: trained again only where its sources have changed


class Bot:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.kb, self.web = FakeKb(), FakeWeb()
        self.rasa_port, self.actions_port = free_ports(2)
        self.environment = os.environ | {
            "PYTHONPATH": str(ROOT), "GUICHET_DATA_DIR": str(folder), "GUICHET_INTERNAL_TOKEN": TOKEN,
            "GUICHET_KB_PORT": str(self.kb.peer.port), "GUICHET_INTERNAL_PORT": str(self.web.peer.port),
            "GUICHET_ACTIONS_PORT": str(self.actions_port), "GUICHET_RASA_PORT": str(self.rasa_port),
            "RASA_TELEMETRY_ENABLED": "false", "TF_CPP_MIN_LOG_LEVEL": "3", "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
            "OMP_NUM_THREADS": "1",
        }  # fmt: skip
        self.model = self.train()
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def train(self) -> Path:
        train_rasa(Settings(data_dir=MODELS), self.environment)
        return MODELS / "rasa" / "model"

    def start(self, *names: str) -> None:
        """Start what is named (default: both) and wait until it answers."""
        commands = {
            "actions": [sys.executable, "-m", "actions"],
            "rasa": [
                str(RASA_PYTHON), "-m", "rasa", "run", "--model", str(self.model), "--endpoints", "endpoints.yml",
                "--credentials", "credentials.yml", "--interface", "127.0.0.1", "--port", str(self.rasa_port),
            ],
        }  # fmt: skip
        for name in names or tuple(commands):
            with (self.folder / f"{name}.log").open("ab") as log:
                self.processes[name] = subprocess.Popen(
                    commands[name], cwd=ROOT, env=self.environment, stdout=log, stderr=log
                )
        for name in names or tuple(commands):
            port, path = (self.rasa_port, "/webhooks/guichet/") if name == "rasa" else (self.actions_port, "/health")
            self.wait(name, port, path)

    def wait(self, name: str, port: int, path: str, within: float = 400) -> None:
        deadline = time.monotonic() + within
        while True:
            with contextlib.suppress(OSError, http.client.HTTPException):
                if call("GET", port, path)[0] == 200:
                    return
            if self.processes[name].poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{name} did not start:\n{(self.folder / f'{name}.log').read_text()[-4000:]}")
            time.sleep(0.1)

    def kill(self, name: str) -> None:
        self.processes[name].kill()
        self.processes[name].wait()

    def close(self) -> None:
        for process in self.processes.values():
            process.kill()
            process.wait()
        self.kb.peer.close()
        self.web.peer.close()


def call(method: str, port: int, path: str, body: Any = None, token: str | None = TOKEN) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"Content-Type": "application/json"} | ({"X-Guichet-Token": token} if token else {})
    try:
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    finally:
        connection.close()


class Reply:
    """What came back from a turn."""

    def __init__(self, body: dict[str, Any]) -> None:
        self.body = body
        self.messages: list[dict[str, Any]] = body["messages"]

    @property
    def text(self) -> str:
        """All words said, in order."""
        return "\n".join((m.get("custom") or m).get("text") or "" for m in self.messages)

    @property
    def customs(self) -> list[dict[str, Any]]:
        return [m["custom"] for m in self.messages if "custom" in m]

    @property
    def buttons(self) -> list[dict[str, str]]:
        return [button for m in self.messages for button in (m.get("custom") or m).get("buttons", [])]

    @property
    def asked(self) -> str | None:
        return self.body["state"]["requested_slot"]

    @property
    def form(self) -> str | None:
        return self.body["state"]["active_loop"]

    def payload(self, title: str) -> str:
        for button in self.buttons:
            if title.casefold() in button["title"].casefold():
                return button["payload"]
        raise AssertionError(f"no button {title!r} among {[b['title'] for b in self.buttons]}")


class Talk:
    """A conversation with Rasa over the channel."""

    def __init__(self, bot: Bot, lang: str = "fr") -> None:
        self.bot = bot
        self.lang = lang
        self.id = f"talk-{uuid.uuid4().hex[:12]}"
        self.last: Reply | None = None
        self.last_body: dict[str, Any] = {}

    def send(self, expect: int = 200, **body: Any) -> Any:
        self.last_body = {"sender": self.id, "message_id": str(uuid.uuid4()), "lang": self.lang, **body}
        return self.deliver(self.last_body, expect)

    def deliver(self, body: dict[str, Any], expect: int = 200) -> Any:
        status, answer = call("POST", self.bot.rasa_port, "/webhooks/guichet/turn", body)
        assert status == expect, (status, answer)
        if status != 200:
            return answer
        read_reply(answer, self.lang)  # the gateway must be able to read whatever is said
        self.last = Reply(answer)
        return self.last

    def say(self, text: str) -> Reply:
        return self.send(text=text)

    def press(self, title: str) -> Reply:
        """Press a button of the last reply whose title contains `title`."""
        assert self.last is not None
        return self.send(payload=self.last.payload(title))
