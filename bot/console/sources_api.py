"""Sources that are imported again and again, and what their last run would change."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from aiohttp import web
from sqlalchemy import Row, delete, insert, select, update

from bot.console import imports_api
from bot.console.context import CONSOLE, ConsoleError, answered, number_of
from bot.console.tables import sources
from bot.gateway.context import GATEWAY
from bot.http import read_json
from bot.staff import audit
from bot.staff.guard import require
from bot.staff.people import Person
from bot.staff.tables import text_of as moment_text

MOST_HOURS = 24 * 90


@answered
async def get_sources(request: web.Request) -> web.StreamResponse:
    await require(request, "editor")
    async with request.app[GATEWAY].database.read() as conn:
        rows = (await conn.execute(select(sources).order_by(sources.c.created_at, sources.c.id))).all()
    return web.json_response({"sources": [_public(row) for row in rows]})


@answered
async def get_source(request: web.Request) -> web.StreamResponse:
    """With what its last run would change."""
    await require(request, "editor")
    row = await _source(request)
    return web.json_response({"source": _public(row), "result": row.result})


@answered
async def post_source(request: web.Request) -> web.StreamResponse:
    person = await require(request, "editor")
    gateway, body = request.app[GATEWAY], await read_json(request)
    options = body.get("options", {})
    if not isinstance(options, dict):
        raise ConsoleError(422, "invalid_meta", "options")
    hours = number_of(body.get("every_hours", 24), "every_hours", least=1, most=MOST_HOURS)
    row: dict[str, Any] = {"id": uuid.uuid4().hex, "address": imports_api.address_of(body.get("address"), "address")}
    row |= {"options": imports_api.options_of(request, options), "every_hours": hours, "author": person.id}
    at = gateway.now() + timedelta(hours=hours)
    row |= {"next_at": moment_text(at), "created_at": moment_text(gateway.now())}
    async with gateway.database.write() as conn:
        await conn.execute(insert(sources).values(**row))
        await _log(request, conn, person, str(row["address"]), {"every_hours": hours})
        made = (await conn.execute(select(sources).where(sources.c.id == row["id"]))).one()
    return web.json_response({"source": _public(made)}, status=201)


@answered
async def patch_source(request: web.Request) -> web.StreamResponse:
    """Its options or hours; `"now": true` runs it at the next opportunity."""
    person = await require(request, "editor")
    gateway, body = request.app[GATEWAY], await read_json(request)
    row = await _source(request)
    values: dict[str, Any] = {}
    if "every_hours" in body:
        hours = number_of(body["every_hours"], "every_hours", least=1, most=MOST_HOURS)
        values = {"every_hours": hours, "next_at": moment_text(gateway.now() + timedelta(hours=hours))}
    if isinstance(body.get("options"), dict):
        values["options"] = imports_api.options_of(request, body["options"])
    if body.get("now") is True:
        values["next_at"] = moment_text(gateway.now())
    if not values:
        raise ConsoleError(422, "invalid_choice", "every_hours", possible="every_hours, options, now")
    async with gateway.database.write() as conn:
        await conn.execute(update(sources).where(sources.c.id == row.id).values(**values))
        await _log(request, conn, person, row.address, {key: values[key] for key in values if key != "next_at"})
        made = (await conn.execute(select(sources).where(sources.c.id == row.id))).one()
    request.app[CONSOLE].wake_sources()
    return web.json_response({"source": _public(made)})


@answered
async def delete_source(request: web.Request) -> web.StreamResponse:
    person = await require(request, "editor")
    row = await _source(request)
    async with request.app[GATEWAY].database.write() as conn:
        await conn.execute(delete(sources).where(sources.c.id == row.id))
        await _log(request, conn, person, row.address, {"removed": True})
    return web.Response(status=204)


@answered
async def post_source_take(request: web.Request) -> web.StreamResponse:
    """What the last run would change becomes drafts."""
    person = await require(request, "editor")
    body, row = await read_json(request), await _source(request)
    return await imports_api.take(request, person, body, (row.result or {}).get("changes", []), row.address)


async def _source(request: web.Request) -> Row[Any]:
    async with request.app[GATEWAY].database.read() as conn:
        this = select(sources).where(sources.c.id == request.match_info["source"])
        row = (await conn.execute(this)).one_or_none()
    if row is None:
        raise ConsoleError(404, "not_found")
    return row


async def _log(request: web.Request, conn: Any, person: Person, address: str, details: dict[str, Any]) -> None:
    now = request.app[GATEWAY].now()
    await audit.write(conn, now, "console_source_changed", actor=person, target=address[:200], details=details)


def _public(row: Row[Any]) -> dict[str, Any]:
    shown = {name: getattr(row, name) for name in ("id", "address", "options", "every_hours", "next_at", "last")}
    return {**shown, "waiting": bool(row.result and row.result.get("changes"))}


def add_routes(app: web.Application) -> None:
    app.router.add_get("/api/console/sources", get_sources)
    app.router.add_post("/api/console/sources", post_source)
    app.router.add_get("/api/console/sources/{source}", get_source)
    app.router.add_patch("/api/console/sources/{source}", patch_source)
    app.router.add_delete("/api/console/sources/{source}", delete_source)
    app.router.add_post("/api/console/sources/{source}/take", post_source_take)
