"""What the handlers of the console share."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any

from aiohttp import web

from bot.gateway.context import GATEWAY
from bot.http import ApiError

if TYPE_CHECKING:
    from bot.console.alarm import Alarm
    from bot.console.feed import Feed
    from bot.console.kb import Kb
    from bot.console.publishing import Publisher
    from bot.console.shelf import Shelf
    from bot.console.upkeep import Upkeep

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

KINDS = {"faq": "faq", "blog": "blog", "manual": "manuals", "video": "videos", "topic": "levels"}  # kind → folder
_KEY = re.compile(r"(?:(faq|blog|manual|video|topic):)?([A-Za-z0-9][A-Za-z0-9_.-]{0,99})")
MOST_BYTES = 4 * 1024 * 1024  # of an article's source; kb takes no more


class ConsoleError(ApiError):
    """Its sentence is `console.error.<code>` of the catalogue; `more` stands beside the error in the body."""

    section = "console"

    def __init__(
        self,
        status: int,
        code: str,
        field: str | None = None,
        *,
        more: Mapping[str, Any] | None = None,
        **values: object,
    ) -> None:
        super().__init__(status, code, field, **values)
        self.more = more or {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Console:
    """Made by `bot.console.start`. `review` says whether somebody else must approve before anything is published."""

    kb: Kb
    shelf: Shelf
    feed: Feed
    publisher: Publisher
    upkeep: Upkeep
    alarm: Alarm
    wake_schedule: Callable[[], None]
    wake_sources: Callable[[], None]
    review: bool
    first_language: str
    languages: tuple[str, ...]


CONSOLE: web.AppKey[Console] = web.AppKey("console", Console)


def answered(handler: Handler) -> Handler:
    """Errors of the console that bring more than their sentence: the other's text, the report of the gate. What is
    published is known before the first handler works, as far as kb can be asked."""

    @wraps(handler)
    async def answer(request: web.Request) -> web.StreamResponse:
        shelf = request.app[CONSOLE].shelf
        try:
            if not shelf.seen:
                with contextlib.suppress(ConsoleError):
                    await shelf.look()
            return await handler(request)
        except ConsoleError as error:
            if not error.more:
                raise
            gateway = request.app[GATEWAY]
            body = {**gateway.error(gateway.lang_of(request), error), **error.more}
            return web.json_response(body, status=error.status)

    return answer


def split_key(key: str) -> tuple[str | None, str]:
    """(kind or None, id) of `{kind}:{id}` or `{id}`; ConsoleError 404."""
    found = _KEY.fullmatch(key)
    if not found:
        raise ConsoleError(404, "not_found")
    return found[1], found[2]


def lang_of(request: web.Request, value: object, *, field: str = "lang") -> str:
    """One of the company's languages; ConsoleError."""
    languages = request.app[CONSOLE].languages
    if not isinstance(value, str) or value not in languages:
        raise ConsoleError(422, "unknown_language", field, known=", ".join(languages))
    return value


def text_of(body: Mapping[str, Any], field: str, *, most: int, needed: bool = False) -> str | None:
    """A text of a body, without what no database keeps; None where it is absent or null."""
    value = body.get(field)
    if value is None and not needed:
        return None
    if not isinstance(value, str) or len(value) > most or (needed and not value.strip()):
        raise ConsoleError(422, "invalid_text", field, most=most)
    return cleaned(value)


def cleaned(value: str) -> str:
    """Without NUL and halves of surrogate pairs, lines ended by \\n."""
    whole = value.replace("\0", "").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return whole.replace("\r\n", "\n").replace("\r", "\n")


def number_of(value: object, field: str, *, least: int, most: int) -> int:
    """A whole number of a body or a query; ConsoleError."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 12:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise ConsoleError(422, "invalid_number", field, least=least, most=most)
    return value


def names_of(body: Mapping[str, Any], field: str, *, most: int = 1000) -> list[str] | None:
    """A list of texts, each once; None where it is absent; ConsoleError."""
    value = body.get(field)
    if value is None:
        return None
    if not isinstance(value, list) or len(value) > most or not all(isinstance(item, str) for item in value):
        raise ConsoleError(422, "invalid_list", field, most=most)
    return list(dict.fromkeys(value))


async def read_large(request: web.Request, most: int = MOST_BYTES) -> dict[str, Any]:
    """A JSON body of up to `most` bytes: articles may be longer than what other parts take."""
    content = bytearray()
    async for chunk in request.content.iter_chunked(64 * 1024):
        content += chunk
        if len(content) > most:
            raise ConsoleError(413, "too_large", limit=f"{most / 1024 / 1024:.3g}")
    try:
        body = json.loads(content or b"{}")
    except (ValueError, RecursionError):
        raise ApiError(400, "invalid_json") from None
    if not isinstance(body, dict):
        raise ApiError(400, "invalid_json")
    return body
