"""The OpenAPI document of the public port, written by hand in `assets/openapi.yml`. Staff's API has its own."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import yaml
from aiohttp import web

from bot.catalogue import SAFE_LOADER
from bot.gateway.files import ASSETS


@lru_cache(maxsize=1)
def document() -> dict[str, Any]:
    """The document as JSON values."""
    loaded: dict[str, Any] = yaml.load((ASSETS / "openapi.yml").read_text("utf-8"), SAFE_LOADER)
    return loaded


async def get_openapi(_request: web.Request) -> web.Response:
    return web.json_response(document(), headers={"Cache-Control": "public, max-age=300"})


def add_routes(app: web.Application) -> None:
    app.router.add_get("/api/openapi.json", get_openapi)
