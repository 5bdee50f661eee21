"""Somebody can come in where nobody exists, and nobody by a way that was left open."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.settings import SettingsError
from tests.gateway.site import RasaPeer, Site, open_site
from tests.staff.signing_in import ADMIN, OTHER_PASSWORD, PASSWORD, Browser, code, sign_in

NewBrowser = Callable[[], Browser]
SETUP = "/api/staff/setup"


@pytest.fixture
def settings() -> dict[str, Any]:
    return {}


@pytest.fixture
def log() -> Iterator[list[Any]]:
    with capture_logs() as lines:
        yield lines


@pytest.fixture
def token(log: list[Any], site: Site) -> str:
    """The token of the link that the log of the start has."""
    (line,) = [line for line in log if line["event"] == "staff_setup_link"]
    return str(line["url"]).removeprefix("http://127.0.0.1:8080/staff/setup?token=")


def body(token: str, **values: Any) -> dict[str, Any]:
    return {"token": token, "name": "Ada", "email": ADMIN, "password": PASSWORD} | values


async def test_the_links_way_makes_the_first_administrator_once(token: str, browser: NewBrowser) -> None:
    here = browser()
    status, _, text = await here.page(f"/staff/setup?token={token}")
    assert status == 200
    assert "Premier compte" in text
    assert code(await here.call("POST", SETUP, body(token, password="short"))) == (422, "short_password", "password")
    status, made = await here.call("POST", SETUP, body(token))
    assert status == 201
    assert made["person"]["roles"] == ["administrator"]
    assert (await here.call("GET", "/api/staff/session"))[0] == 200, "signed in"
    assert code(await browser().call("POST", SETUP, body(token, email="b@b.example")))[:2] == (404, "link_over")
    assert (await browser().page(f"/staff/setup?token={token}"))[0] == 404
    await sign_in(browser(), ADMIN, PASSWORD)


async def test_the_first_of_several_is_the_only_one(token: str, browser: NewBrowser) -> None:
    answers = await asyncio.gather(
        *(browser().call("POST", SETUP, body(token, email=f"{n}@b.example")) for n in range(4))
    )
    assert sorted(status for status, _ in answers) == [201, 404, 404, 404]


@pytest.mark.parametrize("token", ["", "x", "' OR 1=1 --"])
async def test_without_the_link_nobody_sets_up(site: Site, browser: NewBrowser, token: str) -> None:
    assert (await browser().call("POST", SETUP, body(token)))[0] in (404, 422)
    assert (await browser().page(f"/staff/setup?token={token}"))[0] == 404


async def test_there_is_no_default_account(site: Site, browser: NewBrowser) -> None:
    for email in ("admin@example.org", "admin@archivelle.example", "support@archivelle.example"):
        for password in ("admin", "password", "guichet", "changeme"):
            status, _ = await browser().call("POST", "/api/staff/session", {"email": email, "password": password})
            assert status == 401


async def test_the_settings_account_is_made_once(tmp_path: Path, log: list[Any]) -> None:
    async with open_site(tmp_path, RasaPeer(), admin_email=ADMIN, admin_password=PASSWORD) as site:
        await (await sign_in(Browser(site.url), ADMIN, PASSWORD)).close()
    async with open_site(tmp_path, RasaPeer(), admin_email=ADMIN, admin_password=OTHER_PASSWORD) as site:
        await (await sign_in(Browser(site.url), ADMIN, PASSWORD)).close()
    assert log
    assert "/staff/setup" not in str(log)
    assert PASSWORD not in str(log)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"admin_email": "ada", "admin_password": PASSWORD}, "GUICHET_ADMIN_EMAIL: This e-mail address is not valid"),
        ({"admin_email": ADMIN}, "GUICHET_ADMIN_PASSWORD: The password needs 12 characters"),
        ({"admin_email": ADMIN, "admin_password": "adaadaadaada"}, "GUICHET_ADMIN_PASSWORD: This password is too easy"),
        ({"oidc_issuer": "https://id.example"}, "GUICHET_OIDC_CLIENT_ID: expected the id"),
    ],
)
async def test_settings_that_let_nobody_in_are_refused(tmp_path: Path, values: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        async with open_site(tmp_path, RasaPeer(), **values):
            pass
