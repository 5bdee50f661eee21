"""Imports of the console: uploads are kept for a day, a job proposes changes. No content is written here."""

from __future__ import annotations

import asyncio
import contextlib
import re
import secrets
import time
from pathlib import Path
from typing import Any

from aiohttp import web

from kb_index.console_api import body_of
from kb_index.import_options import MAX_FILE, Options, folder_of
from kb_index.library import ApiError
from kb_index.publisher import JOBS, PUBLISHER
from kb_index.settings import Settings

KEPT_SECONDS = 24 * 3600.0
MAX_UPLOADS = 50
MAX_PAGES = 20_000
_UPLOAD = re.compile(r"[0-9a-f]{32}")
_LANG = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]+)?")
_KINDS = ("faq", "blog", "manual")


async def post_upload(request: web.Request) -> web.Response:
    """Takes the body as it comes; at most `MAX_FILE` bytes."""
    folder = folder_of(request.app[PUBLISHER].settings)
    await asyncio.to_thread(_forget, folder)
    ident = secrets.token_hex(16)
    temporary = folder / f".{ident}"
    try:
        size = 0
        with await asyncio.to_thread(temporary.open, "wb") as file:
            async for chunk in request.content.iter_chunked(256 * 1024):
                size += len(chunk)
                if size > MAX_FILE:
                    raise ApiError(413, "too_large", f"larger than {MAX_FILE} bytes; divide it")
                await asyncio.to_thread(file.write, chunk)
        if not size:
            raise ApiError(422, "empty", "the file is empty")
        temporary.replace(folder / ident)
    except OSError as error:
        raise ApiError(507, "not_written", f"the file cannot be kept: {error.strerror}") from error
    finally:
        temporary.unlink(missing_ok=True)
    return web.json_response({"upload": ident}, status=201)


def _forget(folder: Path) -> None:
    """Uploads of yesterday, and the oldest where there are too many."""
    folder.mkdir(parents=True, exist_ok=True)
    kept = []
    for path in folder.iterdir():
        with contextlib.suppress(OSError):
            age = time.time() - path.stat().st_mtime
            if age > KEPT_SECONDS:
                path.unlink()
            elif _UPLOAD.fullmatch(path.name):
                kept.append((age, path))
    for _, path in sorted(kept)[MAX_UPLOADS - 1 :]:
        path.unlink(missing_ok=True)


async def post_import(request: web.Request) -> web.Response:
    body = await body_of(request)
    settings = request.app[PUBLISHER].settings
    args = {"source": _source(settings, body.get("source")), "options": _options(body)}
    job = request.app[JOBS].start("import", args)
    return web.json_response({"job": job.id}, status=202)


def _source(settings: Settings, source: object) -> str | dict[str, str]:
    if isinstance(source, str):
        if not re.match(r"https?://", source, re.I) or len(source) > 2_000:  # never a path of this machine
            raise ApiError(422, "invalid", "expected an address that begins with https:// or http://", "source")
        return source
    name, upload = (source.get("name"), source.get("upload")) if isinstance(source, dict) else (None, None)
    if not isinstance(name, str) or not isinstance(upload, str) or not _UPLOAD.fullmatch(upload):
        raise ApiError(422, "invalid", 'expected an address or {"name", "upload"}', "source")
    if not (folder_of(settings) / upload).is_file():
        raise ApiError(404, "not_found", "there is no such upload; uploads are kept for a day", "source")
    return {"name": re.split(r"[/\\]", name)[-1][:200] or "file", "upload": upload}


def _options(body: dict[str, Any]) -> dict[str, Any]:
    lang, kind, columns, video = body.get("lang", "fr"), body.get("kind"), body.get("columns") or {}, body.get("video")
    site, pages = body.get("site", False), body.get("pages", Options.pages)
    if not isinstance(lang, str) or not _LANG.fullmatch(lang):
        raise ApiError(422, "invalid", f"expected a language code such as fr, got {lang!r:.40}", "lang")
    if kind not in (None, *_KINDS):
        raise ApiError(422, "invalid", f"expected {', '.join(_KINDS)} or null, got {kind!r:.40}", "kind")
    if not isinstance(columns, dict) or not all(isinstance(one, str | None) for one in columns.values()):
        raise ApiError(422, "invalid", "expected {name of a column: field, or null to leave it out}", "columns")
    if video is not None and not (isinstance(video, str) and re.match(r"https?://", video)):
        raise ApiError(422, "invalid", "expected the address of a video", "video")
    if not isinstance(site, bool):
        raise ApiError(422, "invalid", "expected true or false", "site")
    if not isinstance(pages, int) or isinstance(pages, bool) or not 1 <= pages <= MAX_PAGES:
        raise ApiError(422, "invalid", f"expected a number from 1 to {MAX_PAGES}", "pages")
    return {"lang": lang, "kind": kind, "columns": columns, "video": video, "site": site, "pages": pages}


def add_routes(app: web.Application) -> None:
    app.router.add_post("/uploads", post_upload)
    app.router.add_post("/import", post_import)
