"""What the service tells of articles: all that customers may read, one, those found while one types, and whether
words stand in one."""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import Any

from aiohttp import web

from kb_index.content import Article
from kb_index.library import LIBRARY, ApiError, index_of
from kb_index.proof import proof, words_of
from kb_index.public import public_articles
from kb_index.storage import older_article
from kb_index.suggest import suggest
from kb_index.versions import Versions

MAX_TYPED = 200  # characters that are looked at while one types
MAX_LIMIT = 20
MAX_PROVED = 20_000
SHOWN = ("version", "lang", "kind", "title", "text", "video", "updated", "category", "audience")


async def get_articles(request: web.Request) -> web.Response:
    """All that customers may read; its ETag changes with the index and with the day."""
    index, library, day = index_of(request), request.app[LIBRARY], date.today()
    headers = {"ETag": f'"{index.version}-{day}"'}
    if any(tag.value == headers["ETag"].strip('"') for tag in request.if_none_match or ()):
        return web.Response(status=304, headers=headers)
    found = await library.run(partial(public_articles, index, day))
    return web.json_response({"version": index.version, "day": str(day), "articles": found}, headers=headers)


async def get_article(request: web.Request) -> web.Response:
    found = await _found(request, request.match_info["lang"], request.match_info["id"], request.query.get("version"))
    return web.json_response({"article": found.id} | {key: getattr(found, key) for key in SHOWN})


async def get_suggest(request: web.Request) -> web.Response:
    index, library = index_of(request), request.app[LIBRARY]
    text, lang = request.query.get("text", "")[:MAX_TYPED], request.query.get("lang", "")
    limit = request.query.get("limit", "6")
    if not limit.isascii() or not limit.isdigit() or not 1 <= int(limit) <= MAX_LIMIT:
        raise ApiError(422, "invalid", f"expected a number from 1 to {MAX_LIMIT}, got {limit!r:.40}", "limit")
    work = partial(suggest, index, library.encoder, text, lang, int(limit), date.today())
    return web.json_response({"hits": await library.run(work)})


async def post_proof(request: web.Request) -> web.Response:
    try:
        body: Any = await request.json()
    except ValueError as error:
        raise ApiError(400, "invalid_json", f"the body is not JSON: {error}") from error
    if not isinstance(body, dict):
        raise ApiError(400, "invalid_body", f"expected an object, got {type(body).__name__}")
    for name in ("article", "lang", "text"):
        if not isinstance(body.get(name), str):
            raise ApiError(422, "invalid", f"expected a text, got {type(body.get(name)).__name__}", name)
    text, version = body["text"], body.get("version")
    if version is not None and not isinstance(version, str):
        raise ApiError(422, "invalid", f"expected a version or null, got {type(version).__name__}", "version")
    if len(text) > MAX_PROVED or not words_of(text):
        raise ApiError(422, "invalid", f"expected 1 to {MAX_PROVED} characters with a word among them", "text")
    found = await _found(request, body["lang"], body["article"], version)
    proved = await request.app[LIBRARY].run(partial(proof, found, text))
    return web.json_response({"article": found.id, "lang": found.lang, "version": found.version} | proved)


async def _found(request: web.Request, lang: str, ident: str, version: str | None) -> Article:
    """The article, in the version named or as it serves; ApiError 404."""
    library = request.app[LIBRARY]
    found = index_of(request).article(ident, lang)
    if version and (found is None or found.version != version):
        found = await library.run(partial(_older, library.versions, ident, lang, version))
    if found is None:
        raise ApiError(
            404, "not_found", f"there is no article {ident} in {lang}" + (f", version {version}" if version else "")
        )
    return found


def _older(versions: Versions, ident: str, lang: str, version: str) -> Article | None:
    for manifest in versions.all():
        found = older_article(versions.path(manifest["version"]), ident, lang, version)
        if found is not None:
            return found
    return None


def add_routes(app: web.Application) -> None:
    app.router.add_get("/articles", get_articles)
    app.router.add_get("/articles/{lang}/{id}", get_article)
    app.router.add_get("/suggest", get_suggest)
    app.router.add_post("/proof", post_proof)
