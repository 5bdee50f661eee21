"""What every part that answers HTTP requests shares: the one error, the language of an answer, reading JSON."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from aiohttp import web

LANG: web.RequestKey[str] = web.RequestKey("lang", str)  # set where a request says in which language to answer


class ApiError(Exception):
    """An answer other than success: `code` is stable, the sentence is `<section>.error.<code>` of the catalogue."""

    section: ClassVar[str] = "system"

    def __init__(self, status: int, code: str, field: str | None = None, **values: object) -> None:
        super().__init__(f"{status} {code}")
        self.status = status
        self.code = code
        self.field = field
        self.values = values
        self.headers: dict[str, str] = {}

    @property
    def key(self) -> str:
        return f"{self.section}.error.{self.code}"


async def read_json(request: web.Request) -> dict[str, Any]:
    """The body as a JSON object; ApiError 400 or 413."""
    try:
        body = json.loads((await request.read()) or b"{}")
    except (ValueError, RecursionError):
        raise ApiError(400, "invalid_json") from None
    if not isinstance(body, dict):
        raise ApiError(400, "invalid_json")
    return body
