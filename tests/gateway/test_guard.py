"""Who may ask, from where, how much; and that every error has the one shape."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from bot.limiter import Limiter
from tests.gateway.site import RasaPeer, Site, Talk, open_site

PATHS = [
    ("PATCH", ""),
    ("POST", "messages"),
    ("GET", "events"),
    ("POST", "attachments"),
    ("DELETE", "attachments/x"),
    ("POST", "cases"),
    ("GET", "cases"),
    ("GET", "slots"),
    ("GET", "cases/T-1234-5678/calendar.ics"),
    ("GET", "cases/T-1234-5678/consent"),
    ("POST", "cases/T-1234-5678/consent"),
]


async def ask(site: Site, method: str, url: str, **options: Any) -> tuple[int, dict[str, Any]]:
    async with site.http.request(method, url, **options) as response:
        assert response.content_type == "application/json", await response.text()
        return response.status, await response.json()


def check_error(body: dict[str, Any]) -> None:
    assert set(body) == {"error"}
    assert set(body["error"]) == {"code", "message", "field"}
    assert body["error"]["message"]


@pytest.mark.parametrize(("method", "path"), PATHS)
async def test_every_call_about_a_conversation_needs_its_own_token(
    site: Site, talk: Talk, method: str, path: str
) -> None:
    other = await site.talk()
    for authorization in (None, "", "Bearer", "Bearer ", "Basic abc", other.token):
        headers = {} if authorization is None else {"Authorization": authorization}
        status, body = await ask(site, method, talk.url(path), headers=headers)
        assert (status, body["error"]["code"]) == (401, "unauthorized")
    for url in (talk.url(path), talk.url(path).replace(talk.id, "no-such-conversation")):
        for token in (other.token, "x" * 5000, "é", f"{talk.token}x", talk.token[:-1]):
            headers = {"Authorization": f"Bearer {token}"}
            status, body = await ask(site, method, url, headers=headers)
            assert (status, body["error"]["code"]) == (404, "not_found"), token
            check_error(body)
    assert len(await talk.events()) == 1


async def test_tokens_are_long_random_and_stored_as_hashes_only(site: Site, talk: Talk) -> None:
    other = await site.talk()
    assert len({talk.id, talk.token, other.id, other.token}) == 4
    assert min(len(talk.id), len(talk.token)) >= 22  # 128 bits in base 64
    async with site.gateway.database.read() as connection:
        rows = (await connection.execute(text("SELECT * FROM conversations"))).all()
    assert talk.id in str(rows)
    assert talk.token not in str(rows)


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "not_found"),
        ("GET", "/api/nowhere", 404, "not_found"),
        ("DELETE", "/api/conversations", 405, "method_not_allowed"),
        ("GET", "/api/conversations", 405, "method_not_allowed"),
        ("PUT", "/healthz", 405, "method_not_allowed"),
        ("GET", "/widget/../settings.py", 404, "not_found"),
        ("GET", "/widget/..%2f..%2fsettings.py", 404, "not_found"),
        ("GET", "/widget/nothing.js", 404, "not_found"),
        ("GET", "/articles/xx/reset-password", 404, "not_found"),
        ("GET", "/articles/fr/..%2f..%2fetc%2fpasswd", 404, "not_found"),
        ("GET", "/cases/T-1234-5678", 404, "case_not_found"),
    ],
)
async def test_errors_have_the_one_shape(site: Site, method: str, path: str, status: int, code: str) -> None:
    got, body = await ask(site, method, f"{site.url}{path}")
    check_error(body)
    assert (got, body["error"]["code"]) == (status, code)


async def test_405_says_what_is_allowed(site: Site) -> None:
    async with site.http.delete(f"{site.url}/api/widget") as response:
        assert response.status == 405
        assert "GET" in response.headers["Allow"]


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b'{"a":' * 5000, b"[" * 100_000, b"client_id=1&text=x"]
)
async def test_a_body_that_is_no_json_object_is_refused(site: Site, talk: Talk, body: bytes) -> None:
    for path in ("messages", "cases"):
        headers = talk.headers | {"Idempotency-Key": "k"}
        status, answer = await ask(site, "POST", talk.url(path), data=body, headers=headers)
        check_error(answer)
        assert (status, answer["error"]["code"]) == (400, "invalid_json")


async def test_a_huge_body_is_refused(site: Site, talk: Talk) -> None:
    body = json.dumps({"client_id": "x", "text": "x" * 300_000})
    status, answer = await ask(site, "POST", talk.url("messages"), data=body, headers=talk.headers)
    check_error(answer)
    assert (status, answer["error"]["code"]) == (413, "too_large")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"text": "x"}, "invalid_client_id"),
        ({"client_id": 7, "text": "x"}, "invalid_client_id"),
        ({"client_id": "", "text": "x"}, "invalid_client_id"),
        ({"client_id": "a b", "text": "x"}, "invalid_client_id"),
        ({"client_id": "x" * 65, "text": "x"}, "invalid_client_id"),
        ({"client_id": "x"}, "invalid_message"),
        ({"client_id": "x", "text": 7}, "invalid_message"),
        ({"client_id": "x", "text": None}, "invalid_message"),
        ({"client_id": "x", "text": ["x"]}, "invalid_message"),
        ({"client_id": "x", "text": "x", "button": "y"}, "invalid_message"),
        ({"client_id": "x", "text": "x", "button": {}}, "invalid_message"),
        ({"client_id": "x", "payload": "/restart"}, "invalid_message"),
    ],
)
async def test_a_message_of_another_shape_is_refused(talk: Talk, body: dict[str, Any], code: str) -> None:
    status, answer = await talk.post("messages", body)
    assert (status, answer["error"]["code"]) == (422, code)
    assert len(await talk.events()) == 1


async def test_a_failure_inside_is_a_500_that_tells_nothing(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_args: object) -> None:
        raise RuntimeError("a secret detail")

    monkeypatch.setattr(site.gateway.journal, "create", fail)
    async with site.http.post(f"{site.url}/api/conversations", json={}) as response:
        body = await response.json()
        raw = await response.text()
    check_error(body)
    assert body["error"]["code"] == "internal"
    assert "secret" not in raw
    assert "Traceback" not in raw
    site.contract.broken.clear()  # a 500 is no part of the contract


async def test_errors_speak_the_conversations_language_or_the_browsers(site: Site) -> None:
    talk = await site.talk("de")
    _, body = await talk.post("messages", {"client_id": "x", "text": " "})
    assert body["error"]["message"] == "Ihre Nachricht ist leer."
    headers = talk.headers | {"Accept-Language": "en"}
    _, body = await ask(site, "POST", talk.url("messages"), json={"client_id": "x", "text": " "}, headers=headers)
    assert body["error"]["message"] == "Your message is empty."
    expected = {"en-GB,fr;q=0.5": "This does not exist, or no longer.", "nl": "Cela n’existe pas, ou plus."}
    for header, message in expected.items():
        _, body = await ask(site, "GET", f"{site.url}/api/nowhere", headers={"Accept-Language": header})
        assert body["error"]["message"] == message


async def test_messages_beyond_the_rate_are_refused_with_the_time_to_wait(tmp_path: Path) -> None:
    async with open_site(tmp_path, RasaPeer(), limit_messages="3/minute") as site:
        talk, other = await site.talk(), await site.talk()
        for _ in range(3):
            await talk.say("Bonjour à vous")
        body = {"client_id": str(uuid.uuid4()), "text": "Bonjour"}
        async with site.http.post(talk.url("messages"), json=body, headers=talk.headers) as response:
            answer = await response.json()
            assert response.status == 429
            assert 1 <= int(response.headers["Retry-After"]) <= 60
        check_error(answer)
        await other.say("Bonjour à vous")


async def test_conversations_are_limited_per_address_behind_a_trusted_proxy_only(tmp_path: Path) -> None:
    async def opens(site: Site, address: str) -> int:
        headers = {"X-Forwarded-For": address}
        async with site.http.post(f"{site.url}/api/conversations", json={}, headers=headers) as response:
            return response.status

    async with open_site(tmp_path, RasaPeer(), limit_conversations="2/hour", trusted_proxies=("127.0.0.0/8",)) as site:
        assert [await opens(site, "203.0.113.7") for _ in range(3)] == [201, 201, 429]
        assert await opens(site, "198.51.100.1, 203.0.113.7") == 429  # what a client claims for itself does not count
        assert await opens(site, "203.0.113.8") == 201
    async with open_site(tmp_path, RasaPeer(), limit_conversations="2/hour") as site:
        assert [await opens(site, "203.0.113.7") for _ in range(4)] == [201] * 4


class Request:
    def __init__(self, remote: str, forwarded: str = "") -> None:
        self.remote = remote
        self.headers = {"X-Forwarded-For": forwarded} if forwarded else {}


@pytest.mark.parametrize(
    ("remote", "forwarded", "client"),
    [
        ("203.0.113.7", "", "203.0.113.7"),
        ("203.0.113.7", "198.51.100.1", "203.0.113.7"),
        ("127.0.0.1", "", None),
        ("::1", "", None),
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "6.6.6.6, 198.51.100.1, 10.0.0.2", "198.51.100.1"),
        ("10.0.0.1", "nonsense", None),
        ("2001:db8:1:2:3:4:5:6", "", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", "", "203.0.113.7"),
    ],
)
def test_the_clients_address_is_the_last_one_that_can_be_believed(
    remote: str, forwarded: str, client: str | None
) -> None:
    limiter = Limiter({}, ["10.0.0.0/8"])
    assert limiter.client(Request(remote, forwarded)) == client  # type: ignore[arg-type]


async def test_cross_origin_calls_are_for_the_sites_that_may_embed(tmp_path: Path) -> None:
    async with open_site(tmp_path, RasaPeer(), allowed_origins=("https://www.example.com",)) as site:
        url = f"{site.url}/api/conversations/x/messages"
        ours = {
            "Origin": "https://www.example.com",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,content-type",
        }
        async with site.http.options(url, headers=ours) as response:
            assert response.status == 204
            assert response.headers["Access-Control-Allow-Origin"] == "https://www.example.com"
            assert "Authorization" in response.headers["Access-Control-Allow-Headers"]
            assert {"GET", "POST", "PATCH", "DELETE"} <= set(
                response.headers["Access-Control-Allow-Methods"].split(", ")
            )
            assert "Access-Control-Allow-Credentials" not in response.headers
        async with site.http.get(f"{site.url}/api/nowhere", headers=ours) as response:
            assert response.headers["Access-Control-Allow-Origin"] == "https://www.example.com"
            assert "Origin" in response.headers["Vary"]
        for origin in ("https://evil.example", "https://www.example.com.evil.example", "null"):
            async with site.http.options(url, headers=ours | {"Origin": origin}) as response:
                assert "Access-Control-Allow-Origin" not in response.headers


async def test_every_answer_carries_security_headers(site: Site, talk: Talk) -> None:
    for path in ("/api/widget", "/nowhere", "/healthz", "/page.css"):
        async with site.http.get(f"{site.url}{path}") as response:
            assert response.headers["X-Content-Type-Options"] == "nosniff"
            assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]
    async with site.http.get(talk.url("events"), headers=talk.headers) as response:
        assert response.headers["Cache-Control"] == "no-store"
    async with site.http.get(f"{site.url}/nowhere", headers={"Accept": "text/html"}) as response:
        assert response.status == 404
        assert response.content_type == "text/html"
        policy = response.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert response.headers["X-Frame-Options"] == "DENY"


async def test_an_unchanged_page_keeps_the_policy_it_came_with(site: Site) -> None:
    """Browsers put the headers of a 304 on the page they kept: a stricter policy would block its scripts."""
    for path in ("/", "/widget/loader.js"):
        async with site.http.get(f"{site.url}{path}") as response:
            came_with = response.headers["Content-Security-Policy"]
            etag = response.headers["ETag"]
        async with site.http.get(f"{site.url}{path}", headers={"If-None-Match": etag}) as response:
            assert response.status == 304
            assert response.headers.get("Content-Security-Policy", came_with) == came_with
            assert response.headers["X-Content-Type-Options"] == "nosniff"


async def test_https_is_kept_once_the_public_address_has_it(tmp_path: Path) -> None:
    async with (
        open_site(tmp_path, RasaPeer(), public_url="https://help.example.com") as site,
        site.http.get(f"{site.url}/healthz") as response,
    ):
        assert response.headers["Strict-Transport-Security"].startswith("max-age=")
