"""Tables of cases, for SQLite and PostgreSQL. `metadata.create_all` makes them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection


class Moment(TypeDecorator[datetime]):
    """An aware datetime, kept in UTC (SQLite drops the offset, so it is put back on reading)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"expected a datetime with a time zone, got {value.isoformat()}: use datetime.now(UTC)")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


metadata = MetaData()

cases = Table(
    "cases",
    metadata,
    Column("ref", String(16), primary_key=True),
    Column("key", String(64), nullable=False),
    Column("conversation", String(64), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("level", Integer, nullable=False),
    Column("status", String(24), nullable=False),
    Column("lang", String(16), nullable=False),
    Column("time_zone", String(64)),  # the customer's, where known
    Column("subject", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("topic", String(128)),
    Column("email", String(320)),
    Column("phone", String(32)),
    Column("slot", Moment),
    Column("slot_end", Moment),
    Column("contract", String(64)),
    Column("severity", Integer),
    Column("system", Text),
    Column("passed_to", Text),
    Column("passed_on", Text),
    Column("receipt", JSON),
    Column("version", Integer, nullable=False, server_default="1"),
    Column("news", Integer, nullable=False, server_default="1"),
    Column("owner", String(40)),
    Column("priority", Integer, nullable=False, server_default="1"),
    Column("snoozed_until", Moment),
    Column("custom", JSON, nullable=False, server_default="{}"),
    Column("merged_into", String(16)),
    Column("due_at", Moment),
    Column("soon_at", Moment),
    Column("first_reply_due", Moment),
    Column("first_reply_soon", Moment),
    Column("first_reply_at", Moment),
    Column("resolution_due", Moment),
    Column("resolution_soon", Moment),
    Column("resolved_at", Moment),
    Column("confirmed_at", Moment),
    Column("paused_since", Moment),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Index("cases_by_conversation", "conversation", "created_at"),
    Index("cases_by_status", "status", "due_at"),
    Index("cases_by_owner", "owner", "status"),
    Index("cases_by_email", "email"),
    Index("cases_by_phone", "phone"),
    # What lists are filtered and sorted by, beside the long texts: they are read for the cases of one page alone.
    Index(
        "cases_listed",
        *("status", "due_at", "ref", "snoozed_until", "soon_at", "paused_since"),
        *("owner", "level", "kind", "priority", "created_at", "updated_at"),
    ),
)

# What happened to a case, by whom: never changed, only added to.
case_events = Table(
    "case_events",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("ref", ForeignKey("cases.ref", ondelete="CASCADE"), nullable=False, index=True),
    Column("at", Moment, nullable=False),
    Column("event", String(32), nullable=False),
    Column("actor", String(80), nullable=False),
    Column("details", JSON, nullable=False),
    Column("message", ForeignKey("case_messages.id", ondelete="CASCADE"), index=True),  # where somebody wrote one
    sqlite_autoincrement=True,  # no number is given twice, also where the last lines are deleted: desks count on it
)

# What the customer agreed to (level 4): the statement as shown, when, and by which conversation or link.
consents = Table(
    "consents",
    metadata,
    Column("ref", ForeignKey("cases.ref", ondelete="CASCADE"), primary_key=True),
    Column("agreed", Boolean, nullable=False),
    Column("statement", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("actor", String(80), nullable=False),
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("conversation", String(64), primary_key=True),
    Column("key", String(128), primary_key=True),
    Column("fingerprint", String(64), nullable=False),
    Column("ref", String(16)),
    Column("body", JSON),
    Column("created_at", Moment, nullable=False, index=True),
)

attachments = Table(
    "attachments",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("conversation", String(64), nullable=False, index=True),
    Column("name", String(255), nullable=False),
    Column("type", String(127), nullable=False),
    Column("size", Integer, nullable=False),
    Column("path", Text, nullable=False),
    Column("ref", ForeignKey("cases.ref", ondelete="SET NULL"), index=True),
    Column("author", String(80)),  # of the staff; none: the customer
    Column("message", ForeignKey("case_messages.id", ondelete="SET NULL"), index=True),
    Column("seq", Integer),  # of the conversation's event that it was sent with
    Column("created_at", Moment, nullable=False),
)

# One row per call; the unique seat is what keeps two bookings from taking the last place.
bookings = Table(
    "callback_bookings",
    metadata,
    Column("ref", ForeignKey("cases.ref", ondelete="CASCADE"), primary_key=True),
    Column("start", Moment, nullable=False),
    Column("end", Moment, nullable=False),
    Column("seat", Integer, nullable=False),
    UniqueConstraint("start", "seat"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("ref", ForeignKey("cases.ref", ondelete="CASCADE"), index=True),  # none: it belongs to no case
    Column("channel", String(16), nullable=False),
    Column("event", String(32), nullable=False),
    Column("payload", JSON, nullable=False),
    Column("status", String(8), nullable=False),  # pending, sending, sent, dead
    Column("attempts", Integer, nullable=False),
    Column("next_at", Moment, nullable=False),  # pending: next attempt; sending: end of the lease
    Column("lease", String(32)),
    Column("last_error", Text),
    Column("created_at", Moment, nullable=False),
    Column("sent_at", Moment),
    Index("outbox_due", "status", "next_at"),
)

deadlines = Table(
    "deadlines",
    metadata,
    Column("ref", ForeignKey("cases.ref", ondelete="CASCADE"), primary_key=True),
    Column("event", String(64), primary_key=True),  # of model.Event, or an escalation some time after one
    Column("at", Moment, nullable=False),
    Column("fired_at", Moment),
    Index("deadlines_due", "fired_at", "at"),
)


async def insert_new(conn: AsyncConnection, table: Table, values: Mapping[str, Any]) -> bool:
    """Insert unless a unique key is taken; True if this call made the row. Waits for rivals' transactions to end."""
    dialect = postgresql if conn.dialect.name == "postgresql" else sqlite
    result = await conn.execute(dialect.insert(table).values(**values).on_conflict_do_nothing())
    return result.rowcount == 1
