"""Sites and sitemaps of a stand-in web server: within the section, politely, resumable, never elsewhere."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from kb_index import fetching, import_sites
from kb_index.errors import ContentError
from kb_index.import_options import Options
from kb_index.importing import propose
from tests.kb_index.imports import Taken, articles_of, take

PAGE = """<!doctype html><html lang="en"><head><title>{title}</title>{head}</head><body>
<nav><a href="/docs/">Docs</a></nav><main><article><h1>{title}</h1>
<p>What {title} says is long enough to be an article of its own.</p>{links}</article></main>
</body></html>"""
SITEMAP = '<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{}</urlset>'


def page(title: str, *links: str, head: str = "") -> str:
    listed = "".join(f'<p><a href="{link}">go to {link} and read on there</a></p>' for link in links)
    return PAGE.format(title=title, head=head, links=listed)


class Site:
    """`pages`: path → body or status; `hits`: paths in the order in which they were asked for."""

    def __init__(self) -> None:
        self.pages: dict[str, str | bytes | int] = {}
        self.hits: list[str] = []
        self.base = ""

    async def answer(self, request: web.Request) -> web.Response:
        self.hits.append(request.path)
        found = self.pages.get(request.path, 404)
        if isinstance(found, int):
            return web.Response(status=found)
        if isinstance(found, bytes):
            return web.Response(body=found, content_type="application/gzip")
        if found.startswith("->"):
            raise web.HTTPFound(found[2:])
        kind = (
            "text/plain" if request.path == "/robots.txt" else "text/xml" if found.startswith("<?xml") else "text/html"
        )
        return web.Response(text=found, content_type=kind)


@pytest.fixture
async def site(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Site]:
    monkeypatch.setattr(import_sites, "DELAY", 0.0)
    site = Site()
    app = web.Application()
    app.router.add_get("/{path:.*}", site.answer)
    server = TestServer(app)
    await server.start_server()
    site.base = str(server.make_url("")).rstrip("/")
    yield site
    await server.close()


async def walk(site: Site, path: str, content: Path, **more: object) -> Taken:
    options = {"hosts": ("127.0.0.1",), "site": not path.endswith((".xml", ".gz")), **more}
    return await asyncio.to_thread(take, site.base + path, content, **options)


async def test_a_section_is_walked_whole_and_no_further(site: Site, tmp_path: Path) -> None:
    site.pages = {
        "/docs/": page(
            "Start", "a", "/docs/b?utm_source=x", "/blog/post", "https://example.org/docs/", "mailto:a@b.c", "c.png"
        ),
        "/docs/a": page("Alpha", "b", "#top", "/docs/sub/deep"),
        "/docs/b": page("Beta", "/docs/", "http://[broken"),
        "/docs/sub/deep": page("Deep"),
        "/blog/post": page("Post"),
    }
    result = await walk(site, "/docs/", tmp_path)
    assert sorted(article.title for article in articles_of(tmp_path).values()) == ["Alpha", "Beta", "Deep", "Start"]
    assert not result.problems
    assert "/blog/post" not in site.hits
    assert site.hits.count("/docs/b") == 1
    assert (await walk(site, "/docs/", tmp_path)).unchanged


async def test_links_between_the_pages_lead_to_their_articles(site: Site, tmp_path: Path) -> None:
    site.pages = {"/docs/": page("Start", "/docs/a", "https://example.org/b"), "/docs/a": page("Alpha")}
    await walk(site, "/docs/", tmp_path)
    text = articles_of(tmp_path)["docs"].text
    assert "(/articles/en/docs-a)" in text
    assert "(https://example.org/b)" in text


async def test_robots_meta_and_canonical_addresses_are_kept_to(site: Site, tmp_path: Path) -> None:
    site.pages = {
        "/robots.txt": "User-agent: *\nDisallow: /docs/*/private\nCrawl-delay: 0\n",
        "/docs/": page("Start", "x/private", "hidden", "copy", "ends"),
        "/docs/x/private": page("Private"),
        "/docs/hidden": page("Hidden", head='<meta name="ROBOTS" content="noindex">'),
        "/docs/copy": page("Copy", head='<link rel="canonical" href="/docs/original">'),
        "/docs/original": page("Original"),
        "/docs/ends": page("Ends", "beyond", head='<meta name="robots" content="nofollow">'),
        "/docs/beyond": page("Beyond"),
    }
    result = await walk(site, "/docs/", tmp_path)
    assert sorted(article.title for article in articles_of(tmp_path).values()) == ["Ends", "Original", "Start"]
    assert not {"/docs/x/private", "/docs/beyond"} & set(site.hits)
    assert ["robots.txt" in str(problem) for problem in result.problems] == [True]


async def test_a_site_that_asks_for_time_gets_it(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    sleep = asyncio.sleep

    async def counted(seconds: float) -> None:
        waited.append(seconds)
        await sleep(0)

    monkeypatch.setattr(import_sites.asyncio, "sleep", counted)
    site.pages = {"/robots.txt": "User-agent: *\nCrawl-delay: 4\n", "/d/": page("One", "two"), "/d/two": page("Two")}
    await walk(site, "/d/", tmp_path)
    assert waited == [4.0]


async def test_what_is_endless_or_leads_elsewhere_is_left(site: Site, tmp_path: Path) -> None:
    site.pages = {
        "/d/": page("Start", "loop", "out", "inside", "gone", "broken"),
        "/d/loop": "->/d/loop",
        "/d/out": "->/elsewhere",
        "/elsewhere": page("Elsewhere"),
        "/d/inside": "->http://169.254.169.254/latest/",
        "/d/broken": 500,
    }
    result = await walk(site, "/d/", tmp_path)
    assert result.written == ["manuals/d.en.md"]
    said = "\n".join(map(str, result.problems))
    for reason in ("redirects", "outside of", "not a public address", "answered 404", "answered 500"):
        assert reason in said
    assert len(result.problems) == 5


async def test_the_number_of_pages_is_bounded_and_said(site: Site, tmp_path: Path) -> None:
    site.pages = {"/d/": page("Start", *(f"p{n}" for n in range(9)))} | {f"/d/p{n}": page(f"P{n}") for n in range(9)}
    result = await walk(site, "/d/", tmp_path, pages=4)
    assert len(result.written) == 4
    assert "6 more pages are known; at most 4" in str(result.problems[0])


async def test_a_walk_that_was_cut_short_goes_on_where_it_was(site: Site, tmp_path: Path) -> None:
    site.pages = {"/d/": page("Start", "a", "b", "c")} | {f"/d/{name}": page(name.upper()) for name in "abc"}
    seen: list[str] = []

    def stop(done: int, total: int | None, doing: str) -> None:
        seen.append(doing)
        if doing.endswith("/c"):
            raise KeyboardInterrupt

    options = Options(hosts=("127.0.0.1",), site=True, state=tmp_path / "state", lang="en")

    def cut() -> None:
        with pytest.raises(KeyboardInterrupt):
            propose(site.base + "/d/", tmp_path / "content", options, stop)

    await asyncio.to_thread(cut)
    assert list((tmp_path / "state").iterdir())
    site.hits.clear()
    result = await walk(site, "/d/", tmp_path / "content", state=tmp_path / "state")
    assert [path for path in site.hits if path in ("/d/a", "/d/b", "/d/c")] == ["/d/c"]
    assert len(result.written) == 4
    assert not list((tmp_path / "state").iterdir()), "a finished walk keeps nothing"


async def test_pages_that_no_longer_exist_are_proposed_for_deletion(site: Site, tmp_path: Path) -> None:
    site.pages = {"/d/": page("Start", "a", "b", "c")} | {f"/d/{name}": page(name.upper()) for name in "abc"}
    await walk(site, "/d/", tmp_path)
    site.pages["/d/"] = page("Start", "a")
    del site.pages["/d/b"]
    result = await walk(site, "/d/", tmp_path)
    assert result.vanished == ["manuals/d-b.en.md"], "c is still there, though nobody links to it"
    site.pages["/d/a"] = 503
    assert (await walk(site, "/d/", tmp_path)).vanished == [], "a walk with failures proves nothing"


def listed(*addresses: str) -> str:
    return SITEMAP.format("".join(f"<url><loc>{one}</loc></url>" for one in addresses))


@pytest.mark.parametrize("packed", [False, True])
async def test_a_sitemap_brings_its_pages(site: Site, tmp_path: Path, packed: bool) -> None:
    inner = listed(f"{site.base}/d/b", "https://example.org/x")
    site.pages = {
        "/sitemap.xml": '<?xml version="1.0"?><sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
        f"<sitemap><loc>{site.base}/one.xml</loc></sitemap>"
        f"<sitemap><loc>{site.base}/two.xml{'.gz' * packed}</loc></sitemap>"
        "</sitemapindex>",
        "/one.xml": listed(f"{site.base}/d/a"),
        "/two.xml": inner,
        "/two.xml.gz": gzip.compress(inner.encode()),
        "/d/a": page("Alpha", "/d/unlisted"),
        "/d/b": page("Beta"),
        "/d/unlisted": page("Unlisted"),
    }
    result = await walk(site, "/sitemap.xml", tmp_path)
    assert sorted(article.title for article in articles_of(tmp_path).values()) == ["Alpha", "Beta"]
    assert ["outside of" in str(problem) for problem in result.problems] == [True]


@pytest.mark.parametrize(
    "body",
    [
        '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]><urlset><url><loc>&a;</loc></url></urlset>',
        '<?xml version="1.0"?><urlset><url><loc>https://x',
        '<?xml version="1.0" encoding="martian"?><urlset></urlset>',
    ],
)
async def test_a_sitemap_that_is_a_bomb_or_broken_is_refused(site: Site, tmp_path: Path, body: str) -> None:
    site.pages = {"/sitemap.xml": body}
    with pytest.raises(ContentError, match=r"entities|cannot be read|can be read"):
        await walk(site, "/sitemap.xml", tmp_path)


async def test_a_packed_sitemap_does_not_unpack_for_ever(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_sites, "MAX_UNPACKED", 1_000_000)
    site.pages = {"/sitemap.xml.gz": gzip.compress(b" " * 3_000_000)}
    with pytest.raises(ContentError, match="unpacks to more than"):
        await walk(site, "/sitemap.xml.gz", tmp_path)


async def test_a_page_of_a_hundred_megabytes_is_cut_while_it_comes(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "MAX_BYTES", 100_000)
    site.pages = {"/d/": page("Start", "large"), "/d/large": "<p>" + "x" * 1_000_000}
    result = await walk(site, "/d/", tmp_path)
    assert result.written == ["manuals/d.en.md"]
    assert "is longer than 100000 bytes" in str(result.problems[0])
