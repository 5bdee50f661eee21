"""HTTP to addresses that others have named: to public ones only, unless private ones are allowed."""

from __future__ import annotations

import errno
import ipaddress
import socket
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from .outbox import DeliveryError

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


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


def checked_url(url: str, what: str) -> None:
    """ValueError unless it is http(s) with a host and without a password; `what` begins the message."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.password:
        raise ValueError(f"{what}: expected http(s)://host/path without a password, got {url!r}")


class Outbound:
    """One session to one server, opened when first used. `timeout` in seconds. `close` when done."""

    def __init__(self, url: str, *, allow_private: bool, timeout: float) -> None:
        self._host = urlsplit(url).hostname or ""
        self._allow_private = allow_private
        self._timeout = timeout
        self._session: aiohttp.ClientSession | None = None

    def session(self) -> aiohttp.ClientSession:
        """DeliveryError where the address itself is a private one; names are looked at as they are resolved."""
        self._refuse_private_literal()
        if self._session is None:
            resolver = None if self._allow_private else PublicResolver()
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(resolver=resolver, limit=10),
                timeout=aiohttp.ClientTimeout(total=self._timeout),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    def _refuse_private_literal(self) -> None:
        """Addresses written as numbers never reach a resolver."""
        try:
            private = not is_public(self._host)
        except ValueError:
            return  # a name: the resolver looks
        if private and not self._allow_private:
            raise DeliveryError(f"{self._host} is not a public address: allow private addresses if it is meant")
