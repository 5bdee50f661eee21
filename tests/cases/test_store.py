"""The store on each database: SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bot.cases import metadata
from bot.database import make_engine
from tests.contracts.case_store import CaseStoreContract


async def fresh(engine: AsyncEngine) -> AsyncIterator[AsyncEngine]:
    async with engine.begin() as conn:
        await conn.run_sync(metadata.create_all)
    yield engine
    await engine.dispose()


class TestStore(CaseStoreContract):
    @pytest.fixture
    async def engine(self, database_url: str) -> AsyncIterator[AsyncEngine]:
        async for engine in fresh(make_engine(database_url)):
            yield engine


class TestSQLiteOfAnyEngine(CaseStoreContract):
    """The store does not rest on the pragmas and locks of `bot.database`."""

    @pytest.fixture
    async def engine(self, tmp_path: Path) -> AsyncIterator[AsyncEngine]:
        async for engine in fresh(create_async_engine(f"sqlite+aiosqlite:///{tmp_path}/cases.db")):
            yield engine
