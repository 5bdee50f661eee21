"""Errors of our services, as actions see them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from actions.errors import Conflict, Refused, Unavailable
from actions.http import Service


@pytest.fixture
async def service() -> AsyncIterator[Any]:
    async def answer(request: web.Request) -> web.StreamResponse:
        kind = request.match_info["kind"]
        if kind == "slow":
            await asyncio.sleep(30)
        if kind == "text":
            return web.Response(text="<html>")
        if kind == "bare":
            return web.json_response([], status=500)
        error = {"error": {"code": "some_code", "message": "m", "field": "email"}}
        return web.json_response(
            error if kind != "200" else {"ok": request.headers["X-Guichet-Token"]}, status=int(kind)
        )

    app = web.Application()
    app.router.add_get("/{kind}", answer)
    async with TestServer(app) as server, ClientSession() as session:
        yield Service(session, str(server.make_url("")).rstrip("/"), "the-token", 0.3)


async def test_the_token_travels_with_the_call(service: Service) -> None:
    assert await service.call("GET", "/200") == {"ok": "the-token"}


async def test_422_names_code_and_field(service: Service) -> None:
    with pytest.raises(Refused) as caught:
        await service.call("GET", "/422")
    assert (caught.value.code, caught.value.field) == ("some_code", "email")


@pytest.mark.parametrize("status", [404, 409])
async def test_404_and_409_are_conflicts_with_their_code(service: Service, status: int) -> None:
    with pytest.raises(Conflict, match="some_code"):
        await service.call("GET", f"/{status}")


@pytest.mark.parametrize("kind", ["500", "503", "403", "slow", "text", "bare"])
async def test_everything_else_is_unavailable(service: Service, kind: str) -> None:
    with pytest.raises(Unavailable):
        await service.call("GET", f"/{kind}")
