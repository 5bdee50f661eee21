"""Puts the desk together and registers its routes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from bot.database import Database
from bot.desk import (
    cases_api,
    conversation_case,
    conversations_api,
    deliveries_api,
    figures_api,
    openapi,
    pages,
    stream_api,
    views_api,
    work_api,
    writing_api,
)
from bot.desk.context import DESK, Desk
from bot.desk.feed import Feed


@asynccontextmanager
async def running(database: Database) -> AsyncIterator[Desk]:
    """The desk at work."""
    feed = Feed(database)
    await feed.start()
    worker = asyncio.create_task(feed.run(), name="desk_feed")
    try:
        yield Desk(feed=feed)
    finally:
        worker.cancel()
        await asyncio.gather(worker, return_exceptions=True)


def add_routes(app: web.Application, desk: Desk) -> None:
    app[DESK] = desk
    app.on_shutdown.append(_end_streams)  # they would hold the server open
    for part in (cases_api, writing_api, work_api, views_api, conversations_api, stream_api, figures_api):
        part.add_routes(app)
    for other in (conversation_case, deliveries_api, openapi, pages):
        other.add_routes(app)


async def _end_streams(app: web.Application) -> None:
    app[DESK].feed.close()
