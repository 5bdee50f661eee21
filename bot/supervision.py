"""Which processes run and how they are kept running. Keeping them is the job of supervisord, configured here."""

from __future__ import annotations

import contextlib
import hashlib
import os
import socket
import sys
import tempfile
import time
import xmlrpc.client
from pathlib import Path

from bot.prepare import RASA_PYTHON, ROOT, LaunchError, rasa_model_folder, say, tethered
from bot.settings import Settings

STOP_WITHIN_SECONDS = 30


def programs(settings: Settings) -> dict[str, list[str]]:
    """The command of each supervised process, in the order in which they are started: Rasa takes longest."""
    python = sys.executable
    return {
        "rasa": [
            str(RASA_PYTHON), "-W", "ignore", "-m", "bot.engine", "run", "--quiet",
            "--model", str(rasa_model_folder(settings)),
            "--endpoints", "endpoints.yml", "--credentials", "credentials.yml",
            "--interface", "127.0.0.1", "--port", str(settings.rasa_port),
        ],
        "web": [python, "-m", "bot", "serve"],
        "kb": [python, "-m", "kb_index", "serve"],
        "actions": [python, "-m", "actions"],
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
        f"pidfile={escaped(pid_file(settings))}\nchildlogdir={escaped(folder)}\n"
        + ("user=root" if os.geteuid() == 0 else ""),  # who is root on purpose need not be warned
    ]
    for priority, (name, command) in enumerate(programs(settings).items()):
        sections.append(
            f"[program:{name}]\npriority={priority}\n"
            f"command={' '.join(quoted(part) for part in tethered(command))}\n"
            f"directory={escaped(ROOT)}\n"
            # A process that dies is started again at once; one that cannot start is tried for ever, a little slower.
            "autorestart=true\nstartsecs=1\nstartretries=1000000\n"
            f"stopwaitsecs={STOP_WITHIN_SECONDS // 2}\nkillasgroup=true\nstopasgroup=true\n"
            "redirect_stderr=true\nstdout_logfile=/dev/fd/1\nstdout_logfile_maxbytes=0"
        )
    return "\n\n".join(sections) + "\n"


def quoted(part: str) -> str:
    return '"' + part.replace("%", "%%").replace('"', '\\"') + '"'


def pid_file(settings: Settings) -> Path:
    """There while a supervisor runs, and after one that was killed."""
    return settings.data_dir.resolve() / "run" / "supervisord.pid"


def end_leftover(settings: Settings) -> bool:
    """End the supervisor of a Guichet that was killed, where one still runs. Returns whether one was killed at all.

    To be called by the only Guichet on this data folder. LaunchError where it does not end.
    """
    killed = pid_file(settings).exists()
    address = control_socket(settings.data_dir)
    deadline = time.monotonic() + STOP_WITHIN_SECONDS
    asked = False
    while _listens(address):
        if not asked:
            say("ending what a killed Guichet has left running …")
            _shut_down(address)
            asked = True
        if time.monotonic() > deadline:
            pid = pid_file(settings).read_text().strip()
            raise LaunchError(f"what a killed Guichet has left running does not end: end process {pid} yourself")
        time.sleep(0.1)
    return killed


def _listens(address: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(address)) == 0


def _shut_down(address: Path) -> None:
    from supervisor.xmlrpc import SupervisorTransport  # needed here alone

    transport = SupervisorTransport(None, None, f"unix://{address}")
    # A fault says that it is shutting down already.
    with contextlib.suppress(xmlrpc.client.Error, OSError):
        xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport).supervisor.shutdown()
