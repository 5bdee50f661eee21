from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.gateway.site import RasaPeer, Site, Talk, open_site


@pytest.fixture
def rasa() -> RasaPeer:
    return RasaPeer()


@pytest.fixture
async def site(tmp_path: Path, rasa: RasaPeer) -> AsyncIterator[Site]:
    async with open_site(tmp_path, rasa, turn_deadline=3.0) as site:
        yield site


@pytest.fixture
async def talk(site: Site) -> Talk:
    return await site.talk()
