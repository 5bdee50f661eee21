"""One way to call our other processes: loopback, JSON, token, short timeouts, errors of `actions.errors`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout

from actions.errors import Conflict, Refused, Unavailable

TOKEN_HEADER = "X-Guichet-Token"


class Service:
    """`seconds` bounds a whole call; Rasa gives up a turn after 20 s, so several calls must fit into that."""

    def __init__(self, session: ClientSession, base_url: str, token: str, seconds: float) -> None:
        self._session = session
        self._base_url = base_url
        self._headers = {TOKEN_HEADER: token}
        self._timeout = ClientTimeout(total=seconds, sock_connect=2)

    async def call(
        self, method: str, path: str, *, json: Mapping[str, Any] | None = None, query: Mapping[str, str] | None = None
    ) -> Any:
        """The answer's JSON. Unavailable, Refused or Conflict where there is none."""
        try:
            async with self._session.request(
                method, self._base_url + path, json=json, params=query, headers=self._headers, timeout=self._timeout
            ) as response:
                body = await response.json(content_type=None)
                status = response.status
        except (ClientError, TimeoutError, OSError, ValueError) as error:
            raise Unavailable(f"{method} {path}: {type(error).__name__}: {error}") from error
        if status < 300:
            return body
        problem = body.get("error") if isinstance(body, Mapping) else None
        code = str(problem.get("code")) if isinstance(problem, Mapping) else "unknown"
        if status == 422 and isinstance(problem, Mapping):
            raise Refused(code, problem.get("field"))
        if status in (404, 409):
            raise Conflict(code)
        raise Unavailable(f"{method} {path}: status {status}, {code}")
