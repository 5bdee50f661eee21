"""What the request handlers of the gateway share."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, web

from bot.cases import Channel, Policy
from bot.catalogue import Catalogue
from bot.company import Company
from bot.database import Database
from bot.gateway.journal import Conversation, Journal
from bot.gateway.language import Languages
from bot.gateway.streams import Hub
from bot.gateway.turns import Turns
from bot.http import LANG as LANG
from bot.http import ApiError as ApiError
from bot.limiter import Limiter
from bot.settings import Settings

CONVERSATION: web.RequestKey[Conversation] = web.RequestKey("conversation", Conversation)


@cache
def time_zones() -> frozenset[str]:
    """Names of the IANA database, from its list: `zoneinfo.available_timezones` opens 600 files (0.2 s)."""
    return frozenset((files("tzdata") / "zones").read_text("ascii").split())


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """The parts of the web process; made by bot.web, read by handlers."""

    settings: Settings
    company: Company
    catalogue: Catalogue
    policy: Policy
    channels: Collection[Channel]
    languages: Languages
    database: Database
    journal: Journal
    hub: Hub
    turns: Turns
    limiter: Limiter
    http: ClientSession
    attachments: Path
    wake_cases: Callable[[], None]  # there is something new in the outbox or among the deadlines
    tell_people: Callable[[], None]  # in a conversation that is not the bot's the customer has said something
    other_routes: Sequence[Callable[[web.Application], None]] = ()  # of parts that the gateway does not know
    internal_routes: Sequence[Callable[[web.Application], None]] = ()

    def now(self) -> datetime:
        return datetime.now(UTC)

    def lang_of(self, request: web.Request) -> str:
        """The language to answer a request in: the one it named, the browser's first that we have, its
        conversation's, the company's."""
        if LANG in request:
            return request[LANG]
        for tag in request.headers.get("Accept-Language", "").split(","):
            code = tag.split(";")[0].split("-")[0].strip().lower()
            if code in self.languages.codes:
                return code
        conversation: Conversation | None = request.get(CONVERSATION)
        return conversation.lang if conversation is not None else self.languages.codes[0]

    def error(self, lang: str, error: ApiError) -> dict[str, Any]:
        message = self.catalogue.text(lang, error.key, **error.values)
        return {"error": {"code": error.code, "message": message, "field": error.field}}


GATEWAY: web.AppKey[Gateway] = web.AppKey("gateway", Gateway)
