"""Imports: a job proposes changes, an editor takes those wanted as drafts."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from aiohttp import BodyPartReader, web
from aiohttp.http_exceptions import HttpProcessingError

from bot.console import drafts, publishing, source
from bot.console.context import CONSOLE, ConsoleError, answered, lang_of, names_of
from bot.gateway.context import GATEWAY
from bot.http import ApiError, read_json
from bot.staff import audit
from bot.staff.guard import require
from bot.staff.people import Person

OPTIONS = ("lang", "kind", "columns", "video", "site", "pages")
LONGEST_FIELD = 64 * 1024
MOST_PATHS = 20_000
PLAIN = ("new", "updated")  # what is taken where nobody chooses
BATCH = 100  # drafts per transaction
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
        given = name = address_of(body.get("source"), "source")
        options = options_of(request, body)
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
            options = options_of(request, _typed(fields))
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


def options_of(request: web.Request, body: Mapping[str, Any]) -> dict[str, Any]:
    found = {name: body[name] for name in OPTIONS if body.get(name) not in (None, "")}
    found["lang"] = lang_of(request, body.get("lang") or request.app[CONSOLE].first_language)
    return found


def address_of(value: object, field: str) -> str:
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
    return await take(request, person, body, found["result"]["changes"], str(job.subject["name"]))


async def take(
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


def add_routes(app: web.Application) -> None:
    app.router.add_post("/api/console/import", post_import)
    app.router.add_post("/api/console/import/{job}/take", post_take)
