"""What programs read: `/help/feed.xml` (Atom), `/sitemap.xml`, `/robots.txt`."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from xml.etree.ElementTree import Element, SubElement, register_namespace, tostring

from aiohttp import web

from bot.gateway.articles import KbDown
from bot.gateway.context import GATEWAY, ApiError, Gateway
from bot.help.context import HELP, HelpError, speech
from bot.help.frame import path_of
from bot.help.shelf import Entry, Shelf
from bot.help.trail import category_path

ATOM = "http://www.w3.org/2005/Atom"
SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"
XHTML = "http://www.w3.org/1999/xhtml"
NEWEST = 50
IN_ONE_MAP = 10_000  # addresses; the protocol allows 50,000
PRIVATE = ("/api/", "/cases/", "/console", "/desk", "/help?q=", "/help?*&q=", "/internal/", "/proof", "/staff")

register_namespace("xhtml", XHTML)


async def get_feed(request: web.Request) -> web.Response:
    """The newest articles of a language, blog posts among them."""
    say = speech(request)
    shelf = await _shelf(request)
    base, company = say.gateway.settings.base_url, say.gateway.company.identity.name
    entries = [one for one in shelf.newest(say.lang) if one.updated][:NEWEST]
    home, own = (base + path_of(path, lang=say.lang) for path in ("/help", "/help/feed.xml"))
    feed = Element("feed", {"xmlns": ATOM, "xml:lang": say.lang})
    _texts(feed, title=say.plain("feed.title", company=company), id=own)
    _texts(feed, updated=_instant(entries[0].updated if entries else "1970-01-01"))
    _texts(SubElement(feed, "author"), name=company)
    SubElement(feed, "link", {"rel": "self", "href": own})
    SubElement(feed, "link", {"rel": "alternate", "href": home})
    for one in entries:
        entry = SubElement(feed, "entry")
        _texts(entry, title=one.title, id=base + one.url, updated=_instant(one.updated), summary=one.summary)
        SubElement(entry, "link", {"rel": "alternate", "href": base + one.url})
        SubElement(entry, "category", {"term": one.category, "label": say.category(one.category)})
    return _xml(request, feed, "application/atom+xml")


async def get_sitemap(request: web.Request) -> web.Response:
    """Every page for readers, in all languages; where they are many, the list of the parts."""
    gateway, shelf = request.app[GATEWAY], await _shelf(request)
    pages = _pages(gateway, shelf)
    if len(pages) <= IN_ONE_MAP:
        return _xml(request, _map(gateway, shelf, pages), "application/xml")
    index = Element("sitemapindex", {"xmlns": SITEMAP})
    for number in range(1, -(-len(pages) // IN_ONE_MAP) + 1):
        _texts(SubElement(index, "sitemap"), loc=f"{gateway.settings.base_url}/sitemap-{number}.xml")
    return _xml(request, index, "application/xml")


async def get_sitemap_part(request: web.Request) -> web.Response:
    gateway, shelf = request.app[GATEWAY], await _shelf(request)
    end = int(request.match_info["number"]) * IN_ONE_MAP
    part = _pages(gateway, shelf)[end - IN_ONE_MAP : end] if end else []
    if not part:
        raise ApiError(404, "not_found")
    return _xml(request, _map(gateway, shelf, part), "application/xml")


def _pages(gateway: Gateway, shelf: Shelf) -> list[tuple[str, Entry | None]]:
    """(path, article) of the help's pages, then of the articles."""
    langs = gateway.languages.codes
    found: list[tuple[str, Entry | None]] = [(path_of("/help", lang=lang), None) for lang in langs]
    found += [(category_path(lang, name), None) for lang in langs for name in shelf.categories(lang)]
    return found + [(one.url, one) for one in shelf.entries if one.lang in langs]


def _map(gateway: Gateway, shelf: Shelf, pages: Iterable[tuple[str, Entry | None]]) -> Element:
    base = gateway.settings.base_url
    root = Element("urlset", {"xmlns": SITEMAP})
    for path, one in pages:
        url = SubElement(root, "url")
        _texts(url, loc=base + path)
        if one is None:
            continue
        if one.updated:
            _texts(url, lastmod=one.updated)
        langs = [code for code in gateway.languages.codes if code in shelf.langs_of(one.article)]
        for code in langs if len(langs) > 1 else ():
            alternate = {"rel": "alternate", "hreflang": code, "href": f"{base}/articles/{code}/{one.article}"}
            SubElement(url, f"{{{XHTML}}}link", alternate)
    return root


async def get_robots(request: web.Request) -> web.Response:
    base = request.app[GATEWAY].settings.base_url
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in PRIVATE), "", f"Sitemap: {base}/sitemap.xml"]
    return web.Response(text="\n".join(lines) + "\n", headers={"Cache-Control": "public, max-age=3600"})


async def _shelf(request: web.Request) -> Shelf:
    try:
        return await request.app[HELP].shelves.now(request.app[GATEWAY])
    except KbDown:
        failure = HelpError(503, "search_down")
        failure.headers["Retry-After"] = "30"
        raise failure from None


def _texts(parent: Element, **texts: str) -> None:
    for name, text in texts.items():
        SubElement(parent, name).text = "".join(sign for sign in text if sign >= " " or sign in "\t\n")


def _instant(day: str) -> str:
    return f"{day}T00:00:00Z"


def _xml(request: web.Request, root: Element, kind: str) -> web.Response:
    body = tostring(root, "utf-8", xml_declaration=True)
    etag = hashlib.sha256(body).hexdigest()[:20]
    headers = {"ETag": f'"{etag}"', "Cache-Control": "no-cache"}
    if any(tag.value in (etag, "*") for tag in request.if_none_match or ()):
        return web.Response(status=304, headers=headers)
    return web.Response(body=body, content_type=kind, charset="utf-8", headers=headers)


def add_routes(app: web.Application) -> None:
    app.router.add_get("/help/feed.xml", get_feed)
    app.router.add_get("/sitemap.xml", get_sitemap)
    app.router.add_get(r"/sitemap-{number:[1-9][0-9]{0,3}}.xml", get_sitemap_part)
    app.router.add_get("/robots.txt", get_robots)
