"""Folders of small files that browsers fetch: scripts, styles, images."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import minify  # type: ignore[import-untyped]
from aiohttp import web

from bot.http import ApiError

TYPES = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".html": "text/html",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".json": "application/json",
    ".woff2": "font/woff2",
}
MINIFIED = {"text/javascript", "text/css"}


class Files:
    """Small files kept in memory as they are sent, scripts and styles minified, with their compressed form; read again
    where the file on disk has changed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._kept: dict[tuple[str, bytes], tuple[float, bytes, bytes, str]] = {}

    def respond(self, request: web.Request, name: str, *, head: bytes = b"", max_age: int = 0) -> web.Response:
        path = self._folder / name
        if path.suffix not in TYPES or path.parent.resolve() != self._folder.resolve() or not path.is_file():
            raise ApiError(404, "not_found")
        content, packed, etag = self._load(path, head)
        kind = TYPES[path.suffix]
        cache = f"public, max-age={max_age}" if max_age else "no-cache"
        headers = {"ETag": etag, "Cache-Control": cache, "Vary": "Accept-Encoding"}
        if any(tag.value == etag.strip('"') or tag.value == "*" for tag in request.if_none_match or ()):
            return web.Response(status=304, headers=headers)
        if "gzip" in request.headers.get("Accept-Encoding", ""):
            headers["Content-Encoding"] = "gzip"
            content = packed
        return web.Response(
            body=content, content_type=kind, charset="utf-8" if kind[:5] != "image" else None, headers=headers
        )

    def _load(self, path: Path, head: bytes) -> tuple[bytes, bytes, str]:
        """What is sent, the same compressed, and its ETag."""
        changed = path.stat().st_mtime
        kept = self._kept.get((path.name, head))
        if kept is None or kept[0] != changed:
            content = head + _sent(path)
            etag = f'"{hashlib.sha256(content).hexdigest()[:20]}"'
            kept = self._kept[path.name, head] = (changed, content, gzip.compress(content, mtime=0), etag)
        return kept[1:]

    def warm(self) -> None:
        """Read every file, so that one that cannot be minified is found at the start. minify.MinifyError."""
        for path in self._folder.iterdir():
            if path.suffix in TYPES:
                self._load(path, b"")


def _sent(path: Path) -> bytes:
    kind, content = TYPES[path.suffix], path.read_bytes()
    if kind not in MINIFIED:
        return content
    try:
        return str(minify.string(kind, content.decode())).encode()
    except minify.MinifyError as error:
        error.add_note(f"in {path}")
        raise
