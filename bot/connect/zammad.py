"""Zammad, by its REST API (docs.zammad.org, `api/ticket`, `api/intro`, admin docs `manage/webhook`).

Tickets are made for `guess:<address>`, which makes the customer where nobody has that address; the token's user needs
`ticket.agent`. They are found by a condition on their title, which asks the database: the full-text search lags behind.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from .adapter import Client, FileToSend, NewMessage, NewTicket, Remote, SystemSettings, UnsureError, at
from .context import ConnectError

_ENDS = ("closed", "merged")


class Zammad:
    """`fallback` is whose a ticket is where the customer left no address."""

    system = "zammad"

    def __init__(self, settings: SystemSettings, *, group: str, fallback: str) -> None:
        self._client = Client(settings, {"Authorization": f"Token token={settings.token}"})
        self._base = settings.url.rstrip("/")
        self._secret = settings.secret
        self._group = group
        self._fallback = fallback
        self._ends: set[str] | None = None

    async def find(self, ref: str) -> Remote | None:
        condition = {"ticket.title": {"operator": "contains", "value": f"[{ref}]"}}
        answer = await self._client.call("POST", "/api/v1/tickets/search?expand=true", {"condition": condition})
        found = answer if isinstance(answer, list) else list((at(answer, "assets.Ticket") or {}).values())
        # Answers on them may be tickets too, "RE: [ref] …".
        own = [item for item in found if str(at(item, "title")).startswith(f"[{ref}]")]
        return await self.read(str(min(int(item["id"]) for item in own))) if own else None

    async def create(self, ticket: NewTicket) -> Remote:
        body = {
            "title": f"[{ticket.ref}] {ticket.subject}"[:250],
            "group": self._group,
            "customer_id": f"guess:{ticket.email or self._fallback}",
            "article": {
                "subject": ticket.subject,
                "body": ticket.text,
                "content_type": "text/plain",
                "type": "note",
                "sender": "Customer",
                "internal": False,
                "attachments": _attachments(ticket.files),
            },
        }
        made = await self._client.call("POST", "/api/v1/tickets", body)
        identifier = at(made, "id")
        if identifier is None:
            raise UnsureError("POST /api/v1/tickets: expected the ticket with its id, got something else")
        return await self.read(str(identifier))

    async def add(self, identifier: str, message: NewMessage) -> None:
        mark = f"{message.ref} · {message.id[:12]}"
        ticket = quote(identifier, safe="")
        known = await self._client.call("GET", f"/api/v1/ticket_articles/by_ticket/{ticket}")
        if any(at(article, "subject") == mark for article in known or ()):
            return
        body: dict[str, Any] = {
            "ticket_id": int(identifier) if identifier.isdecimal() else identifier,
            "subject": mark,
            "body": message.text,
            "content_type": "text/plain",
            "type": "note",
            "sender": "Customer" if message.by_customer else "Agent",
            "internal": False,
            "attachments": _attachments(message.files),
        }
        if message.by_customer:
            body["origin_by_id"] = at(await self._client.call("GET", f"/api/v1/tickets/{ticket}"), "customer_id")
        await self._client.call("POST", "/api/v1/ticket_articles", body)

    async def read(self, identifier: str) -> Remote:
        ticket = await self._client.call("GET", f"/api/v1/tickets/{quote(identifier, safe='')}?expand=true")
        state = str(at(ticket, "state") or "")
        if not state:
            raise UnsureError("expected a ticket with its state, got something else")
        return Remote(
            id=str(at(ticket, "id")),
            url=f"{self._base}/#ticket/zoom/{at(ticket, 'id')}",
            state=state,
            done=state in await self._done(),
        )

    async def _done(self) -> set[str]:
        """States that end a ticket: those of the same types as `closed` and `merged`, whatever they are called."""
        if self._ends is None:
            states = await self._client.call("GET", "/api/v1/ticket_states") or []
            types = {at(state, "state_type_id") for state in states if at(state, "name") in _ENDS}
            self._ends = {str(at(state, "name")) for state in states if at(state, "state_type_id") in types}
        return self._ends

    def named(self, headers: Mapping[str, str], body: bytes) -> str | None:
        expected = "sha1=" + hmac.new(self._secret.encode(), body, hashlib.sha1).hexdigest()
        given = headers.get("X-Hub-Signature", "").encode("utf-8", "replace")
        if not self._secret or not hmac.compare_digest(expected.encode(), given):
            raise ConnectError(401, "invalid_signature")
        try:
            identifier = at(json.loads(body), "ticket.id")
        except (ValueError, RecursionError):
            return None
        return str(identifier) if isinstance(identifier, int | str) else None

    async def close(self) -> None:
        await self._client.close()


def _attachments(files: Sequence[FileToSend]) -> list[dict[str, str]]:
    return [
        {"filename": file.name, "data": base64.b64encode(file.content).decode(), "mime-type": file.type}
        for file in files
    ]
