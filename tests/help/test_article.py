"""Articles: safe HTML, readable without scripts; versions, languages, related ones; a search service that fails."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from aiohttp import web

from tests.gateway.site import RasaPeer, Site, open_site
from tests.help.conftest import version_of
from tests.help.peer import serving, site_with_kb


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
    assert "/articles/de/" not in page  # where German leads to the first page of the help
    assert '<a href="/help?lang=de" lang="de" hreflang="de">' in page
    assert "javascript:" not in re.sub(r"\[.*?\]\(.*?\)", "", page)
    scripts = re.findall(r"<script ([^>]*)>", page)
    assert all('src="' in script or 'type="application/ld+json"' in script for script in scripts), scripts
    assert "<style" not in page
    assert "style=" not in page
    assert "onerror" not in page


async def test_a_video_opens_at_the_second_that_was_asked_for(tmp_path: Path) -> None:
    async def link(site: Site, query: str) -> list[tuple[str, str]]:
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


async def read(site: Site, path: str, status: int = 200) -> str:
    async with site.http.get(f"{site.url}{path}", headers={"Accept": "text/html", "Accept-Language": "fr"}) as response:
        assert response.status == status
        return await response.text()


def data_of(text: str) -> dict[str, dict[str, object]]:
    blocks = re.findall(r'<script type="application/ld\+json">(.*?)</script>', text, re.S)
    return {block["@type"]: block for block in map(json.loads, blocks)}


async def test_an_article_says_where_it_stands_and_where_to_read_on(site: Site) -> None:
    text = await read(site, "/articles/fr/reset-password")
    assert '<a href="/help/categories/account?lang=fr">Compte et connexion</a>' in text
    related = text[text.index('class="related"') :]
    assert 'href="/articles/fr/account-locked"' in related
    assert 'href="/articles/fr/reset-password"' not in related
    assert "Consignes internes" not in text
    for lang in ("fr", "en"):
        assert f'rel="alternate" href="{site.gateway.settings.base_url}/articles/{lang}/reset-password"' in text
    assert f'<link rel="canonical" href="{site.gateway.settings.base_url}/articles/fr/reset-password">' in text
    assert '<meta property="og:title" content="Demander un nouveau mot de passe">' in text


async def test_search_engines_get_question_and_answer_and_the_way_there(site: Site) -> None:
    data = data_of(await read(site, "/articles/fr/reset-password"))
    assert set(data) == {"FAQPage", "BreadcrumbList"}
    question = data["FAQPage"]["mainEntity"][0]  # type: ignore[index]
    assert "<strong>Mot de passe oublié</strong>" in question["acceptedAnswer"]["text"]
    manual = data_of(await read(site, "/articles/fr/guide"))["TechArticle"]
    assert manual["headline"] == "Guide </script><b>complet</b>"


async def test_a_long_manual_has_its_contents_nested(site: Site) -> None:
    text = await read(site, "/articles/fr/guide")
    contents = re.search(r'<nav class="contents".*?</nav>', text, re.S)
    assert contents
    assert contents.group().count("<ul>") == contents.group().count("</ul>") == 5
    assert contents.group().count("<li>") == contents.group().count("</li>") == 8
    for anchor in re.findall(r'href="#([^"]+)"', contents.group()):
        assert f'id="{anchor}"' in text


@pytest.mark.parametrize("ident", ["secret", "past", "future", "nothing", ".."])
async def test_what_is_internal_or_out_of_its_time_is_not_there(site: Site, ident: str) -> None:
    await read(site, f"/articles/fr/{ident}", 404)


async def test_an_internal_article_is_not_shown_by_its_version_either(site: Site, kb_data: Path) -> None:
    secret = version_of(kb_data, "secret")[0]
    await read(site, f"/articles/fr/secret?version={secret}", 404)
    await read(site, f"/proof?article=secret&lang=fr&version={secret}&text=coffre", 404)


async def test_an_article_of_the_past_is_read_in_the_version_that_was_quoted(site: Site, kb_data: Path) -> None:
    text = await read(site, f"/articles/fr/past?version={version_of(kb_data, 'past')[0]}")
    assert "Cet article n’est plus publié" in text
    assert '<meta name="robots" content="noindex">' in text
    assert 'id="helpful"' not in text


async def test_an_earlier_version_says_so_and_leads_to_the_present_one(site: Site, kb_data: Path) -> None:
    now, before = version_of(kb_data, "reset-password")
    text = await read(site, f"/articles/fr/reset-password?version={before}")
    assert "Attendez le courrier." in text
    assert "Vous lisez une ancienne version" in text
    assert '<a href="/articles/fr/reset-password">Lire la version actuelle</a>' in text
    assert "Vous lisez" not in await read(site, f"/articles/fr/reset-password?version={now}")
