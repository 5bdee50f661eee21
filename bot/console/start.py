"""Puts the console together and registers its routes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import ClientSession, web

from bot.catalogue import Catalogue
from bot.company import Company
from bot.console import articles_api, files_api, pages, stream_api, talk_api
from bot.console.context import CONSOLE, Console
from bot.console.feed import Feed
from bot.console.kb import Kb
from bot.console.shelf import Shelf
from bot.database import Database
from bot.settings import Settings


@asynccontextmanager
async def running(
    settings: Settings, company: Company, catalogue: Catalogue, database: Database, http: ClientSession
) -> AsyncIterator[Console]:
    """The console at work."""
    kb = Kb(http, settings.service_url(settings.kb_port), settings.internal_token.get_secret_value())
    feed = Feed(database)
    await feed.start()
    console = Console(
        kb=kb,
        shelf=Shelf(database, kb),
        feed=feed,
        wake_schedule=lambda: None,
        review=company.console.review == "required",
        first_language=company.first_language,
        languages=company.languages,
    )
    workers = [asyncio.create_task(feed.run(), name="console_feed")]
    try:
        yield console
    finally:
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)


def add_routes(app: web.Application, console: Console) -> None:
    app[CONSOLE] = console
    app.on_shutdown.append(_end_streams)  # they would hold the server open
    for part in (articles_api, talk_api, files_api, stream_api, pages):
        part.add_routes(app)


async def _end_streams(app: web.Application) -> None:
    app[CONSOLE].feed.close()
