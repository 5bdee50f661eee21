"""Somebody of the staff in front of a browser: cookies are kept, writes carry the CSRF token."""

from __future__ import annotations

from http.cookies import SimpleCookie
from typing import Any

from aiohttp import ClientSession, CookieJar
from yarl import URL

ADMIN = "ada@archivelle.example"
PASSWORD = "lampadaire vert sous la pluie"
OTHER_PASSWORD = "trois girafes au petit matin"
Answer = tuple[int, Any]


class Browser:
    """`status, body = await browser.call("POST", "/api/staff/…", {…})`."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.http = ClientSession(cookie_jar=CookieJar(unsafe=True))
        self.csrf = ""
        self.person: dict[str, Any] = {}
        self.headers: dict[str, str] = {}  # of the last answer
        self.cookies: SimpleCookie = SimpleCookie()  # set by the last answer

    async def close(self) -> None:
        await self.http.close()

    async def call(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        sent = {"X-CSRF-Token": self.csrf} if self.csrf and method != "GET" else {}
        async with self.http.request(method, f"{self.url}{path}", json=body, headers=sent | headers) as response:
            self.headers, self.cookies = dict(response.headers), response.cookies
            return response.status, await response.json() if response.content_type == "application/json" else None

    async def page(self, path: str) -> tuple[int, str, str]:
        """(status, where a redirect leads, text)."""
        async with self.http.get(
            f"{self.url}{path}", headers={"Accept": "text/html"}, allow_redirects=False
        ) as response:
            self.headers, self.cookies = dict(response.headers), response.cookies
            return response.status, response.headers.get("Location", ""), await response.text()

    def token(self) -> str:
        """The session's token as the browser has it; empty without one."""
        return next((cookie.value for cookie in self.http.cookie_jar if cookie.key.endswith("guichet_staff")), "")

    def set_token(self, token: str) -> None:
        self.http.cookie_jar.update_cookies({"guichet_staff": token}, URL(self.url))


async def sign_in(browser: Browser, email: str, password: str, code: str | None = None) -> Browser:
    body = {"email": email, "password": password} | ({"code": code} if code else {})
    status, answer = await browser.call("POST", "/api/staff/session", body)
    assert status == 200, answer
    browser.csrf, browser.person = answer["csrf"], answer["person"]
    return browser


async def invited(admin: Browser, browser: Browser, *roles: str, **values: Any) -> Browser:
    """A new person with `roles`, signed in by the invitation's link."""
    values = {"name": "Bea Bell", "email": f"{'-'.join(roles)}@archivelle.example", "roles": list(roles)} | values
    status, answer = await admin.call("POST", "/api/staff/people", values)
    assert status == 201, answer
    token = answer["invitation"].partition("token=")[2]
    status, answer = await browser.call("POST", f"/api/staff/reset/{token}", {"password": OTHER_PASSWORD})
    assert status == 200, answer
    browser.csrf, browser.person = answer["csrf"], answer["person"]
    return browser


def code(answer: Answer) -> tuple[int, str, str | None]:
    """(status, code, field) of a refusal."""
    status, body = answer
    return status, body["error"]["code"], body["error"]["field"]
