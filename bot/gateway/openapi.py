"""The OpenAPI document of the public port, written by hand: `assets/openapi.yml` of every part, put together."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from aiohttp import web

from bot.catalogue import SAFE_LOADER
from bot.gateway.files import ASSETS

PARTS = ASSETS.parents[1]


@lru_cache(maxsize=1)
def document() -> dict[str, Any]:
    """The document as JSON values: the gateway's, with the paths, tags and components of the other parts."""
    whole = _read(ASSETS / "openapi.yml")
    for file in sorted(PARTS.glob("*/assets/openapi.yml")):
        if file.parent != ASSETS:
            part = _read(file)
            whole["paths"] |= part["paths"]
            whole["tags"] = whole.get("tags", []) + part.get("tags", [])
            for kind, named in part.get("components", {}).items():
                whole["components"][kind] = whole["components"].get(kind, {}) | named
    return whole


def _read(file: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.load(file.read_text("utf-8"), SAFE_LOADER)
    return loaded


async def get_openapi(_request: web.Request) -> web.Response:
    return web.json_response(document(), headers={"Cache-Control": "public, max-age=300"})


def add_routes(app: web.Application) -> None:
    app.router.add_get("/api/openapi.json", get_openapi)
