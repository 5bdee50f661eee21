"""Saved views and canned replies."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from bot.cases import changes, desk_store, listing, rows
from bot.cases.calendar import display
from bot.cases.model import FieldError
from bot.desk import team
from bot.desk.context import DeskError, named
from bot.gateway.context import GATEWAY, Gateway
from bot.http import LANG, read_json
from bot.staff.guard import require
from bot.staff.people import Person

_PLACEHOLDER = re.compile(r"\{(\w+)\}")


async def get_views(request: web.Request) -> web.Response:
    """Built-in views, then one's own and shared ones, each with how many cases it holds."""
    person = await require(request, "agent")
    gateway = request.app[GATEWAY]
    async with gateway.database.read() as conn:
        kept = await desk_store.list_views(conn, person.id)
        everything = [*listing.BUILT_IN.values(), *(view["filters"] for view in kept)]
        counts = await listing.count(conn, everything, person.id, gateway.now())
    lang = request.get(LANG, person.lang)
    built_in = [
        {"id": name, "name": gateway.catalogue.text(lang, f"desk.view.{name}"), "filters": dict(filters)}
        for name, filters in listing.BUILT_IN.items()
    ]
    views = [{**view, "count": count} for view, count in zip([*built_in, *kept], counts, strict=True)]
    return web.json_response({"views": views})


async def post_view(request: web.Request) -> web.Response:
    person = await require(request, "agent")
    gateway, body = request.app[GATEWAY], await read_json(request)
    name, filters = desk_store.check_name(body.get("name")), _filters(gateway, body.get("filters"), person)
    shared = _shared(body, person)
    async with gateway.database.write() as conn:
        view = await desk_store.add_view(conn, person.id, name, filters, shared=shared, now=gateway.now())
    shown = {"id": view, "name": name, "filters": filters, "shared": shared, "mine": True}
    return web.json_response({"view": shown}, status=201)


@named
async def patch_view(request: web.Request) -> web.StreamResponse:
    person = await require(request, "agent")
    gateway, body = request.app[GATEWAY], await read_json(request)
    values: dict[str, Any] = {}
    if "name" in body:
        values["name"] = desk_store.check_name(body["name"])
    if "filters" in body:
        values["filters"] = _filters(gateway, body["filters"], person)
    if "shared" in body:
        values["shared"] = _shared(body, person)
    if not values:
        raise DeskError(422, "invalid_changes")
    view = request.match_info["id"]
    async with gateway.database.write() as conn:
        await desk_store.change_view(conn, view, person.id, values, administrator=person.may("administrator"))
        kept = await desk_store.list_views(conn, person.id)
    return web.json_response({"view": next(each for each in kept if each["id"] == view)})


@named
async def delete_view(request: web.Request) -> web.StreamResponse:
    person = await require(request, "agent")
    async with request.app[GATEWAY].database.write() as conn:
        await desk_store.remove_view(
            conn, request.match_info["id"], person.id, administrator=person.may("administrator")
        )
    return web.Response(status=204)


def _filters(gateway: Gateway, value: object, person: Person) -> dict[str, str]:
    """Filters as the list takes them; FieldError names one that is none."""
    if not isinstance(value, dict) or not all(isinstance(item, str) and len(item) <= 200 for item in value.values()):
        raise FieldError("invalid_filter", "filters")
    listing.where(value, person.id, gateway.now())
    return dict(value)


def _shared(body: Mapping[str, Any], person: Person) -> bool:
    shared = body.get("shared", False)
    if not isinstance(shared, bool):
        raise DeskError(422, "invalid_changes", "shared")
    if shared and not person.may("administrator"):
        raise DeskError(403, "not_allowed", "shared")
    return shared


async def get_canned(request: web.Request) -> web.Response:
    await require(request, "agent")
    async with request.app[GATEWAY].database.read() as conn:
        return web.json_response({"canned": await desk_store.list_canned(conn)})


@named
async def post_canned(request: web.Request) -> web.StreamResponse:
    return await _write_canned(request, None)


@named
async def patch_canned(request: web.Request) -> web.StreamResponse:
    return await _write_canned(request, request.match_info["id"])


async def _write_canned(request: web.Request, identifier: str | None) -> web.Response:
    person = await require(request, "agent")
    gateway, body = request.app[GATEWAY], await read_json(request)
    values = desk_store.check_canned(body, gateway.languages.codes)
    if identifier is None and "title" not in values:
        raise FieldError("required", "title")
    async with gateway.database.write() as conn:
        if "actions" in body:
            actions = body["actions"]
            if not isinstance(actions, dict):
                raise DeskError(422, "invalid_changes", "actions")
            people = {each.id for each in await team.owners(conn)} | {"me"}
            changes.check(actions, gateway.policy, gateway.now(), people)
            values["actions"] = actions
        if not values:
            raise DeskError(422, "invalid_changes")
        written = await desk_store.write_canned(conn, identifier, values, author=person.id, now=gateway.now())
    return web.json_response({"canned": written}, status=201 if identifier is None else 200)


@named
async def delete_canned(request: web.Request) -> web.StreamResponse:
    await require(request, "agent")
    async with request.app[GATEWAY].database.write() as conn:
        await desk_store.remove_canned(conn, request.match_info["id"])
    return web.Response(status=204)


@named
async def get_filled(request: web.Request) -> web.StreamResponse:
    """A canned reply with its placeholders filled for a case; words in braces that are none stay."""
    person = await require(request, "agent")
    gateway = request.app[GATEWAY]
    async with gateway.database.read() as conn:
        case = await rows.load(conn, request.match_info["ref"])
        canned = await desk_store.get_canned(conn, request.match_info["id"])
    zone = case.time_zone or gateway.policy.hours.time_zone
    values = {
        "customer": case.email or case.phone or "",
        "ref": case.ref,
        "agent": person.name,
        "company": gateway.company.identity.name,
        "due": display(case.due_at, case.lang, zone, gateway.catalogue.text) if case.due_at else "",
    }
    text = _PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), str(canned["text"]))
    return web.json_response({"text": text, "actions": canned["actions"]})


def add_routes(app: web.Application) -> None:
    app.router.add_get("/api/desk/views", get_views)
    app.router.add_post("/api/desk/views", post_view)
    app.router.add_patch("/api/desk/views/{id}", patch_view)
    app.router.add_delete("/api/desk/views/{id}", delete_view)
    app.router.add_get("/api/desk/canned", get_canned)
    app.router.add_post("/api/desk/canned", post_canned)
    app.router.add_patch("/api/desk/canned/{id}", patch_canned)
    app.router.add_delete("/api/desk/canned/{id}", delete_canned)
    app.router.add_get("/api/desk/cases/{ref}/canned/{id}", get_filled)
