from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.database import Database, make_engine, prepare
from bot.schema import PARTS


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    engine = make_engine(database_url)
    await prepare(engine, PARTS)
    database = Database(engine)
    yield database
    await database.close()
