"""Prepare what the processes need, start them and look after them until Ctrl-C: what `make run` starts.

Where an index is published and Rasa's model is of these files, the processes start at once and the articles are looked
through meanwhile; the search service takes a new index over as it serves.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import stat
import subprocess
import sys
import time
import urllib.request
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import FrameType
from typing import IO

from bot.preflight import check_ports_are_free, only_one_on, space_left, written_to
from bot.prepare import (
    RASA_PYTHON,
    ROOT,
    LaunchError,
    Steps,
    is_published,
    is_trained,
    publish_articles,
    say,
    tethered,
    train_rasa,
)
from bot.settings import Settings, SettingsError, load_settings
from bot.supervision import STOP_WITHIN_SECONDS, end_leftover, write_supervisor_configuration

READY_WITHIN_SECONDS = 180


def run(settings: Settings) -> int:
    """Prepare, start everything, wait until it is ended. Returns the exit status."""
    return Launcher(settings).run()


class Launcher:
    """One `make run`, from the first check to the last goodbye."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.environment = process_environment(settings)
        self.stopping = False
        self.steps = Steps()
        self.supervisor: subprocess.Popen[bytes] | None = None
        self.started = time.monotonic()

    def run(self) -> int:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self.stop)
        try:
            if not RASA_PYTHON.exists():
                raise LaunchError("expected Rasa's environment in .venv-rasa, found none: make setup")
            with only_one_on(self.settings.data_dir), ThreadPoolExecutor(2) as both:  # one core each
                try:
                    killed = end_leftover(self.settings)
                    check_ports_are_free(self.settings, patience=STOP_WITHIN_SECONDS if killed else 0)
                    articles = self.prepare(both)
                    with written_to(self.settings.data_dir):
                        configuration = write_supervisor_configuration(self.settings)
                    return self.supervise(configuration, articles)
                finally:
                    self.steps.end()
        except LaunchError as error:
            if self.stopping:
                say("stopped")
                return 0
            say(f"{error}{space_left(self.settings.data_dir)}")
            return 1

    def stop(self, signal_number: int, frame: FrameType | None) -> None:
        if not self.stopping:
            self.stopping = True
            with contextlib.suppress(RuntimeError):  # we may be in the middle of saying something
                say("stopping …")
        self.steps.end()
        if self.supervisor is not None:
            with contextlib.suppress(ProcessLookupError):
                self.supervisor.send_signal(signal.SIGTERM)

    def prepare(self, pool: ThreadPoolExecutor) -> Future[None]:
        """Wait for what is needed to start. Returns the looking through of the articles, done or under way."""
        is_there = is_published(self.settings) and is_trained(self.settings)
        articles = pool.submit(publish_articles, self.environment, self.steps)
        if not is_there:
            model = pool.submit(train_rasa, self.settings, self.environment, self.steps)
            try:
                with written_to(self.settings.data_dir):
                    model.result()
                articles.result()
            except LaunchError:
                self.steps.end()  # the other one has no use any more
                raise
        if self.stopping:
            raise LaunchError("stopped")
        return articles

    def supervise(self, configuration: Path, articles: Future[None]) -> int:
        """Run supervisord until it ends or we are told to stop; say when the page can be used."""
        command = [sys.executable, "-m", "supervisor.supervisord", "--configuration", str(configuration)]
        say("starting rasa, web, kb and actions …")
        # supervisord opens its output by name, which cannot be done with a socket (as systemd's journal is).
        piped = stat.S_ISSOCK(os.fstat(1).st_mode)
        self.supervisor = subprocess.Popen(
            # A session of its own: a Ctrl-C reaches us alone, and we pass on one clean stop.
            tethered(command), cwd=ROOT, env=self.environment, start_new_session=True,
            stdout=subprocess.PIPE if piped else None, stderr=subprocess.STDOUT if piped else None,
        )  # fmt: skip
        if self.stopping:
            self.supervisor.send_signal(signal.SIGTERM)
        with ThreadPoolExecutor(1) as passing:
            if self.supervisor.stdout is not None:
                passing.submit(pass_on, self.supervisor.stdout)
            self.wait_until_ready(self.supervisor, articles)
            status = self.supervisor.wait()
        if self.stopping:
            say("stopped")
            return 0
        say(f"the supervisor ended by itself with status {status}; see {configuration.parent / 'supervisord.log'}")
        return 1

    def wait_until_ready(self, supervisor: subprocess.Popen[bytes], articles: Future[None]) -> None:
        """Say it when the page can be used and the articles are served as they are now."""
        address = local_address(self.settings)
        began = time.monotonic()
        up = told = late = False
        while supervisor.poll() is None and not self.stopping:
            # A URLError is an OSError; readyz answers 503 (an HTTPError) until all it depends on is there.
            with contextlib.suppress(OSError), urllib.request.urlopen(f"{address}/readyz", timeout=5):
                up = True
            if up and articles.done():
                if articles.exception() is not None:
                    say(f"{articles.exception()}\nThe index published before is served.")
                say(f"ready after {time.monotonic() - self.started:.1f} s: {address} (Ctrl-C ends it)")
                return
            if up and not told:
                told = True
                say(f"{address} can be used; until the new index is there, the one published before is served")
            if time.monotonic() - began > READY_WITHIN_SECONDS and not up and not late:
                late = True
                say(f"not everything is up after {READY_WITHIN_SECONDS} s yet; {address}/readyz says what is missing")
            time.sleep(0.1)


def pass_on(output: IO[bytes]) -> None:
    """Write to our own output what comes, until nothing more can come; go on reading where nobody listens to us."""
    for line in output:
        with contextlib.suppress(OSError):
            os.write(1, line)


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


def local_address(settings: Settings) -> str:
    """The public port as this machine reaches it."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"


def main() -> int:
    """`python -m bot run`; returns the exit status."""
    try:
        settings = load_settings()
    except SettingsError as error:
        print(f"guichet: {error}", file=sys.stderr)
        return 2
    return run(settings)
