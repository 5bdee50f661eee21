"""kb and web as small HTTP servers that speak docs/architecture.md, so that a dialogue can be tested by itself."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

TOKEN = "a-token-for-the-tests"

Body = dict[str, Any]
Answer = tuple[int, Body]


class Peer:
    """An HTTP server on a free port of loopback, with a thread per call. `down` makes it refuse with 503."""

    def __init__(self, answer: Callable[[str, str, Body], Answer]) -> None:
        self.calls: list[tuple[str, str, Body]] = []
        self.down = False
        peer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _answer(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(length)) if length else {}
                if self.headers.get("X-Guichet-Token") != TOKEN:
                    status, reply = 403, error("forbidden")
                elif peer.down:
                    status, reply = 503, error("unavailable")
                else:
                    peer.calls.append((self.command, self.path, body))
                    status, reply = answer(self.command, self.path, body)
                data = json.dumps(reply).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = _answer

            def log_message(self, format: str, *args: object) -> None:
                """Tests read `calls`."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def error(code: str, field: str | None = None) -> Body:
    return {"error": {"code": code, "message": code, "field": field}}


def hit(article: str, lang: str = "fr", probability: float = 0.9) -> Body:
    return {
        "article": article, "version": "0a1b2c3d4e5f", "lang": lang, "kind": "faq", "title": f"Title of {article}",
        "url": f"/articles/{lang}/{article}#h", "passage": f"{article}.{lang}#0", "heading": None, "second": None,
        "text": f"Words of {article}, verbatim: {{braces}} and **bold**.", "probability": probability, "score": 1.0,
    }  # fmt: skip


def topic(name: str, level: int, channel: str, *, lang: str = "fr", urgent: bool = False, **more: Any) -> Body:
    return {
        "topic": name, "lang": lang, "level": level, "channel": channel, "title": f"Topic {name}",
        "text": f"Words of topic {name}.", "urgent": urgent, "passed_to": None, "passed_on": None, "probability": 0.8,
        **more,
    }  # fmt: skip


def found(outcome: str, hits: list[Body], topics: list[Body] | None = None, reason: str = "confident") -> Body:
    """A search result whose decision is `outcome`; a handoff is to the first topic."""
    topics = topics or []
    named = topics[0] if topics and outcome == "handoff" else None
    decision = {
        "outcome": outcome,
        "probability": 0.8,
        "level": (named["level"] if named else 1) if outcome == "handoff" else None,
        "channel": (named["channel"] if named else "ticket") if outcome == "handoff" else None,
        "topic": named["topic"] if named else None,
        "urgent": bool(named and named["urgent"]),
        "reason": reason,
    }
    return {"version": "9f9f9f9f9f9f", "lang": "fr", "decision": decision, "hits": hits, "topics": topics}


@dataclass
class FakeKb:
    """Answers by the first pattern that the text matches; `exclude` takes hits away as the real service does. `raw`
    is an answer for every call, whatever it is."""

    results: list[tuple[str, Body]] = field(default_factory=list)
    raw: Body | None = None

    def __post_init__(self) -> None:
        self.peer = Peer(self.answer)

    def answer(self, method: str, path: str, body: Body) -> Answer:
        if self.raw is not None:
            return 200, self.raw
        if method == "GET":
            lang, article = map(unquote, urlsplit(path).path.split("/")[2:4])
            whole = {**hit(article, lang), "video": None, "updated": "2026-01-01", "category": "account"}
            return 200, whole
        for pattern, result in self.results:
            if re.search(pattern, body["text"], re.IGNORECASE):
                hits = [h for h in result["hits"] if h["article"] not in body["exclude"]]
                if len(hits) == len(result["hits"]):
                    return 200, result
                if not hits:
                    return 200, found("handoff", [], reason="low_probability")
                return 200, {**result, "hits": hits}
        return 200, found("handoff", [], reason="low_probability")

    @property
    def questions(self) -> list[str]:
        return [body["text"] for method, _, body in self.peer.calls if method == "POST"]


SLOTS = [("2030-01-08T10:00+01:00", "mardi 8 janvier, 10:00"), ("2030-01-08T14:00+01:00", "mardi 8 janvier, 14:00")]


NOBODY = {"there": False, "reason": "nobody", "opens_at": None, "display": None}
THERE = {"there": True, "promised_seconds": 120}
CLOSED = {"there": False, "reason": "closed", "opens_at": "2030-01-07T08:00:00Z", "display": "lundi 7 janvier à 09:00"}


class FakeWeb:
    """Checks fields roughly as the real one does and keeps cases by idempotency key. `refuse_case` is an error to be
    given to the next case: (status, code, field). `presence`: whether a person is there; `asked`: who asked for one."""

    def __init__(self) -> None:
        self.cases: dict[str, Body] = {}
        self.bodies: dict[str, Body] = {}
        self.consents: list[Body] = []
        self.refuse_case: tuple[int, str, str | None] | None = None
        self.slots = list(SLOTS)
        self.presence: Body = dict(NOBODY)
        self.asked: list[Body] = []
        self.peer = Peer(self.answer)

    def answer(self, method: str, path: str, body: Body) -> Answer:
        parts = urlsplit(path)
        steps = parts.path.split("/")[2:]
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if steps[0] == "fields":
            return self.check(steps[1], str(body["value"]))
        if steps[0] == "person":
            return self.person(method, body)
        if steps[0] == "slots":
            return 200, {"slots": [{"start": s, "display": d} for s, d in self.slots], "time_zone": "Europe/Paris"}
        if method == "POST" and len(steps) == 1:
            return self.open(body)
        if method == "POST":
            self.consents.append({**body, "ref": steps[1]})
            case = next(case for case in self.cases.values() if case["ref"] == steps[1])
            case["status"] = "open" if body["agreed"] else "closed"
            return 200, {"case": brief(case)}
        owned = [case for key, case in self.cases.items() if self.bodies[key]["conversation"] == query["conversation"]]
        return 200, {"cases": owned}

    def person(self, method: str, body: Body) -> Answer:
        if method == "GET":
            return 200, self.presence
        if not self.presence["there"]:
            return 409, error("nobody_there")
        self.asked.append(body)
        return 202, {"state": "waiting", "promised_seconds": 120}

    def check(self, field: str, value: str) -> Answer:
        def good(stored: Any, display: str | None = None) -> Answer:
            return 200, {"value": stored, "display": display or str(stored)}

        if field == "email":
            match = re.search(r"[\w.+-]+@[\w-]+\.[\w.]+\w", value)
            return good(match[0].lower()) if match else (422, error("invalid_email", field))
        if field == "phone":
            digits = re.sub(r"\D", "", value)
            if len(digits) != 10:
                return 422, error("invalid_phone", field)
            return good(f"+33{digits[1:]}", f"+33 {digits[1:]}")
        if field == "contract":
            return (
                good(value.upper())
                if re.fullmatch(r"(?i)sla-\d{4}-\d{4}", value)
                else (422, error("invalid_contract", field))
            )
        if field == "severity":
            return (
                good(int(value), f"{value} – degree")
                if value in list("1234")
                else (422, error("invalid_severity", field))
            )
        if field == "slot":
            for start, display in self.slots:
                if value == start or value in display:
                    return good(start, display)
            return 422, error("slot_closed" if re.search(r"\d", value) else "invalid_slot", field)
        return good(value) if len(value) >= 3 else (422, error("too_short", field))

    def open(self, body: Body) -> Answer:
        if self.refuse_case:
            (status, code, field), self.refuse_case = self.refuse_case, None
            return status, error(code, field)
        key = body["idempotency_key"]
        if key in self.bodies:
            return (201, {"case": brief(self.cases[key])}) if self.bodies[key] == body else (409, error("key_reused"))
        level = body.get("level") or {"ticket": 1, "callback": 2, "sla": 3}[body["kind"]]
        self.bodies[key] = body
        self.cases[key] = {
            "ref": f"{body['kind'][0].upper()}-{len(self.cases) + 1:04d}", "kind": body["kind"], "level": level,
            "status": "waiting_consent" if level == 4 else "open", "due_at": "2030-01-09T16:00:00Z",
            "subject": body.get("subject"), "created_at": f"2030-01-08T09:00:{len(self.cases):02d}Z",
        }  # fmt: skip
        return 201, {"case": brief(self.cases[key])}


def brief(case: Body) -> Body:
    return {name: case[name] for name in ("ref", "kind", "level", "status", "due_at")}
