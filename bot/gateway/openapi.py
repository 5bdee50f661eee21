"""The OpenAPI document of the public API, written by hand in `assets/openapi.json`."""

from __future__ import annotations

from aiohttp import web

from bot.gateway.pages import assets


async def get_openapi(request: web.Request) -> web.Response:
    return assets.respond(request, "openapi.json", max_age=300)


def add_routes(app: web.Application) -> None:
    app.router.add_get("/api/openapi.json", get_openapi)
