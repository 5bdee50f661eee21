"""Trying, proving, publishing, versions, the way back."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from bot.console import drafts, publishing
from bot.console.context import (
    CONSOLE,
    ConsoleError,
    answered,
    cleaned,
    lang_of,
    names_of,
    number_of,
    read_large,
    text_of,
)
from bot.gateway.attachments import read_file
from bot.gateway.context import GATEWAY
from bot.http import read_json
from bot.staff.guard import require

MOST_QUESTIONS = 1_000  # tried at once
LONGEST = 4_000  # characters of a question; kb looks at no more
LONGEST_NOTE = 2_000
MOST_BYTES = 2 * 1024 * 1024


@answered
async def post_try(request: web.Request) -> web.StreamResponse:
    """What customers would get with the drafts and what they get now: for one question, several, or a file of them
    (a question a line, or CSV with the columns text and lang)."""
    await require(request, "editor")
    if request.content_type == "multipart/form-data":
        _, content = await read_file(request, MOST_BYTES)
        default = request.query.get("lang") or request.app[CONSOLE].first_language
        body: dict[str, Any] = {"questions": await asyncio.to_thread(_lines, content, lang_of(request, default))}
    else:
        body = await read_large(request)
    questions = _questions(request, body)
    if not isinstance(body.get("draft", True), bool):
        raise ConsoleError(422, "invalid_choice", "draft", possible="true, false")
    changes: list[dict[str, Any]] = []
    if body.get("draft", True):
        async with request.app[GATEWAY].database.read() as conn:
            rows = await drafts.changes_of(conn, names_of(body, "articles"))
        changes = [{"path": row.path, "source": row.source} for row in rows]
    limit = number_of(body.get("limit", 5), "limit", least=1, most=20)
    asked = {"questions": questions, "changes": changes, "limit": limit}
    return web.json_response(await request.app[CONSOLE].kb.call("POST", "/try", asked, long=True))


def _questions(request: web.Request, body: Mapping[str, Any]) -> list[dict[str, str]]:
    given = body.get("questions")
    if given is None:
        text = text_of(body, "text", most=LONGEST, needed=True)
        return [{"text": str(text), "lang": lang_of(request, body.get("lang"))}]
    if not isinstance(given, list) or not 0 < len(given) <= MOST_QUESTIONS:
        raise ConsoleError(422, "invalid_list", "questions", most=MOST_QUESTIONS)
    found = []
    for one in given:
        named = {"text": one, "lang": body.get("lang")} if isinstance(one, str) else one
        if not isinstance(named, dict):
            raise ConsoleError(422, "invalid_list", "questions", most=MOST_QUESTIONS)
        text = text_of(named, "text", most=LONGEST, needed=True)
        lang = lang_of(request, named.get("lang") or body.get("lang") or request.app[CONSOLE].first_language)
        found.append({"text": str(text), "lang": lang})
    return found


def _lines(content: bytes, lang: str) -> list[dict[str, str]]:
    """Questions of a file: UTF-8, else the letters of Windows."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", "replace")
    text = cleaned(text)
    head = text.partition("\n")[0].lower()
    columns = [name.strip().strip('"') for name in head.replace(";", ",").split(",")]
    named = next((name for name in ("text", "question", "frage") if name in columns), None)
    if named is None:
        return [{"text": line.strip(), "lang": lang} for line in text.splitlines() if line.strip()]
    delimiter = ";" if head.count(";") >= head.count(",") and ";" in head else ","
    try:
        rows = list(csv.reader(io.StringIO(text), delimiter=delimiter))[1:]
    except csv.Error as error:
        raise ConsoleError(422, "kb_refused", "file", reason=str(error)) from None
    at, lang_at = columns.index(named), columns.index("lang") if "lang" in columns else None
    found = []
    for row in rows:
        if len(row) > at and row[at].strip():
            own = row[lang_at].strip() if lang_at is not None and len(row) > lang_at else ""
            found.append({"text": row[at].strip(), "lang": own or lang})
    return found


@answered
async def post_gate(request: web.Request) -> web.StreamResponse:
    person = await require(request, "editor")
    publisher, body = request.app[CONSOLE].publisher, await read_json(request)
    batch = await publisher.batch(names_of(body, "articles"))
    job = await publisher.gate(batch, person)
    return web.json_response({"job": job, "articles": batch.articles}, status=202)


@answered
async def post_publish(request: web.Request) -> web.StreamResponse:
    """The gate's report with `version`; 409 with `report` where the gate blocks. Overruling is for administrators."""
    person = await require(request, "editor")
    publisher, body = request.app[CONSOLE].publisher, await read_json(request)
    note = text_of(body, "note", most=LONGEST_NOTE) or ""
    job = text_of(body, "gate", most=40)
    overrule = text_of(body, "overrule", most=LONGEST_NOTE)
    if overrule is not None and not overrule.strip():
        raise ConsoleError(422, "reason_needed", "overrule")
    if overrule is not None and not person.may("administrator"):
        raise ConsoleError(403, "not_allowed", "overrule")
    batch = await publisher.batch(names_of(body, "articles"))
    done = await publisher.publish(batch, person, note=note, job=job, overrule=overrule)
    return web.json_response(done)


@answered
async def get_versions(request: web.Request) -> web.StreamResponse:
    await require(request, "editor")
    return web.json_response(await request.app[CONSOLE].kb.call("GET", "/versions"))


@answered
async def post_rollback(request: web.Request) -> web.StreamResponse:
    person = await require(request, "editor")
    body = await read_json(request)
    version = text_of(body, "version", most=64, needed=True)
    return web.json_response(await request.app[CONSOLE].publisher.roll_back(str(version), person))


@answered
async def get_job(request: web.Request) -> web.StreamResponse:
    await require(request, "editor")
    return web.json_response(await request.app[CONSOLE].kb.job(await _job(request)))


@answered
async def delete_job(request: web.Request) -> web.StreamResponse:
    """Cancel it; nothing of it is left."""
    await require(request, "editor")
    job = await _job(request)
    return web.json_response(await request.app[CONSOLE].kb.call("DELETE", f"/jobs/{job}"))


async def _job(request: web.Request) -> str:
    async with request.app[GATEWAY].database.read() as conn:
        return str((await publishing.known_job(conn, request.match_info["id"])).id)


def add_routes(app: web.Application) -> None:
    app.router.add_post("/api/console/try", post_try)
    app.router.add_post("/api/console/gate", post_gate)
    app.router.add_post("/api/console/publish", post_publish)
    app.router.add_get("/api/console/versions", get_versions)
    app.router.add_post("/api/console/rollback", post_rollback)
    app.router.add_get("/api/console/jobs/{id}", get_job)
    app.router.add_delete("/api/console/jobs/{id}", delete_job)
