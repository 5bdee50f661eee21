"""A case out of a live conversation: what cannot be settled in it goes on as a ticket, a callback or an SLA request."""

from __future__ import annotations

import hashlib

from aiohttp import web
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.cases import rows, tables, work
from bot.cases.attachments import attach_said
from bot.cases.messages import check_client_id
from bot.desk import team
from bot.desk.cases_api import current
from bot.desk.context import DESK, by
from bot.desk.conversations_api import found, ident_of
from bot.gateway.case_api import open_case
from bot.gateway.context import GATEWAY
from bot.http import read_json
from bot.live import listing
from bot.staff.guard import require


@found
async def post_case(request: web.Request) -> web.StreamResponse:
    """The case belongs to who opens it; the customer is told in the conversation, and by mail where there is an
    address. Without `email` it is the one that the conversation's last case had."""
    person = await require(request, "agent")
    gateway, data = request.app[GATEWAY], await read_json(request)
    client_id = check_client_id(data.pop("client_id", None))
    conversation = await gateway.journal.conversation(ident_of(request))
    if conversation is None:
        raise LookupError(ident_of(request))
    async with gateway.database.read() as conn:
        question = (await listing.one(conn, conversation.id, await team.names(conn)))["question"]
        data["email"] = data.get("email") or await _address(conn, conversation.id)
    key = hashlib.sha256(f"{person.id} {client_id}".encode()).hexdigest()
    opened = await open_case(gateway, conversation, data, key=key, lang=conversation.lang, tell=True, question=question)
    async with gateway.database.write() as conn:
        await attach_said(conn, opened["ref"], conversation.id)
        if (await rows.load(conn, opened["ref"])).owner is None:
            await work.change(conn, opened["ref"], {"owner": person.id}, by(request, person))
    request.app[DESK].feed.wake()
    return web.json_response(await current(request, opened["ref"], person), status=201)


async def _address(conn: AsyncConnection, conversation: str) -> str | None:
    """What the customer gave as their address last."""
    case = tables.cases.c
    query = select(case.email).where(case.conversation == conversation, case.email.is_not(None))
    return (await conn.execute(query.order_by(case.created_at.desc()).limit(1))).scalar_one_or_none()


def add_routes(app: web.Application) -> None:
    app.router.add_post("/api/desk/conversations/{id}/case", post_case)
