"""The interface to ticket systems of others, and the HTTP client that adapters share.

An adapter makes tickets, adds messages and reads states. It keeps nothing: `delivery` remembers which ticket is whose,
makes sure that only one process makes it, and calls again what failed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import aiohttp

from bot.cases.outbound import Outbound, checked_url
from bot.cases.outbox import DeliveryError

_LONGEST_ANSWER = 8 * 1024 * 1024


class UnsureError(DeliveryError):
    """No answer, or a server's failure: what was asked for may have been done."""


class GoneError(DeliveryError):
    """The ticket is no longer there."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason, permanent=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote:
    """A ticket in the other system: its id there, where people see it, its state in that system's words, and whether
    that state means that nothing is left to do."""

    id: str
    url: str | None
    state: str
    done: bool


@dataclass(frozen=True, slots=True)
class FileToSend:
    name: str
    type: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTicket:
    """`ref` is found again by `Adapter.find`; `email` is None where the customer gave only a phone number."""

    ref: str
    subject: str
    text: str
    level: int
    lang: str
    email: str | None
    phone: str | None
    files: Sequence[FileToSend] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMessage:
    """`id` is the same however often it is sent; `by_customer` or by an agent, whose name is `author`."""

    id: str
    ref: str
    text: str
    author: str
    by_customer: bool
    files: Sequence[FileToSend] = ()


class Adapter(Protocol):
    """Every method raises DeliveryError: `permanent` where trying again cannot help, UnsureError where it may have
    worked, GoneError where the ticket has gone."""

    system: str

    async def find(self, ref: str) -> Remote | None:
        """The ticket made for this case, the first where there are several."""

    async def create(self, ticket: NewTicket) -> Remote:
        """A ticket of the customer, who becomes known there."""

    async def add(self, identifier: str, message: NewMessage) -> None:
        """Add a message, unless the one with its id is there already."""

    async def read(self, identifier: str) -> Remote:
        """The ticket as it is now."""

    def named(self, headers: Mapping[str, str], body: bytes) -> str | None:
        """Id of the ticket that a call of the system's names, None where it names none. ConnectError 401 unless it is
        signed."""

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemSettings:
    """Where a system is and how it is spoken to; `secret` is what its calls are signed with ("": none are taken)."""

    url: str
    token: str = field(repr=False)
    secret: str = field(default="", repr=False)
    allow_private: bool = False
    timeout: float = 15.0

    def __post_init__(self) -> None:
        checked_url(self.url, "ticket system")
        if not self.token:
            raise ValueError("ticket system: expected an access token, got none: make one in that system")


class Client:
    """JSON over HTTP, to public addresses only unless private ones are allowed; redirects are refused."""

    def __init__(self, settings: SystemSettings, headers: Mapping[str, str]) -> None:
        self._settings = settings
        self._headers = {"Accept": "application/json", "User-Agent": "Guichet", **headers}
        self._outbound = Outbound(settings.url, allow_private=settings.allow_private, timeout=settings.timeout)

    async def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """The answer's JSON. DeliveryError as `Adapter` says."""
        session = self._outbound.session()
        url = f"{self._settings.url.rstrip('/')}{path}"
        try:
            async with session.request(
                method, url, json=body, headers={**self._headers, **headers}, allow_redirects=False
            ) as response:
                status, content = response.status, await _limited(response)
                answer = json.loads(content) if 200 <= status < 300 and content else None
        except TimeoutError as error:
            raise UnsureError(f"{method} {path}: no answer within {self._settings.timeout:g} s") from error
        except aiohttp.ClientConnectorError as error:  # it was never reached
            raise DeliveryError(f"{type(error).__name__}: {error}") from error
        except (aiohttp.ClientError, OSError) as error:
            raise UnsureError(f"{method} {path}: {type(error).__name__}: {error}") from error
        except (ValueError, RecursionError) as error:
            raise UnsureError(f"{method} {path}: expected JSON of a sane size, got something else") from error
        if 200 <= status < 300:
            return answer
        raise _refusal(f"{method} {path}: answered {status}", status, method)

    async def close(self) -> None:
        await self._outbound.close()


async def _limited(response: aiohttp.ClientResponse) -> bytes:
    content = bytearray()
    async for chunk in response.content.iter_chunked(64 * 1024):
        content += chunk
        if len(content) > _LONGEST_ANSWER:
            raise ValueError("an answer without end")
    return bytes(content)


def _refusal(reason: str, status: int, method: str) -> DeliveryError:
    if 300 <= status < 400:
        return DeliveryError(f"{reason}, a redirect: set the final address")
    if status in (404, 410):
        return GoneError(reason)
    if status >= 500 and method != "GET":
        return UnsureError(reason)
    # 401 and 403 end when somebody has set a good token, 408, 409, 425, 429 by themselves.
    return DeliveryError(reason, permanent=400 <= status < 500 and status not in (401, 403, 408, 409, 425, 429))


def at(data: Any, path: str) -> Any:
    """The value at `ticket.id` or `results.0.id` in JSON; None where there is none."""
    for name in filter(None, path.split(".")):
        if isinstance(data, Mapping):
            data = data.get(name)
        elif isinstance(data, Sequence) and not isinstance(data, str) and name.isdecimal() and int(name) < len(data):
            data = data[int(name)]
        else:
            return None
    return data
