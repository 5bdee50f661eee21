"""Pages of the staff: who may see which, where they lead, in which language, and what browsers may do with them."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from yarl import URL

import bot.staff
from bot.staff.guard import safe_next
from tests.gateway.site import RasaPeer, Site, make_settings, open_site
from tests.staff.signing_in import ADMIN, PASSWORD, Browser, invited, sign_in

NewBrowser = Callable[[], Browser]
FOLDER = Path(bot.staff.__file__).parent


async def test_who_is_not_signed_in_signs_in_and_comes_back(site: Site, browser: NewBrowser) -> None:
    here = browser()
    status, there, _ = await here.page("/staff/people?a=1&b=2")
    assert status == 302
    assert URL(there) == URL("/staff/sign-in").with_query(next="/staff/people?a=1&b=2")
    _, _, text = await here.page(there)
    assert '"next": "/staff/people?a=1&b=2"' in text
    await sign_in(here, ADMIN, PASSWORD)
    assert (await here.page(there))[:2] == (302, "/staff/people?a=1&b=2")


async def test_work_begins_where_the_role_has_some(site: Site, admin: Browser, browser: NewBrowser) -> None:
    assert (await admin.page("/staff"))[1] == "/desk"
    assert (await browser().page("/staff"))[1] == "/staff/sign-in?next=/staff"


async def test_a_page_of_another_role_says_so(site: Site, admin: Browser, browser: NewBrowser) -> None:
    agent = await invited(admin, browser(), "agent")
    status, _, text = await agent.page("/staff/people")
    assert status == 403
    assert "Votre rôle n’ouvre pas cette page" in text
    _, _, text = await agent.page("/staff/account")
    assert 'href="/staff/people"' not in text
    assert 'href="/staff/people"' in (await admin.page("/staff/account"))[2]


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example/desk",
        "//evil.example",
        "/\\evil.example",
        "/desk\\..\\x",
        "/desk//evil.example",
        "/desk/../../x",
        "/desktop",
        "/articles/fr/x",
        "javascript:alert(1)",
        "/desk\n",
        "/staff/sign-in?next=/desk",
        "",
    ],
)
def test_no_link_leads_out_of_our_pages(wanted: str) -> None:
    assert safe_next(wanted) == ""


@pytest.mark.parametrize("wanted", ["/desk", "/desk?view=mine#GU-1", "/staff/people", "/console/articles?q=//"])
def test_links_to_our_pages_are_kept(wanted: str) -> None:
    assert safe_next(wanted) == wanted


async def test_pages_are_kept_nowhere_and_run_no_foreign_code(site: Site, admin: Browser) -> None:
    for path in ("/staff/account", "/staff/people", "/staff/audit"):
        status, _, text = await admin.page(path)
        assert status == 200
        policy = admin.headers["Content-Security-Policy"]
        assert "script-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert admin.headers["Cache-Control"] == "no-store"
        assert admin.headers["Referrer-Policy"] == "no-referrer"
        assert not re.search(r"<script(?! type=\"(?:module|application/json)\")", text)
        assert not re.search(r"\son\w+=|\sstyle=", text)


async def test_names_cannot_become_code(site: Site, admin: Browser) -> None:
    evil = "</script><img src=x onerror=alert(1)>"
    assert (await admin.call("PATCH", "/api/staff/me", {"name": evil}))[0] == 200
    _, _, text = await admin.page("/staff/account")
    assert "<img src=x" not in text
    assert "\\u003c/script>" in text


@pytest.mark.parametrize(("lang", "title"), [("fr", "Connexion"), ("de", "Anmelden"), ("en", "Sign in")])
async def test_pages_speak_the_browsers_language(site: Site, browser: NewBrowser, lang: str, title: str) -> None:
    here = browser()
    async with here.http.get(f"{site.url}/staff/sign-in", headers={"Accept-Language": f"{lang}-XX,x;q=0.5"}) as page:
        text = await page.text()
    assert f'<html lang="{lang}">' in text
    assert f"<h1>{title}</h1>" in text


async def test_every_template_finds_its_words_in_every_language(site: Site, admin: Browser) -> None:
    for lang in site.gateway.company.languages:
        await admin.call("PATCH", "/api/staff/me", {"lang": lang})
        for path in ("/staff/account", "/staff/people", "/staff/audit", "/staff/setup", "/staff/reset"):
            status, _, text = await admin.page(path)
            assert status in (200, 404), path
            assert "${" not in text, path


async def test_assets_are_found_by_name_alone(site: Site, browser: NewBrowser) -> None:
    here = browser()
    status, _, style = await here.page("/staff/assets/staff.css")
    assert status == 200
    assert style.startswith(":root { --accent: #0b5d57;")
    for name in ("shell.html", "..%2Fpages.py", "%2e%2e%2fguard.py", "nothing.js"):
        assert (await here.page(f"/staff/assets/{name}"))[0] == 404


async def test_served_over_https_the_cookie_belongs_to_this_host_alone(tmp_path: Path) -> None:
    values = {"admin_email": ADMIN, "admin_password": PASSWORD, "public_url": "https://guichet.example"}
    assert make_settings(tmp_path, **values).base_url == "https://guichet.example"
    async with open_site(tmp_path, RasaPeer(), **values) as site:
        here = await sign_in(Browser(site.url), ADMIN, PASSWORD)
        cookie = here.cookies["__Host-guichet_staff"]
        assert (cookie["secure"], cookie["httponly"], cookie["path"], cookie["domain"]) == (True, True, "/", "")
        await here.close()
