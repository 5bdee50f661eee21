"""« Cet article vous a-t-il été utile ? »: `POST /api/articles/{lang}/{id}/feedback`, and the same as a plain form.

A browser is known again by a cookie that is set with its first opinion, and by nothing else."""

from __future__ import annotations

import hashlib
import secrets
from typing import Any

from aiohttp import web

from bot.gateway.articles import KbDown
from bot.gateway.context import GATEWAY
from bot.gateway.guard import read_json, within
from bot.help.article import reading
from bot.help.context import HelpError
from bot.help.feedback import Opinion, record
from bot.help.feedback_form import MAX_WORDS

COOKIE = "guichet_reader"
A_YEAR = 365 * 24 * 3600  # seconds
_LONGEST = 64  # of a cookie that we have set


async def post_feedback(request: web.Request) -> web.Response:
    body = await read_json(request)
    version, helpful, words = body.get("version"), body.get("helpful"), body.get("words")
    if not isinstance(helpful, bool):
        raise HelpError(422, "invalid_helpful", "helpful")
    if version is not None and not isinstance(version, str):
        raise HelpError(422, "invalid_version", "version")
    kept, reader = await _keep(request, version, helpful, words)
    response = web.json_response(kept)
    _remember(request, response, reader)
    return response


async def post_form(request: web.Request) -> web.Response:
    """Without scripts: back to the article, which then says thanks or asks what was missing."""
    form = await request.post()
    choice, words, version = form.get("helpful"), form.get("words"), str(form.get("version") or "") or None
    if choice not in ("yes", "no"):
        raise HelpError(422, "invalid_helpful", "helpful")
    _, reader = await _keep(request, version, choice == "yes", words)
    said = "words" if words is not None and choice == "no" else choice
    back = web.HTTPSeeOther(
        f"/articles/{request.match_info['lang']}/{request.match_info['article']}?said={said}#helpful"
    )
    _remember(request, back, reader)
    raise back


async def _keep(request: web.Request, version: str | None, helpful: bool, words: Any) -> tuple[dict[str, Any], str]:
    """Check and keep an opinion. Returns it as answered, and the browser's secret."""
    gateway = request.app[GATEWAY]
    await within(request, "feedback", gateway.limiter.client(request))
    if words is not None and (not isinstance(words, str) or len(words) > MAX_WORDS):
        raise HelpError(422, "invalid_words", "words", most=MAX_WORDS)
    lang, article = request.match_info["lang"], request.match_info["article"]
    try:
        read = await reading(request, lang, article, version)
    except KbDown:
        raise HelpError(503, "search_down") from None
    known = request.cookies.get(COOKIE, "")
    reader = known if 0 < len(known) <= _LONGEST else secrets.token_urlsafe(16)
    opinion = Opinion(
        article=article,
        lang=lang,
        version=str(read.found["version"]),
        reader=hashlib.sha256(reader.encode("utf-8", "surrogateescape")).hexdigest(),
        helpful=helpful,
        words=None if words is None else words.replace("\x00", "").encode("utf-8", "replace").decode().strip() or None,
    )
    async with gateway.database.write() as connection:
        await record(connection, opinion, gateway.now())
    return {"article": article, "lang": lang, "version": opinion.version, "helpful": helpful}, reader


def _remember(request: web.Request, response: web.StreamResponse, reader: str) -> None:
    response.set_cookie(
        COOKIE,
        reader,
        max_age=A_YEAR,
        httponly=True,
        samesite="Lax",
        secure=request.app[GATEWAY].settings.base_url.startswith("https://"),
    )


def add_routes(app: web.Application) -> None:
    app.router.add_post("/api/articles/{lang}/{article}/feedback", post_feedback)
    app.router.add_post("/articles/{lang}/{article}/feedback", post_form)
