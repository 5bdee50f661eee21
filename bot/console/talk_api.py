"""What editors say about an article: comments, review, when it is to be published, who has it open."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from aiohttp import web
from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.console import articles_api, drafts, feed, presence, shown
from bot.console.context import CONSOLE, ConsoleError, answered, lang_of, split_key, text_of
from bot.console.shelf import told
from bot.console.tables import comments, files
from bot.gateway.context import GATEWAY
from bot.http import read_json
from bot.staff import audit
from bot.staff.guard import require
from bot.staff.tables import text_of as moment_text

LONGEST = 4_000
REVIEWS = ("requested", "approved", "refused")
FARTHEST = timedelta(days=366)


@answered
async def post_comment(request: web.Request) -> web.StreamResponse:
    person = await require(request, "editor")
    gateway, body = request.app[GATEWAY], await read_json(request)
    text = text_of(body, "text", most=LONGEST, needed=True)
    lang = lang_of(request, body["lang"]) if body.get("lang") is not None else None
    async with gateway.database.write() as conn:
        key = await _key(conn, request)
        row = {"id": uuid.uuid4().hex, "article": key, "lang": lang, "text": text, "resolved": False}
        row |= {"author": person.id, "author_name": person.name, "at": moment_text(gateway.now())}
        await conn.execute(insert(comments).values(**row))
        await feed.tell(conn, gateway.now(), "article", {"article": key, "lang": lang, "by": person.id})
        made = (await conn.execute(select(comments).where(comments.c.id == row["id"]))).one()
    request.app[CONSOLE].feed.wake()
    return web.json_response({"comment": shown.comment(made)}, status=201)


@answered
async def patch_comment(request: web.Request) -> web.StreamResponse:
    """Resolved or open again, by anybody; its text by who wrote it."""
    person = await require(request, "editor")
    gateway, body = request.app[GATEWAY], await read_json(request)
    values: dict[str, Any] = {}
    if "resolved" in body:
        if not isinstance(body["resolved"], bool):
            raise ConsoleError(422, "invalid_choice", "resolved", possible="true, false")
        values["resolved"] = body["resolved"]
    if "text" in body:
        values["text"] = text_of(body, "text", most=LONGEST, needed=True)
    if not values:
        raise ConsoleError(422, "invalid_choice", "resolved", possible="true, false")
    async with gateway.database.write() as conn:
        key = await _key(conn, request)
        this = (comments.c.id == request.match_info["comment"]) & (comments.c.article == key)
        found = (await conn.execute(select(comments).where(this))).one_or_none()
        if found is None:
            raise ConsoleError(404, "not_found")
        if "text" in values and found.author != person.id:
            raise ConsoleError(403, "not_yours", "text")
        await conn.execute(update(comments).where(this).values(**values))
        await feed.tell(conn, gateway.now(), "article", {"article": key, "lang": found.lang, "by": person.id})
        made = (await conn.execute(select(comments).where(this))).one()
    request.app[CONSOLE].feed.wake()
    return web.json_response({"comment": shown.comment(made)})


@answered
async def delete_comment(request: web.Request) -> web.StreamResponse:
    """One's own; administrators any."""
    person = await require(request, "editor")
    gateway = request.app[GATEWAY]
    async with gateway.database.write() as conn:
        key = await _key(conn, request)
        this = (comments.c.id == request.match_info["comment"]) & (comments.c.article == key)
        found = (await conn.execute(select(comments).where(this))).one_or_none()
        if found is None:
            raise ConsoleError(404, "not_found")
        if found.author != person.id and not person.may("administrator"):
            raise ConsoleError(403, "not_yours")
        await conn.execute(delete(comments).where(this))
        await feed.tell(conn, gateway.now(), "article", {"article": key, "lang": found.lang, "by": person.id})
    request.app[CONSOLE].feed.wake()
    return web.Response(status=204)


@answered
async def post_review(request: web.Request) -> web.StreamResponse:
    """Ask for a look at the draft, approve or refuse it; null takes the wish back. A change of the draft ends it."""
    person = await require(request, "editor")
    gateway, body = request.app[GATEWAY], await read_json(request)
    lang, state = lang_of(request, body.get("lang")), body.get("state")
    if state is not None and state not in REVIEWS:
        raise ConsoleError(422, "invalid_choice", "state", possible=", ".join(REVIEWS))
    note = text_of(body, "note", most=LONGEST)
    async with gateway.database.write() as conn:
        row = await articles_api.there(conn, request, lang)
        if row.draft is None:
            raise ConsoleError(409, "no_draft", "lang")
        whose = await drafts.revision_of(conn, row.path, row.draft)
        if state == "approved" and whose.author == person.id and request.app[CONSOLE].review:
            raise ConsoleError(403, "own_draft", "state")
        values = {"review": state, "review_by": person.id if state else None, "review_note": note}
        await conn.execute(update(files).where(files.c.path == row.path).values(**values))
        await feed.tell(conn, gateway.now(), "article", told(row.path, by=person.id))
        if state in ("approved", "refused"):
            details = {"lang": lang, "revision": row.draft}
            target = f"{row.kind}:{row.article}"
            await audit.write(
                conn, gateway.now(), f"console_review_{state}", actor=person, target=target, details=details
            )
    request.app[CONSOLE].feed.wake()
    return await articles_api.answer(request)


@answered
async def post_schedule(request: web.Request) -> web.StreamResponse:
    """When the draft is to be published by itself; null: not."""
    person = await require(request, "editor")
    gateway, body = request.app[GATEWAY], await read_json(request)
    lang, at = lang_of(request, body.get("lang")), None
    if body.get("publish_at") is not None:
        at = _moment(body["publish_at"], gateway.now())
    async with gateway.database.write() as conn:
        row = await articles_api.there(conn, request, lang)
        if row.draft is None:
            raise ConsoleError(409, "no_draft", "lang")
        values = {"publish_at": moment_text(at) if at else None, "publish_by": person.id if at else None}
        await conn.execute(update(files).where(files.c.path == row.path).values(**values, publish_error=None))
        await feed.tell(conn, gateway.now(), "article", told(row.path, by=person.id))
        details = {"lang": lang, "at": values["publish_at"]}
        target = f"{row.kind}:{row.article}"
        await audit.write(conn, gateway.now(), "console_scheduled", actor=person, target=target, details=details)
    request.app[CONSOLE].wake_schedule()
    request.app[CONSOLE].feed.wake()
    return await articles_api.answer(request)


def _moment(value: object, now: datetime) -> datetime:
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise ConsoleError(422, "invalid_moment", "publish_at")
    if not now - timedelta(minutes=1) <= found <= now + FARTHEST:
        raise ConsoleError(422, "moment_out_of_range", "publish_at")
    return found


@answered
async def post_presence(request: web.Request) -> web.StreamResponse:
    """A sign of life, for 30 seconds; the answer says who else is there."""
    person = await require(request, "editor")
    gateway, body = request.app[GATEWAY], await read_json(request)
    doing = body.get("doing")
    if doing not in presence.DOINGS:
        raise ConsoleError(422, "invalid_choice", "doing", possible=", ".join(presence.DOINGS))
    async with gateway.database.write() as conn:
        key = await _key(conn, request)
        await presence.note(conn, key, person.id, str(doing), gateway.now())
        people = (await presence.everywhere(conn, gateway.now())).get(key, [])
    request.app[CONSOLE].feed.wake()
    return web.json_response({"people": people})


async def _key(conn: AsyncConnection, request: web.Request) -> str:
    kind, article = split_key(request.match_info["id"])
    rows = await shown.find(conn, kind, article, request.app[CONSOLE].first_language)
    return f"{rows[0].kind}:{rows[0].article}"


def add_routes(app: web.Application) -> None:
    one = "/api/console/articles/{id}"
    app.router.add_post(f"{one}/comments", post_comment)
    app.router.add_patch(f"{one}/comments/{{comment}}", patch_comment)
    app.router.add_delete(f"{one}/comments/{{comment}}", delete_comment)
    app.router.add_post(f"{one}/review", post_review)
    app.router.add_post(f"{one}/schedule", post_schedule)
    app.router.add_post(f"{one}/presence", post_presence)
