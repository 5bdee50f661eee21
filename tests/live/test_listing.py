"""What desks ask once a second must cost the same however many conversations the bot has had."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.database import Database, make_engine, prepare
from bot.live import listing, presence
from bot.schema import PARTS
from tests.gateway.site import content
from tests.live.studio import NOW, Studio

Work = Callable[[Studio], Awaitable[Any]]


@contextmanager
def statements(studio: Studio) -> Iterator[list[tuple[str, Any]]]:
    """What is sent to the database meanwhile."""
    sent: list[tuple[str, Any]] = []

    def keep(_conn: Any, _cursor: Any, statement: str, parameters: Any, *_more: Any) -> None:
        sent.append((statement, parameters))

    event.listen(studio.database.engine.sync_engine, "before_cursor_execute", keep)
    try:
        yield sent
    finally:
        event.remove(studio.database.engine.sync_engine, "before_cursor_execute", keep)


async def of_the_feed(studio: Studio) -> None:
    async with studio.database.read() as conn:
        await listing.marks(conn)


async def of_the_lists(studio: Studio) -> None:
    async with studio.database.read() as conn:
        for state in ("waiting", "live", "mine"):
            await listing.some(conn, state, "anna", NOW, {})


async def of_the_offer(studio: Studio) -> None:
    await studio.agent()
    async with studio.database.read() as conn:
        assert (await studio.talks.presence(conn, "fr", NOW)).there
        await presence.loads(conn)


async def plan(conn: AsyncConnection, statement: str, parameters: Any) -> list[str]:
    rows = await conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", tuple(parameters))
    return [row[-1] for row in rows]


@pytest.mark.parametrize("work", [of_the_feed, of_the_lists, of_the_offer])
async def test_conversations_of_the_bot_are_not_read(work: Work, tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'guichet.db'}"
    company, catalogue = content()
    studio = Studio(url, Database(make_engine(url)), company.hours(), catalogue.text)
    try:
        await prepare(studio.database.engine, PARTS)
        with statements(studio) as sent:
            await work(studio)
        asked = [each for each in sent if each[0].startswith("SELECT") and "FROM conversations" in each[0]]
        assert asked
        async with studio.database.read() as conn:
            for statement, parameters in asked:
                steps = await plan(conn, statement, parameters)
                of_conversations = [step for step in steps if "conversations" in step]
                assert of_conversations, steps
                assert all("USING" in step for step in of_conversations), steps
    finally:
        await studio.close()
