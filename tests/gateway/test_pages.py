"""Pages: articles from kb as safe HTML, readable without JavaScript; the widget's files; a kb that is down."""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.gateway.markdown import anchor, render
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


@contextlib.asynccontextmanager
async def site_with_kb(folder: Path, answer: Callable[[web.Request], Awaitable[web.Response]]) -> AsyncIterator[Site]:
    app = web.Application()
    app.router.add_get("/articles/{lang}/{id}", answer)
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


async def test_an_article_is_shown_as_safe_html_with_anchors(tmp_path: Path) -> None:
    async with (
        site_with_kb(tmp_path, serving()) as site,
        site.http.get(f"{site.url}/articles/fr/reset-password") as response,
    ):
        assert response.status == 200
        page = await response.text()
        assert response.headers["Content-Language"] == "fr"
    assert '<html lang="fr">' in page
    assert "<h1>Titre &lt;b&gt;&quot;exact&quot;&lt;/b&gt;</h1>" in page
    assert '<h2 id="reinitialiser-le-mot-de-passe">' in page
    assert '<h2 id="creer-un-compte">' in page
    assert '<h2 id="creer-un-compte-2">' in page
    assert '<a href="#creer-un-compte-2">' in page
    assert "<strong>Mon profil</strong>" in page
    assert '<table tabindex="0">' in page
    assert "2 mars 2026" in page
    assert 'href="/articles/en/reset-password" hreflang="en"' in page
    assert "/articles/de/" not in page
    assert "javascript:" not in re.sub(r"\[.*?\]\(.*?\)", "", page)
    assert page.count("<script") == 1  # the widget's
    assert "<style" not in page
    assert "style=" not in page
    assert "onerror" not in page


async def test_a_video_opens_at_the_second_that_was_asked_for(tmp_path: Path) -> None:
    async def link(site: Site, query: str) -> list[str]:
        async with site.http.get(f"{site.url}/articles/fr/reset-password{query}") as response:
            assert response.status == 200
            return re.findall(r'class="video" href="([^"]*)"[^>]*>([^<]*)<', await response.text())

    async with site_with_kb(tmp_path, serving(video="https://www.youtube.com/watch?v=x&list=y")) as site:
        expected = "https://www.youtube.com/watch?v=x&amp;list=y&amp;t=83s"
        assert await link(site, "?t=83") == [(expected, "Voir la vidéo à 1:23")]
        assert (await link(site, ""))[0][0] == "https://www.youtube.com/watch?v=x&amp;list=y"
        assert (await link(site, "?t=x"))[0][0] == "https://www.youtube.com/watch?v=x&amp;list=y"
    async with site_with_kb(tmp_path, serving(video="https://video.example/a.mp4")) as site:
        assert (await link(site, "?t=3700")) == [("https://video.example/a.mp4#t=3700", "Voir la vidéo à 1:01:40")]
    async with site_with_kb(tmp_path, serving(video="javascript:alert(1)")) as site:
        assert await link(site, "") == []


async def test_an_unknown_article_is_a_gentle_page_or_the_error_shape(tmp_path: Path) -> None:
    async with site_with_kb(tmp_path, serving()) as site:
        url = f"{site.url}/articles/fr/nothing"
        async with site.http.get(url, headers={"Accept": "text/html", "Accept-Language": "de"}) as response:
            assert response.status == 404
            assert "Seite nicht gefunden" in await response.text()
        async with site.http.get(url) as response:
            assert (await response.json())["error"]["code"] == "not_found"


async def test_the_version_is_passed_on_and_nonsense_is_not(tmp_path: Path) -> None:
    asked: list[str | None] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.query.get("version"))
        return await serving()(request)

    async with site_with_kb(tmp_path, answer) as site:
        async with site.http.get(f"{site.url}/articles/fr/reset-password?version=0a1b") as response:
            assert response.status == 200
        assert asked[0] == "0a1b"
        asked.clear()
        async with site.http.get(f"{site.url}/articles/fr/reset-password?version=../x") as response:
            assert response.status == 404
        assert asked == []


@pytest.mark.parametrize("reply", [web.Response(status=500), web.Response(text="[]"), web.Response(text="nonsense")])
async def test_with_kb_broken_the_page_says_so_gently(tmp_path: Path, reply: web.Response) -> None:
    async def answer(_request: web.Request) -> web.Response:
        return web.Response(status=reply.status, text=reply.text)

    async with site_with_kb(tmp_path, answer) as site:
        await gentle(site)


async def test_with_kb_dead_the_page_says_so_gently(tmp_path: Path) -> None:
    async with open_site(tmp_path, RasaPeer(), kb_port=9) as site:
        await gentle(site)


async def gentle(site: Site) -> None:
    async with site.http.get(f"{site.url}/articles/fr/reset-password") as response:
        assert response.status == 503
        assert response.headers["Retry-After"]
        assert "Revenez dans un instant" in await response.text()


async def test_an_article_that_has_not_changed_is_not_sent_again(tmp_path: Path) -> None:
    async with site_with_kb(tmp_path, serving()) as site:
        url = f"{site.url}/articles/fr/reset-password"
        async with site.http.get(url) as response:
            etag = response.headers["ETag"]
        async with site.http.get(url, headers={"If-None-Match": etag}) as response:
            assert response.status == 304
            assert await response.read() == b""


async def test_the_widgets_files_are_compressed_cached_and_for_every_site(site: Site) -> None:
    for name, kind in (("loader.js", "text/javascript"), ("panel.css", "text/css")):
        url = f"{site.url}/widget/{name}"
        async with site.http.get(url) as response:
            assert response.status == 200
            assert response.content_type == kind
            assert response.headers["Content-Encoding"] == "gzip"
            assert response.headers["Access-Control-Allow-Origin"] == "*"
            assert "max-age" in response.headers["Cache-Control"]
            etag, packed = response.headers["ETag"], await response.read()
        async with site.http.get(url, headers={"Accept-Encoding": "identity"}) as response:
            assert "Content-Encoding" not in response.headers
            assert await response.read() == packed
            source = Path(__file__).parents[2] / "bot" / "widget" / name
            assert len(packed) < 0.9 * source.stat().st_size  # minified
        async with site.http.get(url, headers={"If-None-Match": etag}) as response:
            assert response.status == 304


async def test_the_demo_page_and_the_style_come_with_their_types(site: Site) -> None:
    async with site.http.get(f"{site.url}/") as response:
        assert response.status == 200
        assert response.content_type == "text/html"
        assert "/widget/loader.js" in await response.text()
    async with site.http.get(f"{site.url}/page.css") as response:
        style = await response.text()
        assert response.content_type == "text/css"
    colours = site.gateway.company.colours
    assert f"--accent: {colours.accent}" in style
    for name in ("favicon.svg", "favicon.ico"):
        async with site.http.get(f"{site.url}/{name}") as response:
            assert response.content_type == "image/svg+xml"
            assert colours.accent in await response.text()


async def test_every_file_in_the_widgets_folder_that_browsers_need_is_served(site: Site) -> None:
    folder = Path(__file__).parents[2] / "bot" / "widget"
    files = [path.name for path in folder.iterdir() if path.suffix in (".js", ".css", ".html")]
    assert files
    for name in files:
        async with site.http.get(f"{site.url}/widget/{name}") as response:
            assert response.status == 200, name


@pytest.mark.parametrize(
    ("heading", "name"),
    [
        ("Réinitialiser le mot de passe", "reinitialiser-le-mot-de-passe"),
        ("Größe & Übersicht: 100 %", "grosse-ubersicht-100"),
        ("L’accès web", "l-acces-web"),
        ("snake_case", "snake-case"),
        ("???", ""),
    ],
)
def test_anchors_are_readable(heading: str, name: str) -> None:
    assert anchor(heading) == name


def test_markdown_of_an_article_begins_below_the_pages_title() -> None:
    assert "<h1" not in render("# Titre\n\n## Partie").html
    assert '<h2 id="section"' in render("## ???").html


@pytest.mark.parametrize(
    "text",
    [
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "[x](data:text/html;base64,PHN2Zz4=)",
        "![x](javascript:alert(1))",
        "<a href='javascript:alert(1)'>x</a>",
        "```html\n<script>alert(1)</script>\n```",
        '## <svg onload="alert(1)">',
        "[x](https://example.com 'a\" onclick=\"alert(1)')",
    ],
)
def test_markdown_cannot_bring_a_script_along(text: str) -> None:
    html = render(text).html
    assert not re.search(r"<(script|img[^>]+on|svg|iframe|object)", html)
    assert not re.search(r"<[^>]+\s(on\w+|style)\s*=", re.sub(r'"[^"]*"', '""', html))
    assert not re.search(r'(href|src)="(javascript|data):', html)
