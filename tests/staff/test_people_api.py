"""People: invited, changed, let go; nothing unknown is taken, and somebody always can administer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from tests.gateway.site import Site
from tests.staff.signing_in import ADMIN, OTHER_PASSWORD, Browser, code, invited, sign_in

NewBrowser = Callable[[], Browser]
PEOPLE = "/api/staff/people"
BEA = {"name": "Bea Bell", "email": "Bea@Archivelle.example", "roles": ["agent"]}


async def test_an_invitation_lets_somebody_in_once(site: Site, admin: Browser, browser: NewBrowser) -> None:
    status, body = await admin.call("POST", PEOPLE, BEA | {"levels": [2, 1], "langs": ["de"], "capacity": 3})
    assert status == 201
    person = body["person"]
    assert (person["email"], person["levels"], person["langs"], person["capacity"]) == (
        "bea@archivelle.example",
        [1, 2],
        ["de"],
        3,
    )
    token = body["invitation"].partition("/staff/reset?token=")[2]
    here = browser()
    status, _, text = await here.page(f"/staff/reset?token={token}")
    assert status == 200
    assert "Bea Bell" in text
    path = f"/api/staff/reset/{token}"
    assert code(await here.call("POST", path, {"password": "short"})) == (422, "short_password", "password")
    status, body = await here.call("POST", path, {"password": OTHER_PASSWORD})
    assert status == 200
    assert body["person"]["id"] == person["id"]
    assert code(await browser().call("POST", path, {"password": OTHER_PASSWORD})) == (404, "link_over", "token")
    assert (await here.page(f"/staff/reset?token={token}"))[0] == 404
    await sign_in(browser(), "bea@archivelle.example", OTHER_PASSWORD)


async def test_an_address_belongs_to_one_person(site: Site, admin: Browser) -> None:
    assert code(await admin.call("POST", PEOPLE, BEA | {"email": ADMIN.upper()})) == (409, "email_taken", "email")
    _, body = await admin.call("POST", PEOPLE, BEA)
    path = f"{PEOPLE}/{body['person']['id']}"
    assert code(await admin.call("PATCH", path, {"email": ADMIN})) == (409, "email_taken", "email")


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"name": " "}, (422, "required", "name")),
        ({"name": "x" * 81}, (422, "invalid_text", "name")),
        ({"name": "a\u0000b"}, (422, "invalid_text", "name")),
        ({"email": "bea"}, (422, "invalid_email", "email")),
        ({"email": "bea@example.org\r\nBcc: all@example.org"}, (422, "invalid_email", "email")),
        ({"roles": []}, (422, "invalid_choice", "roles")),
        ({"roles": ["owner"]}, (422, "invalid_choice", "roles")),
        ({"roles": "agent"}, (422, "invalid_choice", "roles")),
        ({"lang": "xx"}, (422, "invalid_choice", "lang")),
        ({"langs": [["fr"]]}, (422, "invalid_choice", "langs")),
        ({"levels": [0]}, (422, "invalid_choice", "levels")),
        ({"levels": [True]}, (422, "invalid_choice", "levels")),
        ({"capacity": -1}, (422, "invalid_capacity", "capacity")),
        ({"capacity": True}, (422, "invalid_capacity", "capacity")),
        ({"capacity": 2.5}, (422, "invalid_capacity", "capacity")),
        ({"presence": "asleep"}, (422, "invalid_choice", "presence")),
        ({"out_until": "tomorrow"}, (422, "invalid_moment", "out_until")),
        ({"out_until": "2026-03-02T09:00:00"}, (422, "invalid_moment", "out_until")),
        ({"out_until": "0001-01-01T00:00:00+14:00"}, (422, "invalid_moment", "out_until")),
        ({"active": "no"}, (422, "invalid_choice", "active")),
        ({"second_factor": True}, (422, "invalid_choice", "second_factor")),
        ({"password": "secret"}, (422, "unknown_field", "password")),
        ({"id": "me"}, (422, "unknown_field", "id")),
    ],
)
async def test_what_a_field_cannot_hold_is_named(site: Site, admin: Browser, change: Any, refusal: Any) -> None:
    path = f"{PEOPLE}/{admin.person['id']}"
    assert code(await admin.call("PATCH", path, change)) == refusal
    assert (await admin.call("GET", "/api/staff/session"))[1]["person"] == admin.person


async def test_a_moment_is_kept_in_utc(site: Site, admin: Browser) -> None:
    path = f"{PEOPLE}/{admin.person['id']}"
    status, body = await admin.call("PATCH", path, {"out_until": "2026-03-02T09:00:00+01:00"})
    assert (status, body["person"]["out_until"]) == (200, "2026-03-02T08:00:00.000000+00:00")


@pytest.mark.parametrize("change", [{"active": False}, {"roles": ["agent", "editor"]}])
async def test_the_last_administrator_stays(site: Site, admin: Browser, browser: NewBrowser, change: Any) -> None:
    path = f"{PEOPLE}/{admin.person['id']}"
    refusal = (409, "last_administrator", next(iter(change)))
    assert code(await admin.call("PATCH", path, change)) == refusal
    other = await invited(admin, browser(), "administrator")
    assert (await admin.call("PATCH", path, change))[0] == 200
    assert code(await other.call("PATCH", f"{PEOPLE}/{other.person['id']}", change)) == refusal


async def test_two_administrators_cannot_remove_each_other_at_once(
    site: Site, admin: Browser, browser: NewBrowser
) -> None:
    other = await invited(admin, browser(), "administrator")
    answers = await asyncio.gather(
        admin.call("PATCH", f"{PEOPLE}/{other.person['id']}", {"active": False}),
        other.call("PATCH", f"{PEOPLE}/{admin.person['id']}", {"active": False}),
    )
    assert sorted(status for status, _ in answers) in ([200, 401], [200, 409])


async def test_who_loses_a_role_is_signed_out(site: Site, admin: Browser, browser: NewBrowser) -> None:
    other = await invited(admin, browser(), "agent", "editor")
    path = f"{PEOPLE}/{other.person['id']}"
    assert (await admin.call("PATCH", path, {"roles": ["agent", "editor", "administrator"]}))[0] == 200
    assert (await other.call("GET", PEOPLE))[0] == 200, "a role gained counts at once"
    assert (await admin.call("PATCH", path, {"roles": ["agent"]}))[0] == 200
    assert (await other.call("GET", PEOPLE))[0] == 401


async def test_sessions_of_somebody_else_can_be_ended(site: Site, admin: Browser, browser: NewBrowser) -> None:
    other = await invited(admin, browser(), "agent")
    assert (await admin.call("DELETE", f"{PEOPLE}/{other.person['id']}/sessions"))[0] == 204
    assert (await other.call("GET", "/api/staff/session"))[0] == 401


async def test_a_new_link_serves_who_lost_the_first(site: Site, admin: Browser, browser: NewBrowser) -> None:
    _, body = await admin.call("POST", PEOPLE, BEA)
    path = f"{PEOPLE}/{body['person']['id']}/invitation"
    first = body["invitation"].partition("token=")[2]
    status, body = await admin.call("POST", path)
    assert status == 201
    second = body["invitation"].partition("token=")[2]
    assert (await browser().call("POST", f"/api/staff/reset/{second}", {"password": OTHER_PASSWORD}))[0] == 200
    answer = await browser().call("POST", f"/api/staff/reset/{first}", {"password": OTHER_PASSWORD})
    assert code(answer) == (404, "link_over", "token"), "a used link takes the others with it"


async def test_links_of_somebody_deactivated_hold_no_longer(site: Site, admin: Browser, browser: NewBrowser) -> None:
    _, body = await admin.call("POST", PEOPLE, BEA)
    token, path = body["invitation"].partition("token=")[2], f"{PEOPLE}/{body['person']['id']}"
    await admin.call("PATCH", path, {"active": False})
    answer = await browser().call("POST", f"/api/staff/reset/{token}", {"password": OTHER_PASSWORD})
    assert code(answer) == (404, "link_over", "token")
    assert code(await admin.call("POST", f"{path}/invitation")) == (409, "person_inactive", None)


async def test_a_lost_phone_can_be_replaced_by_an_administrator(
    site: Site, admin: Browser, browser: NewBrowser
) -> None:
    from tests.staff.test_second_factor import turned_on

    other = await invited(admin, browser(), "agent")
    await turned_on(other)
    status, body = await admin.call("PATCH", f"{PEOPLE}/{other.person['id']}", {"second_factor": False})
    assert (status, body["person"]["second_factor"]) == (200, False)
    await sign_in(browser(), other.person["email"], OTHER_PASSWORD)


async def test_nobody_is_404(site: Site, admin: Browser) -> None:
    for method, rest in (("PATCH", ""), ("POST", "/invitation"), ("DELETE", "/sessions")):
        assert code(await admin.call(method, f"{PEOPLE}/nobody{rest}", {})) == (404, "person_not_found", None)


async def test_what_was_done_is_told_newest_first_in_pages(site: Site, admin: Browser, browser: NewBrowser) -> None:
    other = await invited(admin, browser(), "agent")
    await admin.call("PATCH", f"{PEOPLE}/{other.person['id']}", {"name": "Bea Belle", "capacity": 4})
    _, body = await admin.call("GET", "/api/staff/audit?limit=2")
    newest = body["entries"][0]
    assert (newest["action"], newest["actor"]["id"], newest["target_name"], newest["details"]) == (
        "person_changed",
        admin.person["id"],
        "Bea Belle",
        {"name": ["Bea Bell", "Bea Belle"], "capacity": [8, 4]},
    )
    seen = [entry["id"] for entry in body["entries"]]
    while body["next"]:
        _, body = await admin.call("GET", f"/api/staff/audit?limit=2&before={body['next']}")
        seen += [entry["id"] for entry in body["entries"]]
    assert seen == sorted(seen, reverse=True)
    assert seen[-1] == 1
    for query in ("before=x", "limit=0", "before=-1", "limit=" + "9" * 30):
        assert code(await admin.call("GET", f"/api/staff/audit?{query}"))[:2] == (422, "invalid_number")


async def test_every_action_has_a_sentence_in_every_language(site: Site) -> None:
    from pathlib import Path

    import bot

    written = "".join(file.read_text("utf-8") for file in Path(bot.__file__).parent.rglob("*.py"))
    sentences = site.gateway.catalogue.section("fr", "staff")["action"]
    for action in sentences:
        made = f'f"{action.rpartition("_")[0]}_{{'  # of what was decided
        assert f'"{action}"' in written or made in written, f"nobody writes {action}"
