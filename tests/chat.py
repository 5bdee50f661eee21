"""A customer who talks to Guichet over the public chat API, as the widget does."""

from __future__ import annotations

import asyncio
import time
import uuid
from typing import Any, Self

import aiohttp

Event = dict[str, Any]


class Chat:
    """One conversation. `events` holds every journaled event seen so far, in order."""

    def __init__(self, session: aiohttp.ClientSession, url: str, identifier: str, token: str) -> None:
        self.session = session
        self.url = url
        self.id = identifier
        self.token = token
        self.events: list[Event] = []

    @classmethod
    async def begin(cls, session: aiohttp.ClientSession, url: str, lang: str = "fr") -> Self:
        async with session.post(f"{url}/api/conversations", json={"lang": lang}) as response:
            body = await response.json()
            assert response.status == 201, body
        chat = cls(session, url, body["id"], body["token"])
        await chat.fetch()
        return chat

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def path(self, rest: str) -> str:
        return f"{self.url}/api/conversations/{self.id}/{rest}"

    async def fetch(self) -> list[Event]:
        """New events since the last fetch."""
        after = self.events[-1]["seq"] if self.events else 0
        async with self.session.get(self.path("events"), params={"after": after}, headers=self.headers) as response:
            body = await response.json()
            assert response.status == 200, body
        self.events += body["events"]
        return list(body["events"])

    async def post(self, body: dict[str, Any]) -> int:
        """Post a message, again and again with the same client id until it is acknowledged. Returns its seq."""
        deadline = time.monotonic() + 60
        while True:
            try:
                async with self.session.post(self.path("messages"), json=body, headers=self.headers) as response:
                    answer = await response.json()
                    if response.status == 202:
                        return int(answer["seq"])
                    assert response.status >= 500 or response.status == 429, answer
            except (aiohttp.ClientError, ConnectionError):
                pass
            assert time.monotonic() < deadline, "the message was never acknowledged"
            await asyncio.sleep(0.2)

    async def say(self, text: str, within: float = 60) -> list[Event]:
        """Type a text; returns the events that answer it."""
        return await self.turn({"client_id": str(uuid.uuid4()), "text": text}, within)

    async def press(self, title: str, within: float = 60) -> list[Event]:
        """Press the newest button whose title contains `title`."""
        for event in reversed(self.events):
            for button in event.get("buttons", []):
                if title.casefold() in button["title"].casefold():
                    return await self.turn({"client_id": str(uuid.uuid4()), "button": button["id"]}, within)
        raise AssertionError(f"no button with {title!r} in {[e.get('buttons') for e in self.events]}")

    async def turn(self, body: dict[str, Any], within: float) -> list[Event]:
        seq = await self.post(body)
        deadline = time.monotonic() + within
        while True:
            try:
                await self.fetch()
            except (aiohttp.ClientError, ConnectionError):
                await asyncio.sleep(0.2)
            replies = [event for event in self.events if event["seq"] > seq and event["from"] != "customer"]
            if any(event["type"] != "status" for event in replies):  # a status says only that the reply takes longer
                return replies
            assert time.monotonic() < deadline, f"no reply within {within} s to {body}"
            await asyncio.sleep(0.03)


def text_of(events: list[Event]) -> str:
    return "\n".join(event.get("text", "") for event in events)


def outcome_of(events: list[Event]) -> str | None:
    """The decision's outcome of a turn: answer, clarify, handoff or chat."""
    for event in events:
        if "decision" in event:
            return str(event["decision"]["outcome"])
    return None
