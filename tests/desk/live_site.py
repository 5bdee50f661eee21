"""The web process with people at their desks, around the clock; deadlines fire by a clock that tests move."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bot.company import Company, LiveRules
from bot.live.clock import Clock
from bot.live.presence import sign
from bot.live.talks import Talks
from tests.desk.site import Colleague, DeskSite, open_desk
from tests.gateway.site import Talk, content

BASE = "/api/desk/conversations"
RULES = LiveRules(promise_seconds=120, agent_timeout_seconds=300, conversations_per_agent=2, around_the_clock=True)


def company(rules: LiveRules = RULES) -> Company:
    return content()[0].model_copy(update={"live": rules})


@dataclass
class LiveDesk:
    desk: DeskSite
    rules: LiveRules

    @property
    def rasa(self) -> Any:
        return self.desk.site.rasa

    async def at_desk(self, name: str, *roles: str, **values: Any) -> Colleague:
        """Somebody who is online, with the desk open."""
        person = await self.desk.colleague(name, *roles, **values)
        await self.desk.presence(person, "online")
        await self.sign(person)
        return person

    async def sign(self, person: Colleague, at: datetime | None = None) -> None:
        gateway = self.desk.site.gateway
        async with gateway.database.write() as conn:
            await sign(conn, person.id, at or gateway.now())

    async def asked(self, lang: str = "fr") -> Talk:
        """A customer who waits for a person."""
        talk = await self.desk.site.talk(lang)
        status, body = await talk.post("person", {})
        assert (status, body["state"]) == (202, "waiting"), body
        return talk

    async def taken(self, person: Colleague, lang: str = "fr") -> Talk:
        """A customer who talks to this person."""
        talk = await self.asked(lang)
        await self.claim(person, talk)
        return talk

    async def claim(self, person: Colleague, talk: Talk) -> None:
        status, body = await person.call("POST", f"{BASE}/{talk.id}/claim", {})
        assert status == 200, body

    async def say(self, person: Colleague, talk: Talk, text: str, client_id: str | None = None, **more: Any) -> int:
        body = {"client_id": client_id or uuid.uuid4().hex, "text": text, **more}
        status, answer = await person.call("POST", f"{BASE}/{talk.id}/messages", body)
        assert status == 201, answer
        return int(answer["seq"])

    def clock(self, later: float) -> Clock:
        """Another process's clock, `later` seconds ahead."""
        gateway = self.desk.site.gateway
        talks = Talks(gateway.catalogue.text, self.rules, gateway.policy.hours)
        now = lambda: datetime.now(UTC) + timedelta(seconds=later)  # noqa: E731
        return Clock(gateway.database.engine, talks, fired=gateway.hub.wake, now=now)


async def eventually(reached: Callable[[], bool | Awaitable[bool]], seconds: float = 20) -> None:
    """Wait for what no event tells."""
    async with asyncio.timeout(seconds):
        while True:
            found = reached()
            if found if isinstance(found, bool) else await found:
                return
            await asyncio.sleep(0.02)


async def settled(live: LiveDesk, talk: Talk) -> None:
    """Every turn of the conversation is over."""

    async def over() -> bool:
        return await live.desk.site.gateway.journal.next_pending(talk.id) is None

    await eventually(over)


@contextlib.asynccontextmanager
async def open_live(folder: Path, rules: LiveRules = RULES, **settings: Any) -> AsyncIterator[LiveDesk]:
    async with open_desk(folder, company(rules), **settings) as desk:
        yield LiveDesk(desk, rules)
