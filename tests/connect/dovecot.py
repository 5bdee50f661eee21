"""A real IMAP server for tests: Debian's Dovecot, as an ordinary user in a folder that is thrown away afterwards."""

from __future__ import annotations

import contextlib
import getpass
import grp
import imaplib
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.running import free_ports

PASSWORD = 'a secret with ü and "quotes"'
PROGRAM = shutil.which("dovecot") or "/usr/sbin/dovecot"

CONFIG = """\
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
first_valid_uid = 1
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
mail_location = maildir:{folder}/mail
mail_uid = {user}
mail_gid = {group}
{more}
passdb {{
  driver = passwd-file
  args = scheme=PLAIN {folder}/users
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={folder}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  chroot =
}}
"""


@dataclass
class Dovecot:
    """`start` and `stop` as often as wanted: the mails stay."""

    folder: Path
    port: int
    more: str = ""
    files: Mapping[str, str] = field(default_factory=dict)
    _server: subprocess.Popen[bytes] | None = None

    @property
    def options(self) -> dict[str, Any]:
        return {"user": "nobody", "group": "nogroup", "cwd": "/"} if os.geteuid() == 0 else {}

    def start(self) -> None:
        user = "nobody" if self.options else getpass.getuser()
        group = "nogroup" if self.options else grp.getgrgid(os.getegid()).gr_name
        config = self.folder / "dovecot.conf"
        config.write_text(
            CONFIG.format(
                folder=self.folder,
                user=user,
                group=group,
                port=self.port,
                more=self.more.replace("{folder}", str(self.folder)),
            ),
            "utf-8",
        )
        (self.folder / "users").write_text(f"support@archivelle.example:{{PLAIN}}{PASSWORD}:::::\n", "utf-8")
        for name, content in self.files.items():
            (self.folder / name).write_text(content, "utf-8")
        for name in ("run", "state", "mail"):
            (self.folder / name).mkdir(exist_ok=True)
        if self.options:
            for path in (self.folder, *self.folder.rglob("*")):
                shutil.chown(path, "nobody", "nogroup")
        self._server = subprocess.Popen([PROGRAM, "-F", "-c", str(config)], **self.options)
        deadline = time.monotonic() + 20
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            if self._server.poll() is not None or time.monotonic() > deadline:
                log = self.folder / "log"
                raise RuntimeError(f"Dovecot did not start:\n{log.read_text() if log.exists() else 'no log'}")
            time.sleep(0.05)

    def stop(self) -> None:
        if self._server is not None:
            self._server.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._server.wait(10)
            self._server.kill()
            self._server.wait()
            self._server = None

    def put(self, *mails: bytes, seen: bool = False) -> None:
        """Deliver mails, as APPEND of another client does."""
        with self.client() as client:
            for raw in mails:
                kind, data = client.append("INBOX", r"(\Seen)" if seen else "", "", raw)
                assert kind == "OK", data

    def flags(self) -> list[bytes]:
        with self.client() as client:
            client.select("INBOX", readonly=True)
            _, data = client.fetch("1:*", "(FLAGS)")
            return [item for item in data if isinstance(item, bytes)]

    @contextlib.contextmanager
    def client(self) -> Iterator[imaplib.IMAP4]:
        client = imaplib.IMAP4("127.0.0.1", self.port, timeout=20)
        try:
            client.authenticate("PLAIN", lambda _: f"\0support@archivelle.example\0{PASSWORD}".encode())
            yield client
        finally:
            client.logout()


@contextlib.contextmanager
def dovecot(more: str = "", **files: str) -> Iterator[Dovecot]:
    """`more` of its configuration, where `{folder}` is that of `files`."""
    folder = Path(tempfile.mkdtemp(prefix="guichet-dovecot-"))
    server = Dovecot(folder, free_ports(1)[0], more, files)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
