"""PostgreSQL for tests: a cluster of its own from the system's package, thrown away afterwards."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.running import free_ports


def programs() -> Path | None:
    """Where `postgres` and `initdb` are (Debian keeps them off PATH); None where it is not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)
    found += [Path(path).resolve().parent for path in [shutil.which("pg_isready")] if path]
    return next((folder for folder in found if (folder / "initdb").exists()), None)


@contextlib.contextmanager
def cluster(programs: Path) -> Iterator[str]:
    """A running server; its address without a database name, for SQLAlchemy."""
    # PostgreSQL refuses to run as root; Debian's package made a user for it.
    options: dict[str, Any] = {"user": "postgres", "group": "postgres", "cwd": "/"} if os.geteuid() == 0 else {}
    folder = Path(tempfile.mkdtemp(prefix="guichet-postgres-"))
    try:
        if options:
            shutil.chown(folder, "postgres", "postgres")
        data, (port,) = folder / "data", free_ports(1)
        initdb = [programs / "initdb", "-D", data, "-U", "guichet", "-A", "trust", "-E", "UTF8", "--locale", "C.UTF-8"]
        subprocess.run([*initdb, "--no-sync"], check=True, capture_output=True, **options)
        settings = {"port": port, "listen_addresses": "127.0.0.1", "unix_socket_directories": folder, "fsync": "off"}
        command = [programs / "postgres", "-D", data, *(f"--{name}={value}" for name, value in settings.items())]
        log = (folder / "log").open("wb")
        with log, subprocess.Popen(command, stdout=log, stderr=log, **options) as server:
            try:
                ready = [programs / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)]
                deadline = time.monotonic() + 60
                while subprocess.run(ready, check=False).returncode != 0:
                    if server.poll() is not None or time.monotonic() > deadline:
                        raise RuntimeError(f"PostgreSQL did not start:\n{(folder / 'log').read_text()}")
                    time.sleep(0.05)
                yield f"postgresql+asyncpg://guichet@127.0.0.1:{port}"
            finally:
                server.terminate()
                # A client that hangs must not keep the tests from ending.
                with contextlib.suppress(subprocess.TimeoutExpired):
                    server.wait(10)
                server.kill()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
