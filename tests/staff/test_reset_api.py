"""Links let somebody in once: by mail through a real SMTP server, without saying who has an account."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from bot.staff import links, tables
from tests.conftest import Mailbox
from tests.gateway.site import Site
from tests.staff.signing_in import ADMIN, OTHER_PASSWORD, PASSWORD, Browser, code, invited, sign_in
from tests.staff.test_second_factor import turned_on

NewBrowser = Callable[[], Browser]
RESET = "/api/staff/reset"


@pytest.fixture
def settings(mailbox: Mailbox) -> dict[str, Any]:
    return {
        "admin_email": ADMIN,
        "admin_password": PASSWORD,
        "smtp_host": "127.0.0.1",
        "smtp_port": mailbox.port,
        "smtp_security": "none",
    }


@pytest.fixture(autouse=True)
def empty(mailbox: Mailbox) -> None:
    mailbox.messages.clear()


async def mails(mailbox: Mailbox, address: str, count: int = 1) -> list[Any]:
    """The mails to `address`, once there are `count`: another thread receives them."""
    for _ in range(750):
        if len(mailbox.to(address)) >= count:
            break
        await asyncio.sleep(0.02)
    found: list[Any] = mailbox.to(address)
    assert len(found) == count
    return found


def link_in(mail: Any) -> str:
    found = re.search(r"/staff/reset\?token=([\w-]+)", mail.get_content())
    assert found is not None, mail.get_content()
    return found[1]


async def waiting(site: Site) -> list[Any]:
    async with site.gateway.database.read() as conn:
        return [*(await conn.execute(select(tables.mails))).all()]


async def test_a_forgotten_password_is_replaced_by_mail(
    site: Site, admin: Browser, browser: NewBrowser, mailbox: Mailbox
) -> None:
    here = browser()
    assert (await here.call("POST", RESET, {"email": ADMIN.upper()}))[0] == 202
    (mail,) = await mails(mailbox, ADMIN)
    assert mail["Auto-Submitted"] == "auto-generated"
    token = link_in(mail)
    status, body = await here.call("POST", f"{RESET}/{token}", {"password": OTHER_PASSWORD})
    assert status == 200
    assert body["person"]["email"] == ADMIN
    assert (await admin.call("GET", "/api/staff/session"))[0] == 401, "earlier sessions are over"
    await sign_in(browser(), ADMIN, OTHER_PASSWORD)
    answer = await browser().call("POST", "/api/staff/session", {"email": ADMIN, "password": PASSWORD})
    assert code(answer)[1] == "invalid_credentials"


async def test_nobody_learns_whether_an_address_has_an_account(
    site: Site, browser: NewBrowser, mailbox: Mailbox
) -> None:
    known = await browser().call("POST", RESET, {"email": ADMIN})
    unknown = await browser().call("POST", RESET, {"email": "nobody@archivelle.example"})
    assert known == unknown == (202, {})
    await mails(mailbox, ADMIN)
    for _ in range(750):  # until both are settled
        if not await waiting(site):
            break
        await asyncio.sleep(0.02)
    assert await waiting(site) == []
    assert mailbox.to("nobody@archivelle.example") == []


async def test_no_table_holds_a_link(site: Site, browser: NewBrowser, mailbox: Mailbox) -> None:
    await browser().call("POST", RESET, {"email": ADMIN})
    (mail,) = await mails(mailbox, ADMIN)
    async with site.gateway.database.read() as conn:
        kept = [row for table in (tables.links, tables.mails) for row in (await conn.execute(select(table))).all()]
    assert kept
    assert link_in(mail) not in str(kept)


async def test_a_second_factor_is_still_asked_for(
    site: Site, admin: Browser, browser: NewBrowser, mailbox: Mailbox
) -> None:
    _, codes = await turned_on(admin)
    here = browser()
    await here.call("POST", RESET, {"email": ADMIN})
    (mail,) = await mails(mailbox, ADMIN)
    assert (await here.call("POST", f"{RESET}/{link_in(mail)}", {"password": OTHER_PASSWORD}))[0] == 204
    assert not here.token()
    await sign_in(here, ADMIN, OTHER_PASSWORD, codes[0])


@pytest.mark.parametrize("purpose", ["invitation", "reset"])
async def test_a_link_expires(site: Site, admin: Browser, browser: NewBrowser, purpose: str) -> None:
    now = datetime.now(UTC)
    async with site.gateway.database.write() as conn:
        token = await links.make(conn, now, purpose, admin.person["id"])
        over = tables.text_of(now - timedelta(seconds=1))
        await conn.execute(update(tables.links).values(expires_at=over))
    here = browser()
    assert code(await here.call("POST", f"{RESET}/{token}", {"password": OTHER_PASSWORD})) == (
        404,
        "link_over",
        "token",
    )
    status, _, text = await here.page(f"/staff/reset?token={token}")
    assert status == 404
    assert "n’est plus valable" in text


async def test_a_link_used_twice_at_once_works_once(site: Site, admin: Browser, browser: NewBrowser) -> None:
    _, body = await admin.call("POST", "/api/staff/people", {"name": "Bea", "email": "bea@b.example"})
    token = body["invitation"].partition("token=")[2]
    answers = await asyncio.gather(
        *(browser().call("POST", f"{RESET}/{token}", {"password": OTHER_PASSWORD}) for _ in range(4))
    )
    assert sorted(status for status, _ in answers) == [200, 404, 404, 404]


async def test_an_invitation_is_mailed_in_the_persons_language(site: Site, admin: Browser, mailbox: Mailbox) -> None:
    values = {"name": "Bea\u00a0Bell", "email": "bea@b.example", "lang": "de"}
    await admin.call("POST", "/api/staff/people", values)
    (mail,) = await mails(mailbox, "bea@b.example")
    assert mail["Subject"] == "Archivelle Services: Ihr Zugang zum Bereich des Teams"
    assert mail["Content-Language"] == "de"
    assert "72 Stunden" in mail.get_content()


async def test_owners_hear_of_what_weakens_their_account(
    site: Site, admin: Browser, browser: NewBrowser, mailbox: Mailbox
) -> None:
    other = await invited(admin, browser(), "agent")
    body = {"password": {"old": OTHER_PASSWORD, "new": PASSWORD}}
    assert (await other.call("PATCH", "/api/staff/me", body))[0] == 200
    await turned_on(other)
    assert (await other.call("DELETE", "/api/staff/me/totp", {"password": PASSWORD}))[0] == 204
    subjects = [str(mail["Subject"]) for mail in await mails(mailbox, other.person["email"], 3)]
    assert any("mot de passe a changé" in subject for subject in subjects)
    assert any("deux étapes désactivée" in subject for subject in subjects)


async def test_asking_often_fills_no_mailbox(site: Site, browser: NewBrowser) -> None:
    here = browser()
    answers = [(await here.call("POST", RESET, {"email": ADMIN}))[0] for _ in range(12)]
    assert answers[:10] == [202] * 10
    assert answers[-1] == 429


async def test_what_is_no_address_is_said_to_be_none(site: Site, browser: NewBrowser) -> None:
    assert code(await browser().call("POST", RESET, {"email": "bea"})) == (422, "invalid_email", "email")
