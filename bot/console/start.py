"""Puts the console together and registers its routes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import ClientSession, web

from bot.company import Company
from bot.console import (
    articles_api,
    export_api,
    figures_api,
    files_api,
    gaps_api,
    golden_api,
    history_api,
    imports_api,
    pages,
    publish_api,
    sources_api,
    stream_api,
    talk_api,
)
from bot.console.alarm import Alarm
from bot.console.context import CONSOLE, Console
from bot.console.feed import Feed
from bot.console.kb import Kb
from bot.console.publishing import Publisher
from bot.console.resync import Resync
from bot.console.schedule import Schedule
from bot.console.shelf import Shelf
from bot.console.upkeep import Upkeep
from bot.database import Database
from bot.settings import Settings
from bot.staff.mail import Mail


@asynccontextmanager
async def running(
    settings: Settings, company: Company, database: Database, http: ClientSession, mail: Mail | None
) -> AsyncIterator[Console]:
    """The console at work."""
    kb = Kb(http, settings.service_url(settings.kb_port), settings.internal_token.get_secret_value())
    feed, shelf = Feed(database), Shelf(database, kb)
    await feed.start()
    review = company.console.review == "required"
    publisher = Publisher(database, kb, shelf, feed, review=review)
    alarm = Alarm(database, kb, mail)
    schedule, upkeep = Schedule(database, publisher, feed), Upkeep(database, shelf, alarm)
    resync = Resync(database, kb, feed)
    console = Console(
        kb=kb,
        shelf=shelf,
        feed=feed,
        publisher=publisher,
        upkeep=upkeep,
        alarm=alarm,
        wake_schedule=schedule.wake,
        wake_sources=resync.wake,
        review=review,
        first_language=company.first_language,
        languages=company.languages,
    )
    work = {"console_feed": feed.run(), "console_schedule": schedule.run(), "console_upkeep": upkeep.run()}
    work["console_resync"] = resync.run()
    workers = [asyncio.create_task(task, name=name) for name, task in work.items()]
    try:
        yield console
    finally:
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)


def add_routes(app: web.Application, console: Console) -> None:
    app[CONSOLE] = console
    app.on_shutdown.append(_end_streams)  # they would hold the server open
    writing = (articles_api, history_api, talk_api, files_api)
    work = (publish_api, imports_api, sources_api, export_api, golden_api, gaps_api, figures_api)
    for part in (*writing, *work, stream_api, pages):
        part.add_routes(app)


async def _end_streams(app: web.Application) -> None:
    app[CONSOLE].feed.close()
