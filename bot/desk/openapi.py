"""The OpenAPI document of the staff's API, written by hand: `assets/openapi.yml` of bot.desk and bot.staff,
`openapi.yml` of bot.console."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from aiohttp import web

from bot.catalogue import SAFE_LOADER
from bot.staff.guard import require

HERE = Path(__file__).parent


@lru_cache(maxsize=1)
def document() -> dict[str, Any]:
    """The document as JSON values: the desk's, with the paths, tags and components of the other parts."""
    whole = _read(HERE / "assets" / "openapi.yml")
    for file in (HERE.parent / "staff" / "assets" / "openapi.yml", HERE.parent / "console" / "openapi.yml"):
        part = _read(file)
        whole["paths"] |= part["paths"]
        whole["tags"] += part["tags"]
        for kind, named in part["components"].items():
            whole["components"][kind] = whole["components"].get(kind, {}) | named
    return whole


def _read(file: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.load(file.read_text("utf-8"), SAFE_LOADER)
    return loaded


async def get_openapi(request: web.Request) -> web.Response:
    await require(request)
    return web.json_response(document())


def add_routes(app: web.Application) -> None:
    app.router.add_get("/api/staff/openapi.json", get_openapi)
