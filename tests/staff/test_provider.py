"""Signing in with OpenID Connect, against a provider that is a real HTTP server with real RS256 keys and checks PKCE,
our secret and each code's single use. What it vouches for comes in; what is forged, late or for another does not."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import secrets
import time
from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import parse_qs, unquote_plus, urlsplit

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from joserfc import jwt
from joserfc.jwk import KeySet, OctKey, RSAKey
from sqlalchemy import update

from bot.staff.tables import links
from tests.gateway.site import Site
from tests.staff.signing_in import ADMIN, PASSWORD, Browser, code, invited
from tests.staff.test_second_factor import fresh, turned_on

NewBrowser = Callable[[], Browser]
CLIENT, SECRET = "guichet", "the client's secret: é+%"


class Provider:
    """`claims` are put over those of a right ID token; `sign` makes the token."""

    def __init__(self) -> None:
        self.issuer = ""
        self.email = ADMIN
        self.claims: dict[str, Any] = {}
        self.keys = [RSAKey.generate_key(2048, {"kid": "one"})]
        self.sign: Callable[[dict[str, Any]], str] = self.signed
        self.configuration: dict[str, Any] = {}
        self._asked: dict[str, dict[str, str]] = {}

    def signed(self, claims: dict[str, Any]) -> str:
        key = self.keys[-1]
        return jwt.encode({"alg": "RS256", "kid": key.kid}, claims, key)

    def routes(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/.well-known/openid-configuration", self._configuration)
        app.router.add_get("/keys", self._keys)
        app.router.add_get("/authorize", self._authorize)
        app.router.add_post("/token", self._token)
        return app

    async def _configuration(self, _request: web.Request) -> web.Response:
        told = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
        }
        return web.json_response(told | self.configuration)

    async def _keys(self, _request: web.Request) -> web.Response:
        return web.json_response(KeySet(self.keys).as_dict(private=False))

    async def _authorize(self, request: web.Request) -> web.Response:
        query = dict(request.query)
        if query.get("client_id") != CLIENT or query.get("response_type") != "code":
            raise web.HTTPBadRequest
        if query.get("code_challenge_method") != "S256" or "openid" not in query.get("scope", "").split():
            raise web.HTTPBadRequest
        code = secrets.token_urlsafe(16)
        self._asked[code] = query
        raise web.HTTPFound(f"{query['redirect_uri']}?code={code}&state={query['state']}")

    async def _token(self, request: web.Request) -> web.Response:
        scheme, _, pair = request.headers.get("Authorization", "").partition(" ")
        client, _, secret = base64.b64decode(pair).decode().partition(":")
        if (scheme, unquote_plus(client), unquote_plus(secret)) != ("Basic", CLIENT, SECRET):
            return web.json_response({"error": "invalid_client"}, status=401)
        form = await request.post()
        asked = self._asked.pop(str(form.get("code")), None)
        if asked is None or form.get("redirect_uri") != asked["redirect_uri"]:
            return web.json_response({"error": "invalid_grant"}, status=400)
        digest = hashlib.sha256(str(form.get("code_verifier")).encode()).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != asked["code_challenge"]:
            return web.json_response({"error": "invalid_grant"}, status=400)
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT, "sub": "1", "iat": now, "exp": now + 300, "nonce": asked["nonce"]}
        claims |= {"email": self.email, "email_verified": True}
        claims = {name: value for name, value in (claims | self.claims).items() if value is not None}
        return web.json_response({"access_token": "x", "token_type": "Bearer", "id_token": self.sign(claims)})


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    provider = Provider()
    server = TestServer(provider.routes())
    await server.start_server()
    provider.issuer = str(server.make_url("")).rstrip("/")
    yield provider
    await server.close()


@pytest.fixture
def settings(provider: Provider) -> dict[str, Any]:
    return {
        "admin_email": ADMIN,
        "admin_password": PASSWORD,
        "oidc_issuer": provider.issuer,
        "oidc_client_id": CLIENT,
        "oidc_client_secret": SECRET,
        "public_url": "http://guichet.test",
    }


async def to_provider(browser: Browser, path: str = "/staff/oidc") -> str:
    """Begin: where the provider sends the browser back to, as a path of ours."""
    status, there, _ = await browser.page(path)
    assert status == 302, there
    async with browser.http.get(there, allow_redirects=False) as response:
        assert response.status == 302
        back = response.headers["Location"]
    assert back.startswith("http://guichet.test/staff/oidc/callback?")
    return back.removeprefix("http://guichet.test")


async def through(browser: Browser, path: str = "/staff/oidc") -> tuple[int, str, str]:
    return await browser.page(await to_provider(browser, path))


async def signed_in(browser: Browser) -> bool:
    return (await browser.call("GET", "/api/staff/session"))[0] == 200


async def test_somebody_with_the_verified_address_comes_in(site: Site, browser: NewBrowser) -> None:
    here = browser()
    status, there, _ = await through(here)
    assert (status, there) == (302, "/desk")
    _, body = await here.call("GET", "/api/staff/session")
    assert body["person"]["email"] == ADMIN


async def test_it_leads_to_the_page_that_was_wanted_and_to_no_other_site(site: Site, browser: NewBrowser) -> None:
    assert (await through(browser(), "/staff/oidc?next=/staff/people"))[1] == "/staff/people"
    assert (await through(browser(), "/staff/oidc?next=https://evil.example/desk"))[1] == "/desk"
    assert (await through(browser(), "/staff/oidc?next=//evil.example"))[1] == "/desk"


async def test_the_requests_are_protected(site: Site, browser: NewBrowser) -> None:
    here = browser()
    _, there, _ = await here.page("/staff/oidc")
    asked = {name: values[0] for name, values in parse_qs(urlsplit(there).query).items()}
    assert asked["code_challenge_method"] == "S256"
    assert len(asked["state"]) >= 43
    assert len(asked["nonce"]) >= 32
    cookie = here.cookies["guichet_oidc"]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")


NOW = int(time.time())
WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "another nonce": ({"nonce": "another"}, "ne répond pas comme prévu"),
    "no nonce": ({"nonce": None}, "ne répond pas comme prévu"),
    "another audience": ({"aud": "another"}, "ne répond pas comme prévu"),
    "several audiences, given to another": ({"aud": [CLIENT, "other"], "azp": "other"}, "ne répond pas comme prévu"),
    "another issuer": ({"iss": "https://evil.example"}, "ne répond pas comme prévu"),
    "expired": ({"exp": NOW - 3600, "iat": NOW - 7200}, "ne répond pas comme prévu"),
    "never expiring": ({"exp": None}, "ne répond pas comme prévu"),
    "issued in the future": ({"iat": NOW + 36000, "exp": NOW + 72000}, "ne répond pas comme prévu"),
    "an unverified address": ({"email_verified": False}, "ne confirme pas votre adresse"),
    "an address of unknown worth": ({"email_verified": None}, "ne confirme pas votre adresse"),
    "an address verified in words": ({"email_verified": "true"}, "ne confirme pas votre adresse"),
    "no address": ({"email": None}, "ne confirme pas votre adresse"),
    "somebody unknown": ({"email": "nobody@archivelle.example"}, "Personne ici n’a cette adresse"),
}


@pytest.mark.parametrize("case", WRONG)
async def test_a_token_that_does_not_fit_is_refused(
    site: Site, browser: NewBrowser, provider: Provider, case: str
) -> None:
    provider.claims, said = WRONG[case]
    here = browser()
    status, _, text = await through(here)
    assert status in (403, 502)
    assert said in text
    assert not here.token()
    assert not await signed_in(here)


async def test_a_token_signed_otherwise_is_refused(site: Site, browser: NewBrowser, provider: Provider) -> None:
    forged = RSAKey.generate_key(2048, {"kid": "one"})
    public = provider.keys[0].as_pem(private=False)

    def by_another_key(claims: dict[str, Any]) -> str:
        return jwt.encode({"alg": "RS256", "kid": "one"}, claims, forged)

    def by_the_public_key_as_a_secret(claims: dict[str, Any]) -> str:
        key = OctKey.import_key(base64.urlsafe_b64encode(public).decode())
        return jwt.encode({"alg": "HS256", "kid": "one"}, claims, key)

    def by_nobody(claims: dict[str, Any]) -> str:
        head = base64.urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
        return f"{head}.{provider.signed(claims).split('.')[1]}."

    def cut(claims: dict[str, Any]) -> str:
        return provider.signed(claims)[:-20]

    for sign in (by_another_key, by_the_public_key_as_a_secret, by_nobody, cut, lambda _claims: "no token"):
        provider.sign = sign
        here = browser()
        status, _, text = await through(here)
        assert (status, here.token()) == (502, ""), sign
        assert "ne répond pas comme prévu" in text


async def test_keys_that_the_provider_changed_are_learnt(
    site: Site, browser: NewBrowser, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bot.staff import provider as module

    assert (await through(browser()))[0] == 302
    provider.keys = [RSAKey.generate_key(2048, {"kid": "two"})]
    assert (await through(browser()))[0] == 502, "not asked again within a minute: nobody can make us ask and ask"
    later = time.monotonic() + 61
    monkeypatch.setattr(module.time, "monotonic", lambda: later)
    assert (await through(browser()))[0] == 302


async def test_a_way_back_leads_in_once(site: Site, browser: NewBrowser) -> None:
    here = browser()
    back = await to_provider(here)
    assert (await here.page(back))[0] == 302
    here.http.cookie_jar.clear()
    assert (await here.page(back))[0] == 403
    assert not await signed_in(here)


async def test_a_way_back_of_another_browser_leads_nowhere(site: Site, browser: NewBrowser) -> None:
    """Somebody could otherwise sign a victim in as themselves."""
    attacker, victim = browser(), browser()
    back = await to_provider(attacker)
    await to_provider(victim)  # has a state of its own
    for one in (victim, browser()):
        status, _, text = await one.page(back)
        assert status == 403
        assert "a expiré ou a été commencée ailleurs" in text
        assert not await signed_in(one)


async def test_a_way_back_pressed_twice_at_once_leads_in_once(site: Site, browser: NewBrowser) -> None:
    here = browser()
    back = await to_provider(here)
    answers = await asyncio.gather(here.page(back), here.page(back))
    assert sorted(status for status, _, _ in answers) == [302, 403]


async def test_a_refusal_at_the_provider_is_said(site: Site, browser: NewBrowser) -> None:
    here = browser()
    back = await to_provider(here)
    state = parse_qs(urlsplit(back).query)["state"][0]
    status, _, text = await here.page(f"/staff/oidc/callback?error=access_denied&state={state}")
    assert status == 403
    assert "n’a pas donné son accord" in text


async def test_who_was_let_go_does_not_come_back(
    site: Site, admin: Browser, browser: NewBrowser, provider: Provider
) -> None:
    other = await invited(admin, browser(), "agent")
    provider.email = other.person["email"].upper()
    assert (await through(browser()))[0] == 302
    await admin.call("PATCH", f"/api/staff/people/{other.person['id']}", {"active": False})
    assert (await through(browser()))[0] == 403


CODE = "/api/staff/session/provider"


async def test_who_has_a_second_factor_is_asked_for_it_after_the_provider(
    site: Site, admin: Browser, browser: NewBrowser
) -> None:
    phone, _ = await turned_on(admin)
    here = browser()
    status, there, _ = await through(here, "/staff/oidc?next=/staff/people")
    assert (status, there) == (302, "/staff/sign-in?step=code&next=/staff/people")
    assert not here.token()
    assert not await signed_in(here)
    assert code(await here.call("POST", CODE, {"code": "000000"})) == (401, "invalid_code", "code")
    assert not await signed_in(here)
    right = await fresh(site, phone)
    assert code(await browser().call("POST", CODE, {"code": right})) == (401, "oidc_state", None), "another browser"
    status, body = await here.call("POST", CODE, {"code": right})
    assert (status, body["person"]["email"]) == (200, ADMIN)
    assert await signed_in(here)
    again = await here.call("POST", CODE, {"code": await fresh(site, phone)})
    assert code(again) == (401, "oidc_state", None), "the way in is used up"


async def test_guesses_after_the_provider_are_counted(site: Site, admin: Browser, browser: NewBrowser) -> None:
    await turned_on(admin)
    here = browser()
    await through(here)
    answers = [(await here.call("POST", CODE, {"code": "000000"}))[0] for _ in range(11)]
    assert answers == [401] * 10 + [429]


async def test_the_second_factor_cannot_be_shown_after_it_is_too_late(
    site: Site, admin: Browser, browser: NewBrowser
) -> None:
    phone, _ = await turned_on(admin)
    here = browser()
    await through(here)
    async with site.gateway.database.write() as conn:
        await conn.execute(update(links).values(expires_at="2020-01-01T00:00:00.000000+00:00"))
    answer = await here.call("POST", CODE, {"code": await fresh(site, phone)})
    assert code(answer) == (401, "oidc_state", None)


class TestWhereTheProvidersSecondFactorCounts:
    @pytest.fixture
    def settings(self, settings: dict[str, Any]) -> dict[str, Any]:
        return settings | {"oidc_second_factor": "provider"}

    async def test_ours_is_not_asked_for(self, site: Site, admin: Browser, browser: NewBrowser) -> None:
        await turned_on(admin)
        here = browser()
        assert (await through(here))[1] == "/desk"
        assert await signed_in(here)


@pytest.mark.parametrize(
    "configuration", [{"issuer": "https://evil.example"}, {"token_endpoint": None}, {"jwks_uri": "http://127.0.0.1:1/"}]
)
async def test_a_provider_that_cannot_be_used_is_said_to_be(
    site: Site, browser: NewBrowser, provider: Provider, configuration: dict[str, Any]
) -> None:
    provider.configuration = configuration
    status, _, text = await browser().page("/staff/oidc")
    assert status == 502
    assert "ne répond pas comme prévu" in text
    assert "evil" not in text
    assert (await browser().page("/staff/sign-in"))[0] == 200, "passwords still serve"
