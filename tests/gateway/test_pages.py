"""The widget's files and the pages' style as they are served; articles' Markdown as safe HTML."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.gateway.markdown import anchor, render
from tests.gateway.site import Site


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
