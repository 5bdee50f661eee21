from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

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
