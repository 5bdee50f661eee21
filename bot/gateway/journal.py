"""The journal: every message and event of every conversation, written before anything else happens.

Each write is one short transaction. Event numbers count 1, 2, 3 … per conversation without a gap; a message's
`client_id` is unique in its conversation, so the same message can be sent as often as the network wants.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.database import Database
from bot.gateway.events import Draft, now_text, write_events
from bot.gateway.tables import buttons, conversations, events, messages, receipts

BOT = "bot"  # owner of a conversation that no person has, or is asked for
WAITING = "waiting"  # owner of a conversation that a person is asked for
AGENT = "agent"  # state of a turn that the bot did not take
LAST_SEQ = 2**31 - 1  # that a database can be asked for
# Buttons that end the waiting: the turn is the bot's again. Others are words for the person who comes.
WAYS_OUT = ("/leave_queue", "/request_ticket", "/request_callback", "/request_sla")
RECEIPTS_READ = 20  # a question asked longer ago than that many others is not what a case is about


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    id: str
    lang: str
    time_zone: str | None
    leaning: str | None
    owner: str
    form: str | None
    asked: str | None
    last_seq: int
    fresh: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A customer's message and its turn. `text` or `payload` is set, or neither for a retry of a lost turn."""

    conversation: str
    client_id: str
    seq: int
    turn: str
    text: str | None
    payload: str | None
    lang: str
    state: str
    at: datetime
    owner: str  # of the conversation, when the message was read
    fresh: bool  # a person had the conversation since the bot's last turn


@dataclass(frozen=True, slots=True)
class Background:
    """`transcript`: `{"at", "from", "text"}` each, oldest first; `receipt`: the search's own, of the last question."""

    transcript: list[dict[str, Any]]
    receipt: dict[str, Any] | None


class UnknownButton(Exception):
    """The button is none that this conversation was offered."""


def token_hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


_KEYS = ("id", "lang", "time_zone", "leaning", "owner", "form", "asked", "last_seq", "fresh")
_OF: BindParameter[str] = bindparam("of")  # the conversation

# Statements are built once: building them costs more than SQLite needs to run them.
_OPEN = select(conversations.c.token_hash, *(conversations.c[key] for key in _KEYS)).where(conversations.c.id == _OF)
_EVENTS = (
    select(events)
    .where(events.c.conversation == _OF, events.c.seq > bindparam("after"))
    .order_by(events.c.seq)
    .limit(bindparam("most"))
)
_LOCK = select(conversations.c.id).where(conversations.c.id == _OF).with_for_update()
_PLACE = (
    select(conversations.c.last_seq, conversations.c.lang, conversations.c.owner, messages.c.seq.label("known"))
    .outerjoin(
        messages, (messages.c.conversation == conversations.c.id) & (messages.c.client_id == bindparam("client"))
    )
    .where(conversations.c.id == _OF)
)
_NEXT = (
    select(messages, conversations.c.owner, conversations.c.fresh)
    .join(conversations, conversations.c.id == messages.c.conversation)
    .where(messages.c.conversation == _OF, messages.c.state == "pending")
    .order_by(messages.c.seq)
    .limit(1)
)
_MOVE = update(conversations).where(conversations.c.id == _OF)
_SETTLE = update(messages).where(
    messages.c.conversation == _OF, messages.c.client_id == bindparam("client"), messages.c.state == "pending"
)
_TALK = (
    _MOVE.where(conversations.c.owner == BOT)
    .values(last_seq=conversations.c.last_seq + bindparam("more"), active_at=bindparam("at"))
    .returning(conversations.c.last_seq)
)


class Journal:
    def __init__(self, database: Database) -> None:
        self._database = database

    # conversations

    async def create(self, lang: str, greeting: Draft, time_zone: str | None = None) -> tuple[str, str]:
        """A new conversation that begins with `greeting`; returns (id, bearer token), 128 random bits each."""
        conversation, token, at = secrets.token_urlsafe(16), secrets.token_urlsafe(16), now_text()
        row = {"id": conversation, "token_hash": token_hash(token), "lang": lang, "owner": BOT, "last_seq": 1}
        times = {"time_zone": time_zone, "created_at": at, "active_at": at}
        async with self._database.write() as connection:
            await connection.execute(insert(conversations).values(**row, **times))
            await write_events(connection, conversation, [greeting], first=1, at=at)
        return conversation, token

    async def authenticate(self, conversation: str, token: str) -> Conversation | None:
        """The conversation that `token` opens; None for an unknown conversation and for a wrong token alike."""
        async with self._database.read() as connection:
            row = (await connection.execute(_OPEN, {"of": conversation})).one_or_none()
        expected = row.token_hash if row else token_hash("")
        if not hmac.compare_digest(expected, token_hash(token)) or row is None:
            return None
        return _conversation(row)

    async def conversation(self, conversation: str) -> Conversation | None:
        async with self._database.read() as connection:
            row = (await connection.execute(_OPEN, {"of": conversation})).one_or_none()
        return _conversation(row) if row else None

    async def change(self, conversation: str, *, lang: str | None, time_zone: str | None) -> None:
        """From now on the conversation is in `lang` and on the clock of `time_zone`, where given; messages that wait
        for their turn keep theirs."""
        values = {"lang": lang, "leaning": None} if lang else {}
        if time_zone:
            values["time_zone"] = time_zone
        async with self._database.write() as connection:
            await connection.execute(_MOVE.values(**values), {"of": conversation})

    # messages

    async def add_text(
        self,
        conversation: str,
        client_id: str,
        text: str,
        *,
        lang: str,
        leaning: str | None,
        files: Taken | None = None,
    ) -> tuple[int, bool]:
        """Journal what a customer wrote; returns (seq, whether it is new). `files` gives what is shown of the files
        that go with it, in the same transaction. LookupError: no such conversation."""
        async with self._database.write() as connection:
            place = await _place(connection, conversation, client_id)
            if place.known is not None:
                return place.known, False
            message = {"text": text, "payload": None, "lang": lang, "turn": client_id}
            heard = {"lang": lang, "leaning": leaning}
            shown: dict[str, Any] = {"text": text}
            if files is not None:
                shown["attachments"] = await files(connection, place.last_seq + 1)
            return await _add_message(
                connection, conversation, client_id, place.last_seq + 1, shown, message, heard
            ), True

    async def add_press(self, conversation: str, client_id: str, button: str) -> tuple[int, bool]:
        """Journal the press of a button; the customer is seen to say its title. One of `WAYS_OUT` gives a conversation
        that waits for a person back to the bot. UnknownButton, LookupError."""
        async with self._database.write() as connection:
            place = await _place(connection, conversation, client_id)
            if place.known is not None:
                return place.known, False
            query = select(buttons).where(buttons.c.id == button, buttons.c.conversation == conversation)
            pressed = (await connection.execute(query)).one_or_none()
            if pressed is None:
                raise UnknownButton(button)
            message = {"text": None, "payload": pressed.payload, "lang": place.lang, "turn": client_id}
            if pressed.retry_of is not None:
                again = await connection.execute(
                    select(messages.c.text, messages.c.payload, messages.c.lang, messages.c.turn).where(
                        messages.c.conversation == conversation, messages.c.client_id == pressed.retry_of
                    )
                )
                message = dict(again.one()._mapping)
            seq, shown = place.last_seq + 1, {"text": pressed.title, "button": button}
            leaves = place.owner == WAITING and (pressed.payload or "").startswith(WAYS_OUT)
            heard = {"owner": BOT} if leaves else {}
            return await _add_message(connection, conversation, client_id, seq, shown, message, heard), True

    async def next_pending(self, conversation: str) -> Message | None:
        """The oldest message of the conversation whose turn is not over."""
        async with self._database.read() as connection:
            row = (await connection.execute(_NEXT, {"of": conversation})).one_or_none()
        return Message(**{**row._mapping, "at": datetime.fromisoformat(row.at)}) if row else None

    async def conversations_pending(self) -> list[str]:
        """Conversations with unfinished turns, the longest waiting first."""
        async with self._database.read() as connection:
            rows = await connection.execute(
                select(messages.c.conversation).where(messages.c.state == "pending").order_by(messages.c.at)
            )
            return list(dict.fromkeys(rows.scalars()))

    async def finish(
        self,
        message: Message,
        drafts: Sequence[Draft],
        *,
        state: str,
        form: tuple[str | None, str | None] | None = None,
    ) -> str | None:
        """Write the turn's events and its end in one transaction; returns the state that it ended in, None where it
        was over already. Where a person has taken the conversation over meanwhile, nothing is said and the turn ends
        in state `agent`. `form` is (open form, slot asked for); None leaves it as it was."""
        at = now_text()
        values: dict[str, Any] = {} if form is None else {"form": form[0], "asked": form[1]}
        if message.fresh and state == "done":
            values["fresh"] = False
        try:
            async with self._database.write() as connection:
                moved = await connection.execute(
                    _TALK.values(**values), {"of": message.conversation, "more": len(drafts), "at": at}
                )
                last = moved.scalar_one_or_none()
                end = state if last is not None else AGENT
                which = {"of": message.conversation, "client": message.client_id}
                if (await connection.execute(_SETTLE.values(state=end), which)).rowcount == 0:
                    raise _AlreadyOver
                if last is not None:
                    await write_events(connection, message.conversation, drafts, first=last - len(drafts) + 1, at=at)
        except _AlreadyOver:
            return None
        return end

    # events

    async def remark(self, conversation: str, draft: Draft) -> None:
        """Write an event that belongs to no turn. LookupError: no such conversation."""
        async with self._database.write() as connection:
            await append(connection, conversation, [draft])

    async def events(self, conversation: str, after: int = 0, limit: int = 500) -> list[dict[str, Any]]:
        """Up to `limit` public events with seq > `after`, in order."""
        async with self._database.read() as connection:
            place = {"of": conversation, "after": min(after, LAST_SEQ), "most": limit}
            rows = await connection.execute(_EVENTS, place)
            return [{"seq": row.seq, "at": row.at, "from": row.sender, "type": row.type, **row.body} for row in rows]

    async def background(self, conversation: str, question: str | None = None, said: int = 50) -> Background:
        """What travels with a case: the last `said` things said, and why the bot did what it did with `question`, or
        did last."""
        async with self._database.read() as connection:
            told = await connection.execute(
                select(events).where(events.c.conversation == conversation).order_by(events.c.seq.desc()).limit(said)
            )
            transcript = [
                {"at": row.at, "from": row.sender, "text": row.body["text"]} for row in told if row.body.get("text")
            ]
            why = await connection.execute(
                select(receipts.c.receipt)
                .where(receipts.c.conversation == conversation)
                .order_by(receipts.c.seq.desc())
                .limit(RECEIPTS_READ)
            )
            reasons = why.scalars().all()
            of_question = (reason for reason in reasons if reason.get("question") == question)
            return Background(transcript[::-1], next(of_question, reasons[0] if reasons else None))


Taken = Callable[[AsyncConnection, int], Awaitable[list[dict[str, Any]]]]


class _AlreadyOver(Exception):
    """Rolls back what was written for a turn that somebody else has ended."""


async def append(connection: AsyncConnection, conversation: str, drafts: Sequence[Draft]) -> int:
    """Write events that belong to no turn, in a transaction of the caller; the number of the last. LookupError: no such
    conversation."""
    first, at = int((await _place(connection, conversation, "")).last_seq) + 1, now_text()
    last = first + len(drafts) - 1
    await connection.execute(_MOVE.values(last_seq=last, active_at=at), {"of": conversation})
    await write_events(connection, conversation, drafts, first=first, at=at)
    return last


async def hold(connection: AsyncConnection, conversation: str) -> Conversation:
    """The conversation, which nobody else changes until the transaction ends. LookupError: there is none."""
    if connection.dialect.name != "sqlite":
        await connection.execute(_LOCK, {"of": conversation})
    row = (await connection.execute(_OPEN, {"of": conversation})).one_or_none()
    if row is None:
        raise LookupError(conversation)
    return _conversation(row)


def _conversation(row: Any) -> Conversation:
    return Conversation(**{key: getattr(row, key) for key in _KEYS})


async def give(connection: AsyncConnection, conversation: str, owner: str) -> None:
    """From now on the conversation is `owner`'s. Back at the bot, nothing that was under way goes on."""
    values: dict[str, Any] = {"owner": owner, "form": None, "asked": None}
    if owner == BOT:
        values["fresh"] = True
    await connection.execute(_MOVE.values(**values), {"of": conversation})


async def _place(connection: AsyncConnection, conversation: str, client_id: str) -> Any:
    """Row of last_seq, lang, owner, and the seq of the message `client_id` where it is known."""
    if connection.dialect.name != "sqlite":
        # Where a database has many writers, those of one conversation wait here. What the others wrote meanwhile is
        # seen by the statement after this one only: it begins later.
        await connection.execute(_LOCK, {"of": conversation})
    row = (await connection.execute(_PLACE, {"of": conversation, "client": client_id})).one_or_none()
    if row is None:
        raise LookupError(conversation)
    return row


async def _add_message(
    connection: AsyncConnection,
    conversation: str,
    client_id: str,
    seq: int,
    shown: Mapping[str, Any],
    message: Mapping[str, Any],
    heard: Mapping[str, Any],
) -> int:
    at = now_text()
    await connection.execute(_MOVE.values(last_seq=seq, active_at=at, **heard), {"of": conversation})
    body = {**shown, "lang": message["lang"], "client_id": client_id}
    draft = Draft(sender="customer", type="text", body=body)
    await write_events(connection, conversation, [draft], first=seq, at=at)
    row = {"conversation": conversation, "client_id": client_id, "seq": seq, "state": "pending", "at": at}
    await connection.execute(insert(messages), [{**row, **message}])
    return seq
