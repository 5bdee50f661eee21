"""The web process in a test: real ports, real SQLite; Rasa and kb are small HTTP peers that can fail as they do."""

from __future__ import annotations

import asyncio
import contextlib
import json
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import cache
from pathlib import Path
from typing import Any

from aiohttp import ClientResponse, ClientSession, web
from aiohttp.test_utils import TestServer

from bot.catalogue import Catalogue, load_catalogue
from bot.company import Company, load_company
from bot.gateway.context import Gateway
from bot.settings import Settings, load_settings
from bot.web import internal_app, public_app, running
from tests.gateway.contract import Contract

CONTENT = Path(__file__).parents[2] / "data"
TOKEN = "token-between-the-processes"
Event = dict[str, Any]
Turn = dict[str, Any]


def text_reply(*texts: str) -> dict[str, Any]:
    return {"messages": [{"text": text} for text in texts], "state": {"active_loop": None, "requested_slot": None}}


class RasaPeer:
    """Rasa's channel as docs/architecture.md has it: the same message id is answered as before, without a turn.

    `turns` are the turns that were run, in order; `calls` every delivery. `answer` decides what a turn says and may
    await or raise; `statuses` are answered first, one per call.
    """

    def __init__(self) -> None:
        self.turns: list[Turn] = []
        self.calls: list[Turn] = []
        self.statuses: list[int] = []
        self.raw: str | None = None
        self.answer: Callable[[Turn], Awaitable[Any]] = self.echo
        self._done: dict[tuple[str, str], Any] = {}
        self._server: TestServer | None = None
        self._locks: dict[str, asyncio.Lock] = {}
        self._tasks: set[asyncio.Task[Any]] = set()

    async def echo(self, turn: Turn) -> Any:
        return text_reply(f"echo: {turn.get('text') or turn.get('payload')}")

    async def start(self, port: int = 0) -> int:
        app = web.Application()
        app.router.add_post("/webhooks/guichet/turn", self._turn)
        app.router.add_get("/webhooks/guichet/", self._ready)
        self._server = TestServer(app, port=port)
        await self._server.start_server()
        assert self._server.port is not None
        return self._server.port

    async def stop(self) -> None:
        if self._server is not None:
            await self._server.close()
            self._server = None

    async def _ready(self, _request: web.Request) -> web.Response:
        return web.Response()

    async def _turn(self, request: web.Request) -> web.Response:
        if request.headers.get("X-Guichet-Token") != TOKEN:
            return web.Response(status=401)
        turn = await request.json()
        self.calls.append(turn)
        if self.statuses:
            return web.Response(status=self.statuses.pop(0))
        if self.raw is not None:
            return web.Response(text=self.raw)
        # A turn goes on where its caller has gone, as Rasa's does.
        work = asyncio.create_task(self._once(turn))
        self._tasks.add(work)
        work.add_done_callback(self._tasks.discard)
        return web.json_response(await asyncio.shield(work))

    async def _once(self, turn: Turn) -> Any:
        key = (turn["sender"], turn["message_id"])
        async with self._locks.setdefault(turn["sender"], asyncio.Lock()):
            if key not in self._done:
                self.turns.append(turn)
                self._done[key] = await self.answer(turn)
        return self._done[key]


class Talk:
    """One conversation, as the widget would have it."""

    def __init__(self, site: Site, identifier: str, token: str) -> None:
        self.site = site
        self.id = identifier
        self.token = token

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def url(self, rest: str) -> str:
        return f"{self.site.url}/api/conversations/{self.id}/{rest}".rstrip("/")

    async def post(self, rest: str, body: Any, **headers: str) -> tuple[int, Any]:
        async with self.site.http.post(self.url(rest), json=body, headers=self.headers | headers) as response:
            return response.status, await response.json()

    async def patch(self, body: Any) -> tuple[int, Any]:
        async with self.site.http.patch(self.url(""), json=body, headers=self.headers) as response:
            return response.status, await response.json()

    async def get(self, rest: str) -> tuple[int, Any]:
        async with self.site.http.get(self.url(rest), headers=self.headers) as response:
            return response.status, await response.json()

    async def say(self, text: str, client_id: str | None = None) -> int:
        status, body = await self.post("messages", {"client_id": client_id or str(uuid.uuid4()), "text": text})
        assert status == 202, body
        return int(body["seq"])

    async def press(self, button: str, client_id: str | None = None) -> int:
        status, body = await self.post("messages", {"client_id": client_id or str(uuid.uuid4()), "button": button})
        assert status == 202, body
        return int(body["seq"])

    async def events(self, after: int = 0) -> list[Event]:
        status, body = await self.get(f"events?after={after}")
        assert status == 200, body
        return list(body["events"])

    async def until(self, enough: Callable[[list[Event]], bool], seconds: float = 20) -> list[Event]:
        """Follow the stream from the beginning until `enough`; returns the journaled events."""
        seen: list[Event] = []
        async with asyncio.timeout(seconds), self.stream() as events:
            async for event in events:
                if "seq" in event:
                    seen.append(event)
                if enough(seen):
                    break
        return seen

    async def replies(self, count: int, seconds: float = 20) -> list[Event]:
        """All events, once `count` of them answer the customer (the greeting does not)."""
        return await self.until(
            lambda seen: sum(e["from"] in ("bot", "system") for e in seen if e["seq"] > 1) >= count, seconds
        )

    @contextlib.asynccontextmanager
    async def stream(self, after: int | None = None) -> AsyncIterator[AsyncIterator[Event]]:
        headers = self.headers | {"Accept": "text/event-stream"}
        if after is not None:
            headers["Last-Event-ID"] = str(after)
        async with self.site.http.get(self.url("events"), headers=headers) as response:
            assert response.status == 200, await response.text()
            yield self._events(response)

    async def _events(self, response: ClientResponse) -> AsyncIterator[Event]:
        async for line in response.content:
            if line.startswith(b"data: "):
                event = json.loads(line[6:])
                self.site.contract.event(event)
                yield event


class Site:
    """The running web process with its peers."""

    def __init__(
        self, gateway: Gateway, rasa: RasaPeer, http: ClientSession, url: str, internal: str, contract: Contract
    ) -> None:
        self.gateway = gateway
        self.rasa = rasa
        self.http = http
        self.url = url
        self.internal = internal
        self.contract = contract

    async def talk(self, lang: str = "fr", **values: str) -> Talk:
        async with self.http.post(f"{self.url}/api/conversations", json={"lang": lang, **values}) as response:
            assert response.status == 201
            body = await response.json()
        return Talk(self, body["id"], body["token"])

    async def inside(self, method: str, path: str, token: str = TOKEN, **options: Any) -> tuple[int, Any]:
        """A call of the internal API."""
        url, headers = f"{self.internal}{path}", {"X-Guichet-Token": token}
        async with self.http.request(method, url, headers=headers, **options) as response:
            return response.status, await response.json()


@cache
def content() -> tuple[Company, Catalogue]:
    company = load_company(CONTENT / "company.yml")
    return company, load_catalogue(CONTENT / "messages", company.first_language)


def make_settings(folder: Path, **values: Any) -> Settings:
    return load_settings(_env_file=None, data_dir=folder, internal_token=TOKEN, content_dir=CONTENT, **values)


@contextlib.asynccontextmanager
async def open_site(folder: Path, rasa: RasaPeer, company: Company | None = None, **values: Any) -> AsyncIterator[Site]:
    """`values` are settings by field name; `rasa_port` is `rasa`'s unless given."""
    port = values.pop("rasa_port", None) or await rasa.start()
    try:
        ours, catalogue = content()
        async with running(make_settings(folder, rasa_port=port, **values), company or ours, catalogue) as gateway:
            contract = Contract()
            app = public_app(gateway)
            app.middlewares.insert(0, contract.middleware())
            public, internal = TestServer(app), TestServer(internal_app(gateway))
            await public.start_server()
            await internal.start_server()
            try:
                async with ClientSession() as http:
                    address, inside = (str(server.make_url("")).rstrip("/") for server in (public, internal))
                    yield Site(gateway, rasa, http, address, inside, contract)
                assert contract.broken == [], contract.broken
            finally:
                gateway.hub.close()
                await public.close()
                await internal.close()
    finally:
        await rasa.stop()
