"""Puts live conversations together and registers the customers' routes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiohttp import web

from bot.catalogue import Catalogue
from bot.company import Company
from bot.database import Database
from bot.gateway.streams import Hub
from bot.live import customer_api, relay
from bot.live.clock import Clock
from bot.live.context import LIVE, Live
from bot.live.talks import Talks


@asynccontextmanager
async def running(
    database: Database,
    company: Company,
    catalogue: Catalogue,
    hub: Hub,
    *,
    tell: Callable[[], None],
    typing: Callable[[str], None],
) -> AsyncIterator[Live]:
    """Live conversations at work."""
    talks = Talks(catalogue.text, company.live, company.hours())

    def fired(conversation: str) -> None:
        hub.wake(conversation)
        tell()

    clock = Clock(database.engine, talks, fired=fired)
    workers = [asyncio.create_task(clock.run(), name="live_clock")]
    if database.engine.dialect.name != "sqlite":  # which one process alone writes
        workers.append(asyncio.create_task(relay.run(database, hub), name="live_relay"))
    try:
        yield Live(talks=talks, clock=clock, tell=tell, typing=typing)
    finally:
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)


def add_routes(app: web.Application, live: Live) -> None:
    app[LIVE] = live
    customer_api.add_routes(app)


def add_internal_routes(app: web.Application, live: Live) -> None:
    app[LIVE] = live
    customer_api.add_internal_routes(app)
