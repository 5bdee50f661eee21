"""Everything that is published, as a zip that imports back identical."""

from __future__ import annotations

import asyncio
import io
import zipfile
from collections.abc import Sequence

from aiohttp import web
from sqlalchemy import func, select

from bot.console import articles_api
from bot.console.context import answered
from bot.console.tables import files, revisions
from bot.gateway.context import GATEWAY
from bot.staff import audit
from bot.staff.guard import require

_DAY = (1980, 1, 1, 0, 0, 0)  # the same content is the same zip


@answered
async def get_export(request: web.Request) -> web.StreamResponse:
    """Articles, topics, captions and the console's golden questions, laid out as the content folder; `?drafts=true`:
    with the drafts over them."""
    person = await require(request, "editor")
    gateway, drafts = request.app[GATEWAY], request.query.get("drafts") == "true"
    await articles_api.looked(request)
    wanted = func.coalesce(files.c.draft, files.c.published) if drafts else files.c.published
    query = select(files.c.path, revisions.c.source).join(revisions, revisions.c.id == wanted).order_by(files.c.path)
    async with gateway.database.read() as conn:
        rows = [(row.path, row.source) for row in await conn.execute(query) if row.source is not None]
    content = await asyncio.to_thread(packed, rows)
    async with gateway.database.write() as conn:
        details = {"files": len(rows), "drafts": drafts}
        await audit.write(conn, gateway.now(), "console_exported", actor=person, details=details)
    name = f"guichet-{articles_api.today(request).isoformat()}.zip"
    return web.Response(
        body=content,
        content_type="application/zip",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def packed(rows: Sequence[tuple[str, str]]) -> bytes:
    """(path, source) as a zip."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, text in rows:
            archive.writestr(zipfile.ZipInfo(path, _DAY), text.encode(), zipfile.ZIP_DEFLATED)
    return whole.getvalue()


def add_routes(app: web.Application) -> None:
    app.router.add_get("/api/console/export", get_export)
