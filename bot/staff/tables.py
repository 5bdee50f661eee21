"""Tables of people, sessions, links, second factors, mails to staff, and what staff did.

Moments are ISO 8601 text in UTC with microseconds, so that they sort. Tokens are kept as SHA-256 alone.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import UTC, datetime

from sqlalchemy import JSON, Boolean, Column, ForeignKey, Index, Integer, MetaData, String, Table, Text, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

metadata = MetaData()

people = Table(
    "staff_people",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("name", String(80), nullable=False),
    Column("email", String(320), nullable=False, unique=True),  # lower case
    Column("roles", JSON, nullable=False),
    Column("lang", String(8), nullable=False),
    Column("levels", JSON, nullable=False),
    Column("langs", JSON, nullable=False),
    Column("capacity", Integer, nullable=False),
    Column("presence", String(8), nullable=False),
    Column("out_until", String(32)),
    Column("active", Boolean, nullable=False),
    Column("password", String(255)),  # argon2id; none where the person has not chosen one yet
    Column("totp_secret", String(255)),  # sealed: bot.staff.sealing
    Column("totp_next", String(255)),  # offered, not confirmed yet
    Column("totp_step", Integer, nullable=False),  # the last time step whose code was used: none is used twice
    Column("created_at", String(32), nullable=False),
    Column("updated_at", String(32), nullable=False),
)

recovery_codes = Table(
    "staff_recovery_codes",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("person", ForeignKey("staff_people.id", ondelete="CASCADE"), nullable=False, index=True),
)

sessions = Table(
    "staff_sessions",
    metadata,
    Column("id", String(32), primary_key=True),  # the same for the session's whole life
    Column("person", ForeignKey("staff_people.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("next_hash", String(64), unique=True),  # handed out, not seen yet: until then the old one holds
    Column("next_at", String(32)),
    Column("previous_hash", String(64), unique=True),  # holds a moment longer, for requests already under way
    Column("previous_until", String(32)),
    Column("csrf", String(43), nullable=False),
    Column("created_at", String(32), nullable=False),
    Column("rotated_at", String(32), nullable=False),
    Column("seen_at", String(32), nullable=False),
)

links = Table(
    "staff_links",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("purpose", String(16), nullable=False),  # setup, invitation, reset
    Column("person", ForeignKey("staff_people.id", ondelete="CASCADE"), index=True),
    Column("expires_at", String(32), nullable=False),
)

mails = Table(
    "staff_mails",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("purpose", String(24), nullable=False),
    Column("email", String(320), nullable=False),  # as asked for: whether somebody has it is found out when sending
    Column("attempts", Integer, nullable=False),
    Column("next_at", String(32), nullable=False, index=True),  # next attempt, or the end of the one under way
    Column("created_at", String(32), nullable=False),
)

provider_requests = Table(
    "staff_provider_requests",
    metadata,
    Column("state_hash", String(64), primary_key=True),
    Column("nonce", String(64), nullable=False),
    Column("verifier", String(128), nullable=False),
    Column("next", Text, nullable=False),
    Column("expires_at", String(32), nullable=False),
)

# Never changed, only added to.
audit = Table(
    "staff_audit",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("at", String(32), nullable=False),
    Column("actor", String(32)),  # a person's id; none: somebody who is not signed in, or the program
    Column("actor_name", String(80)),
    Column("action", String(40), nullable=False),
    Column("target", String(80)),
    Column("details", JSON, nullable=False),
    Column("address", String(64)),
    Index("staff_audit_by_actor", "actor", "id"),
)

_LOCK = 0x7374616666  # PostgreSQL's advisory lock of whoever changes who may do what


def text_of(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def new_token() -> str:
    """256 random bits, safe in addresses and cookies."""
    return secrets.token_urlsafe(32)


def hash_of(token: str) -> str:
    """What is kept of a random token. Not for passwords."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


async def alone(conn: AsyncConnection) -> None:
    """Wait for other transactions that count people before they write (SQLite has one writer anyway)."""
    if conn.dialect.name == "postgresql":
        await conn.execute(select(func.pg_advisory_xact_lock(_LOCK)))
