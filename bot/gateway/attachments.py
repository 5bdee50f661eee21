"""Files that customers send: checked by their content, kept under random names, shown to nobody but staff."""

from __future__ import annotations

import asyncio
import io
import os
import re
import unicodedata
import zipfile
from collections.abc import Awaitable, Callable
from pathlib import Path, PurePosixPath
from urllib.parse import quote

from aiohttp import BodyPartReader, web
from aiohttp.http_exceptions import HttpProcessingError
from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.cases import Attachment
from bot.cases.attachments import add_attachment, loose_attachments, new_attachment
from bot.cases.tables import attachments as table
from bot.gateway.context import GATEWAY, ApiError, Gateway
from bot.gateway.guard import opened, within

_MEGABYTE = 1024 * 1024
_CHUNK = 64 * 1024
_NAME_LENGTH = 100

# What a file begins with → its type. Everything else that is not plain text is refused.
_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"BM", "image/bmp"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"%PDF-", "application/pdf"),
    (b"{\\rtf", "application/rtf"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),  # doc, xls, ppt, msg
)
_OFFICE = "application/vnd.openxmlformats-officedocument."
_ZIP_FOLDERS = {
    "word/": f"{_OFFICE}wordprocessingml.document",
    "xl/": f"{_OFFICE}spreadsheetml.sheet",
    "ppt/": f"{_OFFICE}presentationml.presentation",
}
# Endings that a type may have; the first is added to a name that has none of them.
_ENDINGS: dict[str, tuple[str, ...]] = {
    "image/png": (".png",),
    "image/jpeg": (".jpg", ".jpeg", ".jfif"),
    "image/gif": (".gif",),
    "image/bmp": (".bmp",),
    "image/tiff": (".tif", ".tiff"),
    "image/webp": (".webp",),
    "image/heic": (".heic", ".heif"),
    "application/pdf": (".pdf",),
    "application/rtf": (".rtf",),
    "application/x-ole-storage": (".ole", ".doc", ".xls", ".ppt", ".msg"),
    "application/zip": (".zip", ".odt", ".ods", ".odp"),
    _ZIP_FOLDERS["word/"]: (".docx",),
    _ZIP_FOLDERS["xl/"]: (".xlsx",),
    _ZIP_FOLDERS["ppt/"]: (".pptx",),
    "text/plain": (".txt", ".log", ".csv", ".json", ".xml", ".md", ".ini", ".cfg", ".conf", ".yml", ".yaml", ".eml"),
}


def sniff(content: bytes) -> str | None:
    """The media type by content, whatever name and browser claim; None for what is not accepted."""
    for start, kind in _SIGNATURES:
        if content.startswith(start):
            return kind
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    if content[4:8] == b"ftyp" and content[8:12] in (b"heic", b"heix", b"mif1", b"msf1", b"heif"):
        return "image/heic"
    if content.startswith(b"PK\x03\x04"):
        return _zip_type(content)
    return "text/plain" if _is_text(content) else None


def _zip_type(content: bytes) -> str | None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:  # lists names; nothing is unpacked
            names = archive.namelist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        return None
    if "[Content_Types].xml" in names:
        for folder, kind in _ZIP_FOLDERS.items():
            if any(name.startswith(folder) for name in names):
                return kind
    return "application/zip"


def _is_text(content: bytes) -> bool:
    encoding = "utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        if encoding == "utf-16":
            return False
        text = content.decode("cp1252", "replace")  # log files of Windows programs
    return not re.search(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\ufffd]", text)


def safe_name(claimed: str | None, kind: str) -> str:
    """A file name that does no harm where it is shown or saved, with an ending that fits the content."""
    name = PurePosixPath((claimed or "").replace("\\", "/")).name
    name = unicodedata.normalize("NFC", name.encode("utf-8", "replace").decode())
    name = "".join(c for c in name if unicodedata.category(c)[0] != "C" and c not in '<>:"|?*')
    name = " ".join(name.split()).strip(". ")
    stem, ending = os.path.splitext(name)
    if ending.lower() not in _ENDINGS[kind]:
        stem, ending = name, _ENDINGS[kind][0]
    return f"{stem[:_NAME_LENGTH].strip() or 'file'}{ending}"


async def upload(request: web.Request) -> web.Response:
    gateway = request.app[GATEWAY]
    conversation = await opened(request)
    await within(request, "uploads", conversation.id)
    await _check_count(gateway, conversation.id)

    async def add(connection: AsyncConnection, attachment: Attachment) -> None:
        await _check_count(gateway, conversation.id)
        await add_attachment(connection, attachment, gateway.now())

    return await receive(request, conversation.id, add)


async def receive(
    request: web.Request,
    conversation: str,
    add: Callable[[AsyncConnection, Attachment], Awaitable[None]],
    ref: str | None = None,
) -> web.Response:
    """Check and keep the file that is sent; `add` notes it in a transaction, and where it cannot the file is gone."""
    gateway = request.app[GATEWAY]
    claimed, content = await read_file(request, gateway.settings.attachment_bytes)
    kind = await asyncio.to_thread(sniff, content)
    if kind is None:
        raise ApiError(415, "file_type", "file")
    attachment = new_attachment(conversation, safe_name(claimed, kind), kind, len(content), ref)
    path = gateway.attachments / attachment.path
    await asyncio.to_thread(keep, path, content)
    try:
        async with gateway.database.write() as connection:
            await add(connection, attachment)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return web.json_response({"attachment": attachment.public()}, status=201)


async def remove(request: web.Request) -> web.Response:
    """Take back a file that belongs to no case and no message yet. Again, or of another conversation: 404."""
    gateway = request.app[GATEWAY]
    conversation = await opened(request)
    loose = (table.c.id == request.match_info["attachment"]) & (table.c.conversation == conversation.id)
    async with gateway.database.write() as connection:
        unused = table.c.ref.is_(None) & table.c.seq.is_(None) & table.c.author.is_(None)
        gone = await connection.execute(delete(table).where(loose, unused).returning(table.c.path))
        path = gone.scalar_one_or_none()
    if path is None:
        raise ApiError(404, "not_found")
    await asyncio.to_thread((gateway.attachments / path).unlink, missing_ok=True)
    return web.Response(status=204)


async def _check_count(gateway: Gateway, conversation: str) -> None:
    limit = gateway.settings.attachment_count
    async with gateway.database.read() as connection:
        waiting = await loose_attachments(connection, conversation)
    if len(waiting) >= limit:
        raise ApiError(422, "too_many_files", "file", limit=limit)


async def read_file(request: web.Request, limit: int) -> tuple[str | None, bytes]:
    """Name and content of the field `file`, read no further than `limit` bytes."""
    if request.content_type != "multipart/form-data":
        raise ApiError(415, "file_missing", "file")
    try:
        reader = await request.multipart()
        part = await reader.next()
        if not isinstance(part, BodyPartReader) or part.name != "file":
            raise ApiError(422, "file_missing", "file")
        content = bytearray()
        while chunk := await part.read_chunk(_CHUNK):
            content += chunk
            if len(content) > limit:
                raise ApiError(413, "file_too_large", "file", limit=f"{limit / _MEGABYTE:.3g}")
        await reader.next()  # the end was sent too: the file is whole
    except (ValueError, AssertionError, HttpProcessingError):
        raise ApiError(400, "bad_request") from None
    if not content:
        raise ApiError(422, "file_empty", "file")
    return part.filename, bytes(content)


def keep(path: Path, content: bytes) -> None:
    """Write the file so that it is whole on disk before anything names it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "xb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def saved(path: Path, name: str, kind: str) -> web.FileResponse:
    """A kept file as an answer that browsers save and never show."""
    headers = {
        "Content-Type": kind,
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    return web.FileResponse(path, headers=headers)


def add_routes(app: web.Application) -> None:
    app.router.add_post("/api/conversations/{id}/attachments", upload)
    app.router.add_delete("/api/conversations/{id}/attachments/{attachment}", remove)
