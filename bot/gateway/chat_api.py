"""The public chat API: conversations, messages, events, and what the widget needs to look right."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.cases.attachments import say_attachments
from bot.cases.model import Channel, FieldError
from bot.gateway.context import GATEWAY, ApiError, Gateway, time_zones
from bot.gateway.events import Draft
from bot.gateway.guard import opened, read_json, within
from bot.gateway.journal import BOT, Conversation, UnknownButton
from bot.gateway.streams import stream
from bot.gateway.text import for_journal, is_blank

_CLIENT_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_LAST_SEQ = 2**53


def greeting(gateway: Gateway, lang: str) -> Draft:
    """What the bot says first; it needs no Rasa."""
    identity = gateway.company.identity
    text = gateway.catalogue.text(lang, "system.greeting", company=identity.name, product=identity.product)
    return Draft(sender="bot", type="text", body={"text": text, "lang": lang})


def zone_of(body: Mapping[str, Any]) -> str | None:
    """The time zone that a request names; ApiError where it is none of the IANA database."""
    named = body.get("time_zone")
    if named is None or named == "":
        return None
    if not isinstance(named, str) or named not in time_zones():
        raise ApiError(422, "unknown_time_zone", "time_zone")
    return named


async def create_conversation(request: web.Request) -> web.Response:
    gateway = request.app[GATEWAY]
    body = await read_json(request)
    await within(request, "conversations", gateway.limiter.client(request))
    wanted = body.get("lang")
    lang = gateway.languages.choose(wanted) if isinstance(wanted, str) and wanted else gateway.lang_of(request)
    time_zone = zone_of(body)
    conversation, token = await gateway.journal.create(lang, greeting(gateway, lang), time_zone)
    return web.json_response({"id": conversation, "token": token}, status=201)


async def change_conversation(request: web.Request) -> web.Response:
    gateway = request.app[GATEWAY]
    conversation = await opened(request)
    body = await read_json(request)
    lang, time_zone = gateway.languages.named(body.get("lang")), zone_of(body)
    if lang is None and ("lang" in body or time_zone is None):
        raise ApiError(422, "unknown_language", "lang", languages=", ".join(gateway.languages.codes))
    await within(request, "messages", conversation.id)
    await gateway.journal.change(conversation.id, lang=lang, time_zone=time_zone)
    changed = {"lang": lang or conversation.lang, "time_zone": time_zone or conversation.time_zone}
    return web.json_response({"id": conversation.id, **changed})


async def send_message(request: web.Request) -> web.Response:
    gateway = request.app[GATEWAY]
    conversation = await opened(request)
    body = await read_json(request)
    client_id, text, button = body.get("client_id"), body.get("text"), body.get("button")
    files = body.get("attachments", [])
    if not isinstance(client_id, str) or not _CLIENT_ID.fullmatch(client_id):
        raise ApiError(422, "invalid_client_id", "client_id")
    if isinstance(text, str) == isinstance(button, str) or (text is not None and button is not None):
        raise ApiError(422, "invalid_message", "text")
    if not isinstance(files, list) or not all(isinstance(one, str) for one in files) or (files and text is None):
        raise FieldError("invalid_attachment", "attachments")
    if files and conversation.owner == BOT:
        raise ApiError(409, "no_person", "attachments")
    await within(request, "messages", conversation.id)
    if isinstance(text, str):
        seq, is_new = await _add_text(gateway, conversation, client_id, text, files)
    else:
        seq, is_new = await _add_press(gateway, conversation, client_id, str(button))
    if is_new:
        gateway.hub.wake(conversation.id)
        gateway.turns.wake(conversation.id)
        if conversation.owner != BOT:
            gateway.tell_people()
    return web.json_response({"seq": seq}, status=202)


async def _add_text(
    gateway: Gateway, conversation: Conversation, client_id: str, raw: str, files: list[str]
) -> tuple[int, bool]:
    text = for_journal(raw)
    if is_blank(text) and not files:
        raise ApiError(422, "empty_message", "text")
    limit = gateway.settings.message_limit
    if len(text) > limit:
        raise ApiError(422, "message_too_long", "text", limit=limit)
    verdict = await gateway.languages.follow(
        text, conversation.lang, conversation.leaning, in_form=conversation.form is not None
    )

    async def taken(connection: AsyncConnection, seq: int) -> list[dict[str, Any]]:
        found = await say_attachments(connection, conversation.id, files, seq)
        if len(found) != len(set(files)):
            raise FieldError("invalid_attachment", "attachments")
        return [attachment.public() for attachment in found]

    return await gateway.journal.add_text(
        conversation.id,
        client_id,
        text,
        lang=verdict.lang,
        leaning=verdict.leaning,
        files=taken if files else None,
    )


async def _add_press(gateway: Gateway, conversation: Conversation, client_id: str, button: str) -> tuple[int, bool]:
    try:
        return await gateway.journal.add_press(conversation.id, client_id, button)
    except UnknownButton:
        raise ApiError(422, "unknown_button", "button") from None


async def get_events(request: web.Request) -> web.StreamResponse:
    gateway = request.app[GATEWAY]
    conversation = await opened(request)
    wanted = request.headers.get("Last-Event-ID") or request.query.get("after") or "0"
    if not wanted.isascii() or not wanted.isdigit() or int(wanted) > _LAST_SEQ:
        raise ApiError(422, "invalid_after", "after")
    after = int(wanted)
    if "text/event-stream" not in request.headers.get("Accept", ""):
        return web.json_response({"events": await gateway.journal.events(conversation.id, after, limit=5000)})
    if gateway.hub.listeners(conversation.id) >= gateway.settings.limit_streams:
        failure = ApiError(429, "too_many_streams")
        failure.headers["Retry-After"] = "15"
        raise failure
    return await stream(request, gateway.journal, gateway.hub, conversation.id, after, gateway.settings.heartbeat)


async def get_widget(request: web.Request) -> web.Response:
    """What the panel needs before a conversation exists: company, sentences, colours, limits."""
    gateway = request.app[GATEWAY]
    company = gateway.company
    wanted = request.query.get("lang")
    lang = gateway.languages.choose(wanted) if wanted else gateway.lang_of(request)
    body = {
        "lang": lang,
        "languages": list(company.languages),
        "company": {"name": company.identity.name, "product": company.identity.product},
        "messages": gateway.catalogue.section(lang, "widget"),
        "colours": company.colours.model_dump(),
        "limits": {
            "message": gateway.settings.message_limit,
            "attachment_bytes": gateway.settings.attachment_bytes,
            "attachment_count": gateway.settings.attachment_count,
        },
        "contract_example": company.sla.contract_example,
        "transcripts": Channel.PLAIN_MAIL in gateway.channels,
    }
    return web.json_response(body, headers={"Cache-Control": "public, max-age=300", "Vary": "Accept-Language"})


def add_routes(app: web.Application) -> None:
    app.router.add_post("/api/conversations", create_conversation)
    app.router.add_patch("/api/conversations/{id}", change_conversation)
    app.router.add_post("/api/conversations/{id}/messages", send_message)
    app.router.add_get("/api/conversations/{id}/events", get_events)
    app.router.add_get("/api/widget", get_widget)
