"""`/articles/{lang}/{id}`: an article as the search service has it, to read and to link to."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import date
from html import escape
from typing import Any
from urllib.parse import quote, urlsplit

from aiohttp import ClientError, ClientTimeout, web
from babel.dates import format_date

from bot.gateway.context import GATEWAY, ApiError, Gateway
from bot.gateway.markdown import render
from bot.gateway.pages import message_page, page
from bot.gateway.rasa import TOKEN_HEADER

_ARTICLE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,100}")
_VERSION = re.compile(r"[0-9a-f]{1,64}")
_PATIENCE = ClientTimeout(total=4, sock_connect=1)


class KbDown(Exception):
    """The search service gives no answer."""


async def get_article(request: web.Request) -> web.StreamResponse:
    gateway = request.app[GATEWAY]
    lang, article = request.match_info["lang"], request.match_info["article"]
    version = request.query.get("version")
    if lang not in gateway.languages.codes or not _ARTICLE.fullmatch(article):
        raise ApiError(404, "not_found")
    if version is not None and not _VERSION.fullmatch(version):
        raise ApiError(404, "not_found")
    try:
        found = await fetch_article(gateway, lang, article, version)
        if found is None:
            raise ApiError(404, "not_found")
        others = [code for code in gateway.languages.codes if code != lang]
        also = [code for code in others if await fetch_article(gateway, code, article, None) is not None]
    except KbDown:
        again = gateway.catalogue.text(lang, "page.unavailable.again")
        link = f'<p><a href="{escape(request.path_qs)}">{escape(again)}</a></p>\n'
        response = message_page(gateway, lang, "unavailable", 503, link)
        response.headers["Retry-After"] = "30"
        return response
    body = _article_body(gateway, lang, found, also, _seconds(request.query.get("t")))
    response = page(gateway, lang, str(found["title"]), body)
    response.etag = hashlib.sha256(response.text.encode() if response.text else b"").hexdigest()[:20]
    if request.if_none_match and response.etag in request.if_none_match:
        return web.Response(status=304, headers={"ETag": f'"{response.etag.value}"'})
    return response


async def fetch_article(gateway: Gateway, lang: str, article: str, version: str | None) -> Mapping[str, Any] | None:
    """The article from the search service; None where it has none in this language. KbDown."""
    url = f"{gateway.settings.service_url(gateway.settings.kb_port)}/articles/{lang}/{quote(article)}"
    headers = {TOKEN_HEADER: gateway.settings.internal_token.get_secret_value()}
    query = {"version": version} if version else {}
    try:
        async with gateway.http.get(url, params=query, headers=headers, timeout=_PATIENCE) as response:
            if response.status == 404:
                return None
            if response.status != 200:
                raise KbDown
            found = await response.json(content_type=None)
    except (ClientError, TimeoutError, OSError, ValueError) as error:
        raise KbDown from error
    if not isinstance(found, dict) or not isinstance(found.get("text"), str) or not isinstance(found.get("title"), str):
        raise KbDown
    return found if found.get("lang", lang) == lang else None


def _article_body(gateway: Gateway, lang: str, found: Mapping[str, Any], also: list[str], second: int | None) -> str:
    def say(key: str, **values: object) -> str:
        return escape(gateway.catalogue.text(lang, f"page.{key}", **values))

    rendered = render(found["text"])
    parts = [f"<h1>{escape(found['title'])}</h1>"]
    if updated := _day(found.get("updated"), lang):
        parts.append(f'<p class="meta">{say("article.updated", date=updated)}</p>')
    if address := _video(found.get("video"), second):
        words = say("article.watch") if second is None else say("article.watch_at", time=_clock(second))
        parts.append(f'<p><a class="video" href="{escape(address)}" rel="noopener noreferrer">{words}</a></p>')
    top = [(name, heading) for level, name, heading in rendered.headings if level == 2]
    if len(top) >= 3:
        items = "".join(f'<li><a href="#{escape(name)}">{escape(heading)}</a></li>' for name, heading in top)
        title = f'<p id="on_this_page">{say("article.contents")}</p>'  # no anchor of a heading has an underscore
        parts.append(f'<nav class="contents" aria-labelledby="on_this_page">{title}<ul>{items}</ul></nav>')
    parts.append(f"<article>\n{rendered.html}</article>")
    if also:
        name = escape(str(found["article"]))
        links = ", ".join(
            f'<a href="/articles/{code}/{name}" hreflang="{code}">{say(f"languages.{code}")}</a>' for code in also
        )
        parts.append(f'<p class="languages">{say("article.other_language")} {links}</p>')
    parts.append(f'<p class="meta">{say("article.ask")}</p>')
    return "\n".join(parts)


def _day(value: object, lang: str) -> str | None:
    try:
        return format_date(date.fromisoformat(str(value)[:10]), "long", locale=lang)
    except ValueError:
        return None


def _seconds(value: str | None) -> int | None:
    return int(value) if value is not None and re.fullmatch(r"[0-9]{1,6}", value) else None


def _clock(second: int) -> str:
    minutes, rest = divmod(second, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _video(address: object, second: int | None) -> str | None:
    """The video's address, at a second: a query for YouTube, a media fragment elsewhere. None for other schemes."""
    if not isinstance(address, str) or urlsplit(address).scheme not in ("http", "https"):
        return None
    if second is None:
        return address
    host = urlsplit(address).hostname or ""
    if host.removeprefix("www.") in ("youtube.com", "youtu.be", "youtube-nocookie.com"):
        return f"{address}{'&' if '?' in address else '?'}t={second}s"
    return f"{address.split('#')[0]}#t={second}"


def add_routes(app: web.Application) -> None:
    app.router.add_get("/articles/{lang}/{article}", get_article)
