"""Rasa's own way: DIET trained on the same example questions, one intent per article, and Rasa's fallback."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.quality.rasa_worker import EPOCHS, PIPELINE
from tests.quality.sets import ROOT
from tests.quality.targets import Ranking

PYTHON = ROOT / ".venv-rasa" / "bin" / "python"
WORKER = Path(__file__).with_name("rasa_worker.py")
# FallbackClassifier as in Rasa's quickstart configuration
FALLBACK_THRESHOLD = 0.3
FALLBACK_AMBIGUITY = 0.1


class RasaError(Exception):
    """Rasa's environment is missing, or training failed; the message holds the end of its output."""


def rank(
    examples: Sequence[tuple[str, str]], questions: Sequence[str], cache: Path, retrain: bool = False
) -> list[Ranking]:
    """[(label, confidence), …best first] per question. A model of the same examples in `cache` is used again."""
    if not PYTHON.is_file():
        raise RasaError(f"{PYTHON.relative_to(ROOT)} is missing: make setup, or pass --without-rasa")
    key = hashlib.sha256(json.dumps([list(examples), PIPELINE, EPOCHS]).encode()).hexdigest()[:16]
    folder = cache.resolve() / key
    folder.mkdir(parents=True, exist_ok=True)
    if retrain:
        (folder / "model.tar.gz").unlink(missing_ok=True)
    job = json.dumps({"examples": list(examples), "questions": list(questions)})
    with tempfile.TemporaryDirectory() as name:
        out = Path(name) / "ranked.json"
        done = subprocess.run(
            [str(PYTHON), str(WORKER), str(folder), str(out)],
            input=job, text=True, cwd=name, env=os.environ | {"PYTHONHASHSEED": "0"}, capture_output=True, check=False,
        )  # fmt: skip
        if done.returncode or not out.is_file():
            raise RasaError(f"Rasa ended with {done.returncode}: {(done.stdout + done.stderr)[-800:]}")
        found = json.loads(out.read_text(encoding="utf-8"))
    return [[(str(label), float(confidence)) for label, confidence in one] for one in found]


def sure(ranking: Ranking) -> bool:
    """Not below the fallback's threshold, and no near second."""
    first = ranking[0][1] if ranking else 0.0
    second = ranking[1][1] if len(ranking) > 1 else 0.0
    return first >= FALLBACK_THRESHOLD and first - second >= FALLBACK_AMBIGUITY
