"""Guichet running whole, for every test that needs it: started once per test session."""

from __future__ import annotations

import json
import os
import threading
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import aiohttp
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from sqlalchemy.ext.asyncio import create_async_engine

from tests.postgres import cluster, programs
from tests.running import Guichet, free_ports, running

STAFF = "team@archivelle.example"
WEBHOOK_SECRET = "a-secret-for-the-tests-0123456789"


@dataclass
class Mailbox:
    """A real SMTP server that keeps what it is given."""

    port: int
    messages: list[EmailMessage] = field(default_factory=list)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        message = message_from_bytes(envelope.original_content or b"", policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.messages.append(message)
        return "250 OK"

    def to(self, address: str) -> list[EmailMessage]:
        return [message for message in self.messages if address in str(message["To"])]


@dataclass
class Receiver:
    """A real HTTP server that keeps the webhook calls it is given."""

    url: str = ""
    calls: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    def bodies(self) -> list[dict[str, object]]:
        return [json.loads(body) for _, body in self.calls]


@pytest.fixture(scope="session")
def mailbox() -> Iterator[Mailbox]:
    box = Mailbox(free_ports(1)[0])
    controller = Controller(box, hostname="127.0.0.1", port=box.port)
    controller.start()
    yield box
    controller.stop()


@pytest.fixture(scope="session")
def receiver() -> Iterator[Receiver]:
    kept = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            kept.calls.append((dict(self.headers.items()), body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Tests read `calls`, nobody reads a log."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    kept.url = f"http://127.0.0.1:{server.server_port}/hook"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield kept
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="session")
def guichet(tmp_path_factory: pytest.TempPathFactory, mailbox: Mailbox, receiver: Receiver) -> Iterator[Guichet]:
    settings = {
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": str(mailbox.port),
        "SMTP_SECURITY": "none",
        "GUICHET_STAFF_EMAIL": STAFF,
        "GUICHET_WEBHOOK_URL": receiver.url,
        "GUICHET_WEBHOOK_SECRET": WEBHOOK_SECRET,
        "GUICHET_WEBHOOK_PRIVATE": "true",
        "GUICHET_LIMIT_CONVERSATIONS": "",
    }
    with running(tmp_path_factory.mktemp("guichet"), settings) as whole:
        yield whole


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """SQLAlchemy URL of an empty database: every test that asks for it runs on SQLite and on PostgreSQL."""
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgres_url"))
    return f"sqlite+aiosqlite:///{tmp_path / 'guichet.db'}"


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Address of a running PostgreSQL without a database name: the server of TEST_POSTGRES_URL, whose user may create
    databases, else a cluster of the tests' own."""
    if given := os.environ.get("TEST_POSTGRES_URL"):
        yield given.rpartition("/")[0]
        return
    found = programs()
    if found is None:
        pytest.skip("PostgreSQL is not installed (Debian: apt install postgresql)")
    with cluster(found) as address:
        yield address


@pytest.fixture
async def postgres_url(postgres: str) -> AsyncIterator[str]:
    """SQLAlchemy URL of a new, empty database in it."""
    name, server = f"test_{uuid.uuid4().hex}", create_async_engine(f"{postgres}/postgres", isolation_level="AUTOCOMMIT")
    async with server.connect() as connection:
        await connection.exec_driver_sql(f"CREATE DATABASE {name}")
        yield f"{postgres}/{name}"
        await connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    await server.dispose()


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session
