"""What is missing, and what does not help."""

from __future__ import annotations

from collections import OrderedDict

from aiohttp import web
from sqlalchemy import delete
from sqlalchemy.dialects import postgresql, sqlite

from bot.console import gaps
from bot.console.context import CONSOLE, ConsoleError, answered, number_of
from bot.console.tables import gaps as table
from bot.gateway.context import GATEWAY
from bot.http import read_json
from bot.staff.guard import require
from bot.staff.tables import text_of

MOST_REMEMBERED = 2_000
# Which questions a gap was made of, when it was shown last: dismissing it dismisses them all.
_members: OrderedDict[str, list[str]] = OrderedDict()


@answered
async def get_gaps(request: web.Request) -> web.StreamResponse:
    """`grouped` false: kb could not be asked, each question stands by itself."""
    await require(request, "editor")
    gateway, console = request.app[GATEWAY], request.app[CONSOLE]
    days = number_of(request.query.get("days", 30), "days", least=1, most=366)
    await console.upkeep.once()
    now = gateway.now()
    since = gaps.since_of(now, days)
    async with gateway.database.read() as conn:
        questions = await gaps.unanswered(conn, since)
    groups, by_meaning = await gaps.grouped(console.kb, questions)
    found = []
    async with gateway.database.read() as conn:
        for group in groups[: gaps.MOST_GAPS]:
            one = gaps.shown(group, since, now, await gaps.reply_to(conn, group))
            found.append(one)
            _members[one["id"]] = [question.mark for question in group]
            _members.move_to_end(one["id"])
        weak = await gaps.weak(conn, since)
        unused = await gaps.unused(conn, since)
    while len(_members) > MOST_REMEMBERED:
        _members.popitem(last=False)
    body = {"gaps": found, "weak": weak, "unused": unused, "grouped": by_meaning}
    return web.json_response({**body, "total": len(groups)})


@answered
async def post_gap(request: web.Request) -> web.StreamResponse:
    """Dismissed: its questions are listed no more, whoever asks them again; open takes that back."""
    person = await require(request, "editor")
    gateway, body, ident = request.app[GATEWAY], await read_json(request), request.match_info["gap"]
    state = body.get("state")
    if state not in ("dismissed", "open"):
        raise ConsoleError(422, "invalid_choice", "state", possible="dismissed, open")
    if len(ident) != 32:
        raise ConsoleError(404, "not_found")
    names = _members.get(ident, [ident])
    async with gateway.database.write() as conn:
        if state == "open":
            await conn.execute(delete(table).where(table.c.question.in_(names)))
        else:
            dialect = postgresql if conn.dialect.name == "postgresql" else sqlite
            rows = [{"question": name, "author": person.id, "at": text_of(gateway.now())} for name in names]
            await conn.execute(dialect.insert(table).values(rows).on_conflict_do_nothing())
    return web.json_response({"id": ident, "state": state})


def add_routes(app: web.Application) -> None:
    app.router.add_get("/api/console/gaps", get_gaps)
    app.router.add_post("/api/console/gaps/{gap}", post_gap)
