"""The whole of Guichet as its users start it, on free ports and its own data folder, for tests and benchmarks."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS = {"web": "bot serve", "kb": "kb_index serve", "actions": "-m actions", "rasa": "bot.engine run"}


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


class Guichet:
    """`python -m bot run` as a child process."""

    def __init__(self, data_dir: Path, settings: Mapping[str, str] | None = None, like: Guichet | None = None) -> None:
        self.data_dir = data_dir
        if like is not None:  # index and model as another one prepared them: saves minutes
            for name in ("kb", "rasa/model"):
                shutil.copytree(like.data_dir / name, data_dir / name)
        names = ("PORT", "GUICHET_INTERNAL_PORT", "GUICHET_KB_PORT", "GUICHET_ACTIONS_PORT", "GUICHET_RASA_PORT")
        self.ports = dict(zip(names, free_ports(len(names)), strict=True))
        self.url = f"http://127.0.0.1:{self.ports['PORT']}"
        self.log = data_dir / "launch.log"
        self.environment = os.environ | {name: str(port) for name, port in self.ports.items()}
        self.environment |= {"GUICHET_DATA_DIR": str(data_dir), **(settings or {})}
        self._process: subprocess.Popen[bytes] | None = None
        self._said_before = 0  # bytes of the log that former starts have written

    def start(self, within: float = 300) -> None:
        self.data_dir.mkdir(parents=True, exist_ok=True)
        self._said_before = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "bot", "run"], cwd=ROOT, env=self.environment, stdout=log, stderr=log
            )
        deadline = time.monotonic() + within
        while "ready after" not in self.output():
            if self._process.poll() is not None:
                raise RuntimeError(f"Guichet ended while starting:\n{self.output()[-4000:]}")
            if time.monotonic() > deadline:
                raise RuntimeError(f"Guichet was not ready within {within} s:\n{self.output()[-4000:]}")
            time.sleep(0.1)

    def stop(self) -> int:
        """End it as Ctrl-C would. Returns the exit status."""
        if self._process is None:
            return 0
        self._process.send_signal(signal.SIGINT)
        try:
            return self._process.wait(60)
        except subprocess.TimeoutExpired:
            for process in self.processes().values():
                process.kill()
            self._process.kill()
            raise

    def ended(self, within: float = 60) -> int:
        """Wait until it has ended by itself. Returns the exit status."""
        assert self._process is not None
        return self._process.wait(within)

    def output(self) -> str:
        """What the last start has said."""
        return self.log.read_bytes()[self._said_before :].decode(errors="replace")

    def processes(self) -> dict[str, psutil.Process]:
        """The running processes by name: supervisor and the four programs (those that live right now)."""
        assert self._process is not None
        found = {"launcher": psutil.Process(self._process.pid)}
        for child in found["launcher"].children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                command = " ".join(child.cmdline())
                for name, mark in PROGRAMS.items():
                    if mark in command:
                        found.setdefault(name, child)
                if "supervisor.supervisord" in command:
                    found["supervisor"] = child
        return found

    def kill(self, name: str) -> int:
        """`kill -9` one program; the supervisor starts it again. Returns the killed pid."""
        process = self.processes()[name]
        process.kill()
        return process.pid

    def memory_bytes(self) -> dict[str, int]:
        """Proportional set size of each process, bytes: shared pages are counted once over all."""
        return {name: process.memory_full_info().pss for name, process in self.processes().items()}


@contextlib.contextmanager
def running(
    data_dir: Path, settings: Mapping[str, str] | None = None, like: Guichet | None = None
) -> Iterator[Guichet]:
    guichet = Guichet(data_dir, settings, like)
    guichet.start()
    try:
        yield guichet
    finally:
        guichet.stop()
