"""Rasa's own commands work from the root of the repository, beside articles and catalogues that are not Rasa's."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import time
from pathlib import Path

import pytest

from bot.launch import RASA_PYTHON, ROOT
from tests.dialogue.running import Bot

RASA = RASA_PYTHON.parent / "rasa"
ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if not name.startswith("GUICHET_")},
    "RASA_TELEMETRY_ENABLED": "false", "TF_CPP_MIN_LOG_LEVEL": "3", "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
}  # fmt: skip
ENVIRONMENT.pop("PYTHONPATH", None)


def test_data_validate_finds_no_fault_and_reads_only_rasas_files() -> None:
    result = subprocess.run(
        [RASA, "data", "validate", "--fail-on-warnings"], cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True
    )
    said = result.stdout + result.stderr
    assert result.returncode == 0, said[-3000:]
    for name in ("company.yml", "kb.yml", "data/messages", "data/faq", "data/levels"):
        assert name not in said


def test_rasa_shell_is_usable_without_the_other_processes(whole_bot: Bot, tmp_path: Path) -> None:
    """Small talk works; a question, which needs an action, gets a polite reply."""
    environment = ENVIRONMENT | {"GUICHET_DATA_DIR": str(tmp_path), "TERM": "dumb"}
    master, slave = pty.openpty()
    port = os.environ.get("GUICHET_TEST_SHELL_PORT", "15005")
    process = subprocess.Popen(
        [RASA, "shell", "--model", str(whole_bot.model), "--port", port],
        cwd=ROOT, env=environment, stdin=slave, stdout=slave, stderr=slave, close_fds=True,
    )  # fmt: skip
    os.close(slave)
    said = ""

    def until(words: str, within: float = 120) -> None:
        nonlocal said
        deadline = time.monotonic() + within
        while words not in said:
            if time.monotonic() > deadline or process.poll() is not None:
                raise AssertionError(f"{words!r} was not said:\n{said[-3000:]}")
            if select.select([master], [], [], 0.5)[0]:
                said += os.read(master, 4096).decode("utf-8", "replace")

    try:
        until("Your input")
        os.write(master, b"bonjour\r")
        until("Bonjour")
        os.write(master, b"Comment changer mon mot de passe ?\r")
        until("pas fonctionn")
    finally:
        process.kill()
        process.wait()
        os.close(master)


@pytest.mark.parametrize("name", ["company.yml", "kb.yml"])
def test_content_that_rasa_must_leave_alone_is_there(name: str) -> None:
    assert (ROOT / "data" / name).is_file()
