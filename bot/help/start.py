"""Registers the help page's routes."""

from __future__ import annotations

from pathlib import Path

from aiohttp import web

from bot.files import Files
from bot.help import api, article, category, feedback_api, feeds, home, proof_page
from bot.help.context import HELP, Help

assets = Files(Path(__file__).parent / "assets")


async def get_asset(request: web.Request) -> web.Response:
    return assets.respond(request, request.match_info["name"], max_age=300)


def add_routes(app: web.Application) -> None:
    assets.warm()
    app[HELP] = Help()
    for part in (home, category, article, feedback_api, proof_page, api, feeds):
        part.add_routes(app)
    app.router.add_get("/help/assets/{name}", get_asset)
