"""Signing in with an OpenID Connect provider: authorisation code with PKCE, nonce and state; ID tokens are checked
against the provider's published keys."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote_plus, urlencode

import structlog
from aiohttp import ClientError, ClientSession, ClientTimeout
from sqlalchemy import delete, insert, select

from bot.database import Database
from bot.staff.tables import hash_of, new_token, text_of
from bot.staff.tables import provider_requests as table

log = structlog.get_logger()

ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"]  # never "none", never a shared secret
TIME_TO_SIGN_IN = timedelta(minutes=10)
KEPT = 3600.0  # seconds for which the provider's addresses and keys are kept
LEEWAY = 60  # seconds that clocks may differ


class ProviderError(Exception):
    """The provider, or what came back from it, cannot be believed: the message is for the log, the code for the
    page (`staff.error.<code>`)."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


@dataclass(frozen=True, slots=True)
class Answer:
    """A checked address, and the page that was asked for."""

    email: str
    next: str


class Provider:
    """`issuer` is the address under which the provider publishes its configuration."""

    def __init__(
        self,
        http: ClientSession,
        database: Database,
        *,
        issuer: str,
        client_id: str,
        client_secret: str,
        redirect: str,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._http, self._database, self._now = http, database, now
        self._issuer, self._client, self._secret, self._redirect = issuer, client_id, client_secret, redirect
        self._known: tuple[float, dict[str, Any], Any] | None = None  # since, configuration, keys
        self._learning = asyncio.Lock()

    async def begin(self, next_page: str) -> tuple[str, str]:
        """(address to send the browser to, state for its cookie). ProviderError."""
        configuration, _ = await self._learn()
        state, nonce, verifier = new_token(), secrets.token_urlsafe(24), secrets.token_urlsafe(64)
        now = self._now()
        async with self._database.write() as conn:
            await conn.execute(delete(table).where(table.c.expires_at <= text_of(now)))
            await conn.execute(
                insert(table).values(
                    state_hash=hash_of(state),
                    nonce=nonce,
                    verifier=verifier,
                    next=next_page,
                    expires_at=text_of(now + TIME_TO_SIGN_IN),
                )
            )
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        query = {
            "response_type": "code",
            "client_id": self._client,
            "redirect_uri": self._redirect,
            "scope": "openid email profile",
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        address = str(configuration["authorization_endpoint"])
        return f"{address}{'&' if '?' in address else '?'}{urlencode(query)}", state

    async def finish(self, state: str, query: Mapping[str, str]) -> Answer:
        """Who came back with `query`; `state` is the cookie's. ProviderError."""
        given = query.get("state", "")
        if not state or not secrets.compare_digest(state.encode(), given.encode("utf-8", "surrogatepass")):
            raise ProviderError("oidc_state", "the state is not the one this browser was given")
        async with self._database.write() as conn:
            mine = table.c.state_hash == hash_of(state)
            row = (await conn.execute(select(table).where(mine))).first()
            used = await conn.execute(delete(table).where(mine))
        if row is None or used.rowcount != 1 or row.expires_at <= text_of(self._now()):
            raise ProviderError("oidc_state", "the state was used before, or is too old")
        if "code" not in query:
            raise ProviderError("oidc_refused", f"the provider answered {query.get('error', 'without a code')[:80]!r}")
        claims = await self._checked(await self._id_token(query["code"], row.verifier), row.nonce)
        email = claims.get("email")
        if not isinstance(email, str) or claims.get("email_verified") is not True:
            raise ProviderError("oidc_email", "the provider does not vouch for an e-mail address")
        return Answer(email.lower(), row.next)

    async def _id_token(self, code: str, verifier: str) -> str:
        configuration, _ = await self._learn()
        body = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect,
            "code_verifier": verifier,
        }
        options: dict[str, Any] = {}
        methods = configuration.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        if not self._secret or "client_secret_basic" not in methods:
            body |= {"client_id": self._client} | ({"client_secret": self._secret} if self._secret else {})
        else:
            pair = f"{quote_plus(self._client)}:{quote_plus(self._secret)}"  # RFC 6749, 2.3.1
            options["headers"] = {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
        answer = await self._fetch("POST", str(configuration["token_endpoint"]), data=body, **options)
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise ProviderError("oidc_failed", "the provider's token answer has no id_token")
        return token

    async def _checked(self, token: str, nonce: str) -> dict[str, Any]:
        """Claims of an ID token for us, from the issuer, in time, for this very request."""
        from joserfc import jwt
        from joserfc.errors import InvalidKeyIdError, JoseError

        _, keys = await self._learn()
        try:
            try:
                read = jwt.decode(token, keys, algorithms=ALGORITHMS)
            except (InvalidKeyIdError, ValueError):  # a key that is newer than what we know
                _, keys = await self._learn(again=True)
                read = jwt.decode(token, keys, algorithms=ALGORITHMS)
            registry = jwt.JWTClaimsRegistry(
                now=lambda: int(self._now().timestamp()),
                leeway=LEEWAY,
                iss={"essential": True, "value": self._issuer},
                aud={"essential": True, "value": self._client},
                exp={"essential": True},
                iat={"essential": True},
                sub={"essential": True},
                nonce={"essential": True, "value": nonce},
            )
            registry.validate(read.claims)
        except (JoseError, ValueError) as error:
            raise ProviderError("oidc_failed", f"ID token refused: {error}") from None
        claims: dict[str, Any] = read.claims
        if isinstance(claims["aud"], list) and len(claims["aud"]) > 1 and claims.get("azp") != self._client:
            raise ProviderError("oidc_failed", "ID token refused: it was given to another client")
        return claims

    async def _learn(self, *, again: bool = False) -> tuple[dict[str, Any], Any]:
        """The provider's configuration and keys."""
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet

        async with self._learning:
            if self._known is not None and time.monotonic() - self._known[0] < (60 if again else KEPT):
                return self._known[1:]
            address = f"{self._issuer.rstrip('/')}/.well-known/openid-configuration"
            configuration = await self._fetch("GET", address)
            if configuration.get("issuer") != self._issuer:
                raise ProviderError(
                    "oidc_failed", f"expected issuer {self._issuer}, got {configuration.get('issuer')!r}"
                )
            for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
                if not isinstance(configuration.get(name), str):
                    raise ProviderError("oidc_failed", f"the provider's configuration has no {name}")
            published: Any = await self._fetch("GET", configuration["jwks_uri"])
            try:
                keys = KeySet.import_key_set(published)
            except (JoseError, KeyError, TypeError, ValueError) as error:
                raise ProviderError("oidc_failed", f"the provider's keys cannot be used: {error}") from None
            self._known = (time.monotonic(), configuration, keys)
            return configuration, keys

    async def _fetch(self, method: str, address: str, **options: Any) -> dict[str, Any]:
        """A JSON object; redirects are not followed: they could lead anywhere."""
        try:
            async with self._http.request(
                method, address, allow_redirects=False, timeout=ClientTimeout(total=10), **options
            ) as response:
                if response.status != 200:
                    raise ProviderError("oidc_failed", f"{method} {address} answered {response.status}")
                body = json.loads(await response.read())
        except (ClientError, TimeoutError, ValueError) as error:
            raise ProviderError("oidc_failed", f"{method} {address}: {type(error).__name__}: {error}") from None
        if not isinstance(body, dict):
            raise ProviderError("oidc_failed", f"{method} {address} answered no JSON object")
        return body
