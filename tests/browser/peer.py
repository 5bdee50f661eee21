"""A small peer of the widget: the Chat API of docs/architecture.md in memory, and faults on demand.

It stands in for the gateway while the widget's own behaviour is tested: what a real dialogue never does on request
(a lost acknowledgement, a buffering proxy, a forgotten conversation) is done here by a switch.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from aiohttp import web

from bot.catalogue import load_catalogue
from bot.company import load_company
from bot.gateway.files import widget
from bot.gateway.guard import PAGE_POLICY

ROOT = Path(__file__).resolve().parents[2]
ANSWER = (
    "Cliquez sur **Mot de passe oublié** sur la page de connexion.\n\n"
    "1. Saisissez votre adresse e-mail.\n2. Ouvrez le lien reçu ; il est valable *60 minutes*.\n"
    "3. Choisissez un nouveau mot de passe.\n\n"
    "Si rien n’arrive, vérifiez le dossier `Indésirables` ou lisez [l’aide](https://example.com/aide)."
)

MARKUP = (
    '<img src=x onerror="window.hacked=1"> [mauvais](javascript:alert(1)) **gras**\n\n<script>window.hacked=1</script>'
)


@dataclass
class Conversation:
    id: str
    token: str
    lang: str
    events: list[dict[str, Any]] = field(default_factory=list)
    taken: dict[str, int] = field(default_factory=dict)  # client_id → seq
    offered: dict[str, str] = field(default_factory=dict)  # button id → title
    cases: list[dict[str, Any]] = field(default_factory=list)
    keys: dict[str, dict[str, Any]] = field(default_factory=dict)
    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    bell: asyncio.Condition = field(default_factory=asyncio.Condition)


class Peer:
    """The server's state and its switches."""

    def __init__(self) -> None:
        self.url = ""
        self.company = load_company(ROOT / "data" / "company.yml")
        self.catalogue = load_catalogue(ROOT / "data" / "messages", self.company.first_language)
        self.conversations: dict[str, Conversation] = {}
        self.posts: list[dict[str, Any]] = []  # every POST of a message, also repeated ones
        self.streams: dict[web.StreamResponse, tuple[Conversation, web.Request]] = {}
        self.opened_streams = 0
        self._ids = count(1)
        self.reset()

    def reset(self) -> None:
        self.down = False  # every API request is cut off
        self.swallow = 0  # acknowledgements that are lost on the way back
        self.fail: list[tuple[int, dict[str, Any]]] = []  # answers to the next POSTs of messages
        self.streaming = True  # False: streams stay open and silent, as behind a collecting proxy
        self.limits = {"message": 10_000, "attachment_bytes": 5 * 1024 * 1024, "attachment_count": 5}
        self.reply = True
        self.reply_delay = 0.0
        self.case_fault: dict[str, Any] | None = None
        self.hold_posts: asyncio.Event | None = None
        self.signs: list[tuple[str, dict[str, Any]]] = []  # typing, read, satisfaction, transcript, person
        self.live_fault: int | None = None  # what the live routes answer instead
        self.transcripts = True  # mail goes out
        self.read = 0  # how far the person has read

    # for tests

    @property
    def last(self) -> Conversation:
        return list(self.conversations.values())[-1]

    async def say(self, conversation: Conversation, event: dict[str, Any]) -> dict[str, Any]:
        """Journal an event and ring."""
        for button in event.get("buttons", []):
            conversation.offered[button["id"]] = button["title"]
        full = {
            "seq": len(conversation.events) + 1,
            "at": now(),
            "from": "bot",
            "type": "text",
            "lang": conversation.lang,
            **event,
        }
        conversation.events.append(full)
        async with conversation.bell:
            conversation.bell.notify_all()
        return full

    async def typing(self, conversation: Conversation, agent: str | None = None) -> None:
        sign = {"from": "agent", "agent": {"name": agent}} if agent else {"from": "bot"}
        await self.sign(conversation, "typing", {**sign, "type": "typing"})

    async def sign(self, conversation: Conversation, name: str, data: dict[str, Any]) -> None:
        """What goes through the stream and into no journal."""
        for stream in [one for one, (of, _) in self.streams.items() if self.streaming and of is conversation]:
            with suppress(ConnectionError):
                await stream.write(f"event: {name}\ndata: {json.dumps(data)}\n\n".encode())

    async def live(self, conversation: Conversation, key: str, state: str, **more: Any) -> dict[str, Any]:
        """A change of who has the conversation, with its sentence of the catalogue; `agent`, `promised`, `ways`."""
        agent, ways = more.get("agent"), more.get("ways", ())
        text = self.catalogue.text(conversation.lang, f"live.{key}", name=agent, span="2 minutes")
        live = {"state": state, "promised_seconds": more.get("promised"), "agent": {"name": agent} if agent else None}
        buttons = [
            {"id": f"way{next(self._ids)}", "title": self.catalogue.text(conversation.lang, f"live.button.{way}")}
            for way in ways
        ]
        event = {"from": "system", "type": "status", "text": text, "live": {k: v for k, v in live.items() if v}}
        return await self.say(conversation, event | ({"buttons": buttons} if buttons else {}))

    def cut(self) -> None:
        """The connection is lost: running streams break off, new requests fail."""
        self.down = True
        for _, request in list(self.streams.values()):
            transport = request.transport
            if transport is not None:
                transport.abort()

    def forget(self) -> None:
        """Every conversation is gone, as after the end of its keeping time."""
        self.conversations.clear()
        self.cut()
        self.down = False

    # handlers

    @web.middleware
    async def around(self, request: web.Request, handler: Any) -> web.StreamResponse:
        if request.method == "OPTIONS":
            return web.Response(
                status=204,
                headers={
                    **CORS,
                    "Access-Control-Allow-Methods": "GET, POST, PATCH, DELETE, OPTIONS",
                    "Access-Control-Allow-Headers": "Authorization, Content-Type, Idempotency-Key, Last-Event-ID",
                },
            )
        if self.down and request.path.startswith("/api/"):
            assert request.transport is not None
            request.transport.abort()
            raise web.HTTPServiceUnavailable
        try:
            response: web.StreamResponse = await handler(request)
        except Refused as refused:
            response = web.json_response({"error": refused.body}, status=refused.status)
        if not response.prepared:
            response.headers.update(CORS)
        return response

    def of(self, request: web.Request) -> Conversation:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        conversation = self.conversations.get(request.match_info["id"])
        if conversation is None or conversation.token != token:
            raise Refused(404, "not_found", "Cela n’existe pas, ou plus.")
        return conversation

    async def create(self, request: web.Request) -> web.Response:
        lang = (await request.json())["lang"]
        number = next(self._ids)
        conversation = Conversation(f"c{number}", f"t{number}", lang)
        self.conversations[conversation.id] = conversation
        identity = self.company.identity
        text = self.catalogue.text(lang, "system.greeting", company=identity.name, product=identity.product)
        await self.say(conversation, {"text": text})
        return web.json_response({"id": conversation.id, "token": conversation.token}, status=201)

    async def change(self, request: web.Request) -> web.Response:
        conversation = self.of(request)
        conversation.lang = (await request.json())["lang"]
        return web.json_response({"id": conversation.id, "lang": conversation.lang})

    async def message(self, request: web.Request) -> web.Response:
        conversation = self.of(request)
        body = await request.json()
        self.posts.append(body)
        if self.hold_posts is not None:
            await self.hold_posts.wait()
        if self.fail:
            status, error = self.fail.pop(0)
            raise Refused(status, **error)
        client_id = body["client_id"]
        seq = conversation.taken.get(client_id)
        if seq is None:
            if "button" in body and body["button"] not in conversation.offered:
                raise Refused(422, "unknown_button", "Ce choix n’est plus proposé.", "button")
            text = body["text"] if "text" in body else conversation.offered[body["button"]]
            files = [conversation.files[one] for one in body.get("attachments", [])]
            seq = conversation.taken[client_id] = len(conversation.events) + 1
            said = {"from": "customer", "text": text, "client_id": client_id}
            if files:
                said["attachments"] = files
            await self.say(conversation, said | {key: body[key] for key in ("button",) if key in body})
            if self.reply and not files:
                task = asyncio.ensure_future(self.answer(conversation, text))
                request.app[TASKS].add(task)
                task.add_done_callback(request.app[TASKS].discard)
        if self.swallow:
            self.swallow -= 1
            assert request.transport is not None
            request.transport.abort()
        return web.json_response({"seq": seq}, status=202)

    async def answer(self, conversation: Conversation, text: str) -> None:
        await self.typing(conversation)
        await asyncio.sleep(self.reply_delay)
        number = next(self._ids)
        decision = {"outcome": "answer", "probability": 0.91, "level": 0}
        source = {
            "article": "reset-password",
            "version": "0a1b2c3d4e5f",
            "title": "Demander un nouveau mot de passe",
            "url": "/articles/fr/reset-password",
            "passage": "reset-password.fr#0",
            "kind": "faq",
        }
        if "mot de passe" in text:
            await self.say(conversation, {"type": "answer", "text": ANSWER, "source": source, "decision": decision})
            await self.say(
                conversation,
                {
                    "type": "choices",
                    "text": "Cela vous a-t-il aidé ?",
                    "buttons": [{"id": f"yes{number}", "title": "Oui, merci"}, {"id": f"no{number}", "title": "Non"}],
                },
            )
        elif "antivirus" in text:
            await self.say(
                conversation,
                {
                    "type": "choices",
                    "text": "Un technicien peut vous rappeler. Souhaitez-vous choisir un créneau ?",
                    "decision": {"outcome": "handoff", "probability": 0.7, "level": 2, "channel": "callback"},
                    "buttons": [
                        {"id": f"call{number}", "title": "Demander un rappel"},
                        {"id": f"stay{number}", "title": "Pas maintenant"},
                    ],
                },
            )
        elif "erreur" in text:
            await self.say(
                conversation,
                {
                    "from": "system",
                    "type": "error",
                    "text": self.catalogue.text(conversation.lang, "system.turn_failed"),
                    "decision": {"outcome": "handoff", "channel": "ticket", "level": 1},
                    "buttons": [{"id": f"retry{number}", "title": "Réessayer"}],
                },
            )
        elif "balise" in text:
            await self.say(
                conversation,
                {
                    "type": "answer",
                    "text": MARKUP,
                    "source": {**source, "title": "<b>Titre</b>", "url": "javascript:alert(1)"},
                    "decision": decision,
                },
            )
        else:
            await self.say(conversation, {"text": f"Vous avez écrit : {text}", "decision": {"outcome": "chat"}})

    async def events(self, request: web.Request) -> web.StreamResponse:
        conversation = self.of(request)
        after = int(request.headers.get("Last-Event-ID") or request.query.get("after") or 0)
        if "text/event-stream" not in request.headers.get("Accept", ""):
            return web.json_response({"events": conversation.events[after:]})
        self.opened_streams += 1
        stream = web.StreamResponse(
            headers={"Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-store", **CORS}
        )
        await stream.prepare(request)
        self.streams[stream] = (conversation, request)
        try:
            if self.streaming:
                await stream.write(b"retry: 1000\n: connected\n\n")
            while True:
                while self.streaming and len(conversation.events) > after:
                    event = conversation.events[after]
                    after = event["seq"]
                    await stream.write(f"id: {after}\ndata: {json.dumps(event)}\n\n".encode())
                async with conversation.bell:
                    if len(conversation.events) == after or not self.streaming:
                        await conversation.bell.wait()
        except ConnectionError:
            pass
        finally:
            del self.streams[stream]
        return stream

    async def attach(self, request: web.Request) -> web.Response:
        conversation = self.of(request)
        part = await (await request.multipart()).next()
        data = await part.read()  # type: ignore[union-attr]
        if data.startswith(b"REFUSE"):
            raise Refused(422, "file_type", "Ce type de fichier n’est pas accepté.", "file")
        number = f"f{next(self._ids)}"
        one = {"id": number, "name": part.filename, "type": "text/plain", "size": len(data)}  # type: ignore[union-attr]
        conversation.files[number] = one
        return web.json_response({"attachment": one}, status=201)

    async def detach(self, request: web.Request) -> web.Response:
        self.of(request).files.pop(request.match_info["file"], None)
        return web.Response(status=204)

    async def attachment(self, request: web.Request) -> web.Response:
        one = self.of(request).files.get(request.match_info["file"])
        if one is None:
            raise Refused(404, "not_found", "Cela n’existe pas, ou plus.")
        return web.Response(body=b"x" * one["size"], headers={"Content-Disposition": "attachment"})

    async def live_route(self, request: web.Request) -> web.Response:
        conversation, what = self.of(request), request.match_info["what"]
        if self.live_fault is not None:
            raise Refused(self.live_fault, "nobody_there", self.catalogue.text(conversation.lang, "live.error.busy"))
        if request.method == "GET":
            return web.json_response({"state": "live", "read": self.read})
        self.signs.append((what, await request.json()))
        if what == "person":
            await self.live(conversation, "waiting", "waiting", promised=120, ways=("ticket", "callback", "bot"))
            return web.json_response({"state": "waiting", "promised_seconds": 120}, status=202)
        return web.json_response({}, status=202)

    async def open_case(self, request: web.Request) -> web.Response:
        conversation = self.of(request)
        key, body = request.headers["Idempotency-Key"], await request.json()
        if self.case_fault:
            raise Refused(422, **self.case_fault)
        if key not in conversation.keys:
            kind, level = body["kind"], body["level"]
            waiting = level == 4
            due = body.get("slot") or (datetime.now(UTC) + timedelta(hours=20)).strftime("%Y-%m-%dT%H:%M:%SZ")
            one = {
                "ref": f"{kind[0].upper()}-7K3M-{len(conversation.keys):04d}",
                "kind": kind,
                "level": level,
                "status": "waiting_consent" if waiting else "open",
                "due_at": None if waiting else due,
            }
            conversation.keys[key] = one
            conversation.cases.insert(
                0, {**one, "subject": body.get("subject") or body.get("system"), "created_at": now(), "sent": body}
            )
            await self.say(
                conversation,
                {"from": "system", "type": "case", "text": f"Votre demande {one['ref']} est enregistrée.", "case": one},
            )
        return web.json_response({"case": conversation.keys[key]}, status=201)

    async def list_cases(self, request: web.Request) -> web.Response:
        return web.json_response(
            {"cases": [{k: v for k, v in one.items() if k != "sent"} for one in self.of(request).cases]}
        )

    async def slots(self, request: web.Request) -> web.Response:
        self.of(request)
        start = datetime.now(UTC).replace(hour=8, minute=0, second=0, microsecond=0) + timedelta(days=1)
        times = [start + timedelta(days=day, minutes=30 * half) for day in range(2) for half in range(6)]
        return web.json_response(
            {"slots": [{"start": t.isoformat(), "display": str(t)} for t in times], "time_zone": "Europe/Paris"}
        )

    async def statement(self, request: web.Request) -> web.Response:
        self.of(request)
        ref = request.match_info["ref"]
        return web.json_response({"statement": f"J’accepte que ma demande {ref} soit transmise au fabricant du NAS."})

    async def consent(self, request: web.Request) -> web.Response:
        agreed = (await request.json())["agreed"]
        for one in self.of(request).cases:
            if one["ref"] == request.match_info["ref"]:
                one["status"] = "open" if agreed else "closed"
                brief = {k: one[k] for k in ("ref", "kind", "level", "status", "due_at")}
                await self.say(
                    self.of(request), {"from": "system", "type": "status", "text": "C’est noté.", "case": brief}
                )
                return web.json_response({"case": brief})
        raise Refused(404, "case_not_found", "Cette demande est introuvable.")

    async def calendar(self, request: web.Request) -> web.Response:
        self.of(request)
        return web.Response(text="BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", content_type="text/calendar")

    async def widget(self, request: web.Request) -> web.Response:
        wanted = request.query.get("lang", "")[:2]
        lang = wanted if wanted in self.company.languages else self.company.first_language
        return web.json_response(
            {
                "lang": lang,
                "languages": list(self.company.languages),
                "messages": self.catalogue.section(lang, "widget"),
                "company": {"name": self.company.identity.name, "product": self.company.identity.product},
                "colours": self.company.colours.model_dump(),
                "limits": self.limits,
                "contract_example": self.company.sla.contract_example,
                "transcripts": self.transcripts,
            }
        )

    async def file(self, request: web.Request) -> web.Response:
        """As the real server sends it, but asked for again each time."""
        response = widget.respond(request, request.match_info.get("name", "demo.html"))
        if response.content_type == "text/html":
            response.headers["Content-Security-Policy"] = PAGE_POLICY
        return response

    def app(self) -> web.Application:
        app = web.Application(middlewares=[self.around])
        app[TASKS] = set()
        app.add_routes(
            [
                web.get("/", self.file),
                web.get("/widget/{name}", self.file),
                web.get("/api/widget", self.widget),
                web.post("/api/conversations", self.create),
                web.patch("/api/conversations/{id}", self.change),
                web.post("/api/conversations/{id}/messages", self.message),
                web.get("/api/conversations/{id}/events", self.events),
                web.post("/api/conversations/{id}/attachments", self.attach),
                web.delete("/api/conversations/{id}/attachments/{file}", self.detach),
                web.get("/api/conversations/{id}/attachments/{file}", self.attachment),
                web.post("/api/conversations/{id}/{what:person|typing|read|satisfaction|transcript}", self.live_route),
                web.get("/api/conversations/{id}/{what:state}", self.live_route),
                web.post("/api/conversations/{id}/cases", self.open_case),
                web.get("/api/conversations/{id}/cases", self.list_cases),
                web.get("/api/conversations/{id}/slots", self.slots),
                web.get("/api/conversations/{id}/cases/{ref}/consent", self.statement),
                web.post("/api/conversations/{id}/cases/{ref}/consent", self.consent),
                web.get("/api/conversations/{id}/cases/{ref}/calendar.ics", self.calendar),
                web.options("/{any:.*}", self.file),
            ]
        )
        return app


TASKS: web.AppKey[set[asyncio.Future[None]]] = web.AppKey("tasks", set)
CORS = {"Access-Control-Allow-Origin": "*"}


class Refused(Exception):
    def __init__(self, status: int, code: str, message: str = "", field: str | None = None) -> None:
        self.status = status
        self.body = {"code": code, "message": message, "field": field}


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@asynccontextmanager
async def serving(peer: Peer, port: int = 0) -> AsyncIterator[Peer]:
    """The peer on a port of its own (0: any free one)."""
    runner = web.AppRunner(peer.app(), shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port)
    await site.start()
    peer.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield peer
    finally:
        await runner.cleanup()


async def main() -> None:
    async with serving(Peer(), 8099):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
