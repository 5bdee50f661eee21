"""Cases through the web process alone: the widget's forms work when Rasa, actions and kb_index are all dead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from bot.cases import Case, Conflict, receipt, store, texts
from bot.cases.calendar import display_short, free_slots
from bot.cases.model import NotFound, read_reference
from bot.cases.slots import iso
from bot.gateway.context import GATEWAY, LANG, ApiError, Gateway, time_zones
from bot.gateway.events import Draft
from bot.gateway.guard import opened, read_json, within
from bot.gateway.journal import Conversation, append

SLOTS_SHOWN = 60


async def open_case(
    gateway: Gateway,
    conversation: Conversation,
    data: Mapping[str, Any],
    *,
    key: str,
    lang: str,
    tell: bool,
    question: str | None = None,
) -> dict[str, Any]:
    """Open a case with its letters, and where `tell` its event in the conversation, in one transaction. `question` is
    what led to it. The same key gives the same body. CaseError where it is not acceptable."""
    background = await gateway.journal.background(conversation.id, question)
    async with gateway.database.write() as connection:
        body, created = await store.open_case(
            connection,
            data,
            conversation=conversation.id,
            idempotency_key=key,
            lang=lang,
            policy=gateway.policy,
            say=gateway.catalogue.text,
            now=gateway.now(),
            receipt=receipt.build(background.transcript, background.receipt),
            channels=gateway.channels,
            time_zone=conversation.time_zone,
        )
        if created and tell:
            said = "waiting_consent" if body["status"] == "waiting_consent" else body["kind"]
            text = gateway.catalogue.text(lang, f"system.case_opened.{said}", ref=body["ref"])
            await append(connection, conversation.id, [_event("case", text, lang, body)])
    if created:
        gateway.wake_cases()
        gateway.hub.wake(conversation.id)
    return body


async def give_consent(gateway: Gateway, case: Case, *, agreed: bool, statement: str, actor: str, tell: bool) -> Case:
    """Keep the customer's answer, and where `tell` say so in the conversation, in one transaction.
    Conflict: it was answered otherwise before."""
    async with gateway.database.write() as connection:
        after = await store.record_consent(
            connection,
            case,
            agreed=agreed,
            statement=statement,
            actor=actor,
            policy=gateway.policy,
            now=gateway.now(),
            channels=gateway.channels,
        )
        if tell and after.status != case.status:
            said = "agreed" if agreed else "declined"
            text = gateway.catalogue.text(case.lang, f"system.consent.{said}", ref=case.ref)
            await append(connection, case.conversation, [_event("status", text, case.lang, after.brief())])
    gateway.wake_cases()
    gateway.hub.wake(case.conversation)
    return after


async def own_case(gateway: Gateway, conversation: str, ref: str) -> Case:
    """The conversation's case; NotFound for every other."""
    async with gateway.database.read() as connection:
        return await store.get_case(connection, read_reference(ref), conversation=conversation)


async def own_cases(gateway: Gateway, conversation: str, ref: str | None = None) -> list[dict[str, Any]]:
    async with gateway.database.read() as connection:
        found = await store.list_cases(connection, conversation, ref and read_reference(ref))
    return [case.listed() for case in found]


async def slots(gateway: Gateway, lang: str, zone: str | None = None, limit: int = SLOTS_SHOWN) -> dict[str, Any]:
    """The next free callback slots, shown in the customer's time zone where it is known, else in the company's."""
    shown = zone if zone in time_zones() else gateway.policy.hours.time_zone
    now = gateway.now()
    async with gateway.database.read() as connection:
        taken = await store.bookings_by_start(connection, now)
    free = free_slots(gateway.policy.hours, gateway.policy.callback, now, taken, limit=limit)
    say = gateway.catalogue.text
    return {
        "slots": [{"start": iso(start, shown), "display": display_short(start, lang, shown, say)} for start in free],
        "time_zone": shown,
    }


async def post_case(request: web.Request) -> web.Response:
    gateway = request.app[GATEWAY]
    conversation = await opened(request)
    data = await read_json(request)
    await within(request, "cases", conversation.id)
    wanted = data.get("lang")
    lang = gateway.languages.choose(wanted) if isinstance(wanted, str) and wanted else conversation.lang
    request[LANG] = lang
    key = request.headers.get("Idempotency-Key", "")
    body = await open_case(gateway, conversation, data, key=key, lang=lang, tell=True)
    return web.json_response({"case": body}, status=201)


async def get_cases(request: web.Request) -> web.Response:
    conversation = await opened(request)
    return web.json_response({"cases": await own_cases(request.app[GATEWAY], conversation.id)})


async def get_slots(request: web.Request) -> web.Response:
    conversation = await opened(request)
    gateway = request.app[GATEWAY]
    zone = request.query.get("time_zone") or conversation.time_zone
    return web.json_response(await slots(gateway, conversation.lang, zone))


async def get_calendar(request: web.Request) -> web.Response:
    conversation = await opened(request)
    gateway = request.app[GATEWAY]
    case = await own_case(gateway, conversation.id, request.match_info["ref"])
    if case.slot is None:
        raise NotFound
    identity = gateway.company.identity
    content = texts.calendar(case, gateway.catalogue.text, identity.name, identity.email)
    return web.Response(
        body=content,
        content_type="text/calendar",
        charset="utf-8",
        headers={"Content-Disposition": f'attachment; filename="{case.ref}.ics"'},
    )


async def get_consent(request: web.Request) -> web.Response:
    """What the customer would agree to; Conflict where the case needs no consent."""
    conversation = await opened(request)
    gateway = request.app[GATEWAY]
    case = await own_case(gateway, conversation.id, request.match_info["ref"])
    if case.level != 4:
        raise Conflict("consent_not_needed")
    statement = texts.consent_statement(case, gateway.catalogue.text)
    return web.json_response({"statement": statement, "case": case.brief()})


async def post_consent(request: web.Request) -> web.Response:
    conversation = await opened(request)
    gateway = request.app[GATEWAY]
    agreed = (await read_json(request)).get("agreed")
    if not isinstance(agreed, bool):
        raise ApiError(422, "invalid_consent", "agreed")
    case = await own_case(gateway, conversation.id, request.match_info["ref"])
    statement = texts.consent_statement(case, gateway.catalogue.text)
    after = await give_consent(gateway, case, agreed=agreed, statement=statement, actor=conversation.id, tell=True)
    return web.json_response({"case": after.brief()})


def _event(kind: str, text: str, lang: str, case: Mapping[str, Any]) -> Draft:
    return Draft(sender="system", type=kind, body={"text": text, "lang": lang, "case": dict(case)})


def add_routes(app: web.Application) -> None:
    app.router.add_post("/api/conversations/{id}/cases", post_case)
    app.router.add_get("/api/conversations/{id}/cases", get_cases)
    app.router.add_get("/api/conversations/{id}/slots", get_slots)
    app.router.add_get("/api/conversations/{id}/cases/{ref}/calendar.ics", get_calendar)
    app.router.add_get("/api/conversations/{id}/cases/{ref}/consent", get_consent)
    app.router.add_post("/api/conversations/{id}/cases/{ref}/consent", post_consent)
