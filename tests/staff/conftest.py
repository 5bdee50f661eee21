from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher

from bot.staff import passwords
from tests.gateway.site import RasaPeer, Site, open_site
from tests.staff.signing_in import ADMIN, PASSWORD, Browser, sign_in


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real algorithm with the least work: what it costs at work is the subject of test_passwords.py."""
    hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(passwords, "_hasher", hasher)
    monkeypatch.setattr(passwords, "_NOBODY", hasher.hash("nobody's"))


@pytest.fixture
def settings() -> dict[str, Any]:
    """Settings by field name; a test module overrides it."""
    return {"admin_email": ADMIN, "admin_password": PASSWORD}


@pytest.fixture
async def site(tmp_path: Path, settings: dict[str, Any]) -> AsyncIterator[Site]:
    async with open_site(tmp_path, RasaPeer(), **settings) as site:
        yield site


@pytest.fixture
async def browser(site: Site) -> AsyncIterator[Callable[[], Browser]]:
    """Makes browsers with cookies of their own."""
    made: list[Browser] = []

    def new() -> Browser:
        made.append(Browser(site.url))
        return made[-1]

    yield new
    for each in made:
        await each.close()


@pytest.fixture
async def admin(browser: Callable[[], Browser]) -> Browser:
    return await sign_in(browser(), ADMIN, PASSWORD)
