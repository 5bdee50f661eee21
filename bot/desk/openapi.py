"""The OpenAPI document of the staff's API, written by hand in `openapi.yml`."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from aiohttp import web

from bot.catalogue import SAFE_LOADER
from bot.staff.guard import require


@lru_cache(maxsize=1)
def document() -> dict[str, Any]:
    """The document as JSON values."""
    text = (Path(__file__).parent / "assets" / "openapi.yml").read_text("utf-8")
    loaded: dict[str, Any] = yaml.load(text, SAFE_LOADER)
    return loaded


async def get_openapi(request: web.Request) -> web.Response:
    await require(request)
    return web.json_response(document())


def add_routes(app: web.Application) -> None:
    app.router.add_get("/api/staff/openapi.json", get_openapi)
