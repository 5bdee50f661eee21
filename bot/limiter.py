"""Rate limits, and whose address a request comes from."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv6Address, ip_address, ip_network
from math import ceil
from time import time

from aiohttp import web
from limits import RateLimitItem, parse_many
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter


class Limiter:
    """`rules` maps a name to a rate such as `60/hour` (several with `;`); an empty rate is no limit."""

    def __init__(self, rules: dict[str, str], trusted_proxies: Sequence[str]) -> None:
        self._rules: dict[str, list[RateLimitItem]] = {
            name: parse_many(rate) if rate else [] for name, rate in rules.items()
        }
        self._proxies = [ip_network(proxy, strict=False) for proxy in trusted_proxies]
        self._strategy = SlidingWindowCounterRateLimiter(MemoryStorage())

    async def wait(self, rule: str, key: str) -> int:
        """Count one event for `key`; returns 0 where it is within the limit, else the seconds to wait."""
        for item in self._rules[rule]:
            if not await self._strategy.hit(item, rule, key):
                window = await self._strategy.get_window_stats(item, rule, key)
                return max(1, ceil(window.reset_time - time()))
        return 0

    async def forget(self, rule: str, key: str) -> None:
        """Start counting anew for `key`."""
        for item in self._rules[rule]:
            await self._strategy.clear(item, rule, key)

    def client(self, request: web.Request) -> str | None:
        """The client's address, read from X-Forwarded-For where the peer is a trusted proxy. None for a peer on
        this machine: that is its user, or a proxy that was not named, behind which all customers look the same."""
        peer = request.remote or ""
        hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",") if hop.strip()]
        while hops and self._trusted(peer):
            peer = hops.pop()
        try:
            address = ip_address(peer)
        except ValueError:
            return None
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        if address.is_loopback:
            return None
        # One customer can use any address of an IPv6 network of /64.
        return str(ip_network(f"{address}/64", strict=False)) if address.version == 6 else str(address)

    def _trusted(self, peer: str) -> bool:
        try:
            address = ip_address(peer)
        except ValueError:
            return False
        return any(address in proxy for proxy in self._proxies)
