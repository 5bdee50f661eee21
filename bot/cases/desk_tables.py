"""Tables of the agents' work on cases; part of the same metadata as `tables`."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint
from sqlalchemy.dialects import postgresql

from .tables import Moment
from .tables import metadata as metadata  # of all tables, where these are loaded too

LONGEST_WORD = 40
# Ranges of words must be ranges of their first letters, which PostgreSQL keeps in its C collation only.
_WORD = String(LONGEST_WORD).with_variant(postgresql.VARCHAR(LONGEST_WORD, collation="C"), "postgresql")

# What people wrote about a case: agents' notes and replies, customers' mails. Lines of `case_events` give the order.
messages = Table(
    "case_messages",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("ref", ForeignKey("cases.ref", ondelete="CASCADE"), nullable=False, index=True),
    Column("kind", String(8), nullable=False),  # note, reply, customer
    Column("author", String(80), nullable=False),  # id of the staff, or "customer"
    Column("client_id", String(255), nullable=False),  # chosen by the sender: sent once however often posted
    Column("text", Text, nullable=False),
    Column("html", Text),  # of mails, sanitised
    Column("mentions", JSON, nullable=False),
    Column("letter", String(32), index=True),  # the outbox letter that carries it
    Column("message_id", String(255), index=True),  # of the customer's mail
    Column("bounced", Text),  # why the mail came back
    Column("at", Moment, nullable=False),
    UniqueConstraint("ref", "author", "client_id"),
)

tags = Table(
    "case_tags",
    metadata,
    Column("ref", ForeignKey("cases.ref", ondelete="CASCADE"), primary_key=True),
    Column("tag", String(40), primary_key=True, index=True),
)

# Every word of a case and of what was written about it, so that search needs no more than an index on any database.
words = Table(
    "case_words",
    metadata,
    Column("word", _WORD, primary_key=True),
    Column("ref", ForeignKey("cases.ref", ondelete="CASCADE"), primary_key=True),
    Index("case_words_by_case", "ref", "word"),
    sqlite_with_rowid=False,
)

# Up to which version somebody has seen a case.
reads = Table(
    "case_reads",
    metadata,
    Column("person", String(40), primary_key=True),
    Column("ref", ForeignKey("cases.ref", ondelete="CASCADE"), primary_key=True, index=True),
    Column("version", Integer, nullable=False),
)

views = Table(
    "case_views",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("owner", String(40), nullable=False, index=True),
    Column("name", String(80), nullable=False),
    Column("filters", JSON, nullable=False),
    Column("shared", Boolean, nullable=False),
    Column("created_at", Moment, nullable=False),
)

canned = Table(
    "canned_replies",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("title", String(80), nullable=False),
    Column("text", Text, nullable=False),
    Column("lang", String(16)),
    Column("shortcut", String(40), unique=True),
    Column("actions", JSON, nullable=False),
    Column("author", String(40), nullable=False),
    Column("updated_at", Moment, nullable=False),
)

# Questions that an agent answered with an article: examples for the editors to take over.
proposals = Table(
    "proposals",
    metadata,
    Column("ref", ForeignKey("cases.ref", ondelete="CASCADE"), primary_key=True),
    Column("article", String(128), primary_key=True),
    Column("lang", String(16), nullable=False),
    Column("version", String(12), nullable=False),  # of the article, as it was sent
    Column("question", Text, nullable=False),
    Column("author", String(40), nullable=False),
    Column("state", String(8), nullable=False),  # open, taken, refused
    Column("at", Moment, nullable=False),
    Index("proposals_by_state", "state", "at"),
)

# The same case in another system.
external = Table(
    "external_references",
    metadata,
    Column("ref", ForeignKey("cases.ref", ondelete="CASCADE"), primary_key=True),
    Column("system", String(40), primary_key=True),
    Column("id", String(128), nullable=False),
    Column("url", Text),
    Column("state", String(40)),
    Column("at", Moment, nullable=False),
    Index("external_by_id", "system", "id"),
)

# Who looks at or types in what right now: `case:<ref>` or `conversation:<id>`.
presence = Table(
    "desk_presence",
    metadata,
    Column("target", String(80), primary_key=True),
    Column("person", String(40), primary_key=True),
    Column("doing", String(8), nullable=False),  # looking, typing
    Column("until", Moment, nullable=False, index=True),
)
