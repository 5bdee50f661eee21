"""Is this process up, is what it depends on up, and how has it been doing."""

from __future__ import annotations

import asyncio
from ipaddress import ip_address

from aiohttp import ClientError, ClientTimeout, web
from prometheus_client import CONTENT_TYPE_LATEST, Gauge, generate_latest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from bot.cases import outbox
from bot.gateway.context import GATEWAY, ApiError, Gateway
from bot.gateway.guard import has_internal_token

LETTERS = Gauge("guichet_outbox_letters", "Mails and webhook calls by state", ["status"])
_PATIENCE = ClientTimeout(total=2)


async def healthz(_request: web.Request) -> web.Response:
    """This process answers."""
    return web.json_response({"status": "up"}, headers={"Cache-Control": "no-store"})


async def readyz(request: web.Request) -> web.Response:
    """Each part by name, `up` or `down`; 200 where all are up, else 503. Cases need `database` only."""
    gateway = request.app[GATEWAY]
    settings = gateway.settings
    checks = {
        "database": _database(gateway),
        "rasa": _answers(gateway, f"{settings.service_url(settings.rasa_port)}/webhooks/guichet/"),
        "actions": _answers(gateway, f"{settings.service_url(settings.actions_port)}/health"),
        "kb": _answers(gateway, f"{settings.service_url(settings.kb_port)}/readyz"),
    }
    found = await asyncio.gather(*checks.values())
    parts = {name: "up" if up else "down" for name, up in zip(checks, found, strict=True)}
    ready = all(found)
    body = {"status": "ready" if ready else "not_ready", "parts": parts}
    return web.json_response(body, status=200 if ready else 503, headers={"Cache-Control": "no-store"})


async def metrics(request: web.Request) -> web.Response:
    """Prometheus metrics, for this machine (and not for whom a proxy on it forwards) or with the internal token."""
    forwarded = "X-Forwarded-For" in request.headers or "Forwarded" in request.headers
    if not has_internal_token(request) and (forwarded or not _is_loopback(request.remote)):
        raise ApiError(404, "not_found")
    gateway = request.app[GATEWAY]
    async with gateway.database.read() as connection:
        for status, count in (await outbox.counts(connection)).items():
            LETTERS.labels(status).set(count)
    return web.Response(
        body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST, "Cache-Control": "no-store"}
    )


async def _database(gateway: Gateway) -> bool:
    try:
        async with asyncio.timeout(2), gateway.database.read() as connection:
            await connection.execute(text("SELECT 1"))
    except (SQLAlchemyError, TimeoutError):
        return False
    return True


async def _answers(gateway: Gateway, url: str) -> bool:
    try:
        async with gateway.http.get(url, timeout=_PATIENCE) as response:
            return response.status == 200
    except (ClientError, TimeoutError, OSError):
        return False


def _is_loopback(address: str | None) -> bool:
    try:
        return ip_address(address or "").is_loopback
    except ValueError:
        return False


def add_routes(app: web.Application) -> None:
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", metrics)
