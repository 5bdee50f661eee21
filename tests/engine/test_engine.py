"""bot/engine in its own environment: the functions of checks.py, run once by Rasa's Python."""

from __future__ import annotations

import ast
import json
import os
import subprocess
from pathlib import Path

import pytest

from bot.launch import RASA_PYTHON, ROOT

SCRIPT = Path(__file__).parent / "checks.py"
HELPERS = {"tracker", "said", "long_tracker", "main"}
NAMES = [
    node.name
    for node in ast.parse(SCRIPT.read_text(encoding="utf-8")).body
    if isinstance(node, ast.FunctionDef) and node.name not in HELPERS
]


@pytest.fixture(scope="module")
def results() -> dict[str, str | None]:
    ran = subprocess.run(
        [str(RASA_PYTHON), "-W", "ignore", str(SCRIPT)], cwd=ROOT, capture_output=True, text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3", "RASA_TELEMETRY_ENABLED": "false"},
    )  # fmt: skip
    lines = [line for line in ran.stdout.splitlines() if line.startswith("RESULT ")]
    assert lines, ran.stderr[-3000:]
    return dict(json.loads(lines[0].removeprefix("RESULT ")))


@pytest.mark.parametrize("name", NAMES)
def test_engine(results: dict[str, str | None], name: str) -> None:
    assert results[name] is None, results[name]
