"""The desk in a test: the whole web process, with people who have signed in."""

from __future__ import annotations

import contextlib
import json
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, CookieJar

from bot.cases import store
from bot.company import Company
from bot.staff import passwords, people
from tests.cases.asking import ticket
from tests.gateway.site import RasaPeer, Site, open_site

PASSWORD = "a long phrase for the tests"
Json = dict[str, Any]


@dataclass
class Colleague:
    """Somebody who has signed in, with a browser of their own."""

    site: Site
    http: ClientSession
    id: str
    name: str
    csrf: str

    async def call(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        own = {"X-CSRF-Token": self.csrf, **headers}
        async with self.http.request(method, f"{self.site.url}{path}", json=body, headers=own) as response:
            content = await response.read()
            return response.status, json.loads(content) if content else None

    async def get(self, path: str) -> Any:
        status, body = await self.call("GET", path)
        assert status == 200, body
        return body

    async def case(self, ref: str) -> Json:
        return dict((await self.get(f"/api/desk/cases/{ref}"))["case"])

    async def patch(self, ref: str, **changes: Any) -> tuple[int, Any]:
        return await self.call("PATCH", f"/api/desk/cases/{ref}", changes)

    async def reply(self, ref: str, text: str = "Voici.", client_id: str | None = None, **more: Any) -> tuple[int, Any]:
        body = {"client_id": client_id or uuid.uuid4().hex, "text": text, **more}
        return await self.call("POST", f"/api/desk/cases/{ref}/replies", body)

    async def note(self, ref: str, text: str = "À voir.", client_id: str | None = None, **more: Any) -> tuple[int, Any]:
        body = {"client_id": client_id or uuid.uuid4().hex, "text": text, **more}
        return await self.call("POST", f"/api/desk/cases/{ref}/notes", body)

    @contextlib.asynccontextmanager
    async def stream(self, after: int | None = None) -> AsyncIterator[AsyncIterator[Json]]:
        """Server-sent events: `{"id", "event", "data"}`."""
        headers = {"Last-Event-ID": str(after)} if after is not None else {}
        async with self.http.get(f"{self.site.url}/api/desk/stream", headers=headers) as response:
            assert response.status == 200, await response.text()
            yield self._events(response)

    async def _events(self, response: Any) -> AsyncIterator[Json]:
        event: Json = {}
        async for raw in response.content:
            name, _, value = raw.decode().rstrip("\n").partition(": ")
            if name in ("id", "event"):
                event[name] = value
            elif name == "data":
                yield {**event, "data": json.loads(value)}
                event = {}


@dataclass
class DeskSite:
    site: Site
    colleagues: list[Colleague] = field(default_factory=list)
    _sessions: list[ClientSession] = field(default_factory=list)

    async def colleague(self, name: str, *roles: str, **values: Any) -> Colleague:
        """A new person who signs in."""
        gateway, email = self.site.gateway, f"{name.lower()}@staff.example"
        kept = await passwords.hashed(PASSWORD)
        more = {"lang": "fr", "langs": ["fr", "de", "en"], **values}
        async with gateway.database.write() as conn:
            person = await people.create(
                conn, gateway.now(), name=name, email=email, roles=roles or ("agent",), password=kept, **more
            )
        http = ClientSession(cookie_jar=CookieJar(unsafe=True))  # also of addresses that are numbers
        self._sessions.append(http)
        body = {"email": email, "password": PASSWORD}
        async with http.post(f"{self.site.url}/api/staff/session", json=body) as response:
            assert response.status == 200, await response.text()
            csrf = (await response.json())["csrf"]
        return Colleague(self.site, http, person.id, name, csrf)

    async def presence(self, person: Colleague, presence: str) -> None:
        status, body = await person.call("PATCH", "/api/staff/me", {"presence": presence})
        assert status == 200, body

    async def open(
        self, data: Json | None = None, conversation: str | None = None, *, woken: bool = True, **more: Any
    ) -> str:
        """A case of a new customer, or of a conversation; its reference. Not `woken`: as another process opens one."""
        gateway = self.site.gateway
        async with gateway.database.write() as conn:
            body, _ = await store.open_case(
                conn,
                data or ticket(),
                conversation=conversation or uuid.uuid4().hex,
                idempotency_key="k",
                lang="fr",
                policy=gateway.policy,
                say=gateway.catalogue.text,
                now=gateway.now(),
                channels=gateway.channels,
                **more,
            )
        if woken:
            gateway.wake_cases()
        return str(body["ref"])

    async def close(self) -> None:
        for http in self._sessions:
            await http.close()


@contextlib.asynccontextmanager
async def open_desk(folder: Path, company: Company | None = None, **settings: Any) -> AsyncIterator[DeskSite]:
    async with open_site(folder, RasaPeer(), company, **settings) as site:
        desk = DeskSite(site)
        try:
            yield desk
        finally:
            await desk.close()
