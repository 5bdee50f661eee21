"""Opinions on articles: one per browser and version, changed as one likes, with and without scripts."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, CookieJar
from sqlalchemy import select

from bot.help.feedback import Total, totals
from bot.help.feedback_api import COOKIE
from bot.help.tables import article_feedback
from kb_index.encoder import Encoder
from tests.gateway.site import Site
from tests.help.conftest import site_over, version_of

API = "/api/articles/fr/reset-password/feedback"
FORM = "/articles/fr/reset-password/feedback"
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def browser() -> ClientSession:
    return ClientSession(cookie_jar=CookieJar(unsafe=True))


async def give(site: Site, http: ClientSession, **body: Any) -> tuple[int, Any]:
    async with http.post(f"{site.url}{API}", json=body) as response:
        return response.status, await response.json()


async def kept(site: Site) -> list[Total]:
    async with site.gateway.database.read() as connection:
        return list(await totals(connection, LONG_AGO))


async def test_one_browser_has_one_opinion_which_it_may_change(site: Site, kb_data: Path) -> None:
    now = version_of(kb_data, "reset-password")[0]
    async with browser() as http:
        status, body = await give(site, http, helpful=True)
        assert (status, body["version"], body["helpful"]) == (200, now, True)
        await give(site, http, helpful=False, version=now)
        await give(site, http, helpful=False, words="  le lien manque  ")
        await give(site, http, helpful=False)  # the words stay
    assert await kept(site) == [Total("reset-password", "fr", now, 0, 1, ("le lien manque",))]
    async with browser() as other:
        await give(site, other, helpful=True)
    assert [(one.helpful, one.not_helpful) for one in await kept(site)] == [(1, 1)]


async def test_words_go_where_it_helped_after_all(site: Site) -> None:
    async with browser() as http:
        await give(site, http, helpful=False, words="rien compris")
        await give(site, http, helpful=True)
    assert [(one.helpful, one.words) for one in await kept(site)] == [(1, ())]


async def test_an_opinion_is_about_the_version_that_was_read(site: Site, kb_data: Path) -> None:
    now, before = version_of(kb_data, "reset-password")
    async with browser() as http:
        await give(site, http, helpful=False, version=before)
        await give(site, http, helpful=True, version=now)
    assert {(one.version, one.helpful, one.not_helpful) for one in await kept(site)} == {(now, 1, 0), (before, 0, 1)}


async def test_nothing_that_tells_who_somebody_is_is_kept(site: Site) -> None:
    async with browser() as http:
        await give(site, http, helpful=True)
        secret = next(cookie.value for cookie in http.cookie_jar if cookie.key == COOKIE)
        assert next(cookie for cookie in http.cookie_jar if cookie.key == COOKIE)["httponly"]
    async with site.gateway.database.read() as connection:
        row = (await connection.execute(select(article_feedback))).mappings().one()
    assert secret not in map(str, row.values())
    assert set(row) == {"article", "lang", "version", "reader", "helpful", "words", "at"}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "helpful"),
        ({"helpful": "yes"}, "helpful"),
        ({"helpful": 1}, "helpful"),
        ({"helpful": False, "words": "a" * 1001}, "words"),
        ({"helpful": False, "words": ["a"]}, "words"),
        ({"helpful": True, "version": 5}, "version"),
    ],
)
async def test_a_bad_opinion_names_the_field_and_keeps_nothing(site: Site, body: dict[str, Any], field: str) -> None:
    async with browser() as http:
        status, answer = await give(site, http, **body)
        assert (status, answer["error"]["field"]) == (422, field)
        assert len(http.cookie_jar) == 0
    assert await kept(site) == []


@pytest.mark.parametrize("ident", ["nothing", "secret", "past"])
async def test_only_what_customers_may_read_has_opinions(site: Site, ident: str) -> None:
    async with site.http.post(f"{site.url}/api/articles/fr/{ident}/feedback", json={"helpful": True}) as response:
        assert response.status == 404
    assert await kept(site) == []


async def test_without_scripts_a_form_leads_back_and_asks_what_was_missing(site: Site) -> None:
    async with browser() as http:
        async with http.post(f"{site.url}{FORM}", data={"helpful": "no"}) as response:
            assert response.url.path == "/articles/fr/reset-password"
            assert 'data-said="no"' in await response.text()
        async with http.post(f"{site.url}{FORM}", data={"helpful": "no", "words": "tout\x00 😀"}) as response:
            assert 'data-said="words"' in await response.text()
        async with http.post(
            f"{site.url}{FORM}", data={"helpful": "maybe"}, headers={"Accept": "text/html"}
        ) as response:
            assert response.status == 422
    assert [one.words for one in await kept(site)] == [("tout 😀",)]


async def test_many_opinions_from_one_address_are_too_many(tmp_path: Path, kb_data: Path, encoder: Encoder) -> None:
    limits = {"limit_feedback": "2/hour", "trusted_proxies": ("127.0.0.1",)}
    async with site_over(tmp_path, kb_data, encoder, **limits) as site:
        statuses = []
        for _ in range(3):
            headers = {"X-Forwarded-For": "203.0.113.9"}
            async with site.http.post(f"{site.url}{API}", json={"helpful": True}, headers=headers) as response:
                statuses.append(response.status)
        assert statuses == [200, 200, 429]
        assert response.headers["Retry-After"]


async def test_with_the_search_service_down_the_opinion_is_refused_with_a_cure(dark: Site) -> None:
    async with dark.http.post(f"{dark.url}{API}", json={"helpful": True}) as response:
        assert (response.status, (await response.json())["error"]["code"]) == (503, "search_down")


async def test_two_tabs_of_one_browser_at_once_leave_one_opinion(site: Site) -> None:
    async with browser() as http:
        await give(site, http, helpful=True)
        await asyncio.gather(*(give(site, http, helpful=choice) for choice in (True, False) * 5))
    assert sum(one.helpful + one.not_helpful for one in await kept(site)) == 1
