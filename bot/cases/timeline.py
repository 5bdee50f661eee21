"""The history of a case as people read it: what happened and what was written, in order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncConnection

from .desk_tables import messages
from .model import Event
from .tables import attachments, case_events, outbox

# What the desk calls a line: entries of one type are shown alike.
TYPES: Mapping[str, str] = {
    Event.CREATED: "created",
    Event.CONSENTED: "consent",
    Event.DECLINED: "consent",
    Event.STATUS: "status",
    Event.OWNER: "owner",
    Event.PRIORITY: "priority",
    Event.LEVEL: "level",
    Event.TAGS: "tags",
    Event.CUSTOM: "custom",
    Event.DUE: "deadline",
    Event.SNOOZED: "snoozed",
    Event.WOKEN: "snoozed",
    Event.NOTE: "note",
    Event.REPLY: "reply",
    Event.CUSTOMER: "customer",
    Event.CONFIRMED: "confirmed",
    Event.DELIVERY: "delivery",
    Event.CALLBACK: "callback",
    Event.TAUGHT: "taught",
    Event.MERGED: "merged",
    Event.EXTERNAL: "external",
    Event.DUE_SOON: "deadline",
    Event.BREACHED: "deadline",
    Event.RESOLUTION_DUE_SOON: "deadline",
    Event.RESOLUTION_BREACHED: "deadline",
    Event.ESCALATED: "escalated",
}
_DELIVERY = {"pending": "pending", "sending": "pending", "sent": "sent", "dead": "failed"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A line: `id` counts up; `actor` as recorded; `attachments` are `{"id", "name", "type", "size"}`; `delivery` is of
    replies by mail: pending, sent, failed."""

    id: int
    ref: str
    at: datetime
    type: str
    actor: str
    details: dict[str, Any]
    message: str | None
    text: str | None
    html: str | None
    attachments: tuple[dict[str, Any], ...]
    delivery: str | None


async def of_case(conn: AsyncConnection, ref: str) -> list[Entry]:
    """Everything that happened to a case, oldest first; a mail that went out as it should needs no line of its own."""
    entries = await _read(conn, case_events.c.ref == ref)
    return [entry for entry in entries if not (entry.type == "delivery" and entry.details.get("state") == "sent")]


async def of_message(conn: AsyncConnection, message: str) -> Entry:
    """The line of one message."""
    (entry,) = await _read(conn, case_events.c.message == message)
    return entry


async def _read(conn: AsyncConnection, which: ColumnElement[bool]) -> list[Entry]:
    query = (
        select(case_events, messages.c.text, messages.c.html, messages.c.author, messages.c.bounced, outbox.c.status)
        .outerjoin(messages, messages.c.id == case_events.c.message)
        .outerjoin(outbox, outbox.c.id == messages.c.letter)
        .where(which)
        .order_by(case_events.c.id)
    )
    found = (await conn.execute(query)).mappings().all()
    files = await _files(conn, [row["message"] for row in found if row["message"] is not None])
    return [
        Entry(
            id=row["id"],
            ref=row["ref"],
            at=row["at"],
            type=TYPES.get(row["event"], row["event"]),
            actor=row["author"] or row["actor"],
            details={**row["details"], **_fired(row["event"])},
            message=row["message"],
            text=row["text"],
            html=row["html"],
            attachments=tuple(files[row["message"]]),
            delivery="failed" if row["bounced"] else _DELIVERY.get(row["status"]),
        )
        for row in found
    ]


def _fired(event: str) -> dict[str, str]:
    """Which clock an entry of type `deadline` is about, and whether it warned or has run out."""
    if event not in {Event.DUE_SOON, Event.BREACHED, Event.RESOLUTION_DUE_SOON, Event.RESOLUTION_BREACHED}:
        return {}
    clock = "resolution" if event.startswith("case.resolution") else "first_reply"
    return {"clock": clock, "state": "breached" if event.endswith("breached") else "soon"}


async def _files(conn: AsyncConnection, of: Sequence[str]) -> dict[str | None, list[dict[str, Any]]]:
    found: dict[str | None, list[dict[str, Any]]] = defaultdict(list)
    if of:
        columns = [attachments.c[name] for name in ("id", "name", "type", "size", "message")]
        rows = await conn.execute(
            select(*columns).where(attachments.c.message.in_(of)).order_by(attachments.c.created_at)
        )
        for row in rows.mappings():
            found[row["message"]].append({name: row[name] for name in ("id", "name", "type", "size")})
    return found


async def after(conn: AsyncConnection, last: int, limit: int = 500) -> list[Mapping[str, Any]]:
    """Lines of every case after the one with id `last`, in order: `{"id", "ref", "event", "details", "message",
    "actor"}`."""
    columns = [case_events.c[name] for name in ("id", "ref", "event", "details", "message", "actor")]
    query = select(*columns).where(case_events.c.id > last).order_by(case_events.c.id).limit(limit)
    return [dict(row) for row in (await conn.execute(query)).mappings()]


async def newest(conn: AsyncConnection) -> int:
    """Id of the last line written; 0 where there is none."""
    query = select(case_events.c.id).order_by(case_events.c.id.desc()).limit(1)
    return (await conn.execute(query)).scalar_one_or_none() or 0
