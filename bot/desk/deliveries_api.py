"""What goes out by mail, webhook and to other ticket systems: what was given up, and another try."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from aiohttp import web

from bot.cases import outbox
from bot.cases.model import utc_text
from bot.desk.context import DeskError
from bot.gateway.context import GATEWAY
from bot.http import read_json
from bot.staff.guard import require

MOST = 200


async def get_deliveries(request: web.Request) -> web.Response:
    """Deliveries of one `status` (dead unless another is asked for), newest first, without their content."""
    await require(request, "administrator")
    status = request.query.get("status", "dead")
    if status not in outbox.STATUSES:
        raise DeskError(422, "invalid_delivery_status", "status", values=", ".join(outbox.STATUSES))
    async with request.app[GATEWAY].database.read() as conn:
        found = await outbox.listed(conn, status, limit=MOST)
        counts = await outbox.counts(conn)
    return web.json_response({"deliveries": [_shown(row) for row in found], "counts": counts})


async def post_retry(request: web.Request) -> web.Response:
    """Once more what was given up or sent, as it is; its receivers know it by its id."""
    await require(request, "administrator")
    await read_json(request)
    gateway, letter = request.app[GATEWAY], request.match_info["id"]
    async with gateway.database.write() as conn:
        again = await outbox.replay(conn, gateway.now(), letter)
        found = await outbox.find(conn, letter)
    if found is None:
        raise DeskError(404, "not_found")
    if not again:
        raise DeskError(409, "delivery_waits")
    gateway.wake_cases()
    return web.json_response({"delivery": _shown(found)})


def _shown(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: utc_text(value) if isinstance(value, datetime) else value for name, value in row.items()}


def add_routes(app: web.Application) -> None:
    app.router.add_get("/api/desk/deliveries", get_deliveries)
    app.router.add_post("/api/desk/deliveries/{id}/retry", post_retry)
