"""The stream of changes that every open desk listens to, and the signs of life that it sends."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import structlog
from aiohttp import web
from sqlalchemy.exc import SQLAlchemyError

from bot.database import Database
from bot.desk import presence
from bot.desk.context import DESK, DeskError
from bot.desk.feed import Item, Listener
from bot.gateway.context import GATEWAY
from bot.http import read_json
from bot.live.presence import DESK_SIGN, sign
from bot.staff.context import STAFF
from bot.staff.guard import SESSION, require
from bot.staff.people import Person

log = structlog.get_logger(__name__)

_LAST = 2**53


async def get_stream(request: web.Request) -> web.StreamResponse:
    """Server-sent events: first `ready`, then what was missed since `Last-Event-ID` (`reset` where that is too much to
    tell one by one), who is where, and what happens from then on. It ends with the session."""
    person = await require(request, "agent")
    wanted = request.headers.get("Last-Event-ID") or request.query.get("after") or ""
    if wanted and (not wanted.isascii() or not wanted.isdigit() or int(wanted[:20]) > _LAST):
        raise DeskError(422, "invalid_after", "after")
    ended = asyncio.ensure_future(request.app[STAFF].sessions.ended(request[SESSION].id))
    signs = asyncio.create_task(_sign(request.app[GATEWAY].database, person))
    response = web.StreamResponse(
        headers={
            "Content-Type": "text/event-stream; charset=utf-8",
            "Cache-Control": "no-store",
            "X-Accel-Buffering": "no",  # reverse proxies must not collect the events
        }
    )
    try:
        await response.prepare(request)
        await _follow(request, response, person, int(wanted) if wanted else None, ended)
    except ConnectionError:
        pass  # the browser has gone; it comes back with Last-Event-ID
    finally:
        ended.cancel()
        signs.cancel()
        await asyncio.gather(signs, return_exceptions=True)  # a write under way is over before the database closes
    return response


async def _sign(database: Database, person: Person) -> None:
    """Say that this person's desk is open, for as long as it is."""
    while True:
        try:
            async with database.write() as conn:
                await sign(conn, person.id, datetime.now(UTC))
        except SQLAlchemyError:
            log.exception("desk_sign_failed")
        await asyncio.sleep(DESK_SIGN)


async def _follow(
    request: web.Request, response: web.StreamResponse, person: Person, last: int | None, ended: asyncio.Future[None]
) -> None:
    gateway, feed = request.app[GATEWAY], request.app[DESK].feed
    with feed.listen() as listener:  # before history is read: nothing is lost between the two
        known = await feed.newest() if last is None else last
        await response.write(b"retry: 1000\n" + _encoded("ready", {"person": person.id}, known))
        if last is not None:
            missed = await feed.since(last)
            if missed is None:
                known = await feed.newest()
                await response.write(_encoded("reset", {}, known))
            else:
                items, known = missed
                await _write(response, items, person)
        async with gateway.database.read() as conn:
            there = await presence.everywhere(conn, gateway.now())
        for target, people in there.items():
            await response.write(_encoded("presence", {**presence.named(target), "people": people}))
        while not (feed.closing or listener.full or ended.done()):
            come = await _next(listener, ended, gateway.settings.heartbeat)
            if come is None:
                break
            if come:
                await _write(response, [item for item in come if item.id is None or item.id > known], person)
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


async def _write(response: web.StreamResponse, items: list[Item], person: Person) -> None:
    mine = [item for item in items if item.person in (None, person.id)]
    if mine:
        await response.write(b"".join(_encoded(item.event, item.data, item.id) for item in mine))


def _encoded(event: str, data: Mapping[str, Any], line: int | None = None) -> bytes:
    number = "" if line is None else f"id: {line}\n"
    return f"{number}event: {event}\ndata: {json.dumps(data, ensure_ascii=False, separators=(',', ':'))}\n\n".encode()


async def post_presence(request: web.Request) -> web.Response:
    """A sign of life in a case or a conversation; it holds for 30 seconds."""
    person = await require(request, "agent")
    gateway, body = request.app[GATEWAY], await read_json(request)
    target, doing = presence.target_of(body), body.get("doing")
    if target is None:
        raise DeskError(422, "invalid_target", "ref")
    if doing not in presence.DOINGS:
        raise DeskError(422, "invalid_doing", "doing")
    async with gateway.database.write() as conn:
        await presence.note(conn, target, person.id, str(doing), gateway.now())
    request.app[DESK].feed.wake()
    return web.Response(status=204)


def add_routes(app: web.Application) -> None:
    app.router.add_get("/api/desk/stream", get_stream)
    app.router.add_post("/api/desk/presence", post_presence)
