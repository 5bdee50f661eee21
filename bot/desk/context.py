"""What the handlers of the desk share."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any

from aiohttp import web

from bot.cases import NotFound
from bot.cases.rows import By
from bot.desk.feed import Feed
from bot.desk.telling import asker
from bot.gateway.context import GATEWAY
from bot.http import ApiError
from bot.staff.people import Person

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class DeskError(ApiError):
    """Its sentence is `desk.error.<code>` of the catalogue."""

    section = "desk"


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Made by `bot.desk.start`."""

    feed: Feed


DESK: web.AppKey[Desk] = web.AppKey("desk", Desk)


def by(request: web.Request, person: Person) -> By:
    """Who changes a case here: the person who asks, now, by the company's rules."""
    gateway = request.app[GATEWAY]
    asked = asker(gateway.catalogue)
    return By(actor=person.id, now=gateway.now(), policy=gateway.policy, channels=gateway.channels, asked=asked)


def named(handler: Handler) -> Handler:
    """What is not there is said in the desk's words, which are not those for customers."""

    @wraps(handler)
    async def answered(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except NotFound:
            raise DeskError(404, "not_found") from None

    return answered


def ref_of(request: web.Request) -> str:
    return request.match_info["ref"]


def version_of(body: Mapping[str, Any]) -> int | None:
    """The version that the writer has seen; DeskError where it is no number."""
    version = body.get("version")
    if version is not None and (isinstance(version, bool) or not isinstance(version, int)):
        raise DeskError(422, "invalid_version", "version")
    return version


def ids_of(body: Mapping[str, Any], name: str, most: int = 20) -> list[str]:
    """A list of ids in a body, each once; DeskError where it is something else."""
    value = body.get(name, [])
    if not isinstance(value, list) or len(value) > most or not all(isinstance(item, str) for item in value):
        raise DeskError(422, "invalid_list", name, most=most)
    found = list(dict.fromkeys(value))
    if not all(item.isprintable() for item in found):
        raise DeskError(422, "invalid_list", name, most=most)
    return found
