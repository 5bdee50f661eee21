"""Posts letters of the outbox to the company's address, signed.

POST with `Content-Type: application/json` and body `{"id", "event", "at", "case": {…}, "receipt": {…}}`. Headers:

    X-Guichet-Delivery   the letter's id, the same on every attempt: keep it and drop what comes twice
    X-Guichet-Event      case.created, case.consented
    X-Guichet-Timestamp  seconds since 1970 of this attempt: refuse what is older than some minutes
    X-Guichet-Signature  "v1=" + hex of HMAC-SHA256(secret, timestamp + "." + body)

Any 2xx accepts; everything else, redirects included, is tried again.
"""

from __future__ import annotations

import errno
import hashlib
import hmac
import ipaddress
import json
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from .outbox import DeliveryError

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSettings:
    """`allow_private` permits addresses of the own network (loopback, 10.0.0.0/8, …). `timeout` in seconds."""

    url: str
    secret: str = field(repr=False)
    allow_private: bool = False
    timeout: float = 10.0

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.password:
            raise ValueError(f"webhook: expected http(s)://host/path without a password, got {self.url!r}")
        if not self.secret:
            raise ValueError("webhook: expected a secret to sign with, got none: set one that the receiver knows too")


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """The value of X-Guichet-Signature."""
    return "v1=" + hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def is_public(address: str) -> bool:
    """Whether an IP address lies on the public internet, also when it is IPv4 carried inside IPv6."""
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF) if ip in _NAT64 else ip.ipv4_mapped or ip.sixtofour
        ip = inner or ip
    return ip.is_global and not ip.is_multicast


class PublicResolver(AbstractResolver):
    """Resolves to public addresses only. The connection is made to what was checked, so a name that changes its
    address between check and use gains nothing."""

    def __init__(self) -> None:
        self._inner = aiohttp.ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = [result for result in await self._inner.resolve(host, port, family) if is_public(result["host"])]
        if not found:
            raise OSError(errno.EHOSTUNREACH, f"{host} has no public address")
        return found

    async def close(self) -> None:
        await self._inner.close()


class Webhook:
    """`send` is a sender for the outbox. `close` when done."""

    def __init__(self, settings: WebhookSettings, now: Callable[[], datetime]) -> None:
        self._settings = settings
        self._now = now
        self._session: aiohttp.ClientSession | None = None

    async def send(self, letter: Mapping[str, Any]) -> None:
        body = json.dumps({name: letter[name] for name in ("id", "event", "at", "case", "receipt")}).encode()
        timestamp = str(int(self._now().timestamp()))
        headers = {
            "Content-Type": "application/json",
            "X-Guichet-Delivery": letter["id"],
            "X-Guichet-Event": letter["event"],
            "X-Guichet-Timestamp": timestamp,
            "User-Agent": "Guichet",
            "X-Guichet-Signature": signature(self._settings.secret, timestamp, body),
        }
        self._refuse_private_literal()
        try:
            async with self._open().post(
                self._settings.url, data=body, headers=headers, allow_redirects=False
            ) as response:
                status = response.status
        except TimeoutError as error:
            raise DeliveryError(f"no answer within {self._settings.timeout:g} s") from error
        except (aiohttp.ClientError, OSError) as error:
            raise DeliveryError(f"{type(error).__name__}: {error}") from error
        if 300 <= status < 400:
            raise DeliveryError(f"redirect refused ({status}): set the final address")
        if not 200 <= status < 300:
            raise DeliveryError(f"answered {status}")

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            resolver = None if self._settings.allow_private else PublicResolver()
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(resolver=resolver, limit=10),
                timeout=aiohttp.ClientTimeout(total=self._settings.timeout),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session

    def _refuse_private_literal(self) -> None:
        """Addresses written as numbers never reach a resolver."""
        host = urlsplit(self._settings.url).hostname or ""
        try:
            private = not is_public(host)
        except ValueError:
            return  # a name: the resolver looks
        if private and not self._settings.allow_private:
            raise DeliveryError(f"{host} is not a public address: allow private addresses if it is meant")
