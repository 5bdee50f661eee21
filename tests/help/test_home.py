"""`/help`: categories, results without scripts, languages, caching; nothing that is internal or out of its time."""

from __future__ import annotations

import asyncio
import json
import re
from html import unescape

import pytest

from bot.help import category
from bot.help.context import Help
from tests.gateway.site import Site

HIDDEN = ("Consignes internes", "Offre terminée", "Offre à venir")


async def page(site: Site, path: str, status: int = 200, lang: str = "fr") -> str:
    headers = {"Accept": "text/html", "Accept-Language": lang}
    async with site.http.get(f"{site.url}{path}", headers=headers) as response:
        text = await response.text()
        assert response.status == status, text
        return text


async def test_the_first_page_has_categories_with_their_articles_and_news(site: Site) -> None:
    text = await page(site, "/help?lang=fr")
    assert "Compte et connexion" in text  # named by the catalogue
    assert 'href="/articles/fr/reset-password"' in text
    assert "Quoi de neuf au printemps" in text
    assert "&lt;/script&gt;&lt;b&gt;" in text
    for title in HIDDEN:
        assert title not in text
    assert 'hreflang="de" href' not in text
    assert '<link rel="alternate" href="' in text


async def test_a_category_without_a_name_in_the_catalogue_is_readable(site: Site) -> None:
    assert "Screen colours" in await page(site, "/help?lang=en")


async def test_the_browsers_language_is_taken_where_none_is_named(site: Site) -> None:
    assert '<html lang="en">' in await page(site, "/help", lang="en-GB,fr;q=0.5")
    assert '<html lang="fr">' in await page(site, "/help?lang=fr", lang="en")


async def test_a_language_without_articles_says_so(site: Site) -> None:
    assert "Hier stehen bald Artikel" in await page(site, "/help?lang=de")


async def test_a_search_works_without_scripts_and_keeps_its_words_in_the_other_languages(site: Site) -> None:
    text = await page(site, "/help?lang=fr&q=mot+de+passe+oublié")
    assert re.findall(r'<h2 lang="fr"><a href="([^"]*)"', text)[0] == "/articles/fr/reset-password"
    assert 'value="mot de passe oublié"' in text
    assert "/help?lang=en&amp;q=mot+de+passe" in text
    assert 'data-ask="mot de passe oublié"' in text
    assert '<meta name="robots" content="noindex">' in text


@pytest.mark.parametrize("query", ["xqzwk", "???", "%00", "<script>alert(1)</script>", "a" * 5000])
async def test_what_is_not_found_is_said_and_leads_to_people(site: Site, query: str) -> None:
    text = await page(site, f"/help?lang=fr&q={query}")
    assert "mailto:" in text
    assert "<script>alert" not in text


async def test_an_empty_result_is_no_list(site: Site) -> None:
    text = await page(site, "/help?lang=fr&q=xqzwk")
    assert "Nous n’avons pas trouvé d’article" in text
    assert '<ul class="rows">' not in text


@pytest.mark.parametrize("query", ["code du coffre", "offre de Noël", "offre de Pâques"])
async def test_internal_and_outdated_articles_are_not_found(site: Site, query: str) -> None:
    text = await page(site, f"/help?lang=fr&q={query}")
    for title in HIDDEN:
        assert title not in text
    async with site.http.get(f"{site.url}/api/help/suggest", params={"text": query, "lang": "fr"}) as response:
        assert {hit["article"] for hit in (await response.json())["hits"]} & {"secret", "past", "future"} == set()


async def test_a_category_lists_its_articles_by_kind(site: Site) -> None:
    text = await page(site, "/help/categories/account?lang=fr")
    assert [text.index(word) for word in ("Réponses", "Manuels", ">Blog<")] == sorted(
        text.index(word) for word in ("Réponses", "Manuels", ">Blog<")
    )
    for title in HIDDEN:
        assert title not in text
    assert "Aucun article de ce thème" in await page(site, "/help/categories/screen-colours?lang=fr")
    await page(site, "/help/categories/nothing", 404)


async def test_a_large_category_comes_in_pages(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(category, "ON_A_PAGE", 3)
    found: list[list[str]] = []
    path = "/help/categories/account?lang=fr"
    while path:
        text = await page(site, path)
        found.append(re.findall(r'<h3><a href="/articles/fr/([^"]*)"', text))
        after = re.search(r'<a href="([^"]*)" rel="next">', text)
        path = unescape(after.group(1)) if after else ""
    assert found == [["account-locked", "reset-password", "guide"], ["news"]]
    for number in ("0", "3", "x", "-1", "9" * 30):
        await page(site, f"/help/categories/account?lang=fr&page={number}", 404)


async def test_requests_at_once_ask_the_search_service_once(site: Site) -> None:
    help_ = Help()
    shelves = await asyncio.gather(*(help_.shelves.now(site.gateway) for _ in range(20)))
    assert all(shelf is shelves[0] for shelf in shelves)
    assert await help_.shelves.now(site.gateway) is shelves[0]


async def test_a_page_that_has_not_changed_is_not_sent_again(site: Site) -> None:
    async with site.http.get(f"{site.url}/help?lang=fr") as response:
        etag = response.headers["ETag"]
        assert "Accept-Language" in response.headers["Vary"]
    async with site.http.get(f"{site.url}/help?lang=fr", headers={"If-None-Match": etag}) as response:
        assert (response.status, await response.read()) == (304, b"")
    async with site.http.get(f"{site.url}/help?lang=en", headers={"If-None-Match": etag}) as response:
        assert response.status == 200


async def test_what_search_engines_read_is_json_whatever_a_title_holds(site: Site) -> None:
    for path in ("/help?lang=fr", "/help/categories/account?lang=fr", "/articles/fr/guide"):
        blocks = re.findall(r'<script type="application/ld\+json">(.*?)</script>', await page(site, path), re.S)
        assert blocks
        for block in blocks:
            assert json.loads(block)["@context"] == "https://schema.org"


async def test_without_the_search_service_the_page_says_so_and_offers_the_ticket_form(dark: Site) -> None:
    for path in (
        "/help",
        "/help?q=x",
        "/help/categories/account",
        "/articles/fr/reset-password",
        "/proof?article=a&lang=fr",
    ):
        async with dark.http.get(f"{dark.url}{path}", headers={"Accept-Language": "fr"}) as response:
            text = await response.text()
            assert (response.status, bool(response.headers["Retry-After"])) == (503, True)
        assert 'data-open="ticket"' in text
        assert "Revenez dans un instant" in text
    for path in ("/help/feed.xml", "/sitemap.xml", "/api/help/suggest?text=a"):
        async with dark.http.get(f"{dark.url}{path}") as response:
            assert (await response.json())["error"]["code"] == "search_down"
    async with dark.http.get(f"{dark.url}/robots.txt") as response:
        assert response.status == 200
