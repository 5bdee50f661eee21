from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.desk.live_site import LiveDesk, open_live
from tests.desk.site import Colleague, DeskSite, open_desk


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[DeskSite]:
    async with open_desk(tmp_path) as desk:
        yield desk


@pytest.fixture
async def anna(desk: DeskSite) -> Colleague:
    return await desk.colleague("Anna")


@pytest.fixture
async def bruno(desk: DeskSite) -> Colleague:
    return await desk.colleague("Bruno")


@pytest.fixture
async def live(tmp_path: Path) -> AsyncIterator[LiveDesk]:
    async with open_live(tmp_path) as live:
        yield live


@pytest.fixture
async def agent(live: LiveDesk) -> Colleague:
    """Anna, who is online with her desk open."""
    return await live.at_desk("Anna")
