"""What customers asked, what they got and what they said of it: taken over from the journal, whose conversations may
be deleted. A question is kept without addresses and long numbers, after 30 days without its conversation."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.console import marks
from bot.console.tables import asked
from bot.gateway.tables import conversations, events, messages, receipts
from bot.staff.tables import text_of

OVERLAP = timedelta(minutes=5)  # of two looks: a turn may have been written while the last one went on
NAMED = timedelta(days=30)  # so long a question says whose it was
BATCH = 100  # conversations per transaction
LONGEST = 1_000  # characters of a question
_ADDRESS = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")
_NUMBER = re.compile(r"(?:\+?\d[\s./-]?){6,}")
_MARK = "asked"


def anonymous(text: str) -> str:
    """Without mail addresses and without long numbers: telephones, contracts, accounts."""
    return " ".join(_NUMBER.sub("… ", _ADDRESS.sub("…", text)).split())[:LONGEST]


async def due(conn: AsyncConnection) -> list[str]:
    """Conversations in which something has happened since the last look."""
    since = await marks.get(conn, _MARK) or ""
    query = select(conversations.c.id).where(conversations.c.active_at >= since).order_by(conversations.c.active_at)
    return list((await conn.execute(query)).scalars())


async def collect(conn: AsyncConnection, names: Sequence[str], now: datetime) -> None:
    """Take over what these conversations hold of the last weeks; again changes nothing."""
    reasons = (
        select(receipts.c.conversation, receipts.c.seq, receipts.c.receipt, events.c.at, events.c.body)
        .join(events, (events.c.conversation == receipts.c.conversation) & (events.c.seq == receipts.c.seq))
        .where(receipts.c.conversation.in_(names), events.c.at >= text_of(now - NAMED + timedelta(days=1)))
        .order_by(receipts.c.conversation, receipts.c.seq)
    )
    presses = select(messages.c.conversation, messages.c.seq, messages.c.payload).where(
        messages.c.conversation.in_(names), messages.c.payload.is_not(None)
    )
    said: dict[str, list[tuple[int, bool]]] = {}
    for press in await conn.execute(presses):
        opinion = _opinion(press.payload)
        if opinion is not None:
            said.setdefault(press.conversation, []).append((press.seq, opinion))
    spoken = select(conversations.c.id, conversations.c.lang).where(conversations.c.id.in_(names))
    langs = {row.id: row.lang for row in await conn.execute(spoken)}
    found: dict[str, list[dict[str, Any]]] = {}
    for row in await conn.execute(reasons):
        found.setdefault(row.conversation, []).append(_asked(row, langs.get(row.conversation, "")))
    for conversation, rows in found.items():
        _judge(rows, said.get(conversation, []))
    await _write(conn, [row for rows in found.values() for row in rows if row["text"]])


async def _write(conn: AsyncConnection, rows: Sequence[dict[str, Any]]) -> None:
    names = {row["conversation"] for row in rows}
    query = select(asked.c.id, asked.c.conversation, asked.c.seq, asked.c.helpful).where(
        asked.c.conversation.in_(names)
    )
    known = {(row.conversation, row.seq): row for row in await conn.execute(query)}
    new = []
    for row in rows:
        there = known.get((row["conversation"], row["seq"]))
        if there is None:
            new.append(row)
        elif there.helpful != row["helpful"] and row["helpful"] is not None:
            await conn.execute(update(asked).where(asked.c.id == there.id).values(helpful=row["helpful"]))
    if new:
        await conn.execute(insert(asked), new)


async def looked(conn: AsyncConnection, now: datetime) -> None:
    """Everything until `now` has been taken over; what is old no longer says whose it was."""
    await marks.put(conn, _MARK, text_of(now - OVERLAP).replace("+00:00", "Z"))
    await conn.execute(update(asked).where(asked.c.at < text_of(now - NAMED)).values(conversation=None))


def _opinion(payload: str) -> bool | None:
    """Whether the press of this button says that an answer helped; None: it is about something else."""
    name, _, given = payload.partition("{")
    if name not in ("/affirm", "/deny"):
        return None
    try:
        entities = json.loads("{" + given)
    except ValueError:
        return None
    return name == "/affirm" if isinstance(entities, dict) and entities.get("shown") else None


def _asked(row: Any, lang: str) -> dict[str, Any]:
    receipt, body = row.receipt, row.body
    source, decision = body.get("source") or {}, body.get("decision") or {}
    candidates = receipt.get("candidates") or [{}]
    probability = decision.get("probability")
    answered = receipt.get("outcome") == "answer"
    return {
        "conversation": row.conversation,
        "seq": row.seq,
        "at": row.at,
        "text": anonymous(str(receipt.get("question") or "")),
        "lang": str(lang),
        "outcome": str(receipt.get("outcome") or "")[:10],
        "reason": receipt.get("reason"),
        "probability": probability if answered else candidates[0].get("probability"),
        "level": decision.get("level"),
        "channel": decision.get("channel"),
        "article": source.get("article") if answered else None,
        "version": source.get("version") if answered else None,
        "helpful": None,
        "index_version": receipt.get("index_version"),
    }


def _judge(rows: list[dict[str, Any]], said: Sequence[tuple[int, bool]]) -> None:
    """Give each answer what was said of it: by a button after it and before the next, or by asking for another."""
    for number, row in enumerate(rows):
        if row["outcome"] != "answer":
            continue
        following = rows[number + 1]["seq"] if number + 1 < len(rows) else None
        opinions = [good for seq, good in sorted(said) if seq > row["seq"] and (following is None or seq < following)]
        if opinions:
            row["helpful"] = opinions[-1]
        elif number + 1 < len(rows) and rows[number + 1]["reason"] == "not_helpful":
            row["helpful"] = False


async def frequent(conn: AsyncConnection, most: int, since: str = "") -> list[dict[str, Any]]:
    """`{"text", "lang", "count"}`: what was asked most often, then most lately."""
    count = func.count().label("count")
    query = (
        select(asked.c.text, asked.c.lang, count)
        .where(asked.c.at >= since)
        .group_by(asked.c.text, asked.c.lang)
        .order_by(count.desc(), func.max(asked.c.at).desc(), asked.c.text)
        .limit(most)
    )
    return [{"text": row.text, "lang": row.lang, "count": row.count} for row in await conn.execute(query)]
