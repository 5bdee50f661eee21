"""What went out and what did not, for administrators; replay reaches a real receiver."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from sqlalchemy import select

from bot.cases.tables import outbox
from tests.desk.site import Colleague, DeskSite, open_desk


class Receiver:
    """A real webhook receiver; `answers` are given to the next calls instead of 204."""

    def __init__(self) -> None:
        self.calls: asyncio.Queue[str] = asyncio.Queue()
        self.answers: list[int] = []

    async def handle(self, request: web.Request) -> web.Response:
        self.calls.put_nowait(request.headers["X-Guichet-Delivery"])
        return web.Response(status=self.answers.pop(0) if self.answers else 204)


@pytest.fixture
async def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
async def desk(tmp_path: Path, receiver: Receiver) -> AsyncIterator[DeskSite]:
    app = web.Application()
    app.router.add_post("/hook", receiver.handle)
    async with (
        TestServer(app) as server,
        open_desk(
            tmp_path, webhook_url=str(server.make_url("/hook")), webhook_secret="s3cret", webhook_allow_private=True
        ) as desk,
    ):
        yield desk


async def settled(desk: DeskSite, letter: str, status: str) -> None:
    async with asyncio.timeout(20):
        while True:
            async with desk.site.gateway.database.read() as conn:
                found = (await conn.execute(select(outbox.c.status).where(outbox.c.id == letter))).scalar_one()
            if found == status:
                return
            await asyncio.sleep(0.02)


async def test_a_delivery_that_was_sent_and_one_given_up_can_be_replayed(desk: DeskSite, receiver: Receiver) -> None:
    admin = await desk.colleague("Chef", "administrator")
    ref = await desk.open()
    letter = await asyncio.wait_for(receiver.calls.get(), 20)
    await settled(desk, letter, "sent")
    (row,) = (await admin.get("/api/desk/deliveries?status=sent"))["deliveries"]
    assert (row["id"], row["ref"], row["channel"], row["status"]) == (letter, ref, "webhook", "sent")
    assert "payload" not in row

    status, body = await admin.call("POST", f"/api/desk/deliveries/{letter}/retry", {})
    assert status == 200, body
    assert await asyncio.wait_for(receiver.calls.get(), 20) == letter  # the same id: the receiver may drop it
    await settled(desk, letter, "sent")

    async with desk.site.gateway.database.write() as conn:
        await conn.execute(outbox.update().values(status="dead", last_error="answered 500"))
    answer = await admin.get("/api/desk/deliveries")
    assert [row["last_error"] for row in answer["deliveries"]] == ["answered 500"]
    assert answer["counts"]["dead"] == 1
    status, _ = await admin.call("POST", f"/api/desk/deliveries/{letter}/retry", {})
    assert status == 200
    assert await asyncio.wait_for(receiver.calls.get(), 20) == letter


async def test_what_is_on_its_way_is_not_sent_twice(desk: DeskSite, receiver: Receiver) -> None:
    admin = await desk.colleague("Chef", "administrator")
    receiver.answers = [500]
    await desk.open()
    letter = await asyncio.wait_for(receiver.calls.get(), 20)
    await settled(desk, letter, "pending")
    status, body = await admin.call("POST", f"/api/desk/deliveries/{letter}/retry", {})
    assert (status, body["error"]["code"]) == (409, "delivery_waits")
    status, body = await admin.call("POST", "/api/desk/deliveries/none/retry", {})
    assert (status, body["error"]["code"]) == (404, "not_found")
    status, body = await admin.call("GET", "/api/desk/deliveries?status=lost")
    assert (status, body["error"]["code"]) == (422, "invalid_delivery_status")


async def test_agents_do_not_see_deliveries(desk: DeskSite) -> None:
    anna: Colleague = await desk.colleague("Anna")
    for method, path in (("GET", "/api/desk/deliveries"), ("POST", "/api/desk/deliveries/x/retry")):
        status, body = await anna.call(method, path, {} if method == "POST" else None)
        assert (status, body["error"]["code"]) == (403, "not_allowed")
