"""Prepare what the processes need and keep them running: what `make run` starts.

Preparing means: publish the articles where they changed since the last index, train Rasa where its files changed.
Keeping them running is supervisord's job; this module writes its configuration and waits for it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import FrameType

from bot.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
RASA_PYTHON = ROOT / ".venv-rasa" / "bin" / "python"
RASA_SOURCES = ("config.yml", "domain.yml", "data/nlu", "data/rules", "bot/engine", "requirements-rasa.lock")
READY_WITHIN_SECONDS = 180
STOP_WITHIN_SECONDS = 30


class LaunchError(Exception):
    """The processes cannot be started; the message says what to do."""


def say(text: str) -> None:
    print(f"[guichet] {text}", flush=True)


def run(settings: Settings) -> int:
    """Prepare, start everything, wait until it is ended. Returns the exit status."""
    try:
        environment = process_environment(settings)
        check_ports_are_free(settings)
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        with ThreadPoolExecutor(2) as both:  # one core each
            steps = [both.submit(publish_articles, environment), both.submit(train_rasa, settings, environment)]
        for each in steps:
            each.result()
        configuration = write_supervisor_configuration(settings)
    except LaunchError as error:
        say(str(error))
        return 1
    return supervise(settings, configuration, environment)


def process_environment(settings: Settings) -> dict[str, str]:
    """Our environment, plus the token that only the processes share, plus bounds on their memory and threads."""
    environment = dict(os.environ)
    environment |= {
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        "GUICHET_DATA_DIR": str(settings.data_dir.resolve()),
        "GUICHET_INTERNAL_TOKEN": settings.internal_token.get_secret_value() or secrets.token_urlsafe(32),
        "PORT": str(settings.port),
        "GUICHET_INTERNAL_PORT": str(settings.internal_port),
        "GUICHET_KB_PORT": str(settings.kb_port),
        "GUICHET_ACTIONS_PORT": str(settings.actions_port),
        "GUICHET_RASA_PORT": str(settings.rasa_port),
        "RASA_TELEMETRY_ENABLED": "false",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
    }
    # Two cores are shared by five processes: more threads or malloc arenas than that cost memory and win nothing.
    for name, value in {"OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2", "TF_NUM_INTRAOP_THREADS": "1"}.items():
        environment.setdefault(name, value)
    return environment


def check_ports_are_free(settings: Settings) -> None:
    ports = {
        "PORT": (settings.host, settings.port),
        "GUICHET_INTERNAL_PORT": ("127.0.0.1", settings.internal_port),
        "GUICHET_KB_PORT": ("127.0.0.1", settings.kb_port),
        "GUICHET_ACTIONS_PORT": ("127.0.0.1", settings.actions_port),
        "GUICHET_RASA_PORT": ("127.0.0.1", settings.rasa_port),
    }
    for name, (host, port) in ports.items():
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                raise LaunchError(
                    f"port {port} ({name}) on {host} cannot be used: {error.strerror}. Is Guichet running already? "
                    f"Otherwise choose another: {name}={port + 100} make run"
                ) from error


def step(command: list[str], environment: dict[str, str], *, doing: str, show: bool = False) -> None:
    """Run a command to its end; `show` passes its lines on as they come. LaunchError with its last words."""
    started = time.monotonic()
    say(f"{doing} …")
    last: deque[str] = deque(maxlen=25)
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            last.append(line.rstrip())
            if show:
                say(f"  {line.rstrip()}")
    if process.returncode != 0:
        raise LaunchError(f"{doing} failed. Its last words:\n" + "\n".join(last))
    say(f"{doing}: done in {time.monotonic() - started:.1f} s")


def publish_articles(environment: dict[str, str]) -> None:
    """Build and publish the index of the articles as they are; unchanged articles cost a second."""
    for command, doing in (("build", "building the index of the articles"), ("publish", "publishing it")):
        step([sys.executable, "-m", "kb_index", command], environment, doing=doing, show=True)


def train_rasa(settings: Settings, environment: dict[str, str]) -> None:
    """Train Rasa's model unless the one there was trained from exactly these files."""
    fingerprint = fingerprint_of(ROOT / name for name in RASA_SOURCES)
    folder = rasa_model_folder(settings)
    mark = folder / "fingerprint"
    if mark.is_file() and mark.read_text() == fingerprint and any(folder.glob("*.tar.gz")):
        return
    folder.mkdir(parents=True, exist_ok=True)
    step(
        [str(RASA_PYTHON), "-m", "rasa", "train", "--config", "config.yml", "--domain", "domain.yml",
         "--data", "data/nlu", "data/rules", "--out", str(folder), "--fixed-model-name", "guichet"],
        environment,
        doing="training the conversation layer",
    )  # fmt: skip
    mark.write_text(fingerprint)


def rasa_model_folder(settings: Settings) -> Path:
    return settings.data_dir.resolve() / "rasa" / "model"


def fingerprint_of(paths: Iterable[Path]) -> str:
    """SHA-256 over names and contents of files and folders, in a fixed order."""
    digest = hashlib.sha256()
    for path in paths:
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file() and file.suffix != ".pyc":
                digest.update(str(file.relative_to(ROOT)).encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()


def programs(settings: Settings) -> dict[str, list[str]]:
    """The command of each supervised process."""
    python = sys.executable
    return {
        "web": [python, "-m", "bot", "serve"],
        "kb": [python, "-m", "kb_index", "serve"],
        "actions": [python, "-m", "actions"],
        "rasa": [
            # Rasa's own dependencies warn about each other at every start: nothing that its user can mend.
            str(RASA_PYTHON), "-W", "ignore", "-m", "rasa", "run", "--quiet",
            "--model", str(rasa_model_folder(settings)),
            "--endpoints", "endpoints.yml", "--credentials", "credentials.yml",
            "--interface", "127.0.0.1", "--port", str(settings.rasa_port),
        ],
    }  # fmt: skip


def control_socket(data_dir: Path) -> Path:
    """Where supervisorctl reaches supervisord. A Unix socket's path has about 100 bytes at most."""
    path = data_dir.resolve() / "run" / "supervisor.sock"
    if len(str(path)) < 90:
        return path
    name = hashlib.sha256(str(path).encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"guichet-{name}.sock"


def write_supervisor_configuration(settings: Settings) -> Path:
    folder = settings.data_dir.resolve() / "run"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "supervisord.conf"
    path.write_text(supervisor_configuration(settings, folder))
    return path


def supervisor_configuration(settings: Settings, folder: Path) -> str:
    def escaped(value: object) -> str:
        return str(value).replace("%", "%%")

    sections = [
        f"[unix_http_server]\nfile={escaped(control_socket(settings.data_dir))}\nchmod=0700",
        "[rpcinterface:supervisor]\nsupervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface",
        f"[supervisorctl]\nserverurl=unix://{escaped(control_socket(settings.data_dir))}",
        f"[supervisord]\nnodaemon=true\nsilent=true\nlogfile={escaped(folder / 'supervisord.log')}\n"
        f"pidfile={escaped(folder / 'supervisord.pid')}\nchildlogdir={escaped(folder)}\n"
        + (f"user={os.environ.get('USER', 'root')}" if os.geteuid() == 0 else ""),
    ]
    for name, command in programs(settings).items():
        sections.append(
            f"[program:{name}]\n"
            f"command={' '.join(quoted(part) for part in command)}\n"
            f"directory={escaped(ROOT)}\n"
            # A process that dies is started again at once; one that cannot start is tried for ever, a little slower.
            "autorestart=true\nstartsecs=1\nstartretries=1000000\n"
            f"stopwaitsecs={STOP_WITHIN_SECONDS // 2}\nkillasgroup=true\nstopasgroup=true\n"
            "redirect_stderr=true\nstdout_logfile=/dev/fd/1\nstdout_logfile_maxbytes=0"
        )
    return "\n\n".join(sections) + "\n"


def quoted(part: str) -> str:
    return '"' + part.replace("%", "%%").replace('"', '\\"') + '"'


def supervise(settings: Settings, configuration: Path, environment: dict[str, str]) -> int:
    """Run supervisord until it ends or we are told to stop; say when the page can be used."""
    command = [sys.executable, "-m", "supervisor.supervisord", "--configuration", str(configuration)]
    # Its own process group: a Ctrl-C reaches us alone, and we pass on one clean stop.
    supervisor = subprocess.Popen(command, cwd=ROOT, env=environment, start_new_session=True)
    stopping = False

    def stop(signal_number: int, frame: FrameType | None) -> None:
        nonlocal stopping
        if not stopping:
            stopping = True
            say("stopping …")
        with contextlib.suppress(ProcessLookupError):
            supervisor.send_signal(signal.SIGTERM)

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    wait_until_ready(settings, supervisor, is_stopping=lambda: stopping)
    status = supervisor.wait()
    say("stopped" if stopping else f"the supervisor ended by itself with status {status}; see {configuration.parent}")
    return 0 if stopping else 1


def wait_until_ready(settings: Settings, supervisor: subprocess.Popen[bytes], is_stopping: Callable[[], bool]) -> None:
    address = f"http://{settings.host}:{settings.port}"
    started = time.monotonic()
    say("starting web, kb, actions and rasa …")
    while supervisor.poll() is None and not is_stopping():
        # A URLError is an OSError; readyz answers 503 (an HTTPError) until all it depends on is there.
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{address}/readyz", timeout=5):
            say(f"ready after {time.monotonic() - started:.1f} s: {address} (Ctrl-C ends it)")
            return
        if time.monotonic() - started > READY_WITHIN_SECONDS:
            say(f"not everything is ready after {READY_WITHIN_SECONDS} s; {address}/readyz says what is missing")
            return
        time.sleep(0.3)
