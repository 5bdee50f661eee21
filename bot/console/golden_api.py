"""Golden questions, and what agents' clicks and customers' « yes » propose as such."""

from __future__ import annotations

import hashlib
from datetime import date
from typing import Any

from aiohttp import web
from sqlalchemy import case, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.cases import NotFound, desk_store
from bot.console import articles_api, drafts, golden, source
from bot.console.context import CONSOLE, KINDS, ConsoleError, answered, lang_of, text_of
from bot.console.tables import asked, files, gaps
from bot.gateway.context import GATEWAY
from bot.http import read_json
from bot.staff import audit
from bot.staff.guard import require
from bot.staff.people import Person
from bot.staff.tables import text_of as moment_text

LONGEST = 2_000
MOST_PROPOSED = 50  # by feedback
AS = ("question", "golden", "both")


@answered
async def get_golden(request: web.Request) -> web.StreamResponse:
    await require(request, "editor")
    await articles_api.looked(request)
    async with request.app[GATEWAY].database.read() as conn:
        return web.json_response({"questions": await golden.listed(conn)})


@answered
async def post_golden(request: web.Request) -> web.StreamResponse:
    person = await require(request, "editor")
    gateway, body = request.app[GATEWAY], await read_json(request)
    text, lang = text_of(body, "text", most=LONGEST, needed=True), lang_of(request, body.get("lang"))
    async with gateway.database.write() as conn:
        made = await golden.add(conn, person, gateway.now(), str(text).strip(), lang, body.get("expected"))
        await audit.write(conn, gateway.now(), "console_golden_changed", actor=person, details={"added": made["id"]})
    request.app[CONSOLE].feed.wake()
    return web.json_response({"question": {"expected": [], "topic": None, **made, "state": "new"}}, status=201)


@answered
async def delete_golden(request: web.Request) -> web.StreamResponse:
    person = await require(request, "editor")
    gateway, ident = request.app[GATEWAY], request.match_info["question"]
    async with gateway.database.write() as conn:
        await golden.remove(conn, person, gateway.now(), ident)
        await audit.write(conn, gateway.now(), "console_golden_changed", actor=person, details={"removed": ident})
    request.app[CONSOLE].feed.wake()
    return web.Response(status=204)


@answered
async def get_proposals(request: web.Request) -> web.StreamResponse:
    """`from` desk: an agent answered with that article; feedback: customers said that it helped."""
    await require(request, "editor")
    async with request.app[GATEWAY].database.read() as conn:
        by_agents = await desk_store.list_proposals(conn)
        found = [{"id": f"{one['ref']}:{one['article']}", "from": "desk", "count": 1, **one} for one in by_agents]
        found += await _by_feedback(conn)
    return web.json_response({"proposals": found})


async def _by_feedback(conn: AsyncConnection) -> list[dict[str, Any]]:
    """Questions whose answer only helped, the most frequent first; none that is golden, or was refused."""
    unhelpful = func.sum(case((asked.c.helpful, 0), else_=1))
    query = (
        select(
            asked.c.text, asked.c.lang, asked.c.article, func.count(), func.max(asked.c.at), func.max(asked.c.version)
        )
        .where(asked.c.helpful.is_not(None), asked.c.article.is_not(None))
        .group_by(asked.c.text, asked.c.lang, asked.c.article)
        .having(unhelpful == 0)
        .order_by(func.count().desc(), func.max(asked.c.at).desc())
        .limit(MOST_PROPOSED * 4)
    )
    known = {(one["lang"], one["text"].casefold()) for one in (await golden.both(conn))[1]}
    rows = [row for row in await conn.execute(query) if (row.lang, row.text.casefold()) not in known]
    marks = {_mark(row.text, row.lang, row.article): row for row in rows}
    gone = set((await conn.execute(select(gaps.c.question).where(gaps.c.question.in_(marks)))).scalars())
    return [
        {"id": f"asked:{mark}", "from": "feedback", "ref": None, "article": row.article, "lang": row.lang}
        | {"question": row.text, "count": row[3], "at": row[4], "version": row[5], "author": None, "state": "open"}
        for mark, row in marks.items()
        if mark not in gone
    ][:MOST_PROPOSED]


@answered
async def post_proposal(request: web.Request) -> web.StreamResponse:
    """Taken as an example question of the article, as a golden question, or both, in drafts; or refused."""
    person = await require(request, "editor")
    gateway, body = request.app[GATEWAY], await read_json(request)
    state, wanted = body.get("state"), body.get("as", "both")
    if state not in ("taken", "refused"):
        raise ConsoleError(422, "invalid_choice", "state", possible="taken, refused")
    if wanted not in AS:
        raise ConsoleError(422, "invalid_choice", "as", possible=", ".join(AS))
    ref, _, article = request.match_info["proposal"].partition(":")
    async with gateway.database.write() as conn:
        if ref == "asked":
            mark = article
            found = next((one for one in await _by_feedback(conn) if one["id"] == f"asked:{mark}"), None)
            if found is None:
                raise ConsoleError(409, "already_settled")
            values = {"question": mark, "author": person.id, "at": moment_text(gateway.now())}
            await conn.execute(insert(gaps).values(**values))
        else:
            open_ones = await desk_store.list_proposals(conn, limit=10_000)
            found = next((one for one in open_ones if one["ref"] == ref and one["article"] == article), None)
            if found is None:
                raise ConsoleError(409, "already_settled")
            try:
                await desk_store.settle_proposal(conn, ref, article, str(state))
            except NotFound:
                raise ConsoleError(409, "already_settled") from None
        if state == "taken":
            await _take(conn, person, gateway.now(), articles_api.today(request), found, str(wanted))
        details = {"state": state, "as": wanted if state == "taken" else None}
        await audit.write(
            conn, gateway.now(), "console_proposal_settled", actor=person, target=found["article"], details=details
        )
    request.app[CONSOLE].feed.wake()
    return web.json_response({"state": state})


async def _take(conn: AsyncConnection, by: Person, now: Any, day: date, proposal: dict[str, Any], wanted: str) -> None:
    text, lang, article = " ".join(proposal["question"].split()), proposal["lang"], proposal["article"]
    if wanted in ("golden", "both"):
        await golden.add(conn, by, now, text, lang, [article])
    if wanted in ("question", "both"):
        query = select(files).where(files.c.article == article, files.c.lang == lang, files.c.kind.in_(KINDS))
        row = (await conn.execute(query)).first()
        old = await drafts.source_of(conn, (row.draft or row.published) if row is not None else None)
        if row is None or old is None or row.deleted:
            raise ConsoleError(422, "unknown_expected", "article")
        fields = source.read(old)
        if fields.broken:
            raise ConsoleError(422, "unreadable_front_matter", "source", reason=fields.broken)
        questions = fields.public()["questions"]
        if text.casefold() not in {one.casefold() for one in questions}:
            new = source.changed(fields, {"questions": [*questions, text[: source.LONGEST_QUESTION]]}, day)
            await drafts.save(conn, by, row.path, source.write(new), now, seen=drafts.ANY)


def _mark(text: str, lang: str, article: str) -> str:
    return hashlib.sha256(f"{text}\n{lang}\n{article}".encode()).hexdigest()[:32]


def add_routes(app: web.Application) -> None:
    app.router.add_get("/api/console/golden", get_golden)
    app.router.add_post("/api/console/golden", post_golden)
    app.router.add_delete("/api/console/golden/{question}", delete_golden)
    app.router.add_get("/api/console/proposals", get_proposals)
    app.router.add_post("/api/console/proposals/{proposal}", post_proposal)
