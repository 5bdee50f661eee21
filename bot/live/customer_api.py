"""What customers do about a person in their conversation, and what the dialogue asks on their behalf."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp import web
from sqlalchemy import select

from bot.cases import Channel, NotFound, fields
from bot.cases.calendar import display_local
from bot.cases.model import FieldError
from bot.cases.tables import attachments as files_table
from bot.gateway.attachments import saved
from bot.gateway.context import GATEWAY, Gateway
from bot.gateway.guard import opened, read_json, within
from bot.gateway.journal import BOT, WAITING, Conversation
from bot.http import LANG
from bot.live import listing, transcript
from bot.live.context import LIVE
from bot.live.errors import LiveError, NobodyThere
from bot.live.presence import Presence
from bot.live.talks import name_of

LONGEST_QUESTION = 4_000
LONGEST_COMMENT = 1_000
TOLD = 5_000  # events of a transcript
_LAST_SEQ = 2**31 - 1


async def post_person(request: web.Request) -> web.Response:
    conversation = await opened(request)
    await read_json(request)
    await within(request, "messages", conversation.id)
    return await _ask(request, conversation, None)


async def _ask(request: web.Request, conversation: Conversation, question: str | None) -> web.Response:
    """202 with what was promised, 409 `nobody_there` with when somebody is."""
    gateway, live = request.app[GATEWAY], request.app[LIVE]
    try:
        async with gateway.database.write() as conn:
            seconds = await live.talks.ask(conn, conversation.id, question, gateway.now())
    except NobodyThere as nobody:
        return _refused(request, conversation, nobody.presence)
    gateway.hub.wake(conversation.id)
    live.clock.wake()
    live.tell()
    return web.json_response({"state": "waiting", "promised_seconds": seconds}, status=202)


def _refused(request: web.Request, conversation: Conversation, presence: Presence) -> web.Response:
    gateway = request.app[GATEWAY]
    back = _back(gateway, conversation, presence, gateway.lang_of(request))
    sentence = {"closed": "closed_hours", "busy": "busy"}.get(presence.reason or "", "nobody_there")
    error = LiveError(409, sentence, back=back)
    body = gateway.error(gateway.lang_of(request), error)
    body["error"]["code"] = "nobody_there"
    opens = presence.opens_at.isoformat() if presence.opens_at else None
    return web.json_response({**body, "opens_at": opens}, status=409)


def _back(gateway: Gateway, conversation: Conversation, presence: Presence, lang: str) -> str | None:
    if presence.opens_at is None:
        return None
    home = gateway.policy.hours.time_zone
    zone = conversation.time_zone or home
    return display_local(presence.opens_at, lang, zone, home, gateway.catalogue.text)


async def get_state(request: web.Request) -> web.Response:
    conversation = await opened(request)
    gateway = request.app[GATEWAY]
    async with gateway.database.read() as conn:
        row = await listing.row(conn, conversation.id)
        name = await name_of(conn, conversation.owner) if conversation.owner not in (BOT, WAITING) else None
    body: dict[str, Any] = {"state": listing.state_of(row), "read": row.agent_read or 0}
    if name is not None:
        body["agent"] = {"name": name}
    return web.json_response(body)


async def post_typing(request: web.Request) -> web.Response:
    conversation = await opened(request)
    await within(request, "messages", f"signs {conversation.id}")  # beside what may be said
    if conversation.owner not in (BOT, WAITING):
        request.app[LIVE].typing(conversation.id)
    return web.Response(status=204)


async def post_read(request: web.Request) -> web.Response:
    conversation = await opened(request)
    seq = seq_of(await read_json(request))
    await within(request, "messages", f"signs {conversation.id}")  # beside what may be said
    gateway, live = request.app[GATEWAY], request.app[LIVE]
    async with gateway.database.write() as conn:
        news = await live.talks.read(conn, conversation.id, "customer", min(seq, conversation.last_seq))
    if news:
        live.tell()
    return web.Response(status=204)


def seq_of(body: Mapping[str, Any]) -> int:
    seq = body.get("seq")
    if isinstance(seq, bool) or not isinstance(seq, int) or not 0 <= seq <= _LAST_SEQ:
        raise LiveError(422, "invalid_seq", "seq")
    return seq


async def post_satisfaction(request: web.Request) -> web.Response:
    conversation = await opened(request)
    body = await read_json(request)
    score, comment = body.get("score"), body.get("text")
    if isinstance(score, bool) or not isinstance(score, int) or not 1 <= score <= 5:
        raise LiveError(422, "invalid_score", "score")
    if comment is not None and not isinstance(comment, str):
        raise FieldError("invalid_text", "text")
    if comment is not None and len(comment) > LONGEST_COMMENT:
        raise FieldError("too_long", "text", shortest=0, longest=LONGEST_COMMENT)
    await within(request, "messages", conversation.id)
    gateway, live = request.app[GATEWAY], request.app[LIVE]
    said = fields.clean(comment, lines=True) if comment else None
    async with gateway.database.write() as conn:
        await live.talks.rate(conn, conversation.id, score, said or None, gateway.now())
    return web.Response(status=204)


async def post_transcript(request: web.Request) -> web.Response:
    """The conversation goes by mail to the address that the customer names."""
    conversation = await opened(request)
    body = await read_json(request)
    gateway = request.app[GATEWAY]
    if Channel.PLAIN_MAIL not in gateway.channels:
        raise LiveError(503, "no_mail")
    lang, say = gateway.lang_of(request), gateway.catalogue.text
    context = fields.Context(lang, gateway.policy, say, gateway.now(), {}, None)
    email = str(fields.check("email", body.get("email"), context).value)
    await within(request, "cases", conversation.id)
    events = await gateway.journal.events(conversation.id, limit=TOLD)
    said = [event for event in events if event.get("text") or event.get("attachments")]
    if not any(event["from"] == "customer" for event in said):
        raise LiveError(409, "no_transcript")
    zone = ZoneInfo(conversation.time_zone or gateway.policy.hours.time_zone)
    subject, text = transcript.text_of(said, conversation.lang, zone, say, gateway.company.identity.name)
    async with gateway.database.write() as conn:
        await transcript.post(conn, email, conversation.lang, subject, text, gateway.now())
    gateway.wake_cases()
    return web.Response(status=202)


async def get_attachment(request: web.Request) -> web.StreamResponse:
    """A file that was sent in the conversation; always saved, never shown in the browser."""
    conversation = await opened(request)
    return await download(request, conversation.id, request.match_info["attachment"])


async def download(request: web.Request, conversation: str, ident: str) -> web.StreamResponse:
    """A file that an event of the conversation shows; LiveError 404 for every other."""
    gateway = request.app[GATEWAY]
    events = await gateway.journal.events(conversation, limit=TOLD)
    shown = {file.get("id") for event in events for file in event.get("attachments") or ()}
    this = (files_table.c.id == ident) & (files_table.c.conversation == conversation)
    async with gateway.database.read() as conn:
        row = (await conn.execute(select(files_table).where(this))).one_or_none()
    if row is None or ident not in shown or not await asyncio.to_thread((gateway.attachments / row.path).is_file):
        raise NotFound
    return saved(gateway.attachments / row.path, row.name, row.type)


# the dialogue


async def get_presence(request: web.Request) -> web.Response:
    """Whether a person could come at once, for the dialogue's offers."""
    gateway, live = request.app[GATEWAY], request.app[LIVE]
    conversation = await _named(gateway, request.query.get("conversation"))
    lang = request[LANG] = gateway.languages.choose(request.query.get("lang"))
    async with gateway.database.read() as conn:
        presence = await live.talks.presence(conn, conversation.lang, gateway.now())
    body: dict[str, Any] = {"there": presence.there, "released": conversation.fresh}
    if presence.there:
        body["promised_seconds"] = live.talks.rules.promise_seconds
    else:
        body["reason"] = presence.reason
        body["opens_at"] = presence.opens_at.isoformat() if presence.opens_at else None
        body["display"] = _back(gateway, conversation, presence, lang)
    return web.json_response(body)


async def post_presence(request: web.Request) -> web.Response:
    """The dialogue asks for a person; what the web process says in the conversation is the turn's reply."""
    body = await read_json(request)
    conversation = await _named(request.app[GATEWAY], body.get("conversation"))
    question = body.get("question")
    request[LANG] = conversation.lang
    return await _ask(request, conversation, str(question)[:LONGEST_QUESTION] if question else None)


async def _named(gateway: Gateway, ident: object) -> Conversation:
    found = await gateway.journal.conversation(ident) if isinstance(ident, str) else None
    if found is None:
        raise NotFound
    return found


def add_routes(app: web.Application) -> None:
    app.router.add_post("/api/conversations/{id}/person", post_person)
    app.router.add_get("/api/conversations/{id}/state", get_state)
    app.router.add_post("/api/conversations/{id}/typing", post_typing)
    app.router.add_post("/api/conversations/{id}/read", post_read)
    app.router.add_post("/api/conversations/{id}/satisfaction", post_satisfaction)
    app.router.add_post("/api/conversations/{id}/transcript", post_transcript)
    app.router.add_get("/api/conversations/{id}/attachments/{attachment}", get_attachment)


def add_internal_routes(app: web.Application) -> None:
    app.router.add_get("/internal/person", get_presence)
    app.router.add_post("/internal/person", post_presence)
