"""The threshold below which nothing is answered, whatever was fitted: raised by the console where customers' opinions
contradict what is stated of errors, and taken back there. A file keeps it over restarts."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from aiohttp import web

from kb_index.library import LIBRARY, ApiError

FILE = "careful.json"


def read(folder: Path) -> float:
    """0 where nothing was raised."""
    try:
        value = json.loads((folder / FILE).read_text(encoding="utf-8"))["threshold"]
        return float(value) if 0 <= value <= 1 else 0.0
    except (OSError, ValueError, KeyError, TypeError):
        return 0.0


def write(folder: Path, threshold: float) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f".{FILE}-{os.getpid()}"
    with temporary.open("w", encoding="utf-8") as file:
        json.dump({"threshold": threshold}, file)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(folder / FILE)


async def get_careful(request: web.Request) -> web.Response:
    """`threshold`: the raised one, 0: none; `fitted`: that of the index, with what is stated of it."""
    library = request.app[LIBRARY]
    index = library.index
    bound = index.decider.bound if index is not None else None
    fitted = None if bound is None else {"threshold": bound.threshold, "risk": bound.risk, "stated": bound.stated}
    version = index.version if index is not None else None
    return web.json_response({"threshold": library.least, "fitted": fitted, "version": version})


async def put_careful(request: web.Request) -> web.Response:
    library = request.app[LIBRARY]
    try:
        body: Any = await request.json()
        value = body.get("threshold") or 0.0
    except (ValueError, AttributeError) as error:
        raise ApiError(400, "invalid_json", f"the body is not a JSON object: {error}") from error
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise ApiError(422, "invalid", f"expected a number from 0 to 1 or null, got {value!r:.40}", "threshold")
    try:
        await library.run(lambda: write(library.versions.folder, float(value)))
    except OSError as error:
        raise ApiError(507, "not_written", f"it cannot be kept: {error.strerror}") from error
    library.least = float(value)
    return await get_careful(request)


def add_routes(app: web.Application) -> None:
    app.router.add_get("/careful", get_careful)
    app.router.add_put("/careful", put_careful)
