"""Pages and feeds of a stand-in site: main text, robots, private addresses, size, time, redirects, updates."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from kb_index import fetching
from kb_index.content import read_content
from kb_index.errors import ContentError
from kb_index.fetching import Fetcher, Refused, check_address
from tests.kb_index.imports import Taken, take

BODY = """<!doctype html><html lang="de-CH"><head><title>Passwort zurücksetzen – Hilfe</title>
<meta property="og:title" content="Passwort zurücksetzen"></head><body>
<nav><a href="/">Startseite</a> <a href="/preise">Preise</a></nav>
<main><article><h1>Passwort zurücksetzen</h1>
<p>Klicken Sie auf der Anmeldeseite auf „Passwort vergessen“ und geben Sie Ihre Adresse ein.</p>
<h2>Wenn keine Mail kommt</h2><p>Sehen Sie im Ordner für Werbung nach, oder fragen Sie Ihre Verwaltung.</p>
<ul><li>Der Link gilt eine Stunde.</li><li>Danach fordern Sie einen neuen an.</li></ul></article></main>
<footer>Cookies akzeptieren. Impressum.</footer><script>track()</script></body></html>"""
RSS = """<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>Blog</title><language>fr-FR</language>
<item><title>Version 4</title><link>{base}/blog/version-4</link><pubDate>Tue, 03 Mar 2026 08:00:00 GMT</pubDate>
<description>&lt;p&gt;La version 4 apporte la &lt;b&gt;recherche&lt;/b&gt;
dans les documents.&lt;/p&gt;</description></item>
<item><title>Bref</title><link>{base}/blog/bref</link><description>Bientôt.</description></item></channel></rss>"""
ATOM = """<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en"><title>News</title>
<entry><title>Dark theme</title><link href="{base}/news/dark"/><id>1</id><updated>2026-04-05T00:00:00Z</updated>
<content type="html">&lt;p&gt;You can now switch to a dark theme in your profile.&lt;/p&gt;</content></entry></feed>"""


class Site:
    """A web site on the loopback address; `hits`: paths in the order they were asked for."""

    def __init__(self) -> None:
        self.robots: web.Response | None = None
        self.hits: list[str] = []
        self.body = BODY
        self.stalled = asyncio.Event()
        self.base = ""

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/{path:.*}", self.answer)
        return app

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.hits.append(request.path)
        match request.path:
            case "/robots.txt":
                return self.robots or web.Response(status=404)
            case "/hilfe/passwort.html" | "/private/a":
                return web.Response(text=self.body, content_type="text/html")
            case "/rss":
                return web.Response(text=RSS.format(base=self.base), content_type="application/rss+xml")
            case "/atom":
                return web.Response(text=ATOM.format(base=self.base), content_type="text/xml")
            case "/faq.csv":
                return web.Response(text="question,answer\nWhere?,There.\n", content_type="text/csv")
            case "/move":
                raise web.HTTPFound("/hilfe/passwort.html")
            case "/loop":
                raise web.HTTPFound("/loop")
            case "/inside":
                raise web.HTTPFound(f"{self.base.replace('127.0.0.1', 'localhost')}/hilfe/passwort.html")
            case "/metadata":
                raise web.HTTPFound("http://169.254.169.254/latest/meta-data/")
            case "/file":
                raise web.HTTPFound("file:///etc/passwd")
            case "/large":
                return web.Response(body=b"<p>x</p>" * 1_000_000, content_type="text/html")
            case "/zipped":
                response = web.Response(body=b"x" * 8_000_000, content_type="text/html")
                response.enable_compression(web.ContentCoding.gzip)
                return response
            case "/slow":
                response = web.StreamResponse()
                await response.prepare(request)
                await response.write(b"<p>")
                await self.stalled.wait()
                return response
            case "/empty":
                return web.Response(text="<html><body><div id='app'></div></body></html>", content_type="text/html")
            case "/picture":
                return web.Response(body=b"\x89PNG", content_type="image/png")
        return web.Response(status=404)


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    site = Site()
    server = TestServer(site.app())
    await server.start_server()
    site.base = str(server.make_url("")).rstrip("/")
    yield site
    site.stalled.set()
    await server.close()


Fetch = Callable[[str], Awaitable[Taken]]


@pytest.fixture
def fetch(site: Site, tmp_path: Path) -> Fetch:
    async def run(path: str) -> Taken:
        return await asyncio.to_thread(take, site.base + path, tmp_path, hosts=("127.0.0.1",))

    return run


async def test_a_page_becomes_an_article_of_its_main_text(fetch: Fetch, site: Site, tmp_path: Path) -> None:
    assert (await fetch("/hilfe/passwort.html")).written == ["manuals/hilfe-passwort.de.md"]
    (article,) = read_content(tmp_path).articles
    assert (article.title, article.lang, article.url) == (
        "Passwort zurücksetzen", "de", f"{site.base}/hilfe/passwort.html",
    )  # fmt: skip
    assert "„Passwort vergessen“" in article.text
    assert "## Wenn keine Mail kommt" in article.text
    assert "- Der Link gilt eine Stunde." in article.text
    for noise in ("Startseite", "Cookies", "track()", "Impressum"):
        assert noise not in article.text


async def test_a_page_imported_again_is_updated_not_doubled(fetch: Fetch, site: Site, tmp_path: Path) -> None:
    await fetch("/hilfe/passwort.html")
    assert (await fetch("/hilfe/passwort.html")).unchanged == ["manuals/hilfe-passwort.de.md"]
    site.body = BODY.replace("eine Stunde", "zwei Stunden").replace("Passwort zurücksetzen", "Neues Passwort")
    assert (await fetch("/hilfe/passwort.html")).updated == ["manuals/hilfe-passwort.de.md"]
    (article,) = read_content(tmp_path).articles
    assert "zwei Stunden" in article.text
    assert article.title == "Neues Passwort"


async def test_feeds_bring_an_article_per_entry_and_name_entries_without_text(fetch: Fetch, tmp_path: Path) -> None:
    rss = await fetch("/rss")
    assert rss.written == ["blog/blog-version-4.fr.md"]
    assert "the feed brings no text" in str(rss.problems[0])
    assert (await fetch("/atom")).written == ["blog/news-dark.en.md"]
    assert (await fetch("/atom")).unchanged == ["blog/news-dark.en.md"]
    articles = {one.id: one for one in read_content(tmp_path).articles}
    assert "recherche" in articles["blog-version-4"].text
    assert articles["blog-version-4"].updated is not None
    assert articles["news-dark"].title == "Dark theme"


async def test_a_table_by_address_is_taken_as_a_file(fetch: Fetch) -> None:
    assert (await fetch("/faq.csv")).written == ["faq/where.en.md"]


async def test_robots_are_kept_to(fetch: Fetch, site: Site) -> None:
    site.robots = web.Response(text="User-agent: *\nDisallow: /private/\n")
    with pytest.raises(ContentError, match=r"robots\.txt of .* asks programs to leave"):
        await fetch("/private/a")
    assert "/private/a" not in site.hits


async def test_a_site_whose_robots_cannot_be_read_is_left_alone(fetch: Fetch, site: Site) -> None:
    site.robots = web.Response(status=503)
    with pytest.raises(ContentError, match=r"robots\.txt"):
        await fetch("/hilfe/passwort.html")
    assert site.hits == ["/robots.txt"]


async def test_redirects_are_followed_but_not_for_ever(fetch: Fetch) -> None:
    assert (await fetch("/move")).written == ["manuals/hilfe-passwort.de.md"]
    with pytest.raises(ContentError, match="more than 5 redirects"):
        await fetch("/loop")


@pytest.mark.parametrize("path", ["/inside", "/metadata"])
async def test_a_redirect_to_a_private_address_is_refused_by_name_or_number(
    fetch: Fetch, site: Site, path: str
) -> None:
    with pytest.raises(ContentError, match="is not a public address"):
        await fetch(path)
    assert "/hilfe/passwort.html" not in site.hits


async def test_a_name_that_stands_for_a_private_address_is_refused(site: Site) -> None:
    async with Fetcher() as fetcher:
        for url in (site.base, site.base.replace("127.0.0.1", "localhost")):
            with pytest.raises(ContentError, match="is not a public address"):
                await fetcher.fetch(url)
    assert site.hits == []


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
     "255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1",
     "2002:7f00:1::", "fe80::1%eth0"],
)  # fmt: skip
def test_no_private_address_passes_however_it_is_written(address: str) -> None:
    with pytest.raises(Refused):
        check_address(address)


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "::ffff:93.184.215.14"])
def test_public_addresses_pass(address: str) -> None:
    check_address(address)


@pytest.mark.parametrize("url", ["ftp://example.org/a", "https://user:secret@example.org/", "http://", "http://[::1]/"])
async def test_odd_addresses_are_refused_before_anything_is_asked(url: str) -> None:
    async with Fetcher() as fetcher:
        with pytest.raises(ContentError):
            await fetcher.fetch(url)


async def test_another_scheme_after_a_redirect_is_refused(fetch: Fetch) -> None:
    with pytest.raises(ContentError, match="expected an address that begins with https"):
        await fetch("/file")


@pytest.mark.parametrize("path", ["/large", "/zipped"])
async def test_what_is_too_long_is_refused_also_when_it_was_packed(fetch: Fetch, path: str) -> None:
    with pytest.raises(ContentError, match="is longer than"):
        await fetch(path)


async def test_what_does_not_come_in_time_is_given_up(fetch: Fetch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "MAX_SECONDS", 1.0)
    with pytest.raises(ContentError, match="did not come within"):
        await fetch("/slow")


@pytest.mark.parametrize(
    ("path", "says"),
    [("/empty", "no article text"), ("/picture", "is image/png; expected a page"), ("/nothing", "answered 404")],
)
async def test_what_is_no_article_is_said(fetch: Fetch, path: str, says: str) -> None:
    with pytest.raises(ContentError, match=says):
        await fetch(path)
