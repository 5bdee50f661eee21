"""Signing in and out: nobody learns who has an account, guesses are few, and an ended session is over everywhere."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from bot.staff import tables
from tests.gateway.site import Site
from tests.staff.signing_in import ADMIN, OTHER_PASSWORD, PASSWORD, Browser, code, invited, sign_in

NewBrowser = Callable[[], Browser]
SESSION = "/api/staff/session"


async def test_signing_in_gives_a_session_and_the_person(site: Site, browser: NewBrowser) -> None:
    here = browser()
    status, body = await here.call("POST", SESSION, {"email": f" {ADMIN.upper()} ", "password": PASSWORD})
    assert status == 200
    assert body["person"]["email"] == ADMIN
    assert body["person"]["roles"] == ["administrator"]
    cookie = here.cookies["guichet_staff"]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"], cookie["secure"]) == (True, "Lax", "/", "")
    assert await here.call("GET", SESSION) == (200, body)
    assert here.headers["Cache-Control"] == "no-store"


async def test_only_hashes_are_kept(site: Site, admin: Browser) -> None:
    async with site.gateway.database.read() as conn:
        rows = [
            *(await conn.execute(select(tables.sessions))).all(),
            *(await conn.execute(select(tables.people))).all(),
        ]
    kept = " ".join(str(value) for row in rows for value in row)
    assert admin.token()
    assert admin.token() not in kept
    assert PASSWORD not in kept
    assert "$argon2id$" in kept


@pytest.mark.parametrize(
    "body",
    [
        {"email": ADMIN, "password": "not the password"},
        {"email": "nobody@archivelle.example", "password": PASSWORD},
        {"email": "no address at all", "password": PASSWORD},
        {"email": ADMIN, "password": PASSWORD.upper()},
    ],
)
async def test_a_wrong_pair_says_nothing_about_which_part(site: Site, browser: NewBrowser, body: Any) -> None:
    here = browser()
    assert code(await here.call("POST", SESSION, body)) == (401, "invalid_credentials", None)
    assert not here.token()


async def test_an_unknown_account_costs_a_password_check_too(
    site: Site, browser: NewBrowser, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bot.staff import passwords

    checked: list[str] = []
    verify = passwords._verify

    def seen(kept: str, password: str) -> bool:
        checked.append(kept)
        return verify(kept, password)

    monkeypatch.setattr(passwords, "_verify", seen)
    await browser().call("POST", SESSION, {"email": "nobody@archivelle.example", "password": PASSWORD})
    assert checked == [passwords._NOBODY]


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        ({"password": PASSWORD}, (422, "required", "email")),
        ({"email": ADMIN}, (422, "required", "password")),
        ({"email": ADMIN, "password": ["x"]}, (422, "required", "password")),
        ({"email": ADMIN, "password": "x" * 1001}, (422, "invalid_text", "password")),
        ({"email": ADMIN, "password": PASSWORD, "remember": True}, (422, "unknown_field", "remember")),
    ],
)
async def test_what_is_no_sign_in_is_named(site: Site, browser: NewBrowser, body: Any, refusal: Any) -> None:
    assert code(await browser().call("POST", SESSION, body)) == refusal


async def test_another_site_cannot_sign_anybody_in(site: Site, browser: NewBrowser) -> None:
    here, body = browser(), {"email": ADMIN, "password": PASSWORD}
    answer = await here.call("POST", SESSION, body, **{"Sec-Fetch-Site": "cross-site"})
    assert code(answer) == (403, "other_site", None)
    async with here.http.post(f"{site.url}{SESSION}", data='{"email": "a", "password": "b"}') as response:
        assert response.status == 403
    assert "Access-Control-Allow-Origin" not in here.headers
    async with here.http.options(f"{site.url}{SESSION}", headers={"Origin": "https://evil.example"}) as response:
        assert response.status == 405
        assert "Access-Control-Allow-Origin" not in response.headers


async def test_guesses_at_an_account_are_few_and_a_success_forgives_them(site: Site, browser: NewBrowser) -> None:
    here = browser()
    for _ in range(9):
        await here.call("POST", SESSION, {"email": ADMIN, "password": "a wrong guess"})
    await sign_in(here, ADMIN, PASSWORD)
    guesses = [await here.call("POST", SESSION, {"email": ADMIN, "password": "a wrong guess"}) for _ in range(12)]
    assert [status for status, _ in guesses[:10]] == [401] * 10
    assert guesses[-1][0] == 429  # the eleventh may pass where a new window has just begun
    answer = await here.call("POST", SESSION, {"email": ADMIN, "password": PASSWORD})
    assert code(answer) == (429, "too_many_attempts", None)
    assert 0 < int(here.headers["Retry-After"]) <= 15 * 60
    # Somebody else still comes in.
    assert code(await here.call("POST", SESSION, {"email": "b@b.example", "password": "x"}))[0] == 401


async def test_many_guesses_at_once_do_not_get_past_the_limit(site: Site, browser: NewBrowser) -> None:
    here, body = browser(), {"email": ADMIN, "password": "a wrong guess"}
    answers = await asyncio.gather(*(here.call("POST", SESSION, body) for _ in range(14)))
    refused = [status for status, _ in answers].count(429)
    assert refused in (3, 4)  # three where a new window has just begun


async def test_a_write_needs_the_token_of_its_session(site: Site, admin: Browser, browser: NewBrowser) -> None:
    other = await sign_in(browser(), ADMIN, PASSWORD)
    for token in ("", "x", other.csrf):
        answer = await admin.call("PATCH", "/api/staff/me", {"name": "Ada"}, **{"X-CSRF-Token": token})
        assert code(answer) == (403, "invalid_csrf", None)
    assert (await admin.call("PATCH", "/api/staff/me", {"name": "Ada"}))[0] == 200


async def test_signing_in_again_replaces_the_session(site: Site, admin: Browser) -> None:
    before = admin.token()
    await sign_in(admin, ADMIN, PASSWORD)
    assert admin.token() != before
    admin.set_token(before)
    assert code(await admin.call("GET", SESSION)) == (401, "sign_in_required", None)


async def test_signing_out_ends_one_session(site: Site, admin: Browser, browser: NewBrowser) -> None:
    other = await sign_in(browser(), ADMIN, PASSWORD)
    token = admin.token()
    assert (await admin.call("DELETE", SESSION))[0] == 204
    assert not admin.token()
    admin.set_token(token)
    assert (await admin.call("GET", SESSION))[0] == 401
    assert (await other.call("GET", SESSION))[0] == 200


async def test_signing_out_everywhere_ends_all(site: Site, admin: Browser, browser: NewBrowser) -> None:
    other = await sign_in(browser(), ADMIN, PASSWORD)
    assert (await other.call("DELETE", "/api/staff/sessions"))[0] == 204
    assert (await admin.call("GET", SESSION))[0] == 401
    assert (await other.call("GET", SESSION))[0] == 401


async def test_somebody_deactivated_cannot_come_in(site: Site, admin: Browser, browser: NewBrowser) -> None:
    agent = await invited(admin, browser(), "agent")
    await admin.call("PATCH", f"/api/staff/people/{agent.person['id']}", {"active": False})
    assert (await agent.call("GET", SESSION))[0] == 401
    answer = await agent.call("POST", SESSION, {"email": agent.person["email"], "password": OTHER_PASSWORD})
    assert code(answer) == (401, "invalid_credentials", None)


async def test_failures_are_remembered_without_what_was_typed(site: Site, admin: Browser, browser: NewBrowser) -> None:
    for email in (ADMIN, "secret-typed-here@archivelle.example"):
        await browser().call("POST", SESSION, {"email": email, "password": "a wrong guess"})
    _, body = await admin.call("GET", "/api/staff/audit")
    failed = [entry for entry in body["entries"] if entry["action"] == "sign_in_failed"]
    assert [entry["target"] for entry in failed] == [None, admin.person["id"]]
    assert "secret-typed-here" not in str(body)
    assert "a wrong guess" not in str(body)
