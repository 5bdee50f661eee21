from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from bot.cases import Channel, messages, store, timeline
from bot.cases.model import Case
from bot.cases.rows import load
from bot.cases.tables import outbox
from bot.cases.timeline import Entry
from bot.connect.inbox import Inbox, Outcome, Taken
from bot.connect.reading import InboxSettings
from bot.database import Database, make_engine, prepare
from bot.gateway import attachments
from bot.schema import PARTS
from tests.cases.asking import NOW, Desk, ticket
from tests.connect.posting import CUSTOMER, OURS
from tests.gateway.site import content


@dataclass
class Post:
    """An inbox on a database of its own, with a case in it."""

    database: Database
    inbox: Inbox
    desk: Desk
    folder: Path
    woken: list[None] = field(default_factory=list)
    answered: list[str] = field(default_factory=list)

    async def take(self, raw: bytes, **more: Any) -> Taken:
        return await self.inbox.take(raw, **more)

    async def open(self, **changes: Any) -> str:
        """A ticket of `CUSTOMER`'s; its reference."""
        return str((await self.desk.open(ticket(email=CUSTOMER, **changes)))["ref"])

    async def case(self, ref: str) -> Case:
        async with self.database.read() as conn:
            return await load(conn, ref)

    async def written(self, ref: str, kind: str | None = None) -> list[Entry]:
        async with self.database.read() as conn:
            entries = await timeline.of_case(conn, ref)
        return [entry for entry in entries if kind is None or entry.type == kind]

    async def reply(self, ref: str, text: str = "Voici.") -> str:
        """An agent's answer; the letter that carries it."""
        async with self.database.write() as conn:
            by = self.desk.by("anna")
            written = await messages.reply(conn, ref, by, client_id=text, text=text, author_name="Anna")
        assert written.letter is not None
        return written.letter

    async def letters(self, channel: Channel = Channel.CUSTOMER_MAIL) -> list[Any]:
        async with self.database.read() as conn:
            query = select(outbox).where(outbox.c.channel == channel.value).order_by(outbox.c.created_at)
            return list((await conn.execute(query)).all())

    async def refs(self) -> list[str]:
        async with self.database.read() as conn:
            return list((await conn.execute(select(store.tables.cases.c.ref))).scalars())


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    engine = make_engine(database_url)
    await prepare(engine, PARTS)
    database = Database(engine)
    yield database
    await database.close()


def open_post(database: Database, folder: Path, **changes: Any) -> Post:
    company, catalogue = content()
    policy = company.policy(catalogue)
    desk = Desk(database.engine, policy, catalogue.text)
    woken: list[None] = []
    answered: list[str] = []

    async def may_answer(sender: str) -> bool:
        answered.append(sender)
        return answered.count(sender) <= 2

    async def french(_text: str) -> str:
        return "fr"

    settings = InboxSettings(
        own=frozenset({OURS}), attachments=folder / "attachments", failed=folder / "mail", **changes
    )
    inbox = Inbox(
        database,
        settings,
        policy=policy,
        say=catalogue.text,
        channels=frozenset(Channel),
        files=attachments,
        language=french,
        may_answer=may_answer,
        woken=lambda: woken.append(None),
        now=lambda: NOW,
    )
    return Post(database, inbox, desk, folder, woken, answered)


@pytest.fixture
def post(database: Database, tmp_path: Path) -> Post:
    return open_post(database, tmp_path)


__all__ = ["Outcome", "Post"]
