"""Files that browsers fetch: the widget, its demonstration page, style and icon of our pages."""

from __future__ import annotations

from pathlib import Path

from aiohttp import web

from bot.files import Files
from bot.gateway.context import GATEWAY

ASSETS = Path(__file__).parent / "assets"
WIDGET = Path(__file__).parent.parent / "widget"
widget, assets = Files(WIDGET), Files(ASSETS)


async def get_demo(request: web.Request) -> web.Response:
    return widget.respond(request, "demo.html")


async def get_widget_file(request: web.Request) -> web.Response:
    return widget.respond(request, request.match_info["name"], max_age=300)


async def get_style(request: web.Request) -> web.Response:
    return assets.respond(request, "page.css", head=request.app[GATEWAY].company.colours.style, max_age=300)


async def get_icon(request: web.Request) -> web.Response:
    colours = request.app[GATEWAY].company.colours
    icon = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">'
        f'<rect width="32" height="32" rx="8" fill="{colours.accent}"/>'
        f'<path d="M8 8h16v12h-9l-5 4v-4H8z" fill="{colours.accent_text}"/></svg>'
    )
    return web.Response(text=icon, content_type="image/svg+xml", headers={"Cache-Control": "public, max-age=86400"})


def add_routes(app: web.Application) -> None:
    widget.warm()
    app.router.add_get("/", get_demo)
    app.router.add_get("/page.css", get_style)
    app.router.add_get("/favicon.svg", get_icon)
    app.router.add_get("/favicon.ico", get_icon)
    app.router.add_get("/widget/{name}", get_widget_file)
