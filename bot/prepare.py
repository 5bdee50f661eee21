"""What has to be there before the processes start: the published index of the articles and Rasa's trained model."""

from __future__ import annotations

import contextlib
import hashlib
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from bot.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
RASA_PYTHON = ROOT / ".venv-rasa" / "bin" / "python"
RASA_SOURCES = ("config.yml", "domain.yml", "data/nlu", "data/rules", "bot/engine", "requirements-rasa.lock")
END_WITHIN_SECONDS = 5


class LaunchError(Exception):
    """The processes cannot be started; the message says what to do."""


def say(text: str) -> None:
    print(f"[guichet] {text}\n", end="", flush=True)  # one write: threads say things too


def tethered(command: Sequence[str]) -> list[str]:
    """The command, ended by the system when its parent dies (see tether.py)."""
    return [sys.executable, "-I", "-S", str(ROOT / "bot" / "tether.py"), *command]


class Steps:
    """Runs commands to their end, from any thread; `end` ends them early."""

    def __init__(self) -> None:
        self.ended = False
        self._running: set[subprocess.Popen[str]] = set()

    def run(self, command: Sequence[str], environment: Mapping[str, str], *, doing: str, show: bool = False) -> None:
        """`show` passes the command's lines on as they come. LaunchError with its last words where it fails."""
        if self.ended:
            raise LaunchError(f"{doing}: not begun")
        started = time.monotonic()
        say(f"{doing} …")
        last: deque[str] = deque(maxlen=25)
        with subprocess.Popen(
            # A session of its own: Ctrl-C reaches us alone, and `end` passes it on.
            tethered(command), cwd=ROOT, env=dict(environment), text=True, start_new_session=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        ) as process:  # fmt: skip
            self._running.add(process)
            if self.ended:
                self._interrupt(process)
            assert process.stdout is not None
            for line in process.stdout:
                last.append(line.rstrip())
                if show and not self.ended:
                    say(f"  {line.rstrip()}")
        self._running.discard(process)
        if process.returncode != 0:
            raise LaunchError(f"{doing} failed. Its last words:\n" + "\n".join(last))
        say(f"{doing}: done in {time.monotonic() - started:.1f} s")

    def end(self) -> None:
        """Interrupt what runs, as Ctrl-C does; kill it where that does not help. Nothing is begun any more."""
        self.ended = True
        for process in list(self._running):
            self._interrupt(process)

    def _interrupt(self, process: subprocess.Popen[str]) -> None:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGINT)
        killing = threading.Timer(END_WITHIN_SECONDS, process.kill)  # does nothing to one that has ended
        killing.daemon = True
        killing.start()


def is_published(settings: Settings) -> bool:
    return (settings.data_dir / "kb" / "current").is_file()


def publish_articles(environment: Mapping[str, str], steps: Steps) -> None:
    """Build and publish the index of the articles as they are; unchanged articles cost a second."""
    for command, doing in (("build", "building the index of the articles"), ("publish", "publishing it")):
        steps.run([sys.executable, "-m", "kb_index", command], environment, doing=doing, show=True)


def rasa_model_folder(settings: Settings) -> Path:
    return settings.data_dir.resolve() / "rasa" / "model"


def is_trained(settings: Settings) -> bool:
    """True where Rasa's model was trained from exactly the files that are there."""
    folder = rasa_model_folder(settings)
    mark = folder / "fingerprint"
    return mark.is_file() and mark.read_text() == model_fingerprint() and any(folder.glob("*.tar.gz"))


def train_rasa(settings: Settings, environment: Mapping[str, str], steps: Steps | None = None) -> None:
    """Train Rasa's model unless the one there was trained from exactly these files."""
    if is_trained(settings):
        return
    fingerprint = model_fingerprint()
    folder = rasa_model_folder(settings)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "fingerprint").unlink(missing_ok=True)  # what is cut off in the middle leaves no model that counts
    (steps or Steps()).run(
        [str(RASA_PYTHON), "-m", "bot.engine", "train", "--config", "config.yml", "--domain", "domain.yml",
         "--data", "data/nlu", "data/rules", "--out", str(folder), "--fixed-model-name", "guichet"],
        environment,
        doing="training the conversation layer",
    )  # fmt: skip
    (folder / "fingerprint").write_text(fingerprint)


def model_fingerprint() -> str:
    return fingerprint_of(ROOT / name for name in RASA_SOURCES)


def fingerprint_of(paths: Iterable[Path]) -> str:
    """SHA-256 over names and contents of files and folders, in a fixed order."""
    digest = hashlib.sha256()
    for path in paths:
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file() and file.suffix != ".pyc":
                digest.update(str(file.relative_to(ROOT)).encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()
