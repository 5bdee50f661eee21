"""The agents' work on each database."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.database import make_engine
from tests.cases.test_store import fresh
from tests.contracts.case_work import CaseWorkContract


class TestWork(CaseWorkContract):
    @pytest.fixture
    async def engine(self, database_url: str) -> AsyncIterator[AsyncEngine]:
        async for engine in fresh(make_engine(database_url)):
            yield engine
