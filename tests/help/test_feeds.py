"""Feed, site map and robots: whole, valid, and of what customers may read alone."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from bot.help import feeds
from tests.gateway.site import Site

ATOM, MAP = f"{{{feeds.ATOM}}}", f"{{{feeds.SITEMAP}}}"
HIDDEN = ("secret", "past", "future")


async def xml(site: Site, path: str, kind: str = "application/xml") -> ElementTree.Element:
    async with site.http.get(f"{site.url}{path}") as response:
        assert (response.status, response.content_type) == (200, kind)
        etag, body = response.headers["ETag"], await response.read()
    async with site.http.get(f"{site.url}{path}", headers={"If-None-Match": etag}) as response:
        assert response.status == 304
    return ElementTree.fromstring(body)


async def test_the_feed_has_the_articles_of_a_language_with_all_that_atom_wants(site: Site) -> None:
    feed = await xml(site, "/help/feed.xml?lang=fr", "application/atom+xml")
    entries = feed.findall(f"{ATOM}entry")
    titles = [entry.findtext(f"{ATOM}title") for entry in entries]
    assert "Quoi de neuf au printemps" in titles
    assert "Guide </script><b>complet</b>" in titles
    assert "Reset your password" not in titles
    assert not any(name in str(entry.findtext(f"{ATOM}id")) for entry in entries for name in HIDDEN)
    for node in (feed, *entries):
        for name in ("id", "title", "updated"):
            assert node.findtext(f"{ATOM}{name}"), name
    assert entries[0].findtext(f"{ATOM}updated") == "2026-03-02T00:00:00Z"


async def test_the_site_map_has_every_page_for_readers_with_its_languages(site: Site) -> None:
    pages = (await xml(site, "/sitemap.xml")).findall(f"{MAP}url")
    base = site.gateway.settings.base_url
    found = {str(page.findtext(f"{MAP}loc")): page for page in pages}
    assert f"{base}/help?lang=de" in found
    assert f"{base}/help/categories/account?lang=fr" in found
    assert not any(name in address for address in found for name in HIDDEN)
    links = found[f"{base}/articles/fr/reset-password"].findall(f"{{{feeds.XHTML}}}link")
    assert [link.get("hreflang") for link in links] == ["fr", "en"]


async def test_a_large_site_map_comes_in_parts(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = (await xml(site, "/sitemap.xml")).findall(f"{MAP}url")
    monkeypatch.setattr(feeds, "IN_ONE_MAP", 5)
    parts = [str(part.findtext(f"{MAP}loc")) for part in (await xml(site, "/sitemap.xml")).findall(f"{MAP}sitemap")]
    assert len(parts) == -(-len(whole) // 5)
    base = site.gateway.settings.base_url
    found = [page for part in parts for page in (await xml(site, part.removeprefix(base))).findall(f"{MAP}url")]
    assert [page.findtext(f"{MAP}loc") for page in found] == [page.findtext(f"{MAP}loc") for page in whole]
    async with site.http.get(f"{site.url}/sitemap-{len(parts) + 1}.xml") as response:
        assert response.status == 404


async def test_robots_may_read_articles_and_nothing_of_people(site: Site) -> None:
    async with site.http.get(f"{site.url}/robots.txt") as response:
        lines = (await response.text()).splitlines()
    assert "Disallow: /cases/" in lines
    assert not any(line.startswith(("Disallow: /articles", "Disallow: /help/")) for line in lines)
    assert f"Sitemap: {site.gateway.settings.base_url}/sitemap.xml" in lines
