"""Mails and calls of ticket systems to the web process, as other programs make them."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.cases import desk_store
from bot.cases.webhook import signature
from bot.settings import SettingsError
from tests.cases.asking import ticket
from tests.connect.posting import CUSTOMER, mail
from tests.connect.zammad_standin import SECRET, TOKEN, ZammadStandin
from tests.desk.site import Colleague, DeskSite, open_desk

KEY = "a-key-of-both"


async def post(desk: DeskSite, raw: bytes, *, key: str = KEY, age: int = 0, **headers: str) -> tuple[int, Any]:
    timestamp = str(int(time.time()) - age)
    signed = {"X-Guichet-Timestamp": timestamp, "X-Guichet-Signature": signature(key, timestamp, raw), **headers}
    url = f"{desk.site.url}/api/inbound/mail"
    async with desk.site.http.post(url, data=raw, headers=signed) as response:
        return response.status, await response.json()


async def test_a_mail_reaches_the_desk_once(tmp_path: Path) -> None:
    async with open_desk(tmp_path, inbound_secret=KEY) as desk:
        anna: Colleague = await desk.colleague("Anna")
        ref = await desk.open(ticket(email=CUSTOMER))
        raw = mail("Voici la facture.", subject=f"Re: [{ref}] Facture", files=(("a.txt", b"Bonjour"),))
        assert await post(desk, raw) == (200, {"outcome": "added", "ref": ref})
        assert await post(desk, raw) == (200, {"outcome": "known", "ref": None})
        case = await anna.case(ref)
        (entry,) = [entry for entry in case["timeline"] if entry["type"] == "customer"]
        assert (entry["text"], entry["actor"]["name"]) == ("Voici la facture.", CUSTOMER)
        assert [file["name"] for file in entry["attachments"]] == ["a.txt"]
        (row,) = (await anna.get("/api/desk/cases?q=facture"))["cases"]
        assert row["unread"] is True


@pytest.mark.parametrize(
    ("more", "code"), [({"key": "another"}, "invalid_signature"), ({"age": 400}, "stale_timestamp")]
)
async def test_mails_without_a_good_signature_are_refused(tmp_path: Path, more: dict[str, Any], code: str) -> None:
    async with open_desk(tmp_path, inbound_secret=KEY) as desk:
        status, body = await post(desk, mail(), **more)
        assert (status, body["error"]["code"]) == (401, code)
        async with desk.site.http.post(f"{desk.site.url}/api/inbound/mail", data=mail()) as response:
            assert response.status == 401


async def test_too_large_and_unreadable_mails_are_refused_and_without_a_key_there_is_no_door(tmp_path: Path) -> None:
    async with open_desk(tmp_path / "a", inbound_secret=KEY, mail_bytes=100_000) as desk:
        status, body = await post(desk, b"x" * 100_001)
        assert (status, body["error"]["code"]) == (413, "mail_too_large")
        status, body = await post(desk, b"\0\xff")
        assert (status, body["error"]["code"]) == (422, "unreadable_mail")
    async with open_desk(tmp_path / "b") as desk:
        assert (await post(desk, mail()))[0] == 404
        async with desk.site.http.post(f"{desk.site.url}/api/inbound/ticket", json={}) as response:
            assert response.status == 404


async def test_a_case_reaches_zammad_and_its_state_comes_back_at_once(tmp_path: Path) -> None:
    """Against the stand-in: the whole web process, its outbox and its door for Zammad's webhook."""
    standin, made = ZammadStandin(), asyncio.Event()

    @web.middleware
    async def watch(request: web.Request, handler: Any) -> web.StreamResponse:
        answer: web.StreamResponse = await handler(request)
        if request.path == "/api/v1/ticket_states":  # the last call of making a ticket
            made.set()
        return answer

    app = standin.app()
    app.middlewares.insert(0, watch)
    async with TestServer(app) as server:
        settings: dict[str, Any] = {
            "ticket_system": "zammad",
            "ticket_url": str(server.make_url("")),
            "ticket_token": TOKEN,
            "ticket_secret": SECRET,
            "ticket_allow_private": True,
        }
        async with open_desk(tmp_path, **settings) as desk:
            anna = await desk.colleague("Anna")
            async with anna.stream() as events:
                ref = await desk.open(ticket(email=CUSTOMER))
                await asyncio.wait_for(made.wait(), 20)
                await _until(events, ref, lambda: _external(desk, ref))
                (external,) = (await anna.case(ref))["external"]
                assert external["state"] == "new"
                assert external["url"].endswith(f"/#ticket/zoom/{external['id']}")
                standin.state(external["id"], "done")
                headers, body = standin.call(external["id"])
                url = f"{desk.site.url}/api/inbound/ticket"
                async with desk.site.http.post(url, data=body) as response:
                    assert response.status == 401
                async with desk.site.http.post(url, data=body, headers=headers) as response:
                    assert response.status == 204
                await _until(events, ref, lambda: _external(desk, ref, "gelöst"))
            case = await anna.case(ref)
            assert case["status"] == "resolved"
            told = [entry["details"]["after"] for entry in case["timeline"] if entry["type"] == "external"]
            assert told == ["new", "gelöst"]


async def _external(desk: DeskSite, ref: str, state: str | None = None) -> bool:
    async with desk.site.gateway.database.read() as conn:
        found = await desk_store.list_external(conn, ref)
    return any(state in (None, item["state"]) for item in found)


async def _until(events: Any, ref: str, there: Any) -> None:
    """Follow the desk's stream until something is there: the desk is told of it."""
    async with asyncio.timeout(20):
        while not await there():
            async for event in events:
                if event["event"] == "case" and event["data"]["ref"] == ref:
                    break


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        ({"ticket_system": "zammad"}, "GUICHET_TICKET_URL"),
        ({"ticket_system": "rest", "ticket_url": "https://x.example", "ticket_token": "t"}, "GUICHET_TICKET_TEMPLATE"),
        ({"imap_host": "imap.example"}, "IMAP_USER"),
    ],
)
async def test_what_is_not_set_up_whole_is_said_at_the_start(
    tmp_path: Path, settings: dict[str, str], names: str
) -> None:
    with pytest.raises(SettingsError, match=names):
        async with open_desk(tmp_path, **settings):
            pass
