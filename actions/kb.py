"""Client of the search service (docs/architecture.md, "kb service")."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypedDict
from urllib.parse import quote

from aiohttp import ClientSession

from actions.errors import Unavailable
from actions.http import Service

SECONDS = 5.0


class Decision(TypedDict):
    outcome: str
    probability: float
    level: int | None
    channel: str | None
    topic: str | None
    urgent: bool
    reason: str


class Hit(TypedDict):
    article: str
    version: str
    lang: str
    kind: str
    title: str
    url: str
    passage: str
    heading: str | None
    second: float | None
    text: str
    probability: float


class Topic(TypedDict):
    topic: str
    lang: str
    level: int
    channel: str
    title: str
    text: str
    urgent: bool
    passed_to: str | None
    passed_on: str | None
    probability: float


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found, best first."""

    version: str
    decision: Decision
    hits: list[Hit]
    topics: list[Topic]

    @property
    def topic(self) -> Topic | None:
        """The topic that the decision names."""
        named = self.decision.get("topic")
        return next((topic for topic in self.topics if topic["topic"] == named), None) if named else None


class Kb:
    def __init__(self, session: ClientSession, port: int, token: str) -> None:
        self._service = Service(session, f"http://127.0.0.1:{port}", token, SECONDS)

    async def search(self, text: str, lang: str, exclude: Sequence[str] = (), limit: int = 5) -> Found:
        """Unavailable where the service is down or answers what the contract does not know."""
        body = await self._service.call(
            "POST", "/search", json={"text": text, "lang": lang, "limit": limit, "exclude": list(exclude)}
        )
        try:
            return Found(str(body["version"]), body["decision"], list(body["hits"]), list(body["topics"]))
        except (KeyError, TypeError) as error:
            raise Unavailable(f"kb answered without {error}") from error

    async def article(self, article: str, lang: str) -> Any:
        """`{"article", "version", "lang", "kind", "title", "text", …}`; Conflict where there is none."""
        return await self._service.call("GET", f"/articles/{quote(lang, safe='')}/{quote(article, safe='')}")
