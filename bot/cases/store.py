"""Cases in the database. Every function takes a connection inside a transaction that the caller owns:

    async with engine.begin() as conn:
        body, created = await store.open_case(conn, …)

Let errors leave the `begin` block, so that what was written before them is rolled back.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from . import deadlines, letters, rows, sla, tables, words, work
from .attachments import add_attachment, attach, attached, loose_attachments
from .fields import Context
from .intake import check_key, fingerprint, new_case
from .model import (
    Case,
    Channel,
    Conflict,
    Event,
    FieldError,
    KeyReused,
    Kind,
    NewCase,
    NotFound,
    Say,
    Status,
    new_reference,
)
from .policy import Policy
from .rows import By, from_row, load, possible, record

__all__ = [
    "add_attachment",
    "book",
    "bookings_by_start",
    "get_case",
    "list_cases",
    "load_case",
    "loose_attachments",
    "open_case",
    "record",
    "record_consent",
]

ALL_CHANNELS = frozenset(Channel)
load_case = load
SEARCHED = ("subject", "text", "email", "phone", "contract", "system", "topic")


async def open_case(
    conn: AsyncConnection,
    data: Mapping[str, Any],
    *,
    conversation: str,
    idempotency_key: str,
    lang: str,
    policy: Policy,
    say: Say,
    now: datetime,
    receipt: dict[str, Any] | None = None,
    channels: Collection[Channel] = ALL_CHANNELS,
    time_zone: str | None = None,
    in_reply_to: str | None = None,
) -> tuple[dict[str, Any], bool]:
    """Open a case from a request (`kind`, `level`, its fields, `topic`, `attachments`), with its outbox rows.

    `in_reply_to` is the mail that asks for it, below which its confirmation goes.

    Returns `{"ref", "kind", "level", "status", "due_at"}` and whether it was opened now. The same key of the same
    conversation returns the first body; with other data it raises KeyReused. FieldError: a field is not acceptable.
    """
    key = check_key(idempotency_key)
    # First the claim of the key: it makes rivals wait (on SQLite it takes the write lock), so what follows is alone.
    asked = fingerprint(data)
    claim = {"conversation": conversation, "key": key, "fingerprint": asked, "created_at": now}
    if not await tables.insert_new(conn, tables.idempotency, claim):
        return await _replay(conn, conversation, key, asked), False
    taken = await bookings_by_start(conn, now) if data.get("kind") == Kind.CALLBACK else {}
    context = Context(lang=lang, policy=policy, say=say, now=now, taken=taken, time_zone=time_zone)
    request = new_case(data, context, conversation=conversation, idempotency_key=key, receipt=receipt)
    case = await _insert(conn, request, policy, now)
    if case.slot is not None:
        await book(conn, case, policy)
    case = case.with_(attachments=await attach(conn, case.ref, conversation, request.attachments))
    await record(conn, case.ref, Event.CREATED, conversation, now, level=case.level, status=case.status.value)
    await deadlines.follow(conn, case, policy)
    await words.index(conn, case.ref, [case.ref, *(str(getattr(case, name) or "") for name in SEARCHED)])
    await letters.post(conn, case, Event.CREATED, channels, now, in_reply_to=in_reply_to)
    await conn.execute(
        update(tables.idempotency)
        .where(tables.idempotency.c.conversation == conversation, tables.idempotency.c.key == key)
        .values(ref=case.ref, body=case.brief())
    )
    return case.brief(), True


async def _replay(conn: AsyncConnection, conversation: str, key: str, asked: str) -> dict[str, Any]:
    row = (
        await conn.execute(
            select(tables.idempotency.c.fingerprint, tables.idempotency.c.body).where(
                tables.idempotency.c.conversation == conversation, tables.idempotency.c.key == key
            )
        )
    ).one()
    if row.fingerprint != asked:
        raise KeyReused
    body: dict[str, Any] = row.body
    return body


async def _insert(conn: AsyncConnection, new: NewCase, policy: Policy, now: datetime) -> Case:
    length = timedelta(minutes=policy.callback.minutes)
    values: dict[str, Any] = {
        name: getattr(new, name)
        for name in (
            "conversation",
            "level",
            "lang",
            "time_zone",
            "subject",
            "text",
            "topic",
            "email",
            "phone",
            "slot",
            "contract",
            "severity",
            "system",
            "passed_to",
            "passed_on",
            "receipt",
        )
    }
    values |= {
        "kind": new.kind,
        "key": secrets.token_urlsafe(24),
        "status": Status.WAITING_CONSENT if new.level == 4 else Status.OPEN,
        "slot_end": None if new.slot is None else new.slot + length,
        "due_at": None,
        "created_at": now,
        "updated_at": now,
    }
    case = sla.followed(Case(ref="", **values), policy, now)
    while True:
        case = case.with_(ref=new_reference(new.kind))
        if await tables.insert_new(conn, tables.cases, rows.to_row(case)):
            return case


async def book(conn: AsyncConnection, case: Case, policy: Policy) -> None:
    """Take a seat of the case's slot; the unique (start, seat) decides between rivals. FieldError `slot_taken`."""
    for seat in range(policy.callback.agents):
        row = {"ref": case.ref, "start": case.slot, "end": case.slot_end, "seat": seat}
        if await tables.insert_new(conn, tables.bookings, row):
            return
    raise FieldError("slot_taken", "slot")


async def bookings_by_start(conn: AsyncConnection, now: datetime) -> dict[datetime, int]:
    """Callback bookings from now on, counted by start (UTC): what `fields.Context.taken` and `free_slots` need."""
    rows = await conn.execute(select(tables.bookings.c.start).where(tables.bookings.c.start >= now))
    counted: dict[datetime, int] = {}
    for start in rows.scalars():
        counted[start] = counted.get(start, 0) + 1
    return counted


async def get_case(conn: AsyncConnection, ref: str, *, conversation: str | None = None, key: str | None = None) -> Case:
    """The case, for its conversation or for who holds its key; NotFound for everybody else, existing or not."""
    if not possible(ref):
        raise NotFound
    row = (await conn.execute(select(tables.cases).where(tables.cases.c.ref == ref))).mappings().one_or_none()
    owned = row is not None and (
        (conversation is not None and hmac.compare_digest(conversation.encode(), row["conversation"].encode()))
        or (key is not None and hmac.compare_digest(key.encode(), row["key"].encode()))
    )
    if row is None or not owned:
        raise NotFound
    return from_row(row, files=await attached(conn, ref))


async def list_cases(conn: AsyncConnection, conversation: str, ref: str | None = None) -> list[Case]:
    """The conversation's own cases, newest first; only `ref` where given. Without attachments."""
    query = select(tables.cases).where(tables.cases.c.conversation == conversation)
    if ref is not None and not possible(ref):
        return []
    if ref is not None:
        query = query.where(tables.cases.c.ref == ref)
    found = await conn.execute(query.order_by(tables.cases.c.created_at.desc(), tables.cases.c.ref))
    return [from_row(row) for row in found.mappings()]


async def record_consent(
    conn: AsyncConnection,
    case: Case,
    *,
    agreed: bool,
    statement: str,
    actor: str,
    policy: Policy,
    now: datetime,
    channels: Collection[Channel] = ALL_CHANNELS,
) -> Case:
    """Keep what a level 4 customer agreed to (or not), and only then tell staff and webhook; the clocks start, or go on
    where the case was raised to this level, now. A refusal closes the case. The same answer again changes nothing; the
    contrary, or a case that needs no consent, raises Conflict `consent_settled`/`consent_not_needed`. `actor` is the
    conversation's id, or "link"."""
    if case.level != 4:
        raise Conflict("consent_not_needed")
    edit = await rows.lock(conn, case.ref, By(actor=actor, now=now, policy=policy, channels=channels))
    row = {"ref": case.ref, "agreed": agreed, "statement": statement, "at": now, "actor": actor}
    if not await tables.insert_new(conn, tables.consents, row):
        settled = (
            await conn.execute(select(tables.consents.c.agreed).where(tables.consents.c.ref == case.ref))
        ).scalar_one()
        if bool(settled) != agreed:
            raise Conflict("consent_settled")
        return edit.case
    event = Event.CONSENTED if agreed else Event.DECLINED
    after = edit.case.with_(status=Status.OPEN if agreed else Status.CLOSED)
    if not agreed:
        after = after.with_(resolved_at=now)
    edit.case = sla.followed(after, policy, now)
    edit.note(event, statement=statement)
    edit.news = True
    case = await work.finish(conn, edit)
    await letters.post(conn, case, event, channels, now)
    return case
