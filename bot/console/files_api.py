"""Images and attachments of articles, and how a text will look."""

from __future__ import annotations

import asyncio
import hashlib
import re
import uuid
from pathlib import Path
from typing import Any
from urllib.parse import quote

from aiohttp import web
from sqlalchemy import Row, delete, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.console.context import ConsoleError, answered, cleaned, lang_of, read_large
from bot.console.tables import files, revisions, uploads
from bot.gateway.attachments import keep, read_file, safe_name, sniff
from bot.gateway.context import GATEWAY
from bot.gateway.markdown import render
from bot.staff import audit
from bot.staff.guard import require
from bot.staff.tables import text_of

IMAGES = ("image/png", "image/jpeg", "image/gif", "image/webp")
_REFUSED = ("image/bmp", "image/tiff", "image/heic", "application/rtf", "application/x-ole-storage")
_MARKUP = re.compile(rb"<(?:!doctype|\?xml|svg|html|script|body|iframe)", re.I)
_ID = re.compile(r"[0-9a-f]{32}")
_USED = re.compile(r"/files/([0-9a-f]{32})/")
MOST = 10 * 1024 * 1024  # bytes


def kind_of(content: bytes) -> str:
    """Its type by what it is, whatever it is called; ConsoleError 415. SVG and HTML are programs, not pictures."""
    kind = sniff(content)
    if kind is None or kind in _REFUSED or (kind == "text/plain" and _MARKUP.search(content[:4096])):
        raise ConsoleError(415, "file_type", "file")
    return kind


def folder_of(request: web.Request) -> Path:
    return request.app[GATEWAY].settings.data_dir / "files"


@answered
async def post_file(request: web.Request) -> web.StreamResponse:
    """The same content again is the same file."""
    person = await require(request, "editor")
    gateway = request.app[GATEWAY]
    claimed, content = await read_file(request, MOST)
    kind = await asyncio.to_thread(kind_of, content)
    digest = hashlib.sha256(content).hexdigest()
    async with gateway.database.read() as conn:
        found = (await conn.execute(select(uploads).where(uploads.c.digest == digest))).one_or_none()
    if found is None:
        row: dict[str, Any] = {"id": uuid.uuid4().hex, "name": safe_name(claimed, kind), "type": kind}
        row |= {"size": len(content), "digest": digest, "author": person.id, "at": text_of(gateway.now())}
        path = folder_of(request) / str(row["id"])
        await asyncio.to_thread(keep, path, content)
        async with gateway.database.write() as conn:
            again = (await conn.execute(select(uploads).where(uploads.c.digest == digest))).one_or_none()
            if again is None:
                await conn.execute(insert(uploads).values(**row))
            found = (await conn.execute(select(uploads).where(uploads.c.digest == digest))).one()
        if again is not None:
            await asyncio.to_thread(path.unlink, missing_ok=True)
    return web.json_response({"file": _public(found)}, status=201)


@answered
async def get_files(request: web.Request) -> web.StreamResponse:
    """All files, the newest first, each with the articles that show it; what nothing shows is an orphan."""
    await require(request, "editor")
    async with request.app[GATEWAY].database.read() as conn:
        rows = (await conn.execute(select(uploads).order_by(uploads.c.at.desc(), uploads.c.id))).all()
        used = await _used(conn)
    return web.json_response({"files": [{**_public(row), "used_by": sorted(used.get(row.id, ()))} for row in rows]})


@answered
async def delete_file(request: web.Request) -> web.StreamResponse:
    """An orphan; ConsoleError 409 `file_in_use` where a draft or a published article shows it."""
    person = await require(request, "editor")
    gateway, ident = request.app[GATEWAY], request.match_info["file"]
    async with gateway.database.write() as conn:
        row = (await conn.execute(select(uploads).where(uploads.c.id == ident))).one_or_none()
        if row is None:
            raise ConsoleError(404, "not_found")
        if articles := (await _used(conn)).get(ident):
            raise ConsoleError(409, "file_in_use", articles=", ".join(sorted(articles)))
        await conn.execute(delete(uploads).where(uploads.c.id == ident))
        details = {"size": row.size}
        await audit.write(conn, gateway.now(), "console_file_deleted", actor=person, target=row.name, details=details)
    await asyncio.to_thread((folder_of(request) / ident).unlink, missing_ok=True)
    return web.Response(status=204)


async def _used(conn: AsyncConnection) -> dict[str, set[str]]:
    """Articles (`kind:id`) by the id of a file that their draft or their published text names."""
    current = or_(revisions.c.id == files.c.draft, revisions.c.id == files.c.published)
    query = (
        select(files.c.kind, files.c.article, revisions.c.source)
        .join(revisions, current)
        .where(revisions.c.source.contains("/files/"))
    )
    found: dict[str, set[str]] = {}
    for row in await conn.execute(query):
        for ident in _USED.findall(row.source):
            found.setdefault(ident, set()).add(f"{row.kind}:{row.article}")
    return found


def _public(row: Row[Any]) -> dict[str, Any]:
    address = f"/files/{row.id}/{quote(row.name, safe='')}"
    return {"id": row.id, "url": address, "name": row.name, "type": row.type, "size": row.size, "at": row.at}


async def get_file(request: web.Request) -> web.StreamResponse:
    """For everybody who reads the article. Only the four kinds of pictures are shown; all else is saved."""
    ident = request.match_info["file"]
    found = None
    if _ID.fullmatch(ident):
        async with request.app[GATEWAY].database.read() as conn:
            found = (await conn.execute(select(uploads).where(uploads.c.id == ident))).one_or_none()
    path = folder_of(request) / ident
    if found is None or not await asyncio.to_thread(path.is_file):
        raise ConsoleError(404, "not_found")
    picture = found.type in IMAGES
    place = "inline" if picture else "attachment"
    headers = {
        "Content-Type": found.type if picture else "application/octet-stream",
        "Content-Disposition": f"{place}; filename*=UTF-8''{quote(found.name, safe='')}",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "cross-origin",  # the widget shows it on other sites
        "Cache-Control": "public, max-age=31536000, immutable",
    }
    return web.FileResponse(path, headers=headers)


@answered
async def post_preview(request: web.Request) -> web.StreamResponse:
    """The text as safe HTML, made by what makes the article's page."""
    await require(request, "editor")
    body = await read_large(request)
    lang_of(request, body.get("lang"))
    text = body.get("text")
    if not isinstance(text, str):
        raise ConsoleError(422, "invalid_text", "text", most=1_000_000)
    html = (await asyncio.to_thread(render, cleaned(text))).html
    return web.json_response({"html": html})


def add_routes(app: web.Application) -> None:
    app.router.add_post("/api/console/files", post_file)
    app.router.add_get("/api/console/files", get_files)
    app.router.add_delete("/api/console/files/{file}", delete_file)
    app.router.add_post("/api/console/preview", post_preview)
    app.router.add_get("/files/{file}/{name}", get_file)
