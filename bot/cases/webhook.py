"""Posts letters of the outbox to the company's address, signed.

POST with `Content-Type: application/json` and body `{"id", "event", "at", "case": {…}, "receipt": {…}}`. Headers:

    X-Guichet-Delivery   the letter's id, the same on every attempt: keep it and drop what comes twice
    X-Guichet-Event      case.created, case.consented
    X-Guichet-Timestamp  seconds since 1970 of this attempt: refuse what is older than some minutes
    X-Guichet-Signature  "v1=" + hex of HMAC-SHA256(secret, timestamp + "." + body)

Any 2xx accepts; everything else, redirects included, is tried again.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import aiohttp

from .outbound import Outbound, checked_url
from .outbox import DeliveryError


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSettings:
    """`allow_private` permits addresses of the own network (loopback, 10.0.0.0/8, …). `timeout` in seconds."""

    url: str
    secret: str = field(repr=False)
    allow_private: bool = False
    timeout: float = 10.0

    def __post_init__(self) -> None:
        checked_url(self.url, "webhook")
        if not self.secret:
            raise ValueError("webhook: expected a secret to sign with, got none: set one that the receiver knows too")


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """The value of X-Guichet-Signature."""
    return "v1=" + hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


class Webhook:
    """`send` is a sender for the outbox. `close` when done."""

    def __init__(self, settings: WebhookSettings, now: Callable[[], datetime]) -> None:
        self._settings = settings
        self._now = now
        self._outbound = Outbound(settings.url, allow_private=settings.allow_private, timeout=settings.timeout)

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
        session = self._outbound.session()
        try:
            async with session.post(self._settings.url, data=body, headers=headers, allow_redirects=False) as response:
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
        await self._outbound.close()
