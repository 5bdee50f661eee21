"""`GET /api/help/suggest`: articles while one types, for the help page and the widget."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from bot.gateway.articles import KbDown, ask
from bot.gateway.context import GATEWAY, LANG, Gateway
from bot.gateway.guard import within
from bot.help.context import HelpError

MAX_TYPED = 200  # characters
SUGGESTED = 6
KEPT_SECONDS = 60  # by browsers: who deletes a letter has been answered before


async def suggestions(gateway: Gateway, text: str, lang: str, limit: int) -> list[Mapping[str, Any]]:
    """What the search service suggests. KbDown."""
    reply = await ask(gateway, "/suggest", query={"text": text, "lang": lang, "limit": str(limit)})
    hits = reply.body.get("hits")
    if reply.status != 200 or not isinstance(hits, list):
        raise KbDown
    return hits


async def get_suggest(request: web.Request) -> web.Response:
    gateway = request.app[GATEWAY]
    await within(request, "help", gateway.limiter.client(request))
    lang = request[LANG] = gateway.languages.choose(request.query.get("lang"))
    text = " ".join(request.query.get("text", "").split())[:MAX_TYPED]
    try:
        hits = await suggestions(gateway, text, lang, SUGGESTED) if text else []
    except KbDown:
        raise HelpError(503, "search_down") from None
    keep = {"Cache-Control": f"public, max-age={KEPT_SECONDS}"}
    return web.json_response({"hits": hits}, headers=keep)


def add_routes(app: web.Application) -> None:
    app.router.add_get("/api/help/suggest", get_suggest)
