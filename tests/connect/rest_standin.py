"""A stand-in for a ticket system of no particular make, NOT a real one: a JSON API that insists on its token, its
required fields and its types, and the template that describes it to the adapter.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from aiohttp import web

from bot.cases.webhook import signature
from tests.connect.zammad_standin import Standin

TOKEN = "rest-token"
SECRET = "rest-secret"
TEMPLATE = Path(__file__).parents[2] / "docs" / "ticket-system.example.yml"


class RestStandin(Standin):
    token = TOKEN

    def authorized(self, request: web.Request) -> bool:
        return request.headers.get("Authorization") == f"Bearer {TOKEN}"

    def app(self) -> web.Application:
        app = web.Application(middlewares=[self.rules])
        app.router.add_get("/api/tickets", self.search)
        app.router.add_post("/api/tickets", self.create)
        app.router.add_get("/api/tickets/{id}", self.read)
        app.router.add_get("/api/tickets/{id}/comments", self.comments)
        app.router.add_post("/api/tickets/{id}/comments", self.add)
        return app

    async def search(self, request: web.Request) -> web.Response:
        ref = request.query.get("external_id")
        found = [ticket for ticket in self.tickets.values() if ticket["external_id"] == ref]
        return web.json_response({"tickets": found})

    async def create(self, request: web.Request) -> web.Response:
        body = (await request.json()).get("ticket", {})
        rules: dict[str, type] = {"external_id": str, "subject": str, "description": str, "priority": int}
        wrong = [name for name, kind in rules.items() if not isinstance(body.get(name), kind)]
        if wrong or not isinstance(body.get("requester"), dict):
            return web.json_response({"errors": wrong or ["requester"]}, status=422)
        identifier = f"HD-{len(self.tickets) + 1}"
        self.tickets[identifier] = {**body, "id": identifier, "status": "new"}
        self.messages[identifier] = [{"external_id": None, "body": body["description"], "from": "customer"}]
        return web.json_response({"ticket": self.tickets[identifier]}, status=201)

    def _ticket(self, request: web.Request) -> dict[str, Any]:
        ticket: dict[str, Any] | None = self.tickets.get(request.match_info["id"])
        if ticket is None:
            raise web.HTTPNotFound
        return ticket

    async def read(self, request: web.Request) -> web.Response:
        return web.json_response({"ticket": self._ticket(request)})

    async def comments(self, request: web.Request) -> web.Response:
        return web.json_response({"comments": self.messages[self._ticket(request)["id"]]})

    async def add(self, request: web.Request) -> web.Response:
        ticket, body = self._ticket(request), (await request.json()).get("comment", {})
        if not body.get("external_id") or not body.get("body") or body.get("from") not in ("customer", "agent"):
            return web.json_response({"errors": ["comment"]}, status=422)
        self.messages[ticket["id"]].append(body)
        return web.json_response({"comment": body}, status=201)

    def state(self, identifier: str, state: str) -> None:
        self.tickets[identifier]["status"] = {"done": "solved"}.get(state, state)

    def call(self, identifier: str) -> tuple[dict[str, str], bytes]:
        body, timestamp = json.dumps({"ticket": {"id": identifier}}).encode(), str(int(time.time()))
        return {"X-Guichet-Timestamp": timestamp, "X-Guichet-Signature": signature(SECRET, timestamp, body)}, body

    def customer_of(self, identifier: str) -> str:
        return str(self.tickets[identifier]["requester"]["email"])

    def texts_of(self, identifier: str) -> list[tuple[str, bool]]:
        return [(item["body"], item["from"] == "customer") for item in self.messages[identifier]]
