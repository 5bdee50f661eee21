"""The stream that every open console listens to."""

from __future__ import annotations

import asyncio

from aiohttp import web

from bot.console.context import CONSOLE, ConsoleError
from bot.gateway.context import GATEWAY
from bot.staff import stream
from bot.staff.guard import require
from bot.staff.stream import Item


async def get_stream(request: web.Request) -> web.StreamResponse:
    """Server-sent events: `ready`, what was missed since `Last-Event-ID` (`reset` where that is too much), then
    `article`, `presence`, `job`, `published` as they happen. It ends with the session."""
    person = (await require(request, "editor")).id
    last = stream.last_of(request, ConsoleError(422, "invalid_after", "after"))
    feed, heartbeat = request.app[CONSOLE].feed, request.app[GATEWAY].settings.heartbeat

    async def follow(response: web.StreamResponse, ended: asyncio.Future[None]) -> None:
        with feed.listen() as listener:  # before lines are read: nothing is lost between the two
            known = await feed.newest()
            await stream.begin(response, person, known)
            if last is not None:
                missed = await feed.since(last)
                if missed is None:
                    missed = [Item(event="reset", data={}, id=known)]
                known = max([known, *(item.id or 0 for item in missed)])
                await stream.write(response, missed, person)
            await stream.go_on(response, feed, listener, ended, person=person, known=known, heartbeat=heartbeat)

    return await stream.answer(request, follow)


def add_routes(app: web.Application) -> None:
    app.router.add_get("/api/console/stream", get_stream)
