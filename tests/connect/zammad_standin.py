"""A stand-in for Zammad, NOT Zammad: a small server that enforces what docs.zammad.org documents of the calls that the
adapter makes: the token, `title`, `group` and the customer of a new ticket, `guess:` that makes customers, known groups
and article types, base64 attachments, condition search, `expand`, states with their types, and 422 for what is wrong.
How Zammad behaves beyond its documentation is not known to it.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
import json
from typing import Any

from aiohttp import web

TOKEN = "zammad-token"
SECRET = "zammad-secret"
GROUP = "Users"
STATES = [
    {"id": 1, "name": "new", "state_type_id": 1},
    {"id": 2, "name": "open", "state_type_id": 2},
    {"id": 3, "name": "pending reminder", "state_type_id": 3},
    {"id": 4, "name": "closed", "state_type_id": 5},
    {"id": 5, "name": "merged", "state_type_id": 6},
    {"id": 9, "name": "gelöst", "state_type_id": 5},
]
_ARTICLE = {"subject", "body", "content_type", "type", "sender", "internal", "attachments", "origin_by_id", "ticket_id"}
Json = dict[str, Any]


class Standin:
    """What every stand-in can be told: `statuses` are answered to the next writes instead of doing them, `silent` does
    the next write and never answers, `calls` counts writes that were done."""

    token = TOKEN

    def __init__(self) -> None:
        self.tickets: dict[str, Json] = {}
        self.messages: dict[str, list[Json]] = {}
        self.statuses: list[int] = []
        self.silent = False
        self.release = asyncio.Event()
        self.done_in_silence = asyncio.Event()
        self.requests: list[tuple[str, str]] = []

    def authorized(self, request: web.Request) -> bool:
        return request.headers.get("Authorization") == f"Token token={self.token}"

    @web.middleware
    async def rules(self, request: web.Request, handler: Any) -> web.StreamResponse:
        self.requests.append((request.method, request.path))
        if not self.authorized(request):
            return web.json_response({"error": "Authentication required"}, status=401)
        writes = request.method != "GET" and "search" not in request.path
        if self.statuses and writes:
            status = self.statuses.pop(0)
            headers = {"Location": "http://127.0.0.1:1/"} if 300 <= status < 400 else {"Retry-After": "1"}
            return web.json_response({"error": "as told"}, status=status, headers=headers)
        answer: web.StreamResponse = await handler(request)
        if self.silent and writes:
            self.silent = False
            self.done_in_silence.set()
            await self.release.wait()
        return answer

    def app(self) -> web.Application:
        raise NotImplementedError

    def state(self, identifier: str, state: str) -> None:
        raise NotImplementedError

    def call(self, identifier: str) -> tuple[dict[str, str], bytes]:
        """Headers and body of the system's own call about a ticket."""
        raise NotImplementedError

    def customer_of(self, identifier: str) -> str:
        raise NotImplementedError

    def texts_of(self, identifier: str) -> list[tuple[str, bool]]:
        """What was written, and whether the customer wrote it."""
        raise NotImplementedError


def _refused(reason: str) -> web.Response:
    return web.json_response({"error": reason, "error_human": reason}, status=422)


class ZammadStandin(Standin):
    def __init__(self) -> None:
        super().__init__()
        self.users: dict[str, int] = {"chris@chrispresso.com": 3}

    def app(self) -> web.Application:
        app = web.Application(middlewares=[self.rules], client_max_size=64 * 1024 * 1024)
        app.router.add_post("/api/v1/tickets/search", self.search)
        app.router.add_post("/api/v1/tickets", self.create)
        app.router.add_get("/api/v1/tickets/{id}", self.read)
        app.router.add_get("/api/v1/ticket_states", self.states)
        app.router.add_get("/api/v1/ticket_articles/by_ticket/{id}", self.articles)
        app.router.add_post("/api/v1/ticket_articles", self.add)
        return app

    async def create(self, request: web.Request) -> web.Response:
        body = await request.json()
        for name in ("title", "group"):
            if not body.get(name):
                return _refused(f"Missing required value for field '{name}'!")
        if body["group"] != GROUP:
            return _refused("No lookup value found for 'group'")
        customer = str(body.get("customer_id", ""))
        if not customer.startswith("guess:") or "@" not in customer:
            return _refused("Missing required value for field 'customer_id'!")
        if (wrong := self._wrong_article(body.get("article"))) is not None:
            return wrong
        user = self.users.setdefault(customer.removeprefix("guess:"), len(self.users) + 10)
        identifier = len(self.tickets) + 1
        ticket = {"id": identifier, "number": f"2200{identifier}", "title": body["title"], "state_id": 1}
        self.tickets[str(identifier)] = {**ticket, "customer_id": user}
        self.messages[str(identifier)] = [body["article"]]
        return web.json_response(self.tickets[str(identifier)], status=201)

    def _wrong_article(self, article: Any) -> web.Response | None:
        if not isinstance(article, dict) or not article.get("body"):
            return _refused('Need at least article: { body: "some text" }')
        if set(article) - _ARTICLE:
            return _refused(f"unknown attributes {sorted(set(article) - _ARTICLE)}")
        if article.get("type") not in ("note", "web", "phone", "email"):
            return _refused("No lookup value found for 'type'")
        if article.get("sender") not in ("Agent", "Customer", "System"):
            return _refused("No lookup value found for 'sender'")
        for file in article.get("attachments", []):
            try:
                base64.b64decode(file["data"], validate=True)
            except (KeyError, binascii.Error):
                return _refused("Attachment needs 'filename', 'data' (base64) and 'mime-type'")
            if not file.get("filename") or not file.get("mime-type"):
                return _refused("Attachment needs 'filename' and 'mime-type'")
        return None

    async def read(self, request: web.Request) -> web.Response:
        ticket = self.tickets.get(request.match_info["id"])
        if ticket is None:
            return web.json_response({"error": "Couldn't find Ticket"}, status=404)
        if request.query.get("expand") != "true":
            return web.json_response(ticket)
        return web.json_response({**ticket, "state": self._name(ticket["state_id"]), "group": GROUP})

    def _name(self, state: int) -> str:
        return next(str(item["name"]) for item in STATES if item["id"] == state)

    async def search(self, request: web.Request) -> web.Response:
        condition = (await request.json()).get("condition", {}).get("ticket.title")
        if not condition or condition.get("operator") != "contains":
            return _refused("Invalid condition")
        found = [ticket for ticket in self.tickets.values() if condition["value"] in ticket["title"]]
        return web.json_response([{**ticket, "state": self._name(ticket["state_id"])} for ticket in found])

    async def states(self, _request: web.Request) -> web.Response:
        return web.json_response(STATES)

    async def articles(self, request: web.Request) -> web.Response:
        if request.match_info["id"] not in self.tickets:
            return web.json_response({"error": "Couldn't find Ticket"}, status=404)
        return web.json_response(self.messages[request.match_info["id"]])

    async def add(self, request: web.Request) -> web.Response:
        body = await request.json()
        identifier = str(body.get("ticket_id"))
        if identifier not in self.tickets:
            return web.json_response({"error": "Couldn't find Ticket"}, status=404)
        if (wrong := self._wrong_article(body)) is not None:
            return wrong
        self.messages[identifier].append(body)
        return web.json_response({"id": len(self.messages[identifier]), **body}, status=201)

    def state(self, identifier: str, state: str) -> None:
        name = {"done": "gelöst"}.get(state, state)
        self.tickets[identifier]["state_id"] = next(item["id"] for item in STATES if item["name"] == name)

    def call(self, identifier: str) -> tuple[dict[str, str], bytes]:
        body = json.dumps({"ticket": {"id": int(identifier), "state": {"name": "not believed"}}}).encode()
        return {"X-Hub-Signature": "sha1=" + hmac.new(SECRET.encode(), body, hashlib.sha1).hexdigest()}, body

    def customer_of(self, identifier: str) -> str:
        user = self.tickets[identifier]["customer_id"]
        return next(address for address, number in self.users.items() if number == user)

    def texts_of(self, identifier: str) -> list[tuple[str, bool]]:
        return [(article["body"], article["sender"] == "Customer") for article in self.messages[identifier]]
