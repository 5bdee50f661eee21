"""A search service that answers as a test wants it: hostile texts, old versions, failures."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.gateway.site import RasaPeer, Site, open_site

TEXT = """Introduction avec [un lien](/articles/fr/other) et [un mauvais](javascript:alert(1)).

## Réinitialiser le mot de passe

<script>alert(1)</script>

1. Ouvrez **Mon profil**.

## Créer un compte

| a | b |
|---|---|
| 1 | 2 |

## Créer un compte

![image](/img.png "titre")
"""
ARTICLE = {
    "article": "reset-password",
    "version": "0a1b",
    "lang": "fr",
    "kind": "faq",
    "title": 'Titre <b>"exact"</b>',
    "text": TEXT,
    "video": None,
    "updated": "2026-03-02",
    "category": "Compte",
}


async def listed(request: web.Request) -> web.Response:
    """The article in French and English, in the version that it has without any changes."""
    row = {key: value for key, value in ARTICLE.items() if key != "text"} | {"summary": "Introduction"}
    body = {"version": "9f", "day": "2026-03-02", "articles": [row | {"lang": lang} for lang in ("fr", "en")]}
    return web.json_response(body, headers={"ETag": '"9f-2026-03-02"'})


async def found(_request: web.Request) -> web.Response:
    return web.json_response({"hits": []})


@contextlib.asynccontextmanager
async def site_with_kb(folder: Path, answer: Callable[[web.Request], Awaitable[web.Response]]) -> AsyncIterator[Site]:
    app = web.Application()
    app.router.add_get("/articles", listed)
    app.router.add_get("/articles/{lang}/{id}", answer)
    app.router.add_post("/search", found)
    kb = TestServer(app)
    await kb.start_server()
    try:
        async with open_site(folder, RasaPeer(), kb_port=kb.port) as site:
            yield site
    finally:
        await kb.close()


def serving(**changes: Any) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def answer(request: web.Request) -> web.Response:
        if request.match_info["lang"] not in ("fr", "en") or request.match_info["id"] != "reset-password":
            return web.json_response({"error": {"code": "not_found", "message": "", "field": None}}, status=404)
        return web.json_response(ARTICLE | {"lang": request.match_info["lang"]} | changes)

    return answer
