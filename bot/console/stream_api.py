"""The stream that every open console listens to."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from typing import Any

from aiohttp import web

from bot.console.context import CONSOLE, ConsoleError
from bot.console.feed import Item, Listener
from bot.gateway.context import GATEWAY
from bot.staff.context import STAFF
from bot.staff.guard import SESSION, require

_LAST = 2**53


async def get_stream(request: web.Request) -> web.StreamResponse:
    """Server-sent events: `ready`, what was missed since `Last-Event-ID` (`reset` where that is too much), then
    `article`, `presence`, `job`, `published` as they happen. It ends with the session."""
    person = await require(request, "editor")
    wanted = request.headers.get("Last-Event-ID") or request.query.get("after") or ""
    if wanted and (not wanted.isascii() or not wanted.isdigit() or int(wanted[:20]) > _LAST):
        raise ConsoleError(422, "invalid_after", "after")
    ended = asyncio.ensure_future(request.app[STAFF].sessions.ended(request[SESSION].id))
    response = web.StreamResponse(
        headers={
            "Content-Type": "text/event-stream; charset=utf-8",
            "Cache-Control": "no-store",
            "X-Accel-Buffering": "no",
        }
    )
    try:
        await response.prepare(request)
        await _follow(request, response, int(wanted) if wanted else None, person.id, ended)
    except ConnectionError:
        pass  # the browser has gone; it comes back with Last-Event-ID
    finally:
        ended.cancel()
    return response


async def _follow(
    request: web.Request, response: web.StreamResponse, last: int | None, person: str, ended: asyncio.Future[None]
) -> None:
    feed, heartbeat = request.app[CONSOLE].feed, request.app[GATEWAY].settings.heartbeat
    with feed.listen() as listener:  # before lines are read: nothing is lost between the two
        known = await feed.newest()
        await response.write(b"retry: 1000\n" + _encoded(Item(event="ready", data={"person": person}, id=known)))
        if last is not None:
            missed = await feed.since(last)
            if missed is None:
                await response.write(_encoded(Item(event="reset", data={}, id=known)))
            else:
                known = max([known, *(item.id or 0 for item in missed)])
                await _write(response, missed)
        while not (feed.closing or listener.full or ended.done()):
            come = await _next(listener, ended, heartbeat)
            if come is None:
                break
            if come:
                await _write(response, (item for item in come if item.id is None or item.id > known))
            else:
                await response.write(b": still here\n\n")


async def _next(listener: Listener, ended: asyncio.Future[None], heartbeat: float) -> list[Item] | None:
    """What has come; nothing after `heartbeat` seconds; None where the stream is over."""
    waiting = asyncio.ensure_future(listener.items.get())
    both: set[asyncio.Future[Any]] = {waiting, ended}
    try:
        await asyncio.wait(both, timeout=heartbeat, return_when=asyncio.FIRST_COMPLETED)
    finally:
        if not waiting.done():
            waiting.cancel()
    if ended.done():
        return None
    if not waiting.done() or waiting.cancelled():
        return []
    items = [waiting.result()]
    while not listener.items.empty():
        items.append(listener.items.get_nowait())
    return None if None in items else [item for item in items if item is not None]


async def _write(response: web.StreamResponse, items: Iterable[Item]) -> None:
    if encoded := b"".join(_encoded(item) for item in items):
        await response.write(encoded)


def _encoded(item: Item) -> bytes:
    number = "" if item.id is None else f"id: {item.id}\n"
    data = json.dumps(item.data, ensure_ascii=False, separators=(",", ":"))
    return f"{number}event: {item.event}\ndata: {data}\n\n".encode()


def add_routes(app: web.Application) -> None:
    app.router.add_get("/api/console/stream", get_stream)
