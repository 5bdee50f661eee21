"""Fetches from the public web: robots.txt is kept to, private addresses are refused at every step, size and time end.

The connection goes to the very address that was checked, so a name that changes its address in between gains nothing.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from types import TracebackType
from urllib.parse import urljoin, urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from protego import Protego

from kb_index.errors import ContentError

AGENT = "Guichet-import"
MAX_BYTES, MAX_ROBOTS_BYTES = 5 * 1024 * 1024, 500 * 1024
MAX_SECONDS = 20.0
MAX_REDIRECTS = 5
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


@dataclass(frozen=True)
class Page:
    """What came from `url`, after redirects. `type`: the media type; `charset`: as the server says, if it does."""

    url: str
    type: str
    charset: str | None
    data: bytes


class Refused(Exception):
    """An address that is not to be fetched from; the message says why and the cure."""


class NotGiven(aiohttp.ClientError):
    """The server answered with another status than 200."""

    def __init__(self, url: str, status: int, reason: str | None) -> None:
        super().__init__(f"{url} answered {status} {reason or ''}".strip())
        self.status = status


def check_address(address: str) -> None:
    """Refused where it is not a public one, however it is wrapped."""
    found = ipaddress.ip_address(address.split("%")[0])
    inner: ipaddress.IPv4Address | None = None
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour
        if inner is None and found in _NAT64:
            inner = ipaddress.IPv4Address(found.packed[-4:])
    for one in (found, inner):
        if one is not None and not (one is found and found.version == 6 and inner) and not _is_public(one):
            raise Refused(
                f"{address} is not a public address; to import from a host of your own network, name the host in "
                "GUICHET_IMPORT_HOSTS"
            )


def _is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    return address.is_global and not address.is_multicast and not address.is_reserved


class PublicResolver(AbstractResolver):
    """The system's resolver; addresses that are not public are refused, but for hosts that are allowed."""

    def __init__(self, allowed: frozenset[str]) -> None:
        self._inner = aiohttp.ThreadedResolver()
        self._allowed = allowed

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._inner.resolve(host, port, family)
        if host.casefold() not in self._allowed:
            for one in found:
                check_address(one["host"])
        return found

    async def close(self) -> None:
        await self._inner.close()


class Fetcher:
    """Use as an asynchronous context manager. `allowed`: hosts (no port) that may lie in private networks."""

    def __init__(self, allowed: Iterable[str] = ()) -> None:
        self._allowed = frozenset(host.strip().casefold() for host in allowed if host.strip())
        self._robots: dict[str, Protego | bool] = {}

    async def __aenter__(self) -> Fetcher:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(resolver=PublicResolver(self._allowed), use_dns_cache=False),
            headers={"User-Agent": AGENT},
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,  # a proxy would look names up itself
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def fetch(self, url: str) -> Page:
        """ContentError says why nothing came; its cause is NotGiven where the server said so."""
        try:
            async with asyncio.timeout(MAX_SECONDS):
                return await self._follow(url, MAX_BYTES, ask_robots=True)
        except TimeoutError as error:
            raise ContentError(url, None, f"did not come within {MAX_SECONDS:.0f} seconds; try again later") from error
        except Refused as error:
            raise ContentError(url, None, str(error)) from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            refusal = error.__cause__ or error.__context__
            reason = str(refusal) if isinstance(refusal, Refused) else f"cannot be fetched: {error}"
            raise ContentError(url, None, reason) from error

    async def _follow(self, url: str, most: int, ask_robots: bool) -> Page:
        for _ in range(MAX_REDIRECTS + 1):
            self._check(url)
            if ask_robots and not await self._may_fetch(url):
                raise Refused(f"robots.txt of {urlsplit(url).netloc} asks programs to leave {url} alone")
            async with self._session.get(url, allow_redirects=False) as response:
                if response.status in (301, 302, 303, 307, 308) and "Location" in response.headers:
                    url = urljoin(url, response.headers["Location"])
                    continue
                if response.status != 200:
                    raise NotGiven(url, response.status, response.reason)
                data = bytearray()
                async for chunk in response.content.iter_chunked(64 * 1024):
                    data += chunk
                    if len(data) > most:
                        raise Refused(f"{url} is longer than {most} bytes; import it in parts, or from a file")
                return Page(url, response.content_type, response.charset, bytes(data))
        raise Refused(f"more than {MAX_REDIRECTS} redirects")

    def _check(self, url: str) -> None:
        """The address as written; what a name stands for is checked when it is looked up."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise Refused(f"{url}: expected an address that begins with https:// or http://")
        if parts.username or parts.password:
            raise Refused("an address with a name or password in it is not fetched")
        if parts.hostname.casefold() not in self._allowed:
            try:
                ipaddress.ip_address(parts.hostname)
            except ValueError:
                return
            check_address(parts.hostname)

    async def _may_fetch(self, url: str) -> bool:
        rules = await self._rules(url)
        return rules if isinstance(rules, bool) else bool(rules.can_fetch(url, AGENT))

    async def delay_of(self, url: str) -> float | None:
        """Seconds between two pages that the site's robots.txt asks for."""
        rules = await self._rules(url)
        asked = None if isinstance(rules, bool) else rules.crawl_delay(AGENT)
        return None if asked is None else float(asked)

    async def _rules(self, url: str) -> Protego | bool:
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        if origin not in self._robots:
            self._robots[origin] = await self._read_robots(f"{origin}/robots.txt")
        return self._robots[origin]

    async def _read_robots(self, url: str) -> Protego | bool:
        """As RFC 9309 has it: what is not there allows everything, what cannot be read nothing."""
        try:
            page = await self._follow(url, MAX_ROBOTS_BYTES, ask_robots=False)
        except NotGiven as answer:
            return 400 <= answer.status < 500
        return Protego.parse(page.data.decode("utf-8", "replace"))
