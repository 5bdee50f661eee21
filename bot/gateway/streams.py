"""Event streams: what the journal holds after a number, then what is added, each event once and in order.

A stream reads from the journal only; the hub is a bell that says "look again". Nothing can be lost between the two,
because a stream begins to listen before it reads.
"""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from aiohttp import web

from bot.gateway.journal import Journal

BATCH = 200
TYPING = {"from": "bot", "type": "typing"}


class Bell:
    """One stream's signal."""

    def __init__(self) -> None:
        self.rung = asyncio.Event()
        self.signs: dict[str, Mapping[str, Any]] = {}  # by event, the last of each: what no journal keeps


class Hub:
    """Bells of the open streams, by conversation."""

    def __init__(self) -> None:
        self._bells: dict[str, set[Bell]] = defaultdict(set)
        self.closing = False

    @contextmanager
    def listen(self, conversation: str) -> Iterator[Bell]:
        bell = Bell()
        self._bells[conversation].add(bell)
        try:
            yield bell
        finally:
            bells = self._bells[conversation]
            bells.discard(bell)
            if not bells:
                del self._bells[conversation]

    def listeners(self, conversation: str) -> int:
        return len(self._bells.get(conversation, ()))

    def wake(self, conversation: str) -> None:
        """There are new events in the journal."""
        for bell in self._bells.get(conversation, ()):
            bell.signs.pop("typing", None)
            bell.rung.set()

    def typing(self, conversation: str, agent: str | None = None) -> None:
        """The bot is typing, or the `agent` of that name."""
        sign = TYPING if agent is None else {"from": "agent", "type": "typing", "agent": {"name": agent}}
        self._sign(conversation, "typing", sign)

    def read(self, conversation: str, seq: int) -> None:
        """The person who has the conversation has read as far as `seq`."""
        self._sign(conversation, "read", {"seq": seq})

    def _sign(self, conversation: str, event: str, data: Mapping[str, Any]) -> None:
        for bell in self._bells.get(conversation, ()):
            bell.signs[event] = data
            bell.rung.set()

    def heard(self) -> list[str]:
        """Conversations that somebody listens to."""
        return list(self._bells)

    def close(self) -> None:
        """End every stream; browsers come back to the next process."""
        self.closing = True
        for bells in self._bells.values():
            for bell in bells:
                bell.rung.set()


async def stream(
    request: web.Request, journal: Journal, hub: Hub, conversation: str, after: int, heartbeat: float
) -> web.StreamResponse:
    """Answer `request` with server-sent events; returns when the client has gone or the server stops."""
    response = web.StreamResponse(
        headers={
            "Content-Type": "text/event-stream; charset=utf-8",
            "Cache-Control": "no-store",
            "X-Accel-Buffering": "no",  # reverse proxies must not collect the events
        }
    )
    await response.prepare(request)
    with hub.listen(conversation) as bell:
        try:
            await response.write(b"retry: 1000\n: connected\n\n")
            while not hub.closing:
                bell.rung.clear()
                found = await journal.events(conversation, after, BATCH)
                if found:
                    await response.write(b"".join(_encoded(event) for event in found))
                    after = found[-1]["seq"]
                if len(found) == BATCH:
                    continue
                if bell.signs:
                    signs, bell.signs = bell.signs, {}
                    await response.write(b"".join(_sign(event, data) for event, data in signs.items()))
                try:
                    async with asyncio.timeout(heartbeat):
                        await bell.rung.wait()
                except TimeoutError:
                    await response.write(b": still here\n\n")
        except ConnectionError:
            pass  # the browser has gone; it comes back with Last-Event-ID
    return response


def _sign(event: str, data: Mapping[str, Any]) -> bytes:
    return f"event: {event}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode()


def _encoded(event: dict[str, Any]) -> bytes:
    return f"id: {event['seq']}\ndata: {json.dumps(event, ensure_ascii=False, separators=(',', ':'))}\n\n".encode()
