"""The second factor: on only when the phone has it, no code twice, recovery codes once, off with the password alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

import pyotp
from sqlalchemy import select, update

from bot.staff import second_factor, tables
from tests.gateway.site import Site
from tests.staff.signing_in import ADMIN, PASSWORD, Browser, code, sign_in

NewBrowser = Callable[[], Browser]
TOTP = "/api/staff/me/totp"
SESSION = "/api/staff/session"


async def turned_on(browser: Browser) -> tuple[pyotp.TOTP, list[str]]:
    """(the phone, recovery codes)."""
    status, offered = await browser.call("POST", TOTP)
    assert status == 200
    phone = pyotp.TOTP(offered["secret"])
    status, body = await browser.call("PUT", TOTP, {"code": phone.now()})
    assert status == 200, body
    return phone, body["recovery_codes"]


async def fresh(site: Site, phone: pyotp.TOTP) -> str:
    """A code that is right now, as if none of this half minute had been used."""
    async with site.gateway.database.write() as conn:
        await conn.execute(update(tables.people).values(totp_step=0))
    return phone.now()


async def test_it_is_on_only_after_a_right_code(site: Site, admin: Browser) -> None:
    status, offered = await admin.call("POST", TOTP)
    assert status == 200
    assert offered["uri"].startswith("otpauth://totp/Archivelle")
    assert ADMIN.replace("@", "%40") in offered["uri"]
    assert ElementTree.fromstring(offered["qr"]).tag.endswith("svg")
    assert "style" not in offered["qr"], "the page's policy allows no inline style"
    assert code(await admin.call("PUT", TOTP, {"code": "000000"})) == (422, "invalid_code", "code")
    assert not (await admin.call("GET", SESSION))[1]["person"]["second_factor"]
    status, body = await admin.call("PUT", TOTP, {"code": pyotp.TOTP(offered["secret"]).now()})
    assert status == 200
    assert len(set(body["recovery_codes"])) == 10
    assert (await admin.call("GET", SESSION))[1]["person"]["second_factor"]
    assert code(await admin.call("POST", TOTP)) == (409, "second_factor_is_on", None)


async def test_signing_in_then_needs_a_code(site: Site, admin: Browser, browser: NewBrowser) -> None:
    phone, _ = await turned_on(admin)
    here, body = browser(), {"email": ADMIN, "password": PASSWORD}
    assert code(await here.call("POST", SESSION, body)) == (401, "code_required", "code")
    assert code(await here.call("POST", SESSION, body | {"code": "000000"})) == (401, "invalid_code", "code")
    assert not here.token()
    wrong = body | {"password": "a wrong guess", "code": await fresh(site, phone)}
    assert code(await here.call("POST", SESSION, wrong)) == (401, "invalid_credentials", None)
    await sign_in(here, ADMIN, PASSWORD, await fresh(site, phone))


async def test_a_code_is_taken_once(site: Site, admin: Browser, browser: NewBrowser) -> None:
    phone, _ = await turned_on(admin)
    used = await fresh(site, phone)
    await sign_in(browser(), ADMIN, PASSWORD, f" {used[:3]} {used[3:]} ")
    answer = await browser().call("POST", SESSION, {"email": ADMIN, "password": PASSWORD, "code": used})
    assert code(answer) == (401, "invalid_code", "code")


async def test_the_code_that_turned_it_on_does_not_sign_in(site: Site, admin: Browser, browser: NewBrowser) -> None:
    phone, _ = await turned_on(admin)
    answer = await browser().call("POST", SESSION, {"email": ADMIN, "password": PASSWORD, "code": phone.now()})
    assert code(answer) == (401, "invalid_code", "code")


async def test_each_recovery_code_works_once_and_only_its_hash_is_kept(
    site: Site, admin: Browser, browser: NewBrowser
) -> None:
    _, codes = await turned_on(admin)
    async with site.gateway.database.read() as conn:
        kept = [*(await conn.execute(select(tables.recovery_codes.c.hash))).scalars()]
    assert len(kept) == 10
    assert not set(codes) & set(kept)
    await sign_in(browser(), ADMIN, PASSWORD, codes[0].upper().replace("-", " "))
    answer = await browser().call("POST", SESSION, {"email": ADMIN, "password": PASSWORD, "code": codes[0]})
    assert code(answer) == (401, "invalid_code", "code")
    await sign_in(browser(), ADMIN, PASSWORD, codes[1])


async def test_clocks_may_differ_by_half_a_minute_not_by_more(site: Site, admin: Browser) -> None:
    secret, now = pyotp.random_base32(), datetime(2026, 3, 2, 9, tzinfo=UTC)
    totp = pyotp.TOTP(secret)
    for seconds, accepted in ((-60, False), (-30, True), (0, True), (30, True), (60, False)):
        given = totp.at(now + timedelta(seconds=seconds))
        assert (second_factor._step_of(secret, given, now, after=0) is not None) is accepted, seconds


async def test_turning_it_on_ends_the_other_sessions(site: Site, admin: Browser, browser: NewBrowser) -> None:
    other = await sign_in(browser(), ADMIN, PASSWORD)
    await turned_on(admin)
    assert (await other.call("GET", SESSION))[0] == 401
    assert (await admin.call("GET", SESSION))[0] == 200


async def test_turning_it_off_needs_the_password(site: Site, admin: Browser, browser: NewBrowser) -> None:
    _, codes = await turned_on(admin)
    assert code(await admin.call("DELETE", TOTP, {"password": "a wrong guess"})) == (403, "wrong_password", "password")
    assert (await admin.call("DELETE", TOTP, {"password": PASSWORD}))[0] == 204
    await sign_in(browser(), ADMIN, PASSWORD)
    async with site.gateway.database.read() as conn:
        assert (await conn.execute(select(tables.recovery_codes))).first() is None, codes
