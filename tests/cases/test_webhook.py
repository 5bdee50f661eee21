from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from sqlalchemy import select

from bot.cases import Channel
from bot.cases.outbound import is_public
from bot.cases.outbox import DeliveryError, Outbox
from bot.cases.tables import outbox as table
from bot.cases.webhook import Webhook, WebhookSettings, signature
from tests.cases.asking import NOW, Desk, ticket
from tests.cases.conftest import ROOT

SECRET = "a-secret-of-both"


class Receiver:
    """A real receiver; `answers` are given to the next calls: a status, a redirect, or silence (None)."""

    def __init__(self) -> None:
        self.calls: list[tuple[Mapping[str, str], bytes]] = []
        self.answers: list[int | None] = []
        self.redirected = 0
        self.release = asyncio.Event()

    async def handle(self, request: web.Request) -> web.Response:
        self.calls.append((dict(request.headers), await request.read()))
        answer = self.answers.pop(0) if self.answers else 204
        if answer is None:
            await self.release.wait()
            answer = 500
        return web.Response(status=answer, headers={"Location": "/elsewhere"} if 300 <= answer < 400 else {})

    async def elsewhere(self, request: web.Request) -> web.Response:
        self.redirected += 1
        return web.Response()


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
async def settings(receiver: Receiver) -> AsyncIterator[WebhookSettings]:
    app = web.Application()
    app.router.add_post("/hook", receiver.handle)
    app.router.add_route("*", "/elsewhere", receiver.elsewhere)
    async with TestServer(app) as server:
        yield WebhookSettings(url=str(server.make_url("/hook")), secret=SECRET, allow_private=True, timeout=5)
        receiver.release.set()


@pytest.fixture
async def letter(desk: Desk) -> Mapping[str, Any]:
    await desk.open(ticket(), receipt={"question": "Où est ma facture ?"})
    async with desk.engine.connect() as conn:
        found: Mapping[str, Any] = (
            await conn.execute(select(table.c.payload).where(table.c.channel == "webhook"))
        ).scalar_one()
    return found


async def send(settings: WebhookSettings, letter: Mapping[str, Any]) -> None:
    hook = Webhook(settings, lambda: NOW)
    try:
        await hook.send(letter)
    finally:
        await hook.close()


async def test_the_receiver_can_verify_who_sent_what_and_when(
    settings: WebhookSettings, receiver: Receiver, letter: Mapping[str, Any]
) -> None:
    await send(settings, letter)
    ((headers, body),) = receiver.calls
    timestamp = headers["X-Guichet-Timestamp"]
    assert timestamp == str(int(NOW.timestamp()))
    # as a receiver computes it, from the documentation alone
    expected = hmac.new(SECRET.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
    assert headers["X-Guichet-Signature"] == f"v1={expected}"
    assert signature("another", timestamp, body) != headers["X-Guichet-Signature"]
    assert headers["X-Guichet-Delivery"] == letter["id"]
    assert headers["X-Guichet-Event"] == "case.created"


async def test_the_documented_check_accepts_what_is_sent_and_nothing_else(
    settings: WebhookSettings, receiver: Receiver, letter: Mapping[str, Any]
) -> None:
    await send(settings, letter)
    ((headers, body),) = receiver.calls
    page = (ROOT / "docs" / "webhook.md").read_text("utf-8")
    documented: dict[str, Any] = {}
    exec(page.split("```python\n")[1].split("```")[0], documented)
    genuine = documented["is_genuine"]
    timestamp, given = headers["X-Guichet-Timestamp"], headers["X-Guichet-Signature"]
    assert genuine(SECRET, timestamp, body, given)
    assert not genuine("another", timestamp, body, given)
    assert not genuine(SECRET, timestamp, body + b" ", given)
    assert not genuine(SECRET, str(int(timestamp) + 1), body, given)
    told = json.loads(body)
    for name in (*told, *told["case"]):
        assert f'"{name}"' in page, f"docs/webhook.md says nothing of {name}"


async def test_the_body_is_the_case_and_its_receipt_without_the_customers_key(
    settings: WebhookSettings, receiver: Receiver, letter: Mapping[str, Any]
) -> None:
    await send(settings, letter)
    body = json.loads(receiver.calls[0][1])
    assert set(body) == {"id", "event", "at", "case", "receipt"}
    assert body["receipt"] == {"question": "Où est ma facture ?"}
    assert body["case"]["subject"] == ticket()["subject"]
    assert letter["key"] not in receiver.calls[0][1].decode()


@pytest.mark.parametrize("status", [400, 404, 429, 500, 503])
async def test_what_is_not_accepted_is_tried_again_with_the_same_id_and_body(
    settings: WebhookSettings, receiver: Receiver, desk: Desk, letter: Mapping[str, Any], status: int
) -> None:
    receiver.answers = [status]
    hook = Webhook(settings, lambda: NOW)
    senders = {Channel.WEBHOOK: hook.send}
    assert await Outbox(desk.engine, senders, now=lambda: NOW).deliver_due() == 1
    async with desk.engine.connect() as conn:
        failed = (await conn.execute(select(table).where(table.c.channel == "webhook"))).one()
    assert (failed.status, failed.last_error) == ("pending", f"answered {status}")
    assert await Outbox(desk.engine, senders, now=lambda: NOW.replace(minute=1)).deliver_due() == 1
    await hook.close()
    first, second = receiver.calls
    assert first[0]["X-Guichet-Delivery"] == second[0]["X-Guichet-Delivery"]
    assert first[1] == second[1]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_to_an_internal_address_is_not_followed(
    settings: WebhookSettings, receiver: Receiver, letter: Mapping[str, Any], status: int
) -> None:
    receiver.answers = [status]
    with pytest.raises(DeliveryError, match=rf"redirect refused \({status}\)"):
        await send(settings, letter)
    assert receiver.redirected == 0


async def test_a_receiver_that_hangs_is_cut_off(
    settings: WebhookSettings, receiver: Receiver, letter: Mapping[str, Any]
) -> None:
    receiver.answers = [None]
    with pytest.raises(DeliveryError, match=r"no answer within 0\.2 s"):
        await send(replace(settings, timeout=0.2), letter)


async def test_a_receiver_that_is_away_is_tried_again(settings: WebhookSettings, letter: Mapping[str, Any]) -> None:
    with pytest.raises(DeliveryError) as failed:
        await send(replace(settings, url="http://127.0.0.1:1/hook"), letter)
    assert not failed.value.permanent


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0"])
async def test_private_addresses_are_refused_however_they_are_written(
    settings: WebhookSettings, receiver: Receiver, letter: Mapping[str, Any], host: str
) -> None:
    port = settings.url.rsplit(":", 1)[1]
    with pytest.raises(DeliveryError, match=r"public address|not a canonical IPv4 address"):
        await send(replace(settings, url=f"http://{host}:{port}", allow_private=False), letter)
    assert receiver.calls == []


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1::1", True),
        ("10.1.2.3", False),
        ("192.168.0.1", False),
        ("172.16.0.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("224.0.0.1", False),
        ("fe80::1", False),
        ("fd00::1", False),
        ("::ffff:10.0.0.1", False),
        ("::", False),
        ("64:ff9b::7f00:1", False),
        ("2002:7f00:1::", False),
    ],
)
def test_which_addresses_are_public(address: str, public: bool) -> None:
    assert is_public(address) is public


@pytest.mark.parametrize("url", ["ftp://x.example/", "https:///hook", "https://user:pw@x.example/", "hook"])
def test_addresses_that_cannot_be_called_are_refused_at_once(url: str) -> None:
    with pytest.raises(ValueError, match="webhook: expected http"):
        WebhookSettings(url=url, secret=SECRET)


def test_no_webhook_without_a_secret_and_the_secret_is_not_shown() -> None:
    with pytest.raises(ValueError, match="expected a secret"):
        WebhookSettings(url="https://x.example/", secret="")
    assert SECRET not in repr(WebhookSettings(url="https://x.example/", secret=SECRET))
