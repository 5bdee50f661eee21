"""Pages that work without JavaScript: an article, a case with its consent; and the widget's files."""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from html import escape
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from aiohttp import ClientError, ClientTimeout, web
from babel.dates import format_date

from bot.cases import CaseError, Conflict, Status, store, texts
from bot.cases.calendar import display
from bot.gateway.case_api import give_consent
from bot.gateway.context import GATEWAY, ApiError, Gateway
from bot.gateway.guard import Handler, within
from bot.gateway.markdown import render
from bot.gateway.rasa import TOKEN_HEADER

ASSETS = Path(__file__).parent / "assets"
WIDGET = Path(__file__).parent.parent / "widget"
TYPES = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".html": "text/html",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".json": "application/json",
    ".woff2": "font/woff2",
}
_ARTICLE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,100}")
_VERSION = re.compile(r"[0-9a-f]{1,64}")
_PATIENCE = ClientTimeout(total=4, sock_connect=1)


class KbDown(Exception):
    """The search service gives no answer."""


def page(
    gateway: Gateway, lang: str, title: str, body: str, *, status: int = 200, private: bool = False
) -> web.Response:
    """An HTML page; `body` is HTML, `title` plain text. `private` pages are kept nowhere, and no other site
    is told their address."""
    html = _template().substitute(
        lang=escape(lang), title=escape(title), company=escape(gateway.company.identity.name), body=body
    )
    response = web.Response(text=html, status=status, content_type="text/html")
    response.headers["Content-Language"] = lang
    if private:
        response.headers["Cache-Control"] = "no-store"
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["X-Robots-Tag"] = "noindex"
    else:
        response.headers["Cache-Control"] = "no-cache"
    return response


@lru_cache(maxsize=1)
def _template() -> Template:
    return Template((ASSETS / "page.html").read_text("utf-8"))


def _message_page(gateway: Gateway, lang: str, name: str, status: int, extra: str = "") -> web.Response:
    title, text = (gateway.catalogue.text(lang, f"page.{name}.{part}") for part in ("title", "text"))
    home = gateway.catalogue.text(lang, "page.home")
    body = f'<h1>{escape(title)}</h1>\n<p>{escape(text)}</p>\n{extra}<p><a href="/">{escape(home)}</a></p>'
    return page(gateway, lang, title, body, status=status)


@web.middleware
async def page_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Errors of pages as pages, for who asks for HTML; the API's errors pass."""
    if request.path.startswith(("/api/", "/internal/")) or "text/html" not in request.headers.get("Accept", ""):
        return await handler(request)
    gateway = request.app[GATEWAY]
    try:
        return await handler(request)
    except (web.HTTPException, ApiError, CaseError) as error:
        if error.status < 400:
            raise
        name = "not_found" if error.status == 404 else "error"
        return _message_page(gateway, gateway.lang_of(request), name, error.status)


# articles


async def get_article(request: web.Request) -> web.StreamResponse:
    gateway = request.app[GATEWAY]
    lang, article = request.match_info["lang"], request.match_info["article"]
    version = request.query.get("version")
    if lang not in gateway.languages.codes or not _ARTICLE.fullmatch(article):
        raise ApiError(404, "not_found")
    if version is not None and not _VERSION.fullmatch(version):
        raise ApiError(404, "not_found")
    try:
        found = await _article(gateway, lang, article, version)
        if found is None:
            raise ApiError(404, "not_found")
        others = [code for code in gateway.languages.codes if code != lang]
        also = [code for code in others if await _article(gateway, code, article, None) is not None]
    except KbDown:
        again = gateway.catalogue.text(lang, "page.unavailable.again")
        link = f'<p><a href="{escape(request.path_qs)}">{escape(again)}</a></p>\n'
        response = _message_page(gateway, lang, "unavailable", 503, link)
        response.headers["Retry-After"] = "30"
        return response
    body = _article_body(gateway, lang, found, also, _seconds(request.query.get("t")))
    response = page(gateway, lang, str(found["title"]), body)
    response.etag = hashlib.sha256(response.text.encode() if response.text else b"").hexdigest()[:20]
    if request.if_none_match and response.etag in request.if_none_match:
        return web.Response(status=304, headers={"ETag": f'"{response.etag.value}"'})
    return response


async def _article(gateway: Gateway, lang: str, article: str, version: str | None) -> Mapping[str, Any] | None:
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
    meta = [escape(str(found["category"]))] if found.get("category") else []
    if updated := _day(found.get("updated"), lang):
        meta.append(say("article.updated", date=updated))
    if meta:
        parts.append(f'<p class="meta">{" · ".join(meta)}</p>')
    if address := _video(found.get("video"), second):
        words = say("article.watch") if second is None else say("article.watch_at", time=_clock(second))
        parts.append(f'<p><a class="video" href="{escape(address)}" rel="noopener noreferrer">{words}</a></p>')
    top = [(name, heading) for level, name, heading in rendered.headings if level == 2]
    if len(top) >= 3:
        items = "".join(f'<li><a href="#{escape(name)}">{escape(heading)}</a></li>' for name, heading in top)
        parts.append(f'<nav class="contents" aria-label="{say("article.contents")}"><ul>{items}</ul></nav>')
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


# cases


async def get_case(request: web.Request) -> web.Response:
    """The page behind the link of a mail: status, and the consent that a level 4 request waits for."""
    gateway = request.app[GATEWAY]
    await within(request, "case_pages", gateway.limiter.client(request))
    ref, key = request.match_info["ref"], request.query.get("key", "")
    async with gateway.database.read() as connection:
        case = await store.get_case(connection, ref, key=key)
    lang, zone = case.lang, gateway.policy.hours.time_zone

    def say(name: str, **values: object) -> str:
        return escape(gateway.catalogue.text(lang, name, **values))

    title = gateway.catalogue.text(lang, "page.case.title", ref=case.ref)
    facts = [
        (say("page.case.subject"), escape(case.subject)),
        (say("page.case.status"), say(f"cases.status.{case.status.value}")),
    ]
    created = display(case.created_at, lang, zone, gateway.catalogue.text)
    facts.append((say("page.case.created"), escape(created)))
    if case.due_at is not None and case.status in (Status.OPEN, Status.IN_PROGRESS):
        label = "page.case.call" if case.slot is not None else "page.case.due"
        facts.append((say(label), escape(display(case.due_at, lang, zone, gateway.catalogue.text))))
    parts = [f"<h1>{escape(title)}</h1>"]
    done = request.query.get("done")
    if done in ("agreed", "declined", "settled"):
        parts.append(f'<p class="notice" role="status">{say(f"page.case.{done}")}</p>')
    parts.append("<dl>" + "".join(f"<dt>{label}</dt><dd>{value}</dd>" for label, value in facts) + "</dl>")
    if case.status == Status.WAITING_CONSENT:
        statement = escape(texts.consent_statement(case, gateway.catalogue.text))
        parts.append(
            f'<h2 id="consent">{say("page.case.consent_title")}</h2>\n<p>{say("page.case.consent_explain")}</p>\n'
            f'<p class="notice statement">{statement}</p>\n'
            f'<form class="actions" method="post" action="/cases/{quote(case.ref)}">'
            f'<input type="hidden" name="key" value="{escape(key)}">'
            f'<button name="agreed" value="yes">{say("page.case.agree")}</button>'
            f'<button class="quiet" name="agreed" value="no">{say("page.case.decline")}</button></form>'
        )
    return page(gateway, lang, title, "\n".join(parts), private=True)


async def post_case(request: web.Request) -> web.Response:
    gateway = request.app[GATEWAY]
    await within(request, "case_pages", gateway.limiter.client(request))
    form = await request.post()
    ref, key, answer = request.match_info["ref"], str(form.get("key", "")), form.get("agreed")
    if answer not in ("yes", "no"):
        raise ApiError(422, "invalid_consent", "agreed")
    async with gateway.database.read() as connection:
        case = await store.get_case(connection, ref, key=key)
    statement = texts.consent_statement(case, gateway.catalogue.text)
    agreed = answer == "yes"
    try:
        await give_consent(gateway, case, agreed=agreed, statement=statement, actor="link", tell=True)
        done = "agreed" if agreed else "declined"
    except Conflict:
        done = "settled"
    raise web.HTTPSeeOther(f"/cases/{quote(case.ref)}?{urlencode({'key': key, 'done': done})}")


# files


class Files:
    """Small files kept in memory with their compressed form; read again where the file on disk has changed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._kept: dict[str, tuple[float, bytes, bytes, str]] = {}

    def respond(self, request: web.Request, name: str, *, head: bytes = b"", max_age: int = 0) -> web.Response:
        path = self._folder / name
        kind = TYPES.get(path.suffix)
        if kind is None or path.parent.resolve() != self._folder.resolve() or not path.is_file():
            raise ApiError(404, "not_found")
        changed = path.stat().st_mtime
        kept = self._kept.get(name)
        if kept is None or kept[0] != changed:
            content = head + path.read_bytes()
            etag = f'"{hashlib.sha256(content).hexdigest()[:20]}"'
            kept = self._kept[name] = (changed, content, gzip.compress(content, mtime=0), etag)
        _, content, packed, etag = kept
        cache = f"public, max-age={max_age}" if max_age else "no-cache"
        headers = {"ETag": etag, "Cache-Control": cache, "Vary": "Accept-Encoding"}
        if any(tag.value == etag.strip('"') or tag.value == "*" for tag in request.if_none_match or ()):
            return web.Response(status=304, headers=headers)
        if "gzip" in request.headers.get("Accept-Encoding", ""):
            headers["Content-Encoding"] = "gzip"
            content = packed
        return web.Response(
            body=content, content_type=kind, charset="utf-8" if kind[:5] != "image" else None, headers=headers
        )


widget, assets = Files(WIDGET), Files(ASSETS)


async def get_demo(request: web.Request) -> web.Response:
    return widget.respond(request, "demo.html")


async def get_widget_file(request: web.Request) -> web.Response:
    return widget.respond(request, request.match_info["name"], max_age=300)


async def get_style(request: web.Request) -> web.Response:
    colours = request.app[GATEWAY].company.colours
    head = f":root {{ --accent: {colours.accent}; --accent-text: {colours.accent_text}; }}\n"
    return assets.respond(request, "page.css", head=head.encode(), max_age=300)


async def get_icon(request: web.Request) -> web.Response:
    colours = request.app[GATEWAY].company.colours
    icon = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">'
        f'<rect width="32" height="32" rx="8" fill="{colours.accent}"/>'
        f'<path d="M8 8h16v12h-9l-5 4v-4H8z" fill="{colours.accent_text}"/></svg>'
    )
    return web.Response(text=icon, content_type="image/svg+xml", headers={"Cache-Control": "public, max-age=86400"})


def add_routes(app: web.Application) -> None:
    app.router.add_get("/", get_demo)
    app.router.add_get("/page.css", get_style)
    app.router.add_get("/favicon.svg", get_icon)
    app.router.add_get("/favicon.ico", get_icon)
    app.router.add_get("/widget/{name}", get_widget_file)
    app.router.add_get("/articles/{lang}/{article}", get_article)
    app.router.add_get("/cases/{ref}", get_case)
    app.router.add_post("/cases/{ref}", post_case)
