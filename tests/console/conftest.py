from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.console.site import ConsoleSite, Editor, open_console


@pytest.fixture(autouse=True)
def _look_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is changed outside the console is looked for with every call."""
    monkeypatch.setattr("bot.console.shelf.SOON", 0.0)


@pytest.fixture
async def console(tmp_path: Path) -> AsyncIterator[ConsoleSite]:
    async with open_console(tmp_path) as site:
        yield site


@pytest.fixture
async def alone(tmp_path: Path) -> AsyncIterator[ConsoleSite]:
    """The console while kb is down."""
    async with open_console(tmp_path, built=False) as site:
        yield site


@pytest.fixture
async def clara(console: ConsoleSite) -> Editor:
    return await console.editor("Clara")
