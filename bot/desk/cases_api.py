"""Cases at the desk: the list, one case whole, changes to one and to many."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiohttp import web
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.cases import CaseError, changes, desk_store, listing, rows, tables, timeline, work
from bot.cases.desk_tables import reads
from bot.cases.model import Case, ChangedMeanwhile, FieldError, read_reference, utc_text
from bot.desk import team
from bot.desk.context import DeskError, by, ids_of, named, ref_of, version_of
from bot.desk.shown import Shower
from bot.gateway.context import GATEWAY
from bot.http import LANG, read_json
from bot.staff.guard import require
from bot.staff.people import Person

OTHERS = 50
TRANSCRIPT = 5_000
BULK = 200


async def shower(request: web.Request, conn: AsyncConnection, person: Person) -> Shower:
    gateway = request.app[GATEWAY]
    names = await team.names(conn)
    return Shower(gateway=gateway, names=names, lang=request.get(LANG, person.lang), now=gateway.now())


async def get_cases(request: web.Request) -> web.Response:
    person = await require(request, "agent")
    gateway, query = request.app[GATEWAY], dict(request.query)
    sort, after, limit = query.pop("sort", "due"), query.pop("after", None), query.pop("limit", "50")
    if not limit.isascii() or not limit.isdigit() or not 1 <= int(limit[:6]) <= listing.MOST:
        raise FieldError("invalid_filter", "limit")
    view = query.pop("view", "")
    async with gateway.database.read() as conn:
        filters = {**await _filters_of(conn, view, person), **query}
        page = await listing.page(
            conn, filters, me=person.id, now=gateway.now(), sort=sort, after=after, limit=int(limit)
        )
        show = await shower(request, conn, person)
    body = {"cases": [show.listed(item) for item in page.items], "next": page.following, "total": page.total}
    return web.json_response(body)


async def _filters_of(conn: AsyncConnection, view: str, person: Person) -> Mapping[str, str]:
    if not view or view in listing.BUILT_IN:
        return listing.BUILT_IN.get(view, {})
    for kept in await desk_store.list_views(conn, person.id):
        if kept["id"] == view:
            filters: Mapping[str, str] = kept["filters"]
            return filters
    raise FieldError("invalid_filter", "view")


async def current(request: web.Request, ref: str, person: Person) -> dict[str, Any]:
    """The case as it is now, for the answer to a change that has been committed."""
    async with request.app[GATEWAY].database.read() as conn:
        return await _whole(request, conn, await rows.load(conn, ref), person)


async def _whole(request: web.Request, conn: AsyncConnection, case: Case, person: Person) -> dict[str, Any]:
    """`{"case": …}` with everything that belongs to it."""
    gateway, show = request.app[GATEWAY], await shower(request, conn, person)
    seen = (
        await conn.execute(select(reads.c.version).where(reads.c.ref == case.ref, reads.c.person == person.id))
    ).scalar_one_or_none()
    entries = await timeline.of_case(conn, case.ref)
    others = await listing.some(conn, listing.same_customer(case), person.id, OTHERS)
    return {
        "case": {
            **show.case(case, unread=(seen or 0) < case.news),
            "consent": await _consent(conn, case.ref, show, case),
            "transcript": await gateway.journal.events(case.conversation, limit=TRANSCRIPT),
            "timeline": [show.entry(entry, case) for entry in entries],
            "others": [show.listed(item) for item in others],
            "external": await desk_store.list_external(conn, case.ref),
        }
    }


async def _consent(conn: AsyncConnection, ref: str, show: Shower, case: Case) -> dict[str, Any] | None:
    table = tables.consents
    row = (await conn.execute(select(table).where(table.c.ref == ref))).one_or_none()
    if row is None:
        return None
    actor = case.email or "customer" if row.actor in ("link", case.conversation) else row.actor
    return {"agreed": bool(row.agreed), "statement": row.statement, "at": utc_text(row.at), "actor": actor}


@named
async def get_case(request: web.Request) -> web.StreamResponse:
    person = await require(request, "agent")
    return web.json_response(await current(request, read_reference(ref_of(request)), person))


@named
async def patch_case(request: web.Request) -> web.StreamResponse:
    person = await require(request, "agent")
    gateway, body = request.app[GATEWAY], await read_json(request)
    version = version_of(body)
    body.pop("version", None)
    writer = by(request, person)
    try:
        async with gateway.database.write() as conn:
            wanted = await _checked(request, conn, body, person)
            case = await work.change(conn, ref_of(request), wanted, writer, version=version)
            await _seen(conn, case, person)
    except ChangedMeanwhile as error:
        return await changed_meanwhile(request, error, person)
    gateway.wake_cases()
    gateway.hub.wake(case.conversation)
    return web.json_response(await current(request, case.ref, person))


async def changed_meanwhile(request: web.Request, error: ChangedMeanwhile, person: Person) -> web.Response:
    """409 with the case as somebody else left it."""
    refusal = error.body(request.app[GATEWAY].catalogue.text, request.get(LANG, person.lang))
    return web.json_response({**refusal, **await current(request, error.case.ref, person)}, status=error.status)


async def _checked(
    request: web.Request, conn: AsyncConnection, body: Mapping[str, Any], person: Person
) -> dict[str, Any]:
    """The changes of a body; `owner` may be `me`."""
    gateway = request.app[GATEWAY]
    data = {**body, "owner": person.id} if body.get("owner") == "me" else body
    people = {each.id for each in await team.owners(conn)}
    return changes.check(data, gateway.policy, gateway.now(), people)


async def _seen(conn: AsyncConnection, case: Case, person: Person) -> None:
    """Who changes a case has read it."""
    await desk_store.mark_seen(conn, case.ref, person.id, case.version)


@named
async def post_seen(request: web.Request) -> web.StreamResponse:
    person = await require(request, "agent")
    async with request.app[GATEWAY].database.write() as conn:
        await _seen(conn, await rows.load(conn, ref_of(request)), person)
    return web.Response(status=204)


async def post_bulk(request: web.Request) -> web.Response:
    """Each case by itself: one that refuses keeps no other from changing."""
    person = await require(request, "agent")
    gateway, body = request.app[GATEWAY], await read_json(request)
    refs = ids_of(body, "refs", BULK)
    if not refs:
        raise FieldError("invalid_refs", "refs", most=BULK)
    if not isinstance(body.get("changes"), dict):
        raise DeskError(422, "invalid_changes", "changes")
    writer, lang = by(request, person), request.get(LANG, person.lang)
    async with gateway.database.read() as conn:
        wanted = await _checked(request, conn, body["changes"], person)
    done, refused = [], []
    for ref in refs:
        try:
            async with gateway.database.write() as conn:
                case = await work.change(conn, ref, wanted, writer)
                await _seen(conn, case, person)
        except CaseError as error:
            message = error.message(gateway.catalogue.text, lang)
            refused.append({"ref": ref, "code": error.code, "message": message})
        else:
            gateway.hub.wake(case.conversation)
            done.append(ref)
    request.app[GATEWAY].wake_cases()
    return web.json_response({"done": done, "refused": refused})


def add_routes(app: web.Application) -> None:
    app.router.add_get("/api/desk/cases", get_cases)
    app.router.add_get("/api/desk/cases/{ref}", get_case)
    app.router.add_patch("/api/desk/cases/{ref}", patch_case)
    app.router.add_post("/api/desk/cases/{ref}/seen", post_seen)
    app.router.add_post("/api/desk/bulk", post_bulk)
