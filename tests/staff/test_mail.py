"""Mails to staff outlast a mail server's day off, are sent once by several processes, and are given up in the end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from sqlalchemy import select

from bot.database import Database, make_engine, prepare
from bot.schema import PARTS
from bot.staff import people, tables
from bot.staff.mail import GIVE_UP, Mail
from tests.conftest import Mailbox
from tests.gateway.site import content, make_settings
from tests.running import free_ports


class Refusing:
    """A mail server that answers every message as it is told."""

    def __init__(self, answer: str) -> None:
        self.answer = answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        return self.answer


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    engine = make_engine(f"sqlite+aiosqlite:///{tmp_path / 'guichet.db'}")
    await prepare(engine, PARTS)
    database = Database(engine)
    async with database.write() as conn:
        now = datetime.now(UTC)
        await people.create(conn, now, name="Bea", email="bea@b.example", roles=["agent"], lang="en", langs=["en"])
    yield database
    await engine.dispose()


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 3, 2, 9, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


def mail_at(database: Database, folder: Path, port: int, clock: Clock) -> Mail:
    settings = make_settings(folder, smtp_host="127.0.0.1", smtp_port=port, smtp_security="none")
    return Mail(settings, *content(), database, clock)


async def asked(database: Database, mail: Mail, purpose: str = "reset") -> None:
    async with database.write() as conn:
        await mail.ask(conn, purpose, "Bea@B.example")


async def kept(database: Database) -> tuple[int, int]:
    """(mails waiting, links that hold)."""
    async with database.read() as conn:
        return (
            len((await conn.execute(select(tables.mails))).all()),
            len((await conn.execute(select(tables.links))).all()),
        )


async def test_a_server_that_is_away_for_a_day_loses_nothing(
    database: Database, tmp_path: Path, mailbox: Mailbox
) -> None:
    mailbox.messages.clear()
    clock = Clock()
    away = mail_at(database, tmp_path, free_ports(1)[0], clock)
    await asked(database, away)
    for _ in range(60):
        assert await away.send_next()
        assert not await away.send_next(), "the next attempt is later"
        assert await kept(database) == (1, 0), "a link that reached nobody does not hold"
        clock.now += timedelta(minutes=30)
    assert clock.now - datetime(2026, 3, 2, 9, tzinfo=UTC) > timedelta(days=1)
    assert await mail_at(database, tmp_path, mailbox.port, clock).send_next()
    assert len(mailbox.to("bea@b.example")) == 1
    assert await kept(database) == (0, 1)


async def test_it_is_given_up_after_three_days(database: Database, tmp_path: Path) -> None:
    clock = Clock()
    away = mail_at(database, tmp_path, free_ports(1)[0], clock)
    await asked(database, away)
    clock.now += GIVE_UP + timedelta(minutes=1)
    assert await away.send_next()
    assert await kept(database) == (0, 0)


@pytest.mark.parametrize(("answer", "left"), [("550 no such mailbox", 0), ("451 try again later", 1)])
async def test_a_final_refusal_is_final_and_a_passing_one_is_not(
    database: Database, tmp_path: Path, answer: str, left: int
) -> None:
    (port,) = free_ports(1)
    controller = Controller(Refusing(answer), hostname="127.0.0.1", port=port)
    controller.start()
    try:
        mail = mail_at(database, tmp_path, port, Clock())
        await asked(database, mail)
        assert await mail.send_next()
    finally:
        controller.stop()
    assert await kept(database) == (left, 0)


async def test_several_processes_send_a_mail_once(database: Database, tmp_path: Path, mailbox: Mailbox) -> None:
    mailbox.messages.clear()
    clock = Clock()
    senders = [mail_at(database, tmp_path, mailbox.port, clock) for _ in range(4)]
    for _ in range(3):
        await asked(database, senders[0], "password_changed")

    async def all_of(mail: Mail) -> None:
        while await mail.send_next():
            pass

    await asyncio.gather(*(all_of(mail) for mail in senders))
    assert len(mailbox.to("bea@b.example")) == 3


async def test_somebody_deactivated_gets_no_way_in(database: Database, tmp_path: Path, mailbox: Mailbox) -> None:
    mailbox.messages.clear()
    clock = Clock()
    async with database.write() as conn:
        person = await people.by_email(conn, "bea@b.example")
        assert person is not None
        await people.create(conn, clock(), name="A", email="a@b.example", roles=["administrator"], lang="en", langs=[])
        await people.change(conn, person, clock(), {"active": False})
    mail = mail_at(database, tmp_path, mailbox.port, clock)
    await asked(database, mail)
    assert await mail.send_next()
    assert mailbox.to("bea@b.example") == []
    assert await kept(database) == (0, 0)
