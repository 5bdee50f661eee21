"""Articles as the search service has them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from json import loads
from typing import Any
from urllib.parse import quote

from aiohttp import ClientError, ClientTimeout

from bot.gateway.context import Gateway
from bot.gateway.rasa import TOKEN_HEADER

ARTICLE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,100}")
VERSION = re.compile(r"[0-9a-f]{1,64}")
LARGE = 256 * 1024  # bytes of JSON that are not read on the loop
_PATIENCE = ClientTimeout(total=4, sock_connect=1)


class KbDown(Exception):
    """The search service gives no answer."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What the service answered; `body` is empty where it had nothing new (304)."""

    status: int
    body: Mapping[str, Any]
    etag: str | None


async def ask(
    gateway: Gateway,
    path: str,
    *,
    query: Mapping[str, str] | None = None,
    json: Mapping[str, Any] | None = None,
    known: str | None = None,
) -> Reply:
    """A call of the search service: POST where there is `json`; `known` is the ETag of what the caller has. KbDown
    where it does not answer, or answers with a failure of its own."""
    url = f"{gateway.settings.service_url(gateway.settings.kb_port)}{path}"
    headers = {TOKEN_HEADER: gateway.settings.internal_token.get_secret_value()}
    if known:
        headers["If-None-Match"] = known
    try:
        async with gateway.http.request(
            "GET" if json is None else "POST", url, params=query, json=json, headers=headers, timeout=_PATIENCE
        ) as response:
            if response.status == 304:
                return Reply(304, {}, known)
            if response.status not in (200, 404, 422):
                raise KbDown
            content = await response.read()
            body = await asyncio.to_thread(loads, content) if len(content) > LARGE else loads(content)
            etag = response.headers.get("ETag")
    except (ClientError, TimeoutError, OSError, ValueError) as error:
        raise KbDown from error
    if not isinstance(body, dict):
        raise KbDown
    return Reply(response.status, body, etag)


async def fetch_article(gateway: Gateway, lang: str, article: str, version: str | None) -> Mapping[str, Any] | None:
    """The article, in that version or as it serves; None where there is none in this language. KbDown."""
    reply = await ask(gateway, f"/articles/{lang}/{quote(article)}", query={"version": version} if version else None)
    if reply.status == 404:
        return None
    found = reply.body
    if reply.status != 200 or not isinstance(found.get("text"), str) or not isinstance(found.get("title"), str):
        raise KbDown
    return found if found.get("lang", lang) == lang else None
