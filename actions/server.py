"""The action server: Rasa's webhook on aiohttp, one process, loopback only."""

from __future__ import annotations

import hmac
from collections.abc import AsyncIterator

import structlog
from aiohttp import ClientSession, TCPConnector, web
from rasa_sdk.executor import ActionExecutor
from rasa_sdk.interfaces import ActionExecutionRejection, ActionNotFoundException

from actions.http import TOKEN_HEADER
from actions.kb import Kb
from actions.registry import ACTIONS, executor
from actions.turn import Services
from actions.web import Web

log = structlog.get_logger()

EXECUTOR = web.AppKey("executor", ActionExecutor)
MOST_BYTES = 8 * 1024 * 1024  # a tracker with all events of a long form


def application(*, kb_port: int, web_port: int, token: str) -> web.Application:
    """`POST /webhook` runs an action, `GET /health` tells that we are up. Without a token (a developer's `rasa shell`)
    calls are taken without one: an action has no rights of its own."""
    app = web.Application(client_max_size=MOST_BYTES)

    async def services(app: web.Application) -> AsyncIterator[None]:
        async with ClientSession(connector=TCPConnector(limit=64, keepalive_timeout=30)) as session:
            app[EXECUTOR] = executor(Services(Kb(session, kb_port, token), Web(session, web_port, token)))
            yield

    async def webhook(request: web.Request) -> web.Response:
        if not hmac.compare_digest(request.headers.get(TOKEN_HEADER, "").encode(), token.encode()):
            return web.json_response({"error": f"expected this installation's token in {TOKEN_HEADER}"}, status=403)
        call = await request.json()
        # Rasa leaves the domain out (endpoints.yml, enable_selective_domain); the SDK wants to see one.
        call.setdefault("domain", {})
        try:
            result = await request.app[EXECUTOR].run(call)
        except ActionExecutionRejection as error:
            return web.json_response({"error": error.message, "action_name": error.action_name}, status=400)
        except ActionNotFoundException as error:
            log.error("unknown_action", action=error.action_name, known=sorted(ACTIONS))
            return web.json_response({"error": error.message, "action_name": error.action_name}, status=404)
        return web.json_response(result.model_dump() if result else None)

    async def health(request: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    app.cleanup_ctx.append(services)
    app.router.add_post("/webhook", webhook)
    app.router.add_get("/health", health)
    return app
