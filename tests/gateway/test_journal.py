"""The journal on each database: SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.database import Database, make_engine, prepare
from bot.gateway.journal import Journal
from bot.gateway.tables import metadata
from tests.contracts.journal import JournalContract


async def opened(url: str) -> AsyncIterator[Journal]:
    database = Database(make_engine(url))
    await prepare(database.engine, [metadata])
    yield Journal(database)
    await database.close()


class TestJournal(JournalContract):
    @pytest.fixture
    async def journal(self, database_url: str) -> AsyncIterator[Journal]:
        async for journal in opened(database_url):
            yield journal

    @pytest.fixture
    async def other(self, journal: Journal, database_url: str) -> AsyncIterator[Journal]:
        """Another process on the same database."""
        async for other in opened(database_url):
            yield other
