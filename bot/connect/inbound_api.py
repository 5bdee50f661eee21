"""What other systems call: a mail server brings mails, a ticket system says that something has changed."""

from __future__ import annotations

from aiohttp import web

from bot.http import ApiError

from .context import CONNECT, ConnectError, read_body, verify
from .inbox import Outcome

_LONGEST_CHANGE = 1024 * 1024


async def post_mail(request: web.Request) -> web.Response:
    """The raw mail (RFC 5322) as the body, signed. Answers `{"outcome", "ref"}` once all that follows is on disk; the
    same mail again changes nothing. 5xx: bring it again."""
    connect = request.app[CONNECT]
    if connect.inbox_secret is None:
        raise ApiError(404, "not_found")
    if "X-Guichet-Signature" not in request.headers:
        raise ConnectError(401, "invalid_signature")  # before anything is read
    raw = await read_body(request, connect.inbox.settings.mail_bytes)
    verify(connect.inbox_secret, request.headers, raw, connect.now())
    taken = await connect.inbox.take(raw)
    if taken.outcome == Outcome.UNREADABLE:
        raise ConnectError(422, "unreadable_mail")
    if taken.outcome == Outcome.FAILED:
        raise ApiError(500, "internal")
    return web.json_response({"outcome": taken.outcome.value, "ref": taken.ref})


async def post_ticket(request: web.Request) -> web.Response:
    """Something about a ticket has changed: its state is asked for at once. What the call says beside is not believed,
    so that neither order nor repetition matters."""
    connect = request.app[CONNECT]
    if connect.changed is None:
        raise ApiError(404, "not_found")
    body = await read_body(request, _LONGEST_CHANGE)
    await connect.changed(request.headers, body)
    return web.Response(status=204)


def add_routes(app: web.Application) -> None:
    app.router.add_post("/api/inbound/mail", post_mail)
    app.router.add_post("/api/inbound/ticket", post_ticket)
