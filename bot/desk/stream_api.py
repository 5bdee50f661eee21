"""The stream of changes that every open desk listens to, and the signs of life that it sends."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import structlog
from aiohttp import web
from sqlalchemy.exc import SQLAlchemyError

from bot.database import Database
from bot.desk import presence
from bot.desk.context import DESK, DeskError
from bot.gateway.context import GATEWAY
from bot.http import read_json
from bot.live.presence import DESK_SIGN, sign
from bot.staff import stream
from bot.staff.guard import require
from bot.staff.people import Person
from bot.staff.stream import Item

log = structlog.get_logger(__name__)


async def get_stream(request: web.Request) -> web.StreamResponse:
    """Server-sent events: first `ready`, then what was missed since `Last-Event-ID` (`reset` where that is too much to
    tell one by one), who is where, and what happens from then on. It ends with the session."""
    person = await require(request, "agent")
    last = stream.last_of(request, DeskError(422, "invalid_after", "after"))

    async def follow(response: web.StreamResponse, ended: asyncio.Future[None]) -> None:
        signs = asyncio.create_task(_sign(request.app[GATEWAY].database, person))
        try:
            await _follow(request, response, person.id, last, ended)
        finally:
            signs.cancel()
            await asyncio.gather(signs, return_exceptions=True)  # a write is over before the database closes

    return await stream.answer(request, follow)


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
    request: web.Request, response: web.StreamResponse, person: str, last: int | None, ended: asyncio.Future[None]
) -> None:
    gateway, feed = request.app[GATEWAY], request.app[DESK].feed
    with feed.listen() as listener:  # before history is read: nothing is lost between the two
        known = await feed.newest() if last is None else last
        await stream.begin(response, person, known)
        if last is not None:
            missed = await feed.since(last)
            if missed is None:
                known = await feed.newest()
                await stream.write(response, [Item(event="reset", data={}, id=known)], person)
            else:
                items, known = missed
                await stream.write(response, items, person)
        async with gateway.database.read() as conn:
            there = await presence.everywhere(conn, gateway.now())
        here = [Item(event="presence", data={**presence.named(at), "people": people}) for at, people in there.items()]
        await stream.write(response, here, person)
        heartbeat = gateway.settings.heartbeat
        await stream.go_on(response, feed, listener, ended, person=person, known=known, heartbeat=heartbeat)


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
