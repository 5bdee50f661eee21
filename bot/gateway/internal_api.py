"""The internal API: a second application on the loopback port, for the action server only (token on every call)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from aiohttp import web

from bot.cases import NotFound, fields, store
from bot.gateway.case_api import give_consent, open_case, own_case, own_cases, slots
from bot.gateway.context import GATEWAY, LANG, ApiError, Gateway
from bot.gateway.guard import read_json
from bot.gateway.health import metrics
from bot.gateway.journal import Conversation

FIELDS = ("email", "phone", "subject", "text", "contract", "severity", "system", "slot")
SLOTS_OFFERED = 6
NOON = 12


async def check_field(request: web.Request) -> web.Response:
    gateway = request.app[GATEWAY]
    field = request.match_info["field"]
    if field not in FIELDS:
        raise ApiError(404, "not_found")
    body = await read_json(request)
    now = gateway.now()
    zone = await _time_zone(gateway, body.get("conversation")) if field == "slot" else None
    async with gateway.database.read() as connection:
        taken = await store.bookings_by_start(connection, now) if field == "slot" else {}
    context = fields.Context(_lang(request, body), gateway.policy, gateway.catalogue.text, now, taken, zone)
    checked = fields.check(field, body.get("value"), context)
    return web.json_response({"value": checked.value, "display": checked.display})


async def get_slots(request: web.Request) -> web.Response:
    gateway = request.app[GATEWAY]
    zone = await _time_zone(gateway, request.query.get("conversation"))
    found = await slots(gateway, _lang(request, request.query), zone)
    return web.json_response({**found, "slots": spread(found["slots"])})


def spread(offered: Sequence[dict[str, str]]) -> list[dict[str, str]]:
    """The first slot of each morning and of each afternoon: something for everybody in a few buttons."""
    halves: dict[tuple[date, bool], dict[str, str]] = {}
    for slot in offered:
        start = datetime.fromisoformat(slot["start"])
        halves.setdefault((start.date(), start.hour >= NOON), slot)
    return list(halves.values())[:SLOTS_OFFERED]


async def post_case(request: web.Request) -> web.Response:
    gateway = request.app[GATEWAY]
    data = await read_json(request)
    conversation = await _conversation(gateway, data.get("conversation"))
    key = str(data.get("idempotency_key") or "")
    lang = _lang(request, data)
    question = data.pop("question", None)
    case = await open_case(gateway, conversation, data, key=key, lang=lang, tell=False, question=question)
    return web.json_response({"case": case}, status=201)


async def get_cases(request: web.Request) -> web.Response:
    gateway = request.app[GATEWAY]
    conversation = await _conversation(gateway, request.query.get("conversation"))
    return web.json_response({"cases": await own_cases(gateway, conversation.id, request.query.get("ref"))})


async def post_consent(request: web.Request) -> web.Response:
    gateway = request.app[GATEWAY]
    data = await read_json(request)
    conversation = await _conversation(gateway, data.get("conversation"))
    agreed, statement = data.get("agreed"), data.get("statement")
    if not isinstance(agreed, bool) or not isinstance(statement, str) or not statement.strip():
        raise ApiError(422, "invalid_consent", "agreed" if not isinstance(agreed, bool) else "statement")
    case = await own_case(gateway, conversation.id, request.match_info["ref"])
    after = await give_consent(gateway, case, agreed=agreed, statement=statement, actor=conversation.id, tell=False)
    return web.json_response({"case": after.brief()})


async def _conversation(gateway: Gateway, named: object) -> Conversation:
    found = await gateway.journal.conversation(named) if isinstance(named, str) else None
    if found is None:
        raise NotFound
    return found


async def _time_zone(gateway: Gateway, named: object) -> str | None:
    """The customer's, where the conversation is there and knows it."""
    found = await gateway.journal.conversation(named) if isinstance(named, str) else None
    return found.time_zone if found else None


def _lang(request: web.Request, values: Mapping[str, Any]) -> str:
    named = values.get("lang")
    lang = request[LANG] = request.app[GATEWAY].languages.choose(named if isinstance(named, str) else None)
    return lang


def add_routes(app: web.Application) -> None:
    app.router.add_post("/internal/fields/{field}", check_field)
    app.router.add_get("/internal/slots", get_slots)
    app.router.add_post("/internal/cases", post_case)
    app.router.add_get("/internal/cases", get_cases)
    app.router.add_post("/internal/cases/{ref}/consent", post_consent)
    app.router.add_get("/metrics", metrics)
