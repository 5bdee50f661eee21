"""Live conversations at the desk: who waits, who talks to whom, and the agent's part in them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

from aiohttp import web
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.cases import Attachment, NotFound
from bot.cases.attachments import add_attachment
from bot.cases.messages import check_client_id, check_text
from bot.cases.tables import attachments as files_table
from bot.desk import team
from bot.desk.context import DeskError, ids_of
from bot.gateway.attachments import receive
from bot.gateway.context import GATEWAY
from bot.http import ApiError, read_json
from bot.live import listing
from bot.live.context import LIVE
from bot.live.customer_api import download, seq_of
from bot.live.errors import LiveError
from bot.staff import audit
from bot.staff.guard import require
from bot.staff.people import Person

MOST_FILES = 10
MOST_EVENTS = 5_000

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def found(handler: Handler) -> Handler:
    """A conversation that is not there is said in the desk's words."""

    @wraps(handler)
    async def answered(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except (LookupError, NotFound):
            raise DeskError(404, "not_found") from None

    return answered


def ident_of(request: web.Request) -> str:
    return request.match_info["id"]


async def get_conversations(request: web.Request) -> web.Response:
    person = await require(request, "agent")
    gateway = request.app[GATEWAY]
    state = request.query.get("state", "waiting")
    if state not in listing.STATES:
        raise LiveError(422, "invalid_state", "state")
    async with gateway.database.read() as conn:
        talks = await listing.some(conn, state, person.id, gateway.now(), await team.names(conn))
    return web.json_response({"conversations": talks})


@found
async def get_conversation(request: web.Request) -> web.StreamResponse:
    await require(request, "agent")
    gateway, ident = request.app[GATEWAY], ident_of(request)
    async with gateway.database.read() as conn:
        talk = await listing.one(conn, ident, await team.names(conn))
        reasons = await listing.why(conn, ident)
    events = await gateway.journal.events(ident, limit=MOST_EVENTS)
    return web.json_response({"conversation": talk, "events": events, "receipts": reasons})


async def _changed(request: web.Request, change: Callable[[AsyncConnection], Awaitable[Any]]) -> Any:
    """Do it, and tell the customer's pages and the desks."""
    gateway, live = request.app[GATEWAY], request.app[LIVE]
    async with gateway.database.write() as conn:
        result = await change(conn)
    gateway.hub.wake(ident_of(request))
    live.clock.wake()
    live.tell()
    return result


async def _answer(request: web.Request) -> web.Response:
    async with request.app[GATEWAY].database.read() as conn:
        talk = await listing.one(conn, ident_of(request), await team.names(conn))
    return web.json_response({"conversation": talk})


@found
async def post_claim(request: web.Request) -> web.StreamResponse:
    person = await require(request, "agent")
    talks, ident, now = request.app[LIVE].talks, ident_of(request), request.app[GATEWAY].now()

    async def claim(conn: AsyncConnection) -> None:
        if await talks.claim(conn, ident, person, now):
            await audit.write(conn, now, "live_claimed", actor=person, target=ident)

    await _changed(request, claim)
    return await _answer(request)


@found
async def post_message(request: web.Request) -> web.StreamResponse:
    """`{"seq"}`, the same however often it was posted."""
    person = await require(request, "agent")
    live, body = request.app[LIVE], await read_json(request)
    client_id, files = check_client_id(body.get("client_id")), ids_of(body, "attachments", MOST_FILES)
    text = "" if files and body.get("text") in ("", None) else check_text(body.get("text"))

    async def write(conn: AsyncConnection) -> int:
        seq, _ = await live.talks.write(conn, ident_of(request), person, client_id, text, files)
        return seq

    return web.json_response({"seq": await _changed(request, write)}, status=201)


@found
async def post_typing(request: web.Request) -> web.StreamResponse:
    person = await require(request, "agent")
    conversation = await _own(request, person)
    request.app[GATEWAY].hub.typing(conversation, person.name)
    return web.Response(status=204)


async def _own(request: web.Request, person: Person) -> str:
    """The id of the path's conversation, which this person has. LiveError `not_claimed`, LookupError."""
    talk = await request.app[GATEWAY].journal.conversation(ident_of(request))
    if talk is None:
        raise LookupError(ident_of(request))
    if talk.owner != person.id:
        raise LiveError(409, "not_claimed")
    return talk.id


@found
async def post_read(request: web.Request) -> web.StreamResponse:
    person = await require(request, "agent")
    gateway, live, seq = request.app[GATEWAY], request.app[LIVE], seq_of(await read_json(request))
    conversation = await _own(request, person)
    async with gateway.database.write() as conn:
        news = await live.talks.read(conn, conversation, "agent", seq)
    if news:
        gateway.hub.read(conversation, seq)
    return web.Response(status=204)


@found
async def post_release(request: web.Request) -> web.StreamResponse:
    person = await require(request, "agent")
    talks, ident, now = request.app[LIVE].talks, ident_of(request), request.app[GATEWAY].now()

    async def release(conn: AsyncConnection) -> None:
        await talks.release(conn, ident, person)
        await audit.write(conn, now, "live_released", actor=person, target=ident)

    await _changed(request, release)
    return await _answer(request)


@found
async def post_close(request: web.Request) -> web.StreamResponse:
    person = await require(request, "agent")
    talks, ident, now = request.app[LIVE].talks, ident_of(request), request.app[GATEWAY].now()

    async def close(conn: AsyncConnection) -> None:
        await talks.close(conn, ident, person, now)
        await audit.write(conn, now, "live_closed", actor=person, target=ident)

    await _changed(request, close)
    return await _answer(request)


@found
async def post_attachment(request: web.Request) -> web.StreamResponse:
    """A file for the next message of who uploads it; checked as customers' files are."""
    person = await require(request, "agent")
    gateway = request.app[GATEWAY]
    conversation = await _own(request, person)

    async def add(conn: AsyncConnection, attachment: Attachment) -> None:
        own = files_table.c.conversation == conversation, files_table.c.author == person.id
        waiting = select(func.count()).where(*own, files_table.c.ref.is_(None), files_table.c.seq.is_(None))
        if (await conn.execute(waiting)).scalar_one() >= MOST_FILES:
            raise ApiError(422, "too_many_files", "file", limit=MOST_FILES)
        await add_attachment(conn, attachment, gateway.now(), author=person.id)

    return await receive(request, conversation, add)


@found
async def get_attachment(request: web.Request) -> web.StreamResponse:
    await require(request, "agent")
    return await download(request, ident_of(request), request.match_info["attachment"])


def add_routes(app: web.Application) -> None:
    base = "/api/desk/conversations"
    app.router.add_get(base, get_conversations)
    app.router.add_get(f"{base}/{{id}}", get_conversation)
    app.router.add_post(f"{base}/{{id}}/claim", post_claim)
    app.router.add_post(f"{base}/{{id}}/messages", post_message)
    app.router.add_post(f"{base}/{{id}}/typing", post_typing)
    app.router.add_post(f"{base}/{{id}}/read", post_read)
    app.router.add_post(f"{base}/{{id}}/release", post_release)
    app.router.add_post(f"{base}/{{id}}/close", post_close)
    app.router.add_post(f"{base}/{{id}}/attachments", post_attachment)
    app.router.add_get(f"{base}/{{id}}/attachments/{{attachment}}", get_attachment)
