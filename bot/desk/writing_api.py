"""What agents write: notes, replies (by mail and into the conversation), files, an article as the answer."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from aiohttp import web
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.cases import Attachment, changes, desk_store, messages, rows, teach, timeline
from bot.cases.attachments import add_attachment
from bot.cases.messages import Written
from bot.cases.model import FieldError
from bot.cases.tables import attachments as files_table
from bot.desk import team
from bot.desk.cases_api import current, shower
from bot.desk.context import DeskError, by, ids_of, named, ref_of
from bot.desk.telling import say_reply
from bot.gateway.articles import KbDown, fetch_article
from bot.gateway.attachments import receive, saved
from bot.gateway.context import GATEWAY, Gateway
from bot.http import ApiError, read_json
from bot.staff.guard import require
from bot.staff.people import Person

MOST_FILES = 10


@named
async def post_note(request: web.Request) -> web.StreamResponse:
    person = await require(request, "agent")
    gateway, body = request.app[GATEWAY], await read_json(request)
    client_id, text = messages.check_client_id(body.get("client_id")), messages.check_text(body.get("text"))
    mentions, files = ids_of(body, "mentions"), ids_of(body, "attachments", MOST_FILES)
    async with gateway.database.write() as conn:
        if not set(mentions) <= {each.id for each in await team.owners(conn)}:
            raise FieldError("invalid_mentions", "mentions")
        written = await messages.add_note(
            conn, ref_of(request), by(request, person), client_id=client_id, text=text, mentions=mentions, files=files
        )
        await desk_store.mark_seen(conn, written.case.ref, person.id, written.case.version)
    return await _answer(request, written, person)


@named
async def post_reply(request: web.Request) -> web.StreamResponse:
    person = await require(request, "agent")
    gateway, body = request.app[GATEWAY], await read_json(request)
    client_id, text = messages.check_client_id(body.get("client_id")), messages.check_text(body.get("text"))
    files, status = ids_of(body, "attachments", MOST_FILES), None
    if body.get("status") is not None:
        status = changes.check({"status": body["status"]}, gateway.policy, gateway.now(), ())["status"]
    async with gateway.database.write() as conn:
        written = await messages.reply(
            conn,
            ref_of(request),
            by(request, person),
            client_id=client_id,
            text=text,
            author_name=person.name,
            files=files,
            status=status,
        )
        await _said(conn, written, person)
    gateway.hub.wake(written.case.conversation)
    return await _answer(request, written, person)


@named
async def post_teach(request: web.Request) -> web.StreamResponse:
    """The article as it is published now, verbatim, with its address; the question goes to the editors."""
    person = await require(request, "agent")
    gateway, body = request.app[GATEWAY], await read_json(request)
    article, lang = body.get("article"), body.get("lang")
    if not isinstance(article, str) or lang not in gateway.languages.codes:
        raise DeskError(422, "unknown_article", "article")
    found = await _article(gateway, str(lang), article)
    link = f"{gateway.settings.base_url}/articles/{lang}/{quote(article)}"
    async with gateway.database.write() as conn:
        written = await teach.teach(
            conn,
            ref_of(request),
            by(request, person),
            article=article,
            lang=str(lang),
            version=str(found.get("version", "")),
            text=f"{found['title']}\n\n{found['text']}\n\n{link}"[: messages.LONGEST],
            author_name=person.name,
        )
        await _said(conn, written, person)
    gateway.hub.wake(written.case.conversation)
    return await _answer(request, written, person)


async def _article(gateway: Gateway, lang: str, article: str) -> Mapping[str, Any]:
    try:
        found = await fetch_article(gateway, lang, article, None)
    except KbDown:
        raise DeskError(503, "search_unavailable") from None
    if found is None:
        raise DeskError(422, "unknown_article", "article")
    return found


async def _said(conn: AsyncConnection, written: Written, person: Person) -> None:
    """A new reply is said in the customer's conversation too, in the same transaction; its author has read the case."""
    case = written.case
    await desk_store.mark_seen(conn, case.ref, person.id, case.version)
    if not written.new:
        return
    await say_reply(conn, case, await timeline.of_message(conn, written.id), person.name)


async def _answer(request: web.Request, written: Written, person: Person) -> web.Response:
    """`{"entry", "case"}`, the same however often it was posted."""
    request.app[GATEWAY].wake_cases()
    async with request.app[GATEWAY].database.read() as conn:
        entry, show = await timeline.of_message(conn, written.id), await shower(request, conn, person)
    body = await current(request, written.case.ref, person)
    return web.json_response({"entry": show.entry(entry, written.case), **body}, status=201)


@named
async def post_attachment(request: web.Request) -> web.StreamResponse:
    """A file for the next note or reply of who uploads it; checked as customers' files are."""
    person = await require(request, "agent")
    gateway, ref = request.app[GATEWAY], ref_of(request)
    async with gateway.database.read() as conn:
        case = await rows.load(conn, ref)
        await _check_count(conn, ref, person)

    async def add(conn: AsyncConnection, attachment: Attachment) -> None:
        await _check_count(conn, ref, person)
        await add_attachment(conn, attachment, gateway.now(), author=person.id)

    return await receive(request, case.conversation, add, ref)


async def _check_count(conn: AsyncConnection, ref: str, person: Person) -> None:
    waiting = (files_table.c.ref == ref) & (files_table.c.author == person.id) & files_table.c.message.is_(None)
    count = (await conn.execute(select(func.count()).select_from(files_table).where(waiting))).scalar_one()
    if count >= MOST_FILES:
        raise ApiError(422, "too_many_files", "file", limit=MOST_FILES)


@named
async def get_attachment(request: web.Request) -> web.StreamResponse:
    """A file of a case or of something written about it; always saved, never shown in the browser."""
    await require(request, "agent")
    gateway = request.app[GATEWAY]
    this = (files_table.c.id == request.match_info["id"]) & (files_table.c.ref == ref_of(request))
    async with gateway.database.read() as conn:
        row = (await conn.execute(select(files_table).where(this))).one_or_none()
    if row is None or not await asyncio.to_thread((gateway.attachments / row.path).is_file):
        raise DeskError(404, "not_found")
    return saved(gateway.attachments / row.path, row.name, row.type)


def add_routes(app: web.Application) -> None:
    app.router.add_post("/api/desk/cases/{ref}/notes", post_note)
    app.router.add_post("/api/desk/cases/{ref}/replies", post_reply)
    app.router.add_post("/api/desk/cases/{ref}/teach", post_teach)
    app.router.add_post("/api/desk/cases/{ref}/attachments", post_attachment)
    app.router.add_get("/api/desk/cases/{ref}/attachments/{id}", get_attachment)
