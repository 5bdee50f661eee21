from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import hypothesis
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.cases import Policy, metadata
from bot.cases.fields import Context
from bot.cases.mail import MailSettings
from bot.cases.model import Say
from bot.catalogue import Catalogue, load_catalogue
from bot.company import Company, load_company
from bot.database import make_engine
from tests.cases.asking import NOW, Desk
from tests.running import free_ports

ROOT = Path(__file__).resolve().parents[2]

# What counts here is the result, not how long it takes on a busy machine.
hypothesis.settings.register_profile("cases", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("cases")


@pytest.fixture(scope="session")
def company() -> Company:
    return load_company(ROOT / "data" / "company.yml")


@pytest.fixture(scope="session")
def catalogue(company: Company) -> Catalogue:
    return load_catalogue(ROOT / "data" / "messages", company.first_language)


@pytest.fixture(scope="session")
def case_policy(company: Company, catalogue: Catalogue) -> Policy:
    return company.policy(catalogue)


@pytest.fixture(scope="session")
def say(catalogue: Catalogue) -> Say:
    return catalogue.text


@pytest.fixture(scope="session")
def french(case_policy: Policy, say: Say) -> Context:
    return Context(lang="fr", policy=case_policy, say=say, now=NOW, taken={})


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    """An empty database: SQLite, or the one that TEST_POSTGRES_URL names."""
    engine = make_engine(os.environ.get("TEST_POSTGRES_URL") or f"sqlite+aiosqlite:///{tmp_path}/cases.db")
    async with engine.begin() as conn:
        await conn.run_sync(metadata.drop_all)
        await conn.run_sync(metadata.create_all)
    yield engine
    await engine.dispose()


@pytest.fixture
def desk(engine: AsyncEngine, case_policy: Policy, say: Say) -> Desk:
    return Desk(engine, case_policy, say)


@dataclass
class Post:
    """A real SMTP server. `replies` are given to the next messages instead of accepting them; `refused` are
    recipients it does not know."""

    port: int
    messages: list[EmailMessage] = field(default_factory=list)
    replies: list[str] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refused:
            return "550 5.1.1 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.replies:
            return self.replies.pop(0)
        message = message_from_bytes(envelope.original_content or b"", policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.messages.append(message)
        return "250 OK"


@pytest.fixture
def post() -> Iterator[Post]:
    server = Post(free_ports(1)[0])
    controller = Controller(server, hostname="127.0.0.1", port=server.port)
    controller.start()
    yield server
    controller.stop()


@pytest.fixture
def mail_settings(post: Post, tmp_path: Path) -> MailSettings:
    return MailSettings(
        host="127.0.0.1",
        port=post.port,
        sender="support@archivelle.example",
        staff="team@archivelle.example",
        company="Archivelle Services",
        time_zone="Europe/Paris",
        staff_lang="fr",
        public_url="https://help.archivelle.example/",
        attachments=tmp_path,
        security="none",
        timeout=5,
    )
