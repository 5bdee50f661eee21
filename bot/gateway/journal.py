"""The journal: every message and event of every conversation, written before anything else happens.

Each write is one short transaction. Event numbers count 1, 2, 3 … per conversation without a gap; a message's
`client_id` is unique in its conversation, so the same message can be sent as often as the network wants.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.database import Database
from bot.gateway.tables import buttons, conversations, events, messages, receipts

BOT = "bot"


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """A button to be written; exactly one of `payload` (for Rasa) and `retry_of` (a client_id) is set."""

    title: str
    payload: str | None = None
    retry_of: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An event to be written. `body` holds its public keys beside seq, at, from, type and buttons; `receipt` is
    private."""

    sender: str
    type: str
    body: Mapping[str, Any]
    buttons: Sequence[Button] = ()
    receipt: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    id: str
    lang: str
    leaning: str | None
    owner: str
    form: str | None
    asked: str | None
    last_seq: int


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


@dataclass(frozen=True, slots=True)
class Background:
    """`transcript`: `{"at", "from", "text"}` each, oldest first; `receipt`: the search's own, of the last question."""

    transcript: list[dict[str, Any]]
    receipt: dict[str, Any] | None


class UnknownButton(Exception):
    """The button is none that this conversation was offered."""


def now_text() -> str:
    """The present moment in UTC, ISO 8601 with milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def token_hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


_CONVERSATION = [conversations.c[name] for name in ("id", "lang", "leaning", "owner", "form", "asked", "last_seq")]


class Journal:
    def __init__(self, database: Database) -> None:
        self._database = database

    # conversations

    async def create(self, lang: str, greeting: Draft) -> tuple[str, str]:
        """A new conversation that begins with `greeting`; returns (id, bearer token), 128 random bits each."""
        conversation, token, at = secrets.token_urlsafe(16), secrets.token_urlsafe(16), now_text()
        async with self._database.write() as connection:
            await connection.execute(
                insert(conversations).values(
                    id=conversation,
                    token_hash=token_hash(token),
                    lang=lang,
                    owner=BOT,
                    last_seq=0,
                    created_at=at,
                    active_at=at,
                )
            )
            await _append(connection, conversation, [greeting])
        return conversation, token

    async def authenticate(self, conversation: str, token: str) -> Conversation | None:
        """The conversation that `token` opens; None for an unknown conversation and for a wrong token alike."""
        async with self._database.read() as connection:
            query = select(conversations.c.token_hash, *_CONVERSATION).where(conversations.c.id == conversation)
            row = (await connection.execute(query)).one_or_none()
        expected = row.token_hash if row else token_hash("")
        if not hmac.compare_digest(expected, token_hash(token)) or row is None:
            return None
        return Conversation(**{name: value for name, value in row._mapping.items() if name != "token_hash"})

    async def conversation(self, conversation: str) -> Conversation | None:
        async with self._database.read() as connection:
            row = (
                await connection.execute(select(*_CONVERSATION).where(conversations.c.id == conversation))
            ).one_or_none()
        return Conversation(**row._mapping) if row else None

    # messages

    async def add_text(
        self, conversation: str, client_id: str, text: str, *, lang: str, leaning: str | None
    ) -> tuple[int, bool]:
        """Journal what a customer wrote; returns (seq, whether it is new). LookupError: no such conversation."""
        async with self._database.write() as connection:
            known = await _known_message(connection, conversation, client_id)
            if known is not None:
                return known, False
            await connection.execute(
                update(conversations).where(conversations.c.id == conversation).values(lang=lang, leaning=leaning)
            )
            message = {"text": text, "payload": None, "lang": lang, "turn": client_id}
            return await _add_message(connection, conversation, client_id, text, message), True

    async def add_press(self, conversation: str, client_id: str, button: str) -> tuple[int, bool]:
        """Journal the press of a button; the customer is seen to say its title. UnknownButton, LookupError."""
        async with self._database.write() as connection:
            known = await _known_message(connection, conversation, client_id)
            if known is not None:
                return known, False
            query = select(buttons).where(buttons.c.id == button, buttons.c.conversation == conversation)
            pressed = (await connection.execute(query)).one_or_none()
            if pressed is None:
                raise UnknownButton(button)
            lang = (
                await connection.execute(select(conversations.c.lang).where(conversations.c.id == conversation))
            ).scalar_one()
            message = {"text": None, "payload": pressed.payload, "lang": lang, "turn": client_id}
            if pressed.retry_of is not None:
                again = await connection.execute(
                    select(messages.c.text, messages.c.payload, messages.c.lang, messages.c.turn).where(
                        messages.c.conversation == conversation, messages.c.client_id == pressed.retry_of
                    )
                )
                message = dict(again.one()._mapping)
            return await _add_message(connection, conversation, client_id, pressed.title, message), True

    async def next_pending(self, conversation: str) -> Message | None:
        """The oldest message of the conversation whose turn is not over."""
        async with self._database.read() as connection:
            row = (
                await connection.execute(
                    select(messages)
                    .where(messages.c.state == "pending", messages.c.conversation == conversation)
                    .order_by(messages.c.seq)
                    .limit(1)
                )
            ).one_or_none()
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
    ) -> bool:
        """Write the turn's events and its end in one transaction; False where the turn was over already.
        `form` is (open form, slot asked for); None leaves it as it was."""
        async with self._database.write() as connection:
            done = await connection.execute(
                update(messages)
                .where(
                    messages.c.conversation == message.conversation,
                    messages.c.client_id == message.client_id,
                    messages.c.state == "pending",
                )
                .values(state=state)
            )
            if done.rowcount == 0:
                return False
            if form is not None:
                await connection.execute(
                    update(conversations)
                    .where(conversations.c.id == message.conversation)
                    .values(form=form[0], asked=form[1])
                )
            await _append(connection, message.conversation, drafts)
        return True

    # events

    async def events(self, conversation: str, after: int = 0, limit: int = 500) -> list[dict[str, Any]]:
        """Up to `limit` public events with seq > `after`, in order."""
        async with self._database.read() as connection:
            rows = await connection.execute(
                select(events)
                .where(events.c.conversation == conversation, events.c.seq > after)
                .order_by(events.c.seq)
                .limit(limit)
            )
            return [{"seq": row.seq, "at": row.at, "from": row.sender, "type": row.type, **row.body} for row in rows]

    async def background(self, conversation: str, said: int = 50) -> Background:
        """What travels with a case: the last `said` things said, and why the bot did what it did last."""
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
                .limit(1)
            )
            return Background(transcript[::-1], why.scalar_one_or_none())


async def append(connection: AsyncConnection, conversation: str, drafts: Sequence[Draft]) -> None:
    """Write events that belong to no turn, in a transaction of the caller. LookupError: no such conversation."""
    await _lock(connection, conversation)
    await _append(connection, conversation, drafts)


async def _lock(connection: AsyncConnection, conversation: str) -> None:
    """Writers of one conversation wait for each other (SQLite: of all). LookupError: no such conversation."""
    row = await connection.execute(
        select(conversations.c.id).where(conversations.c.id == conversation).with_for_update()
    )
    if row.one_or_none() is None:
        raise LookupError(conversation)


async def _known_message(connection: AsyncConnection, conversation: str, client_id: str) -> int | None:
    await _lock(connection, conversation)
    query = select(messages.c.seq).where(messages.c.conversation == conversation, messages.c.client_id == client_id)
    return (await connection.execute(query)).scalar_one_or_none()


async def _add_message(
    connection: AsyncConnection, conversation: str, client_id: str, shown: str, message: Mapping[str, Any]
) -> int:
    draft = Draft(sender="customer", type="text", body={"text": shown, "lang": message["lang"], "client_id": client_id})
    seq = await _append(connection, conversation, [draft])
    await connection.execute(
        insert(messages).values(
            conversation=conversation, client_id=client_id, seq=seq, state="pending", at=now_text(), **message
        )
    )
    return seq


async def _append(connection: AsyncConnection, conversation: str, drafts: Sequence[Draft]) -> int:
    """Write events with the next numbers; returns the last number."""
    at = now_text()
    last = (
        await connection.execute(
            update(conversations)
            .where(conversations.c.id == conversation)
            .values(last_seq=conversations.c.last_seq + len(drafts), active_at=at)
            .returning(conversations.c.last_seq)
        )
    ).scalar_one()
    rows, offered, reasons = [], [], []
    for seq, draft in enumerate(drafts, last - len(drafts) + 1):
        body = {key: value for key, value in draft.body.items() if value is not None}
        if draft.buttons:
            ids = [secrets.token_urlsafe(12) for _ in draft.buttons]
            body["buttons"] = [
                {"id": id_, "title": button.title} for id_, button in zip(ids, draft.buttons, strict=True)
            ]
            offered += [
                {
                    "id": id_,
                    "conversation": conversation,
                    "title": button.title,
                    "payload": button.payload,
                    "retry_of": button.retry_of,
                }
                for id_, button in zip(ids, draft.buttons, strict=True)
            ]
        rows.append(
            {
                "conversation": conversation,
                "seq": seq,
                "at": at,
                "sender": draft.sender,
                "type": draft.type,
                "body": body,
            }
        )
        if draft.receipt is not None:
            reasons.append({"conversation": conversation, "seq": seq, "receipt": dict(draft.receipt)})
    for table, values in ((events, rows), (buttons, offered), (receipts, reasons)):
        if values:
            await connection.execute(insert(table), values)
    return int(last)
