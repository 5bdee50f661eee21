"""What the handlers of other systems' calls share."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from aiohttp import web

from bot.cases.webhook import signature
from bot.http import ApiError

from .inbox import Inbox

STALE = 300.0  # seconds that a signed call may be old, or ahead


class ConnectError(ApiError):
    """Its sentence is `connect.error.<code>` of the catalogue."""

    section = "connect"


@dataclass(frozen=True, slots=True, kw_only=True)
class Connect:
    """Made by `bot.connect.start`. `changed` looks again at the ticket that a verified call names; None where no ticket
    system is set up, as is `inbox_secret` where no mails are taken by webhook."""

    inbox: Inbox
    inbox_secret: str | None = field(repr=False)
    changed: Callable[[Mapping[str, str], bytes], Awaitable[None]] | None
    now: Callable[[], datetime]


CONNECT: web.AppKey[Connect] = web.AppKey("connect", Connect)


def verify(secret: str, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
    """The signature of docs/webhook.md, the other way round; ConnectError 401."""
    timestamp, given = headers.get("X-Guichet-Timestamp", ""), headers.get("X-Guichet-Signature", "")
    if not hmac.compare_digest(signature(secret, timestamp, body).encode(), given.encode("utf-8", "replace")):
        raise ConnectError(401, "invalid_signature")
    if not timestamp.isdecimal() or len(timestamp) > 12 or abs(now.timestamp() - int(timestamp)) > STALE:
        raise ConnectError(401, "stale_timestamp")


async def read_body(request: web.Request, limit: int) -> bytes:
    """The body, read no further than `limit` bytes; ConnectError 413."""
    if (request.content_length or 0) > limit:
        raise _too_large(limit)
    content = bytearray()
    async for chunk in request.content.iter_chunked(64 * 1024):
        content += chunk
        if len(content) > limit:
            raise _too_large(limit)
    return bytes(content)


def _too_large(limit: int) -> ConnectError:
    return ConnectError(413, "mail_too_large", limit=f"{limit / 1024 / 1024:.3g}")
