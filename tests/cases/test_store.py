"""The store on each database: SQLite always, PostgreSQL where TEST_POSTGRES_URL names an empty one."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bot.cases import metadata
from bot.database import make_engine
from tests.contracts.case_store import CaseStoreContract

POSTGRES = os.environ.get("TEST_POSTGRES_URL")


async def fresh(engine: AsyncEngine) -> AsyncIterator[AsyncEngine]:
    async with engine.begin() as conn:
        await conn.run_sync(metadata.drop_all)
        await conn.run_sync(metadata.create_all)
    yield engine
    await engine.dispose()


class TestSQLite(CaseStoreContract):
    @pytest.fixture
    async def engine(self, tmp_path: Path) -> AsyncIterator[AsyncEngine]:
        async for engine in fresh(make_engine(f"sqlite+aiosqlite:///{tmp_path}/cases.db")):
            yield engine


class TestSQLiteOfAnyEngine(CaseStoreContract):
    """The store does not rest on the pragmas and locks of `bot.database`."""

    @pytest.fixture
    async def engine(self, tmp_path: Path) -> AsyncIterator[AsyncEngine]:
        async for engine in fresh(create_async_engine(f"sqlite+aiosqlite:///{tmp_path}/cases.db")):
            yield engine


if POSTGRES is not None:

    class TestPostgreSQL(CaseStoreContract):
        @pytest.fixture
        async def engine(self) -> AsyncIterator[AsyncEngine]:
            async for engine in fresh(create_async_engine(str(POSTGRES))):
                yield engine
