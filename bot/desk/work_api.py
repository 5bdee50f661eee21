"""What agents do with a case beside changing and answering it: merge it, say what came of a call."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from bot.cases import callbacks, desk_store, merge
from bot.cases.model import ChangedMeanwhile, FieldError, read_reference
from bot.desk.cases_api import changed_meanwhile, current
from bot.desk.context import by, named, ref_of, version_of
from bot.gateway.case_api import slots
from bot.gateway.context import GATEWAY
from bot.http import LANG, read_json
from bot.staff.guard import require

LONGEST_NOTE = 2_000


@named
async def post_merge(request: web.Request) -> web.StreamResponse:
    """The answer is the case that is left."""
    person = await require(request, "agent")
    gateway, body = request.app[GATEWAY], await read_json(request)
    into = body.get("into")
    if not isinstance(into, str):
        raise FieldError("required", "into")
    try:
        async with gateway.database.write() as conn:
            _, left = await merge.merge(
                conn, ref_of(request), read_reference(into), by(request, person), version=version_of(body)
            )
            await desk_store.mark_seen(conn, left.ref, person.id, left.version)
    except ChangedMeanwhile as error:
        return await changed_meanwhile(request, error, person)
    request.app[GATEWAY].wake_cases()
    return web.json_response(await current(request, left.ref, person))


@named
async def post_callback(request: web.Request) -> web.StreamResponse:
    person = await require(request, "agent")
    gateway, body = request.app[GATEWAY], await read_json(request)
    texts = {name: _text(body, name) for name in ("outcome", "slot", "note")}
    try:
        async with gateway.database.write() as conn:
            case = await callbacks.outcome(
                conn,
                ref_of(request),
                by(request, person),
                result=texts["outcome"] or "",
                slot=texts["slot"],
                note=texts["note"],
                lang=request.get(LANG, person.lang),
                version=version_of(body),
            )
            await desk_store.mark_seen(conn, case.ref, person.id, case.version)
    except ChangedMeanwhile as error:
        return await changed_meanwhile(request, error, person)
    request.app[GATEWAY].wake_cases()
    return web.json_response(await current(request, case.ref, person))


def _text(body: dict[str, Any], name: str) -> str | None:
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise FieldError("invalid_text", name)
    if value is not None and len(value) > LONGEST_NOTE:
        raise FieldError("too_long", name, shortest=1, longest=LONGEST_NOTE)
    return value


async def get_slots(request: web.Request) -> web.Response:
    """Free callback slots, for a second attempt."""
    person = await require(request, "agent")
    return web.json_response(await slots(request.app[GATEWAY], request.get(LANG, person.lang)))


def add_routes(app: web.Application) -> None:
    app.router.add_post("/api/desk/cases/{ref}/merge", post_merge)
    app.router.add_post("/api/desk/cases/{ref}/callback", post_callback)
    app.router.add_get("/api/desk/slots", get_slots)
