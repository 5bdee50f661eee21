"""Conversations as the desk lists and shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, Row, Select, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.gateway.events import text_of
from bot.gateway.journal import BOT, WAITING
from bot.gateway.tables import conversations, events, receipts, with_people
from bot.live.tables import live

State = Literal["waiting", "live", "mine", "bot"]
STATES: tuple[State, ...] = ("waiting", "live", "mine", "bot")
RECENT = timedelta(hours=1)  # how long one of the bot's is shown after its last word
MOST = 200


def _where(state: State, me: str, now: datetime) -> ColumnElement[bool]:
    owner = conversations.c.owner
    if state == "waiting":
        return and_(with_people, owner == WAITING)
    if state == "live":
        return and_(with_people, owner != WAITING)
    if state == "mine":
        return and_(with_people, owner == me)
    asked = select(events.c.seq).where(events.c.conversation == conversations.c.id, events.c.sender == "customer")
    return and_(owner == BOT, conversations.c.active_at > text_of(now - RECENT), asked.exists())


def _rows() -> Select[Any]:
    said = select(func.max(events.c.seq)).where(events.c.conversation == conversations.c.id)
    return select(
        conversations,
        *(live.c[name] for name in ("question", "since", "agent", "agent_read", "customer_read", "closed_seq")),
        said.where(events.c.sender == "customer").scalar_subquery().label("said"),
        said.where(events.c.sender != "customer").scalar_subquery().label("answered"),
    ).outerjoin(live, live.c.conversation == conversations.c.id)


async def some(
    conn: AsyncConnection, state: State, me: str, now: datetime, names: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Up to `MOST`, who waits longest first; the bot's by their last word."""
    order = conversations.c.active_at.desc() if state == "bot" else live.c.since
    query = _rows().where(_where(state, me, now)).order_by(order).limit(MOST)
    found = (await conn.execute(query)).all()
    lasts = await _lasts(conn, found)
    return [_shown(row, names, lasts) for row in found]


async def row(conn: AsyncConnection, ident: str) -> Row[Any]:
    """The conversation with what `state_of` reads. LookupError: there is none."""
    found: Row[Any] | None = (await conn.execute(_rows().where(conversations.c.id == ident))).one_or_none()
    if found is None:
        raise LookupError(ident)
    return found


async def one(conn: AsyncConnection, ident: str, names: Mapping[str, str]) -> dict[str, Any]:
    """LookupError: there is no such conversation."""
    found = await row(conn, ident)
    return _shown(found, names, await _lasts(conn, [found]))


async def why(conn: AsyncConnection, ident: str) -> list[dict[str, Any]]:
    """What the bot did and why, oldest first: `{"seq", "receipt"}`."""
    query = select(receipts.c.seq, receipts.c.receipt).where(receipts.c.conversation == ident).order_by(receipts.c.seq)
    return [{"seq": row.seq, "receipt": row.receipt} for row in await conn.execute(query)]


async def marks(conn: AsyncConnection) -> dict[str, tuple[Any, ...]]:
    """What of each conversation that is not the bot's changes when there is news for the desk."""
    columns = (conversations.c.last_seq, conversations.c.owner, live.c.customer_read)
    query = select(conversations.c.id, *columns).outerjoin(live, live.c.conversation == conversations.c.id)
    return {row[0]: tuple(row[1:]) for row in await conn.execute(query.where(with_people))}


def state_of(row: Row[Any]) -> str:
    if row.owner == WAITING:
        return "waiting"
    if row.owner != BOT:
        return "live"
    return "closed" if row.closed_seq is not None and (row.said or 0) < row.closed_seq else "bot"


async def _lasts(conn: AsyncConnection, found: Sequence[Row[Any]]) -> dict[str, dict[str, Any]]:
    """The last thing said in each, and the last that the customer said."""
    wanted = [and_(events.c.conversation == row.id, events.c.seq.in_((row.last_seq, row.said or 0))) for row in found]
    lasts: dict[str, dict[str, Any]] = {}
    if wanted:
        for row in await conn.execute(select(events).where(or_(*wanted)).order_by(events.c.seq)):
            event = {"seq": row.seq, "at": row.at, "from": row.sender, "type": row.type, **row.body}
            lasts.setdefault(row.conversation, {})["last"] = event
            if row.sender == "customer":
                lasts[row.conversation]["question"] = event.get("text")
    return lasts


def _shown(row: Row[Any], names: Mapping[str, str], lasts: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    state = state_of(row)
    agent = {"id": row.owner, "name": names.get(row.owner, row.owner)} if state == "live" else None
    seen = row.agent_read if state == "live" else row.answered or 0
    last = lasts.get(row.id, {})
    return {
        "id": row.id,
        "lang": row.lang,
        "state": state,
        "agent": agent,
        "since": row.since if state in ("waiting", "live") else row.active_at,
        "last": last.get("last"),
        "unread": state != "bot" and (row.said or 0) > seen,
        "question": row.question or last.get("question"),
        "read": row.customer_read or 0,
    }
