"""The kb service as the console asks it (docs/console.md says what it answers)."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import structlog
from aiohttp import ClientError, ClientSession, ClientTimeout

from bot.console.context import ConsoleError
from bot.gateway.rasa import TOKEN_HEADER

log = structlog.get_logger(__name__)

_QUICK = ClientTimeout(total=10, sock_connect=1)
_LONG = ClientTimeout(total=120, sock_connect=1)  # trying many questions, publishing, sending a large file
_PASSED = (400, 404, 409, 413, 415, 422, 507)  # what kb refuses for a reason that an editor can understand
POLL = 0.2  # seconds


class Kb:
    def __init__(self, http: ClientSession, url: str, token: str) -> None:
        self._http = http
        self._url = url
        self._headers = {TOKEN_HEADER: token}

    async def call(self, method: str, path: str, body: Any = None, *, long: bool = False) -> Any:
        """The answer as JSON. ConsoleError 503 `search_unavailable` where kb cannot be reached or fails; what it
        refuses is `kb_<code>` with kb's own message and problems."""
        return (await self.tagged(method, path, body, long=long))[0]

    async def tagged(
        self, method: str, path: str, body: Any = None, *, long: bool = False, tag: str | None = None
    ) -> tuple[Any, str | None]:
        """The answer and its ETag; (None, tag) where nothing has changed since `tag`."""
        headers = {**self._headers, **({"If-None-Match": tag} if tag else {})}
        timeout = _LONG if long else _QUICK
        try:
            async with self._http.request(
                method, self._url + path, json=body, headers=headers, timeout=timeout
            ) as response:
                if response.status == 304:
                    return None, tag
                content = await response.json(content_type=None)
                status, found = response.status, response.headers.get("ETag")
        except (ClientError, TimeoutError, OSError, ValueError) as error:
            log.warning("kb_unreachable", path=path.partition("?")[0], error=type(error).__name__)
            raise ConsoleError(503, "search_unavailable") from error
        if status in _PASSED and isinstance(content, dict) and isinstance(content.get("error"), dict):
            raise refused(status, content["error"])
        if status >= 400 or not isinstance(content, dict):
            log.error("kb_failed", path=path.partition("?")[0], status=status)
            raise ConsoleError(503, "search_unavailable")
        return content, found

    async def upload(self, chunks: AsyncIterator[bytes]) -> str:
        """Hand a file over for an import; its id there."""
        try:
            async with self._http.post(
                f"{self._url}/uploads", data=chunks, headers=self._headers, timeout=_LONG
            ) as response:
                content = await response.json(content_type=None)
                status = response.status
        except (ClientError, TimeoutError, OSError, ValueError) as error:
            raise ConsoleError(503, "search_unavailable") from error
        if status in _PASSED:
            raise refused(status, content.get("error", {}))
        if status >= 400:
            raise ConsoleError(503, "search_unavailable")
        return str(content["upload"])

    async def source(self, path: str) -> tuple[str, str] | None:
        """(source, version) of a file of the content folder; None where it is not there."""
        try:
            found = await self.call("GET", f"/content/{quote(path)}")
        except ConsoleError as error:
            if error.status == 404:
                return None
            raise
        return str(found["source"]), str(found["version"])

    async def job(self, job: str) -> dict[str, Any]:
        found: dict[str, Any] = await self.call("GET", f"/jobs/{quote(job)}", long=True)
        return found

    async def finished(self, job: str, seconds: float) -> dict[str, Any]:
        """The job once it has ended; ConsoleError 504 `too_slow` after `seconds`, and where it failed 422."""
        until = time.monotonic() + seconds
        found = await self.job(job)
        for pause in itertools.repeat(POLL):
            if found["state"] != "running":
                break
            if time.monotonic() > until:
                raise ConsoleError(504, "too_slow")
            await asyncio.sleep(pause)
            found = await self.job(job)
        if found["state"] != "done":
            raise ConsoleError(422, "job_failed", more={"job": found})
        return found


def refused(status: int, error: dict[str, Any]) -> ConsoleError:
    """What kb refuses, in the console's words, with kb's beside them."""
    more = {"problems": error.get("problems", []), "reason": error.get("message")}
    known = {"changed_meanwhile", "invalid_content", "disk_full", "not_found"}
    code = str(error.get("code"))
    return ConsoleError(
        status, code if code in known else "kb_refused", error.get("field"), more=more, reason=more["reason"]
    )
