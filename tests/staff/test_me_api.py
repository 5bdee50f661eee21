"""One's own account: what may be changed, and that a new password shuts others out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.gateway.site import Site
from tests.staff.signing_in import ADMIN, OTHER_PASSWORD, PASSWORD, Browser, code, sign_in

NewBrowser = Callable[[], Browser]
ME = "/api/staff/me"


async def test_what_is_ones_own_can_be_changed(site: Site, admin: Browser) -> None:
    change = {"name": "Ada  Lovelace", "lang": "de", "presence": "online", "out_until": "2030-01-01T12:00:00Z"}
    status, body = await admin.call("PATCH", ME, change)
    assert status == 200
    shown = {name: body["person"][name] for name in change}
    assert shown == {
        "name": "Ada Lovelace",
        "lang": "de",
        "presence": "online",
        "out_until": "2030-01-01T12:00:00.000000+00:00",
    }
    _, body = await admin.call("PATCH", ME, {"name": ""})
    assert body["error"]["message"] == "Füllen Sie dieses Feld bitte aus.", "errors come in the person's language"


@pytest.mark.parametrize("field", ["roles", "email", "active", "capacity", "second_factor", "id"])
async def test_what_is_an_administrators_to_change_is_refused(site: Site, admin: Browser, field: str) -> None:
    assert code(await admin.call("PATCH", ME, {field: ["administrator"]})) == (422, "unknown_field", field)


async def test_a_new_password_ends_the_other_sessions(site: Site, admin: Browser, browser: NewBrowser) -> None:
    other = await sign_in(browser(), ADMIN, PASSWORD)
    status, _ = await admin.call("PATCH", ME, {"password": {"old": PASSWORD, "new": OTHER_PASSWORD}})
    assert status == 200
    assert (await other.call("GET", "/api/staff/session"))[0] == 401
    assert (await admin.call("GET", "/api/staff/session"))[0] == 200
    await sign_in(browser(), ADMIN, OTHER_PASSWORD)


@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        ("a password", (422, "required", "password")),
        ({"new": OTHER_PASSWORD}, (422, "required", "old")),
        ({"old": "a wrong guess", "new": OTHER_PASSWORD}, (403, "wrong_password", "old")),
        ({"old": PASSWORD, "new": "short"}, (422, "short_password", "new")),
        ({"old": PASSWORD}, (422, "short_password", "new")),
        ({"old": PASSWORD, "new": "Archivelle-2026!"}, (422, "weak_password", "new")),
    ],
)
async def test_a_password_that_cannot_be_is_named(
    site: Site, admin: Browser, browser: NewBrowser, given: Any, refusal: Any
) -> None:
    assert code(await admin.call("PATCH", ME, {"password": given})) == refusal
    await sign_in(browser(), ADMIN, PASSWORD)


async def test_guesses_at_the_old_password_are_counted(site: Site, admin: Browser) -> None:
    given = {"password": {"old": "a wrong guess", "new": OTHER_PASSWORD}}
    statuses = [(await admin.call("PATCH", ME, given))[0] for _ in range(12)]
    assert statuses[:10] == [403] * 10
    assert statuses[-1] == 429
