"""Liveness, readiness by name, metrics for who may see them."""

from __future__ import annotations

from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.gateway.site import TOKEN, RasaPeer, Site, Talk, open_site


async def test_healthz_needs_nothing_but_the_process(site: Site) -> None:
    async with site.http.get(f"{site.url}/healthz") as response:
        assert (response.status, await response.json()) == (200, {"status": "up"})


async def test_readyz_names_each_part_that_is_down(tmp_path: Path) -> None:
    async with (
        open_site(tmp_path, RasaPeer(), kb_port=9, actions_port=9) as site,
        site.http.get(f"{site.url}/readyz") as response,
    ):
        assert response.status == 503
        body = await response.json()
    assert body == {
        "status": "not_ready",
        "parts": {"database": "up", "rasa": "up", "actions": "down", "kb": "down"},
    }


async def test_readyz_is_200_when_everything_is_up(tmp_path: Path) -> None:
    async def up(_request: web.Request) -> web.Response:
        return web.Response()

    app = web.Application()
    app.router.add_get("/{any:.*}", up)
    peer = TestServer(app)
    await peer.start_server()
    async with (
        open_site(tmp_path, RasaPeer(), kb_port=peer.port, actions_port=peer.port) as site,
        site.http.get(f"{site.url}/readyz") as response,
    ):
        assert (response.status, (await response.json())["status"]) == (200, "ready")
    await peer.close()


async def test_readyz_says_when_the_database_is_lost(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site.gateway.database, "reader", _Broken())
    async with site.http.get(f"{site.url}/readyz") as response:
        assert (await response.json())["parts"]["database"] == "down"


class _Broken:
    def connect(self) -> None:
        from sqlalchemy.exc import OperationalError

        raise OperationalError("", {}, Exception("disk I/O error"))


async def test_metrics_count_turns_and_are_not_for_the_public(site: Site, talk: Talk) -> None:
    await talk.say("Bonjour à vous")
    await talk.replies(1)
    async with site.http.get(f"{site.url}/metrics") as response:
        assert response.status == 200
        text = await response.text()
    assert 'guichet_turns_total{end="done"}' in text
    assert "guichet_turn_seconds_bucket" in text
    assert 'guichet_outbox_letters{status="dead"}' in text
    assert talk.id not in text
    forwarded = {"X-Forwarded-For": "203.0.113.7"}
    async with site.http.get(f"{site.url}/metrics", headers=forwarded) as response:
        assert response.status == 404
    async with site.http.get(f"{site.url}/metrics", headers=forwarded | {"X-Guichet-Token": TOKEN}) as response:
        assert response.status == 200
