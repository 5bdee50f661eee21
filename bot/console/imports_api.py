"""Imports: a job proposes changes, an editor takes those wanted as drafts; sources that are read again and again."""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from aiohttp import BodyPartReader, web
from aiohttp.http_exceptions import HttpProcessingError
from sqlalchemy import Row, delete, insert, select, update

from bot.console import drafts, publishing, source
from bot.console.context import CONSOLE, ConsoleError, answered, lang_of, names_of, number_of
from bot.console.tables import sources
from bot.gateway.context import GATEWAY
from bot.http import ApiError, read_json
from bot.staff import audit
from bot.staff.guard import require
from bot.staff.people import Person
from bot.staff.tables import text_of as moment_text

OPTIONS = ("lang", "kind", "columns", "video", "site", "pages")
LONGEST_FIELD = 64 * 1024
MOST_PATHS = 20_000
PLAIN = ("new", "updated")  # what is taken where nobody chooses
BATCH = 100  # drafts per transaction
MOST_HOURS = 24 * 90
_CHUNK = 256 * 1024


@answered
async def post_import(request: web.Request) -> web.StreamResponse:
    """JSON with `source`, an address; or multipart, the fields before the file."""
    person = await require(request, "editor")
    console = request.app[CONSOLE]
    given: str | dict[str, str]
    if request.content_type == "multipart/form-data":
        given, options = await _received(request)
        name = given["name"]
    else:
        body = await read_json(request)
        given = name = _address(body.get("source"), "source")
        options = _options(request, body)
    begun = await console.kb.call("POST", "/import", {"source": given, **options})
    subject = {"name": name, "options": options}
    gateway = request.app[GATEWAY]
    await publishing.note_job(gateway.database, str(begun["job"]), "import", person, gateway.now(), subject)
    console.feed.wake()
    return web.json_response({"job": begun["job"]}, status=202)


async def _received(request: web.Request) -> tuple[dict[str, str], dict[str, Any]]:
    """The file, handed over to kb as it comes, and the options before it."""
    fields: dict[str, Any] = {}
    try:
        reader = await request.multipart()
        while (part := await reader.next()) is not None:
            if not isinstance(part, BodyPartReader) or part.name is None:
                raise ConsoleError(422, "file_or_address", "file")
            if part.name != "file":
                fields[part.name] = (await part.read_chunk(LONGEST_FIELD)).decode("utf-8", "replace")
                continue
            options = _options(request, _typed(fields))
            upload = await request.app[CONSOLE].kb.upload(_chunks(part))
            return {"name": (part.filename or "file")[:200], "upload": upload}, options
    except (ValueError, AssertionError, HttpProcessingError):
        raise ApiError(400, "bad_request") from None
    raise ConsoleError(422, "file_or_address", "file")


async def _chunks(part: BodyPartReader) -> AsyncIterator[bytes]:
    while chunk := await part.read_chunk(_CHUNK):
        yield bytes(chunk)


def _typed(fields: Mapping[str, str]) -> dict[str, Any]:
    """Fields of a form as JSON has them."""
    found: dict[str, Any] = {key: value for key, value in fields.items() if value}
    for name in ("columns", "site", "pages"):
        if name in found:
            try:
                found[name] = json.loads(found[name])
            except ValueError:
                raise ConsoleError(422, "invalid_choice", name, possible="JSON") from None
    return found


def _options(request: web.Request, body: Mapping[str, Any]) -> dict[str, Any]:
    found = {name: body[name] for name in OPTIONS if body.get(name) not in (None, "")}
    found["lang"] = lang_of(request, body.get("lang") or request.app[CONSOLE].first_language)
    return found


def _address(value: object, field: str) -> str:
    if not isinstance(value, str) or not value.lower().startswith(("http://", "https://")) or len(value) > 2_000:
        raise ConsoleError(422, "invalid_address", field)
    return value.strip()


@answered
async def post_take(request: web.Request) -> web.StreamResponse:
    """The changes of an import become drafts. A draft that is there stays unless `over` says that it may go (it stays
    in its history)."""
    person = await require(request, "editor")
    gateway, body = request.app[GATEWAY], await read_json(request)
    async with gateway.database.read() as conn:
        job = await publishing.known_job(conn, request.match_info["job"])
    found = await request.app[CONSOLE].kb.job(job.id)
    if job.kind != "import" or found["state"] != "done":
        raise ConsoleError(409, "job_failed", more={"job": {**found, "result": None}})
    return await _take(request, person, body, found["result"]["changes"], str(job.subject["name"]))


async def _take(
    request: web.Request, person: Person, body: Mapping[str, Any], changes: Sequence[Mapping[str, Any]], name: str
) -> web.Response:
    gateway, wanted = request.app[GATEWAY], names_of(body, "paths", most=MOST_PATHS)
    chosen = [one for one in changes if (one["state"] in PLAIN if wanted is None else one["path"] in wanted)]
    chosen = [one for one in chosen if one["state"] != "unchanged"]
    over, say = body.get("over") is True, gateway.catalogue.text
    taken: list[str] = []
    problems: list[dict[str, Any]] = []
    for start in range(0, len(chosen), BATCH):
        async with gateway.database.write() as conn:
            for change in chosen[start : start + BATCH]:
                path, text = str(change["path"]), change["source"]
                code = None
                row = await drafts.row_of(conn, path, lock=True)
                if source.kind_of(path) is None or (row is None and text is None):
                    code = "invalid_path"
                elif row is not None and row.draft is not None and not over:
                    there = await drafts.source_of(conn, row.draft)
                    code = "draft_exists" if there != text else None
                if code is not None:
                    message = say(person.lang, f"console.error.{code}")
                    problems.append({"path": path, "line": None, "message": message})
                    continue
                note = f"imported:{name}"[:200]
                await drafts.save(conn, person, path, text, gateway.now(), seen=drafts.ANY, note=note)
                taken.append(path)
    async with gateway.database.write() as conn:
        details = {"drafts": len(taken), "problems": len(problems)}
        await audit.write(conn, gateway.now(), "console_import_taken", actor=person, target=name[:200], details=details)
    request.app[CONSOLE].feed.wake()
    return web.json_response({"drafts": taken, "problems": problems})


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
    row: dict[str, Any] = {"id": uuid.uuid4().hex, "address": _address(body.get("address"), "address")}
    row |= {"options": _options(request, options), "every_hours": hours, "author": person.id}
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
        values["options"] = _options(request, body["options"])
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
    return await _take(request, person, body, (row.result or {}).get("changes", []), row.address)


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
    app.router.add_post("/api/console/import", post_import)
    app.router.add_post("/api/console/import/{job}/take", post_take)
    app.router.add_get("/api/console/sources", get_sources)
    app.router.add_post("/api/console/sources", post_source)
    app.router.add_get("/api/console/sources/{source}", get_source)
    app.router.add_patch("/api/console/sources/{source}", patch_source)
    app.router.add_delete("/api/console/sources/{source}", delete_source)
    app.router.add_post("/api/console/sources/{source}/take", post_source_take)
