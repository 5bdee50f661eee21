"""What happens to a live conversation: asked for, taken, written in, handed back, closed. Each is one transaction of
the caller, in which the conversation is held first; what the customer is told is written in it too."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.cases.attachments import say_attachments
from bot.cases.model import FieldError
from bot.cases.policy import Hours
from bot.company import LiveRules
from bot.gateway.events import Button, Draft, text_of
from bot.gateway.journal import BOT, WAITING, Conversation, append, give, hold
from bot.gateway.tables import events
from bot.live.errors import LiveError, NobodyThere
from bot.live.presence import Presence, look
from bot.live.tables import desks, live, ratings, written
from bot.staff import people
from bot.staff.people import Person

Say = Callable[..., str]
_ASKING = 0x6C697665  # PostgreSQL's advisory lock: whoever asks for a person is counted before the next one
_WAYS = {"ticket": "/request_ticket", "callback": "/request_callback", "bot": "/leave_queue"}


class Talks:
    """`say` is the catalogue's text."""

    def __init__(self, say: Say, rules: LiveRules, hours: Hours) -> None:
        self._say, self.rules, self.hours = say, rules, hours

    async def presence(self, conn: AsyncConnection, lang: str, now: datetime) -> Presence:
        return await look(conn, lang, now, rules=self.rules, hours=self.hours)

    # the customer

    async def ask(self, conn: AsyncConnection, ident: str, question: str | None, now: datetime) -> int | None:
        """Ask for a person: the seconds until which one is promised, None where that time is over; again changes
        nothing. NobodyThere; LiveError `already_live`; LookupError."""
        talk = await hold(conn, ident)
        if talk.owner == WAITING:
            promised = (await self.row(conn, ident)).promised_at
            left = (datetime.fromisoformat(promised) - now).total_seconds() if promised else 0
            return round(left) if left > 0 else None
        if talk.owner != BOT:
            raise LiveError(409, "already_live", name=await name_of(conn, talk.owner))
        if conn.dialect.name == "postgresql":
            await conn.execute(select(func.pg_advisory_xact_lock(_ASKING)))
        presence = await self.presence(conn, talk.lang, now)
        if not presence.there:
            raise NobodyThere(presence)
        await self._wait(conn, talk, now, "waiting", question=question, agent=None)
        return self.rules.promise_seconds

    async def read(self, conn: AsyncConnection, ident: str, who: str, seq: int) -> bool:
        """`customer` or `agent` has read as far as `seq`; whether that is news."""
        column = live.c[f"{who}_read"]
        change = update(live).where(live.c.conversation == ident, column < seq).values({column: seq})
        return (await conn.execute(change)).rowcount > 0

    async def rate(self, conn: AsyncConnection, ident: str, score: int, comment: str | None, now: datetime) -> None:
        """What the customer says of the last conversation that a person closed; again replaces it. LiveError
        `not_closed`."""
        row = (await conn.execute(select(live).where(live.c.conversation == ident))).one_or_none()
        if row is None or row.closed_seq is None:
            raise LiveError(409, "not_closed")
        values = {"score": score, "comment": comment, "at": text_of(now), "agent": row.agent}
        await _upsert(conn, ratings, {"conversation": ident, "seq": row.closed_seq}, values)

    # the agent

    async def claim(self, conn: AsyncConnection, ident: str, person: Person, now: datetime) -> bool:
        """The conversation is this person's, whether it waited or was the bot's; whether it was not before. LiveError
        `already_claimed`, LookupError."""
        talk = await hold(conn, ident)
        if talk.owner == person.id:
            return False
        if talk.owner not in (BOT, WAITING):
            raise LiveError(409, "already_claimed", name=await name_of(conn, talk.owner))
        before = (await conn.execute(select(live).where(live.c.conversation == ident))).one_or_none()
        again = talk.owner == WAITING and before is not None and before.agent == person.id
        await give(conn, ident, person.id)
        question = before.question if before is not None and talk.owner == WAITING else None
        kept = {"question": question, "since": text_of(now), "promised_at": None, "told": False, "agent": person.id}
        kept |= {"agent_seq": None, "agent_read": talk.last_seq, "closed_seq": None, "closed_at": None}
        await _upsert(conn, live, {"conversation": ident}, kept)
        await self._status(conn, talk, "live", "joined_again" if again else "joined", name=person.name)
        return True

    async def write(
        self, conn: AsyncConnection, ident: str, person: Person, client_id: str, text: str, files: list[str]
    ) -> tuple[int, bool]:
        """What the agent says: (its number, whether it is new). LiveError `not_claimed`, `not_yours`; LookupError."""
        talk = await self.own(conn, ident, person)
        same = written.c.conversation == ident, written.c.client_id == client_id
        known = (await conn.execute(select(written.c.seq).where(*same))).scalar_one_or_none()
        if known is not None:
            return known, False
        seq = talk.last_seq + 1
        taken = await say_attachments(conn, ident, files, seq, person.id) if files else []
        if len(taken) != len(set(files)):
            raise FieldError("invalid_attachment", "attachments")
        body = {
            "text": text,
            "lang": talk.lang,
            "agent": {"name": person.name},
            "client_id": client_id,
            "attachments": [attachment.public() for attachment in taken] or None,
        }
        await append(conn, ident, [Draft(sender="agent", type="text", body=body)])
        await conn.execute(insert(written).values(conversation=ident, client_id=client_id, seq=seq))
        await conn.execute(update(live).where(live.c.conversation == ident).values(agent_seq=seq, agent_read=seq))
        return seq, True

    async def release(self, conn: AsyncConnection, ident: str, person: Person) -> None:
        """Back to the bot, which says so. LiveError and LookupError as `write`."""
        talk = await self.own(conn, ident, person)
        await give(conn, ident, BOT)
        await self._status(conn, talk, "bot", "left_to_bot", name=person.name)

    async def close(self, conn: AsyncConnection, ident: str, person: Person, now: datetime) -> None:
        """Ended: the customer is asked how it was; what they write next is the bot's. LiveError and LookupError as
        `write`."""
        talk = await self.own(conn, ident, person)
        await give(conn, ident, BOT)
        seq = await self._status(conn, talk, "closed", "closed", name=person.name)
        values = {"closed_seq": seq, "closed_at": text_of(now)}
        await conn.execute(update(live).where(live.c.conversation == ident).values(values))

    async def own(self, conn: AsyncConnection, ident: str, person: Person) -> Conversation:
        """The conversation, held, which is this person's. LiveError `not_claimed`, `not_yours`; LookupError."""
        talk = await hold(conn, ident)
        if talk.owner in (BOT, WAITING):
            raise LiveError(409, "not_claimed")
        if talk.owner != person.id:
            raise LiveError(409, "not_yours", name=await name_of(conn, talk.owner))
        return talk

    # the clock

    async def break_promise(self, conn: AsyncConnection, ident: str, now: datetime) -> bool:
        """Tell a customer who waits that nobody came in time, once; whether this call did."""
        talk = await hold(conn, ident)
        late = live.c.promised_at <= text_of(now), live.c.told.is_(False), live.c.conversation == ident
        if talk.owner != WAITING or (await conn.execute(update(live).where(*late).values(told=True))).rowcount == 0:
            return False
        await self._status(conn, talk, "waiting", "promise_broken", ways=tuple(_WAYS))
        return True

    async def gone_at(self, conn: AsyncConnection, row: Row[Any], agent: str) -> datetime | None:
        """When the agent of a live conversation is taken for gone: their desk is closed, and the customer has waited
        for a word as long as the rules say. None where the customer waits for none."""
        since: str | None = row.since
        if row.agent_seq is not None:
            later = events.c.conversation == row.conversation, events.c.seq > row.agent_seq
            query = select(func.min(events.c.at)).where(*later, events.c.sender == "customer")
            since = (await conn.execute(query)).scalar_one()
        if since is None:
            return None
        until = (await conn.execute(select(desks.c.until).where(desks.c.person == agent))).scalar_one_or_none()
        patience = datetime.fromisoformat(since) + timedelta(seconds=self.rules.agent_timeout_seconds)
        return max(patience, datetime.fromisoformat(until)) if until else patience

    async def lose_agent(self, conn: AsyncConnection, ident: str, agent: str, now: datetime) -> bool:
        """The agent's desk is gone and the customer unanswered: they wait for somebody else, or go on with the bot and
        the ways to reach people later. Whether this call did it."""
        talk = await hold(conn, ident)
        row = await self.row(conn, ident)
        gone = await self.gone_at(conn, row, agent)  # who has answered or come back meanwhile has not gone
        if talk.owner != agent or gone is None or gone > now:
            return False
        name = await name_of(conn, agent)
        there = await look(conn, talk.lang, now, rules=self.rules, hours=self.hours, but=(agent,))
        if there.there:
            await self._wait(conn, talk, now, "agent_gone", question=row.question, agent=agent, name=name)
        else:
            await give(conn, ident, BOT)
            await self._status(conn, talk, "bot", "agent_gone_nobody", ways=("ticket", "callback"), name=name)
        return True

    # what they share

    async def row(self, conn: AsyncConnection, ident: str) -> Row[Any]:
        return (await conn.execute(select(live).where(live.c.conversation == ident))).one()

    async def _wait(
        self,
        conn: AsyncConnection,
        talk: Conversation,
        now: datetime,
        words: str,
        *,
        question: str | None,
        agent: str | None,
        name: str | None = None,
    ) -> None:
        """The conversation waits for a person, who is promised from now on."""
        seconds = self.rules.promise_seconds
        await give(conn, talk.id, WAITING)
        promised = text_of(now + timedelta(seconds=seconds))
        kept: dict[str, Any] = {"question": question, "since": text_of(now), "promised_at": promised, "told": False}
        kept |= {"agent": agent, "agent_seq": None, "closed_seq": None, "closed_at": None}
        await _upsert(conn, live, {"conversation": talk.id}, kept)
        span = self._span(talk.lang, seconds)
        await self._status(conn, talk, "waiting", words, promised=seconds, ways=tuple(_WAYS), name=name, span=span)

    def _span(self, lang: str, seconds: int) -> str:
        if seconds < 60:
            return self._say(lang, "live.span.seconds", count=seconds)
        minutes = round(seconds / 60)
        return self._say(lang, "live.span.minute" if minutes == 1 else "live.span.minutes", count=minutes)

    async def _status(
        self,
        conn: AsyncConnection,
        talk: Conversation,
        state: str,
        words: str,
        *,
        promised: int | None = None,
        ways: tuple[str, ...] = (),
        name: str | None = None,
        **values: object,
    ) -> int:
        """Say in the conversation what has become of it; the event's number."""
        agent = {"agent": {"name": name}} if state == "live" else {}
        more = {"promised_seconds": promised} if state == "waiting" else {}
        text = self._say(talk.lang, f"live.{words}", name=name, **values)
        body = {"text": text, "lang": talk.lang, "live": {"state": state, **agent, **more}}
        buttons = [Button(title=self._say(talk.lang, f"live.button.{way}"), payload=_WAYS[way]) for way in ways]
        return await append(conn, talk.id, [Draft(sender="system", type="status", body=body, buttons=buttons)])


async def name_of(conn: AsyncConnection, ident: str) -> str:
    person = await people.get(conn, ident)
    return person.name if person is not None else ident


async def _upsert(conn: AsyncConnection, table: Any, key: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    dialect = postgresql if conn.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(table).values(**key, **values)
    await conn.execute(statement.on_conflict_do_update(index_elements=[table.c[name] for name in key], set_=values))
