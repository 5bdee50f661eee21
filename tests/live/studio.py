"""Live conversations without HTTP: people at their desks, customers who wait, and any number of processes' clocks."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select, update

from bot.cases.policy import Hours
from bot.company import LiveRules
from bot.database import Database, make_engine
from bot.gateway.events import Draft
from bot.gateway.journal import Journal
from bot.gateway.tables import buttons
from bot.live import presence
from bot.live.clock import Clock
from bot.live.presence import Presence
from bot.live.tables import live
from bot.live.talks import Say, Talks
from bot.staff import people
from bot.staff.people import Person
from bot.staff.tables import people as people_table

Event = dict[str, Any]
# The journal writes the time of day itself, so what is counted from a customer's message begins about now.
NOW = datetime.now(UTC)
RULES = LiveRules(promise_seconds=60, agent_timeout_seconds=120, conversations_per_agent=2, around_the_clock=True)


def later(**span: float) -> datetime:
    return NOW + timedelta(**span)


@dataclass
class Studio:
    """`fired` collects the conversations in which a clock did something."""

    url: str
    database: Database
    hours: Hours
    say: Say
    rules: LiveRules = RULES
    fired: list[str] = field(default_factory=list)
    others: list[Database] = field(default_factory=list)

    @property
    def talks(self) -> Talks:
        return Talks(self.say, self.rules, self.hours)

    @property
    def journal(self) -> Journal:
        return Journal(self.database)

    async def person(
        self, name: str, *roles: str, langs: Collection[str] = ("fr",), presence: str = "online", **more: Any
    ) -> Person:
        """Somebody who works here, signed in nowhere."""
        async with self.database.write() as conn:
            made = await people.create(
                conn,
                NOW,
                name=name,
                email=f"{name.lower()}@staff.example",
                roles=roles or ("agent",),
                lang="fr",
                langs=[*langs],
            )
            values = {"presence": presence, **more}
            await conn.execute(update(people_table).where(people_table.c.id == made.id).values(values))
            found = await people.get(conn, made.id)
        assert found is not None
        return found

    async def at_desk(self, person: Person, now: datetime = NOW) -> None:
        async with self.database.write() as conn:
            await presence.sign(conn, person.id, now)

    async def agent(self, name: str = "Anna", **more: Any) -> Person:
        """Somebody who is online with an open desk."""
        person = await self.person(name, **more)
        await self.at_desk(person)
        return person

    async def talk(self, lang: str = "fr") -> str:
        greeting = Draft(sender="bot", type="text", body={"text": "Bonjour", "lang": lang})
        return (await self.journal.create(lang, greeting))[0]

    async def look(self, lang: str = "fr", now: datetime = NOW) -> Presence:
        async with self.database.read() as conn:
            return await self.talks.presence(conn, lang, now)

    async def ask(self, talk: str, now: datetime = NOW) -> int | None:
        async with self.database.write() as conn:
            return await self.talks.ask(conn, talk, None, now)

    async def waiting(self, now: datetime = NOW, lang: str = "fr") -> str:
        """A conversation that has been asking for a person since `now`."""
        talk = await self.talk(lang)
        assert await self.ask(talk, now) == self.rules.promise_seconds
        return talk

    async def claim(self, talk: str, person: Person, now: datetime = NOW) -> None:
        async with self.database.write() as conn:
            await self.talks.claim(conn, talk, person, now)

    async def write(self, talk: str, person: Person, text: str = "Je regarde.") -> int:
        async with self.database.write() as conn:
            return (await self.talks.write(conn, talk, person, uuid.uuid4().hex, text, []))[0]

    async def hear(self, talk: str, text: str = "Vous êtes là ?") -> int:
        """What the customer writes."""
        return (await self.journal.add_text(talk, uuid.uuid4().hex, text, lang="fr", leaning=None))[0]

    async def press(self, talk: str, payload: str) -> int:
        """The customer presses the last button offered that means `payload`."""
        async with self.database.read() as conn:
            query = select(buttons.c.id).where(buttons.c.conversation == talk, buttons.c.payload == payload)
            ids = (await conn.execute(query)).scalars().all()
        return (await self.journal.add_press(talk, uuid.uuid4().hex, ids[-1]))[0]

    async def owner(self, talk: str) -> str:
        found = await self.journal.conversation(talk)
        assert found is not None
        return found.owner

    async def said(self, talk: str) -> list[Event]:
        """What the system has said of the person's part, in order."""
        return [event for event in await self.journal.events(talk) if "live" in event]

    async def offered(self, talk: str) -> list[str]:
        """What the buttons of the last event mean, in order."""
        shown = [button["id"] for button in (await self.journal.events(talk))[-1].get("buttons", [])]
        async with self.database.read() as conn:
            rows = await conn.execute(select(buttons.c.id, buttons.c.payload).where(buttons.c.id.in_(shown)))
            meant = {row.id: row.payload for row in rows}
        return [meant[ident] for ident in shown]

    def clock(self, now: datetime, *, talks: Talks | None = None) -> Clock:
        """The clock of another process, at `now`."""
        own = Database(make_engine(self.url))
        self.others.append(own)
        return Clock(own.engine, talks or self.talks, fired=self.fired.append, now=lambda: now)

    async def row(self, talk: str) -> Any:
        async with self.database.read() as conn:
            return (await conn.execute(select(live).where(live.c.conversation == talk))).one()

    async def close(self) -> None:
        for database in (self.database, *self.others):
            await database.close()
