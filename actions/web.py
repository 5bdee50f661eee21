"""Client of the web process's internal API (docs/architecture.md, "Internal API of web")."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict
from urllib.parse import quote

from aiohttp import ClientSession

from actions.http import Service

SECONDS = 8.0


class Case(TypedDict):
    ref: str
    kind: str
    level: int
    status: str
    due_at: str | None


class Checked(TypedDict):
    value: Any
    display: str


class Presence(TypedDict):
    """Whether a person can talk to the customer at once; where not, why, and when somebody is back."""

    there: bool
    reason: NotRequired[str]  # closed, nobody, busy
    display: NotRequired[str | None]  # when somebody is back, in the customer's words and time zone
    released: NotRequired[bool]  # a person has just handed the conversation back


class Web:
    def __init__(self, session: ClientSession, port: int, token: str) -> None:
        self._service = Service(session, f"http://127.0.0.1:{port}/internal", token, SECONDS)

    async def check(self, field: str, value: str, lang: str, conversation: str) -> Checked:
        """The value as it is stored and as it is shown; Refused says what is wrong with it."""
        body = {"value": value, "lang": lang, "conversation": conversation}
        checked: Checked = await self._service.call("POST", f"/fields/{field}", json=body)
        return checked

    async def slots(self, conversation: str, lang: str) -> list[dict[str, str]]:
        """The next free callback slots, each `{"start": ISO, "display"}`."""
        body = await self._service.call("GET", "/slots", query={"conversation": conversation, "lang": lang})
        return list(body["slots"])

    async def open_case(self, fields: Mapping[str, Any]) -> Case:
        """Refused: a field is not acceptable (any more); Conflict: this request was sent before, worded otherwise."""
        body = await self._service.call("POST", "/cases", json=fields)
        case: Case = body["case"]
        return case

    async def cases(self, conversation: str) -> list[dict[str, Any]]:
        body = await self._service.call("GET", "/cases", query={"conversation": conversation})
        return list(body["cases"])

    async def consent(self, ref: str, conversation: str, agreed: bool, statement: str) -> Case:
        """Conflict: the customer has answered before."""
        body = {"conversation": conversation, "agreed": agreed, "statement": statement}
        answer = await self._service.call("POST", f"/cases/{quote(ref, safe='')}/consent", json=body)
        case: Case = answer["case"]
        return case

    async def presence(self, conversation: str, lang: str) -> Presence:
        query = {"conversation": conversation, "lang": lang}
        presence: Presence = await self._service.call("GET", "/person", query=query)
        return presence

    async def ask_person(self, conversation: str, question: str | None) -> None:
        """From now on the conversation waits for a person. Conflict: nobody is there."""
        body = {"conversation": conversation} | ({"question": question} if question else {})
        await self._service.call("POST", "/person", json=body)
