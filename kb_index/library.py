"""The index that serves, as the service's handlers share it; the one shape of an error."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

import structlog
from aiohttp import web

from kb_index.encoder import Encoder
from kb_index.errors import VersionError
from kb_index.index import Answer, Index
from kb_index.settings import Settings
from kb_index.versions import Versions

log = structlog.get_logger()

T = TypeVar("T")


class Library:
    """The index that serves. A newly published one takes over between two questions; those under way keep theirs."""

    def __init__(self, settings: Settings, encoder: Encoder) -> None:
        self.encoder = encoder
        self.versions = Versions(settings.versions_dir)
        self.index: Index | None = None
        self.problem: str | None = None
        self.least = 0.0  # a raised threshold (kb_index.careful)
        self._seen: object = None
        self._refreshing = asyncio.Lock()
        self._executor = ThreadPoolExecutor(max_workers=2, thread_name_prefix="kb")

    async def refresh(self) -> None:
        """Load the published version where the pointer has changed; a version that cannot be used changes nothing.

        When this returns, what was published before the call serves.
        """
        async with self._refreshing:
            await self._refresh()

    async def _refresh(self) -> None:
        mark = self._mark()
        if mark == self._seen:
            return
        self._seen = mark
        try:
            self.index = await self.run(partial(self.versions.load_current, self.encoder, self.index))
            self.problem = None
            log.info("index_loaded", version=self.index.version, articles=sum(1 for _ in self.index.corpus.present()))
        except (VersionError, OSError, ValueError, RuntimeError) as error:
            self.problem = str(error)
            log.error("index_not_loaded", reason=self.problem, serving=self.index.version if self.index else None)

    def _mark(self) -> object:
        try:
            stat = self.versions.pointer.stat()
        except FileNotFoundError:
            return "none"
        return stat.st_mtime_ns, stat.st_ino

    async def search(
        self, index: Index, text: str, lang: str, limit: int, exclude: list[str], audience: str = "public"
    ) -> Answer:
        def work() -> Answer:
            vector = index.vector(text, self.encoder)
            return index.search(text, vector, lang, limit, exclude, audience, self.least)

        return await self.run(work)

    async def run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)

    def close(self) -> None:
        self._executor.shutdown(wait=True, cancel_futures=True)


LIBRARY = web.AppKey("library", Library)


class ApiError(Exception):
    """Becomes {"error": {"code", "message", "field"}} with `status`."""

    def __init__(self, status: int, code: str, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.body: dict[str, dict[str, Any]] = {"error": {"code": code, "message": message, "field": field}}


def index_of(request: web.Request) -> Index:
    """The index that serves; ApiError 503 where none does yet."""
    library = request.app[LIBRARY]
    if library.index is None:
        raise ApiError(503, "no_index", library.problem or "the index is being loaded")
    return library.index
