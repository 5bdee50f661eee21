"""Writes outbox rows: the snapshot of a case that a channel will tell, in the transaction that caused it."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from . import tables
from .model import Case, Channel, Event, Status, utc_text

# Which channels an event goes to. A request that needs consent is told to its customer alone until it is given.
_STAFF = (Channel.STAFF_MAIL, Channel.WEBHOOK)
_WHOLE = (Channel.CUSTOMER_MAIL, *_STAFF, Channel.TICKET_SYSTEM)
_ROUTES: dict[Event, tuple[Channel, ...]] = {
    Event.CREATED: _WHOLE,
    Event.CONSENTED: _WHOLE,
    Event.LEVEL: (Channel.CUSTOMER_MAIL,),  # raised to where a consent is needed
    Event.CALLBACK: (Channel.CUSTOMER_MAIL,),  # booked anew
    Event.CALLBACK_REMINDER: (Channel.CUSTOMER_MAIL,),
    Event.CALLBACK_CANCELLED: (Channel.CUSTOMER_MAIL,),
    Event.REPLY: (Channel.CUSTOMER_MAIL, Channel.TICKET_SYSTEM),
    Event.CUSTOMER: (Channel.TICKET_SYSTEM, Channel.STAFF_MAIL),  # staff: who answers by mail alone, see connect
    Event.DUE_SOON: (Channel.STAFF_MAIL,),
    Event.BREACHED: (Channel.STAFF_MAIL,),
    Event.RESOLUTION_DUE_SOON: (Channel.STAFF_MAIL,),
    Event.RESOLUTION_BREACHED: (Channel.STAFF_MAIL,),
    Event.ESCALATED: _STAFF,
}


def payload(case: Case, event: Event, letter: str, at: datetime, **more: Any) -> dict[str, Any]:
    """What is kept for sending, complete in itself: `case` (full) and `receipt` are the webhook's body; `key`, `files`,
    `version` and `more` serve mails only and are never sent as they are."""
    return {
        "id": letter,
        "event": event.value,
        "at": utc_text(at),
        "case": case.full(),
        "receipt": case.receipt,
        "key": case.key,
        "version": case.version,
        "files": [{**attachment.public(), "path": attachment.path} for attachment in case.attachments],
        **more,
    }


async def post(
    conn: AsyncConnection,
    case: Case,
    event: Event,
    channels: Collection[Channel],
    now: datetime,
    *,
    only: Collection[Channel] = frozenset(Channel),
    **more: Any,
) -> list[str]:
    """One outbox row for each of `channels` that this event concerns, `only` some of them; returns their ids. `more`
    joins the payload: `message` and `files` of what was written, `reason` and `to` of an escalation."""
    wanted = [channel for channel in _ROUTES.get(event, ()) if channel in channels and channel in only]
    if case.email is None:
        wanted = [channel for channel in wanted if channel != Channel.CUSTOMER_MAIL]
    if case.status == Status.WAITING_CONSENT:
        wanted = [channel for channel in wanted if channel == Channel.CUSTOMER_MAIL]
    rows = [{"id": uuid.uuid4().hex, "channel": channel.value} for channel in wanted]
    for row in rows:
        await conn.execute(
            insert(tables.outbox).values(
                **row,
                ref=case.ref,
                event=event.value,
                payload=payload(case, event, row["id"], now, **more),
                status="pending",
                attempts=0,
                next_at=now,
                created_at=now,
            )
        )
    return [row["id"] for row in rows]
