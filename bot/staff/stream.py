"""What open pages of staff are told, as server-sent events, for as long as their session lasts.

What is told stands in the database, so that every process tells of what any has written: one reader per process looks
once a second while somebody listens. A page that was away names the last line it knows.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from aiohttp import web

from bot.http import ApiError
from bot.staff.context import STAFF
from bot.staff.guard import SESSION

log = structlog.get_logger(__name__)

POLL = 1.0  # seconds
WAITING = 1_000  # items that a slow reader may have waiting before its stream is ended
_LAST = 2**53


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A server-sent event. `id` is the line it tells of; `person` is who alone gets it, None: everybody."""

    event: str
    data: Mapping[str, Any]
    id: int | None = None
    person: str | None = None


class Listener:
    """One open page."""

    def __init__(self) -> None:
        self.items: asyncio.Queue[Item | None] = asyncio.Queue(WAITING)  # None: the stream ends
        self.full = False

    def put(self, item: Item | None) -> None:
        try:
            self.items.put_nowait(item)
        except asyncio.QueueFull:
            self.full = True  # it comes back with the last id it has seen


class Feed(ABC):
    """The open pages of one process, and the reader that tells them."""

    name: str

    def __init__(self) -> None:
        self._listeners: set[Listener] = set()
        self._wake = asyncio.Event()
        self.closing = False

    def wake(self) -> None:
        """Call after a commit that wrote what is told."""
        self._wake.set()

    def put(self, items: Iterable[Item]) -> None:
        """Tell the open pages of this process."""
        told = list(items)
        for listener in self._listeners:
            for item in told:
                listener.put(item)

    def close(self) -> None:
        """End every stream; browsers come back to the next process."""
        self.closing = True
        for listener in self._listeners:
            listener.put(None)

    @contextlib.contextmanager
    def listen(self) -> Iterator[Listener]:
        """Items from now on."""
        listener = Listener()
        self._listeners.add(listener)
        self._wake.set()
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    async def run(self) -> None:
        """Read and tell until cancelled. A database that cannot be reached is tried again."""
        while True:
            if not self._listeners:
                self._wake.clear()
                await self._wake.wait()
            self._wake.clear()
            try:
                await self._tell()
            except asyncio.CancelledError:
                raise
            except Exception:
                log.exception(f"{self.name}_failed")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), POLL)

    @abstractmethod
    async def _tell(self) -> None:
        """Read what is new, and `put` it."""


def last_of(request: web.Request, refused: ApiError) -> int | None:
    """The last line that the page knows; `refused` is raised where it names none."""
    wanted = request.headers.get("Last-Event-ID") or request.query.get("after") or ""
    if wanted and (not wanted.isascii() or not wanted.isdigit() or int(wanted[:20]) > _LAST):
        raise refused
    return int(wanted) if wanted else None


async def answer(
    request: web.Request, follow: Callable[[web.StreamResponse, asyncio.Future[None]], Awaitable[None]]
) -> web.StreamResponse:
    """A stream written by `follow`, whose second argument is done where the session is over."""
    ended = asyncio.ensure_future(request.app[STAFF].sessions.ended(request[SESSION].id))
    response = web.StreamResponse(
        headers={
            "Content-Type": "text/event-stream; charset=utf-8",
            "Cache-Control": "no-store",
            "X-Accel-Buffering": "no",  # reverse proxies must not collect the events
        }
    )
    try:
        await response.prepare(request)
        await follow(response, ended)
    except ConnectionError:
        pass  # the browser has gone; it comes back with Last-Event-ID
    finally:
        ended.cancel()
    return response


async def begin(response: web.StreamResponse, person: str, known: int) -> None:
    """The first event, `ready`: lines up to `known` are told or were there before."""
    await response.write(b"retry: 1000\n")
    await write(response, [Item(event="ready", data={"person": person}, id=known)], person)


async def go_on(
    response: web.StreamResponse,
    feed: Feed,
    listener: Listener,
    ended: asyncio.Future[None],
    *,
    person: str,
    known: int,
    heartbeat: float,
) -> None:
    """Write what comes after line `known`, and a sign of life each `heartbeat` seconds, until the stream is over."""
    while not (feed.closing or listener.full or ended.done()):
        come = await _next(listener, ended, heartbeat)
        if come is None:
            break
        if come:
            await write(response, [item for item in come if item.id is None or item.id > known], person)
        else:
            await response.write(b": still here\n\n")


async def write(response: web.StreamResponse, items: Iterable[Item], person: str) -> None:
    """Those of `items` that are for `person`."""
    if encoded := b"".join(_encoded(item) for item in items if item.person in (None, person)):
        await response.write(encoded)


async def _next(listener: Listener, ended: asyncio.Future[None], heartbeat: float) -> list[Item] | None:
    """What has come; nothing after `heartbeat` seconds; None where the stream is over."""
    waiting = asyncio.ensure_future(listener.items.get())
    both: set[asyncio.Future[Any]] = {waiting, ended}
    try:
        await asyncio.wait(both, timeout=heartbeat, return_when=asyncio.FIRST_COMPLETED)
    finally:
        if not waiting.done():
            waiting.cancel()
    if ended.done():
        return None
    if not waiting.done() or waiting.cancelled():
        return []
    items = [waiting.result()]
    while not listener.items.empty():
        items.append(listener.items.get_nowait())
    return None if None in items else [item for item in items if item is not None]


def _encoded(item: Item) -> bytes:
    number = "" if item.id is None else f"id: {item.id}\n"
    data = json.dumps(item.data, ensure_ascii=False, separators=(",", ":"))
    return f"{number}event: {item.event}\ndata: {data}\n\n".encode()
