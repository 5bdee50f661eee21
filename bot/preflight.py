"""What must be so before anything is started: a data folder of our own that can be written, and free ports."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import itertools
import os
import shutil
import socket
import time
from collections.abc import Iterator
from pathlib import Path

from bot.prepare import LaunchError
from bot.settings import Settings

LITTLE_SPACE = 100 * 2**20  # bytes; an index and its successor need about that


@contextlib.contextmanager
def only_one_on(data_dir: Path) -> Iterator[None]:
    """Make the data folder and hold it for us alone. LaunchError where that cannot be."""
    folder = data_dir / "run"
    with written_to(data_dir):
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / "lock").open("a+")
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise LaunchError(
                f"Guichet is running on {data_dir} already (process {lock.read().strip()}). End that one first, or "
                "give this one a folder and ports of its own: GUICHET_DATA_DIR, PORT and the others that "
                "`python -m bot settings` lists"
            ) from None
        with written_to(data_dir):
            lock.truncate(0)
            lock.write(f"{os.getpid()}\n")
            lock.flush()
        yield


@contextlib.contextmanager
def written_to(data_dir: Path) -> Iterator[None]:
    """A folder that cannot be written becomes a LaunchError."""
    try:
        yield
    except OSError as error:
        raise LaunchError(
            f"GUICHET_DATA_DIR: expected a folder that can be written, got {data_dir} ({error.strerror}: "
            f"{error.filename or 'while writing'}). Make room or give it to this user, or name another folder"
        ) from error


def space_left(data_dir: Path) -> str:
    """A sentence where a full disk may be why something failed, else nothing."""
    try:
        free = shutil.disk_usage(data_dir).free
    except OSError:
        return ""
    return f"\nThe disk of {data_dir} has only {free / 2**20:.0f} MiB left." if free < LITTLE_SPACE else ""


def check_ports_are_free(settings: Settings, patience: float = 0) -> None:
    """LaunchError where a port is given twice or cannot be had within `patience` seconds."""
    ports = {
        "PORT": (settings.host, settings.port),
        "GUICHET_INTERNAL_PORT": ("127.0.0.1", settings.internal_port),
        "GUICHET_KB_PORT": ("127.0.0.1", settings.kb_port),
        "GUICHET_ACTIONS_PORT": ("127.0.0.1", settings.actions_port),
        "GUICHET_RASA_PORT": ("127.0.0.1", settings.rasa_port),
    }
    deadline = time.monotonic() + patience
    named: dict[int, str] = {}
    for name, (host, port) in ports.items():
        if named.setdefault(port, name) != name:
            raise LaunchError(f"{named[port]} and {name}: expected ports of their own, got {port} for both")
        while (error := why_not(host, port)) is not None:
            if error.errno != errno.EADDRINUSE or time.monotonic() > deadline:
                said = f"port {port} ({name}) on {host} cannot be used: {error.strerror}."
                if error.errno in (errno.EADDRINUSE, errno.EACCES):
                    said += f" End what uses it, or choose another: {name}={free_port(host, port)} make run"
                raise LaunchError(said) from error
            time.sleep(0.2)


def why_not(host: str, port: int) -> OSError | None:
    """Why the port cannot be bound; None where it can."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        return error
    return None


def free_port(host: str, near: int) -> int:
    """A port that can be had right now, with the same last digits; `near` itself where there is none."""
    candidates = itertools.chain(range(near + 100, 65_536, 100), range(near - 100, 1024, -100))
    return next((port for port in candidates if port >= 1024 and why_not(host, port) is None), near)
