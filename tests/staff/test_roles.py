"""Who may ask for what: every route of the staff, each role. A route that is missing here fails the test."""

from __future__ import annotations

import re
from typing import Any

import pytest
from aiohttp import ClientSession

from bot.staff import people
from bot.staff.people import ROLES
from bot.staff.sessions import Sessions
from bot.web import public_app
from tests.gateway.site import Site

AREAS = ("/api/staff", "/api/desk", "/api/console", "/desk", "/console", "/staff")

EVERYBODY = {"anonymous", *ROLES}
SIGNED_IN = set(ROLES)
AGENT = {"agent", "administrator"}
EDITOR = {"editor", "administrator"}
ADMINISTRATOR = {"administrator"}

TABLE: dict[str, set[str]] = {
    # sign-in
    "POST /api/staff/session": EVERYBODY,
    "POST /api/staff/session/provider": EVERYBODY,
    "GET /api/staff/session": SIGNED_IN,
    "DELETE /api/staff/session": SIGNED_IN,
    "DELETE /api/staff/sessions": SIGNED_IN,
    "POST /api/staff/setup": EVERYBODY,
    "POST /api/staff/reset": EVERYBODY,
    "POST /api/staff/reset/{token}": EVERYBODY,
    "PATCH /api/staff/me": SIGNED_IN,
    "POST /api/staff/me/totp": SIGNED_IN,
    "PUT /api/staff/me/totp": SIGNED_IN,
    "DELETE /api/staff/me/totp": SIGNED_IN,
    "GET /api/staff/openapi.json": SIGNED_IN,
    # people
    "GET /api/staff/people": ADMINISTRATOR,
    "POST /api/staff/people": ADMINISTRATOR,
    "PATCH /api/staff/people/{id}": ADMINISTRATOR,
    "POST /api/staff/people/{id}/invitation": ADMINISTRATOR,
    "DELETE /api/staff/people/{id}/sessions": ADMINISTRATOR,
    "GET /api/staff/audit": ADMINISTRATOR,
    # pages
    "GET /staff": SIGNED_IN,
    "GET /staff/sign-in": EVERYBODY,
    "GET /staff/setup": EVERYBODY,
    "GET /staff/reset": EVERYBODY,
    "GET /staff/account": SIGNED_IN,
    "GET /staff/people": ADMINISTRATOR,
    "GET /staff/audit": ADMINISTRATOR,
    "GET /staff/oidc": EVERYBODY,
    "GET /staff/oidc/callback": EVERYBODY,
    "GET /staff/assets/{name}": EVERYBODY,
    # desk
    "GET /api/desk/conversations": AGENT,
    "GET /api/desk/conversations/{id}": AGENT,
    "POST /api/desk/conversations/{id}/claim": AGENT,
    "POST /api/desk/conversations/{id}/messages": AGENT,
    "POST /api/desk/conversations/{id}/typing": AGENT,
    "POST /api/desk/conversations/{id}/read": AGENT,
    "POST /api/desk/conversations/{id}/release": AGENT,
    "POST /api/desk/conversations/{id}/close": AGENT,
    "POST /api/desk/conversations/{id}/attachments": AGENT,
    "POST /api/desk/conversations/{id}/case": AGENT,
    "GET /api/desk/conversations/{id}/attachments/{attachment}": AGENT,
    "GET /api/desk/cases": AGENT,
    "GET /api/desk/cases/{ref}": AGENT,
    "PATCH /api/desk/cases/{ref}": AGENT,
    "POST /api/desk/cases/{ref}/seen": AGENT,
    "POST /api/desk/cases/{ref}/notes": AGENT,
    "POST /api/desk/cases/{ref}/replies": AGENT,
    "POST /api/desk/cases/{ref}/teach": AGENT,
    "POST /api/desk/cases/{ref}/attachments": AGENT,
    "GET /api/desk/cases/{ref}/attachments/{id}": AGENT,
    "POST /api/desk/cases/{ref}/merge": AGENT,
    "POST /api/desk/cases/{ref}/callback": AGENT,
    "GET /api/desk/cases/{ref}/canned/{id}": AGENT,
    "GET /api/desk/slots": AGENT,
    "POST /api/desk/bulk": AGENT,
    "GET /api/desk/views": AGENT,
    "POST /api/desk/views": AGENT,
    "PATCH /api/desk/views/{id}": AGENT,
    "DELETE /api/desk/views/{id}": AGENT,
    "GET /api/desk/canned": AGENT,
    "POST /api/desk/canned": AGENT,
    "PATCH /api/desk/canned/{id}": AGENT,
    "DELETE /api/desk/canned/{id}": AGENT,
    "GET /api/desk/people": AGENT,
    "GET /api/desk/settings": AGENT,
    "GET /api/desk/figures": AGENT,
    "GET /api/desk/figures.csv": AGENT,
    "GET /api/desk/proposals": AGENT | EDITOR,
    "POST /api/desk/proposals": EDITOR,
    "GET /api/desk/stream": AGENT,
    "POST /api/desk/presence": AGENT,
    "GET /api/desk/deliveries": ADMINISTRATOR,
    "POST /api/desk/deliveries/{id}/retry": ADMINISTRATOR,
    "GET /desk": AGENT,
    "GET /desk/cases/{ref}": AGENT,
    "GET /desk/conversations/{id}": AGENT,
    "GET /desk/figures": AGENT,
    "GET /desk/assets/{name}": EVERYBODY,
    # console
    "GET /api/console/articles": EDITOR,
    "POST /api/console/articles": EDITOR,
    "GET /api/console/articles/{id}": EDITOR,
    "PUT /api/console/articles/{id}": EDITOR,
    "DELETE /api/console/articles/{id}": EDITOR,
    "DELETE /api/console/articles/{id}/draft": EDITOR,
    "GET /api/console/articles/{id}/revisions": EDITOR,
    "GET /api/console/articles/{id}/revisions/{revision}": EDITOR,
    "POST /api/console/articles/{id}/restore": EDITOR,
    "GET /api/console/articles/{id}/diff": EDITOR,
    "POST /api/console/articles/{id}/comments": EDITOR,
    "PATCH /api/console/articles/{id}/comments/{comment}": EDITOR,
    "DELETE /api/console/articles/{id}/comments/{comment}": EDITOR,
    "POST /api/console/articles/{id}/review": EDITOR,
    "POST /api/console/articles/{id}/schedule": EDITOR,
    "POST /api/console/articles/{id}/presence": EDITOR,
    "GET /api/console/stream": EDITOR,
    "GET /api/console/files": EDITOR,
    "POST /api/console/files": EDITOR,
    "DELETE /api/console/files/{file}": EDITOR,
    "POST /api/console/preview": EDITOR,
    "POST /api/console/try": EDITOR,
    "POST /api/console/gate": EDITOR,
    "POST /api/console/publish": EDITOR,
    "GET /api/console/versions": EDITOR,
    "POST /api/console/rollback": EDITOR,
    "GET /api/console/jobs/{id}": EDITOR,
    "DELETE /api/console/jobs/{id}": EDITOR,
    "POST /api/console/import": EDITOR,
    "POST /api/console/import/{job}/take": EDITOR,
    "GET /api/console/sources": EDITOR,
    "POST /api/console/sources": EDITOR,
    "GET /api/console/sources/{source}": EDITOR,
    "PATCH /api/console/sources/{source}": EDITOR,
    "DELETE /api/console/sources/{source}": EDITOR,
    "POST /api/console/sources/{source}/take": EDITOR,
    "GET /api/console/export": EDITOR,
    "GET /api/console/golden": EDITOR,
    "POST /api/console/golden": EDITOR,
    "DELETE /api/console/golden/{question}": EDITOR,
    "GET /api/console/proposals": EDITOR,
    "POST /api/console/proposals/{proposal}": EDITOR,
    "GET /api/console/gaps": EDITOR,
    "POST /api/console/gaps/{gap}": EDITOR,
    "GET /api/console/simulate": EDITOR,
    "GET /api/console/calibration": EDITOR,
    "POST /api/console/calibration": ADMINISTRATOR,
    "GET /console": EDITOR,
    "GET /console/articles/{article}": EDITOR,
    "GET /console/try": EDITOR,
    "GET /console/import": EDITOR,
    "GET /console/golden": EDITOR,
    "GET /console/publish": EDITOR,
    "GET /console/versions": EDITOR,
    "GET /console/gaps": EDITOR,
    "GET /console/figures": EDITOR,
    "GET /console/assets/{name}": EVERYBODY,
}


def routes(site: Site) -> set[str]:
    """Every registered route of the staff, as `METHOD path`."""
    return {
        f"{route.method} {route.resource.canonical}"
        for route in public_app(site.gateway).router.routes()
        if route.resource is not None and route.method != "HEAD" and route.resource.canonical.startswith(AREAS)
    }


@pytest.fixture
def settings() -> dict[str, Any]:
    """So many calls from one place."""
    return {"limit_sign_in_address": "", "limit_sign_in_account": ""}


async def test_every_route_is_in_the_table(site: Site) -> None:
    assert routes(site) == set(TABLE)


async def answer(http: ClientSession, site: Site, route: str, session: tuple[str, str] | None) -> str:
    """`allowed`, `sign in` or `not allowed`."""
    method, _, path = route.partition(" ")
    path = re.sub(r"\{\w+\}", "nothing", path)
    cookies = {"guichet_staff": session[0]} if session else {}
    page = not path.startswith("/api/")
    headers = {"Accept": "text/html" if page else "application/json"}
    headers |= {"X-CSRF-Token": session[1]} if session else {}
    async with http.request(
        method, f"{site.url}{path}", json={}, headers=headers, cookies=cookies, allow_redirects=False
    ) as response:
        if response.status == 302 and response.headers["Location"].startswith("/staff/sign-in"):
            return "sign in"
        if response.status == 401 and (await response.json())["error"]["code"] == "sign_in_required":
            return "sign in"
        if page and response.status == 403:
            return "not allowed"
        if response.status == 403 and (await response.json())["error"]["code"] == "not_allowed":
            return "not allowed"
        # 503: the search service, which the console asks, is not there
        assert response.status < 500 or response.status == 503, (route, response.status)
        return "allowed"


@pytest.mark.parametrize("role", sorted(EVERYBODY))
async def test_each_role_gets_what_the_table_says(site: Site, role: str) -> None:
    sessions, person = Sessions(site.gateway.database), None
    if role in ROLES:
        async with site.gateway.database.write() as conn:
            person = await people.create(
                conn, site.gateway.now(), name="Bea", email="bea@b.example", roles=[role], lang="fr", langs=["fr"]
            )
    wrong = []
    async with ClientSession() as http:
        for route in sorted(routes(site)):
            session = None
            if person is not None:  # a new one each time: some routes end it
                async with site.gateway.database.write() as conn:
                    opened = await sessions.open(conn, person)
                session = (str(opened.new_token), opened.csrf)
            allowed = TABLE.get(route, set())
            expected = "allowed" if role in allowed else "sign in" if person is None else "not allowed"
            if (got := await answer(http, site, route, session)) != expected:
                wrong.append(f"{route}: expected {expected}, got {got}")
    assert wrong == []
