"""The yardstick: a bare Rasa bot of our pipeline with one rule and one trivial action, as `rasa run` serves it."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import yaml

from bot.launch import RASA_PYTHON
from tests.running import ROOT, free_ports

ACTIONS = """
from rasa_sdk import Action


class ActionTrivial(Action):
    def name(self):
        return "action_trivial"

    async def run(self, dispatcher, tracker, domain):
        dispatcher.utter_message(text="ok")
        return []
"""

DOMAIN = {
    "version": "3.1",
    "intents": ["question", "greet"],
    "actions": ["action_trivial"],
    "session_config": {"session_expiration_time": 60, "carry_over_slots_to_new_session": True},
}
RULES = {
    "version": "3.1",
    "rules": [{"rule": "one rule", "steps": [{"intent": "question"}, {"action": "action_trivial"}]}],
}


def write_bot(folder: Path) -> None:
    """The project's pipeline without its own components, its examples of two intents, one rule, one action."""
    config = yaml.safe_load((ROOT / "config.yml").read_text())
    config["pipeline"] = [part for part in config["pipeline"] if not part["name"].startswith(("bot.", "Fallback"))]
    config["policies"] = [{"name": "RulePolicy"}]
    config["assistant_id"] = "bare"
    examples = [
        entry
        for file in sorted((ROOT / "data" / "nlu").glob("*.yml"))
        for entry in yaml.safe_load(file.read_text()).get("nlu", [])
        if entry.get("intent") in DOMAIN["intents"]
    ]
    files = {
        "config.yml": config,
        "domain.yml": DOMAIN,
        "data/rules.yml": RULES,
        "data/nlu.yml": {"version": "3.1", "nlu": examples},
    }
    (folder / "data").mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False))
    (folder / "credentials.yml").write_text("rest:\n")
    (folder / "trivial_actions.py").write_text(ACTIONS)


class Bare:
    """A running bare bot: `url` takes Rasa's REST channel."""

    def __init__(self, url: str, ready_seconds: float, pids: list[int]) -> None:
        self.url = f"{url}/webhooks/rest/webhook"
        self.ready_seconds = ready_seconds
        self.pids = pids


RASA = [str(RASA_PYTHON), "-m", "rasa"]


def environment() -> dict[str, str]:
    """As `make run` sets it, so that the bare bot is not the slower for that."""
    return os.environ | {
        "RASA_TELEMETRY_ENABLED": "false",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "OMP_NUM_THREADS": "1",
        "MALLOC_ARENA_MAX": "2",
    }


def prepare_bare(folder: Path) -> None:
    """Write and train the bot."""
    write_bot(folder)
    command = [*RASA, "train", "--out", "model"]
    subprocess.run(command, cwd=folder, env=environment(), check=True, capture_output=True)


@contextlib.contextmanager
def running_bare(folder: Path) -> Iterator[Bare]:
    """A prepared bot, running."""
    rasa_port, actions_port = free_ports(2)
    (folder / "endpoints.yml").write_text(f"action_endpoint:\n  url: http://127.0.0.1:{actions_port}/webhook\n")
    started = time.monotonic()
    processes = [
        subprocess.Popen(command, cwd=folder, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for command in (
            [sys.executable, "-m", "rasa_sdk", "--actions", "trivial_actions", "--port", str(actions_port)],
            [*RASA, "run", "--model", "model", "--interface", "127.0.0.1", "--port", str(rasa_port)],
        )
    ]
    try:
        url = f"http://127.0.0.1:{rasa_port}"
        while True:
            with contextlib.suppress(OSError, urllib.error.URLError), urllib.request.urlopen(url, timeout=5):
                break
            if time.monotonic() - started > 120 or any(process.poll() is not None for process in processes):
                raise RuntimeError("the bare bot did not start")
            time.sleep(0.1)
        yield Bare(url, time.monotonic() - started, [process.pid for process in processes])
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(30)
