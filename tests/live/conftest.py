from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.database import Database, make_engine, prepare
from bot.schema import PARTS
from tests.gateway.site import content
from tests.live.studio import Studio


@pytest.fixture
async def studio(database_url: str) -> AsyncIterator[Studio]:
    """On SQLite and on PostgreSQL."""
    company, catalogue = content()
    studio = Studio(database_url, Database(make_engine(database_url)), company.hours(), catalogue.text)
    try:
        await prepare(studio.database.engine, PARTS)
        yield studio
    finally:
        await studio.close()
