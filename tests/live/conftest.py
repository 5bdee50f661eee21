from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.database import Database, make_engine, prepare
from bot.schema import PARTS
from tests.desk.site import Colleague
from tests.gateway.site import content
from tests.live.site import LiveDesk, open_live
from tests.live.studio import Studio


@pytest.fixture
async def studio(database_url: str) -> AsyncIterator[Studio]:
    """On SQLite and on PostgreSQL."""
    database = Database(make_engine(database_url))
    await prepare(database.engine, PARTS)
    company, catalogue = content()
    studio = Studio(database_url, database, company.hours(), catalogue.text)
    yield studio
    await studio.close()


@pytest.fixture
async def live(tmp_path: Path) -> AsyncIterator[LiveDesk]:
    """The web process with its HTTP interfaces."""
    async with open_live(tmp_path) as live:
        yield live


@pytest.fixture
async def anna(live: LiveDesk) -> Colleague:
    return await live.at_desk("Anna")
