"""Tables of live conversations, beside the journal's: they go with their conversation."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Integer, String, Table, Text, false

from bot.gateway.tables import metadata

# One row for each conversation that a person was asked for, or has taken. Times are text as the journal's.
live = Table(
    "live",
    metadata,
    Column("conversation", ForeignKey("conversations.id", ondelete="CASCADE"), primary_key=True),
    Column("question", Text),  # what the bot could not answer, where it asked for the person
    Column("since", String(32), nullable=False),  # asked for, or taken
    Column("promised_at", String(32), index=True),  # until when a person was promised; none: nobody waits
    Column("told", Boolean, nullable=False, server_default=false()),  # that the promise was broken
    Column("agent", String(80)),  # of the staff, who has it or had it last
    Column("agent_seq", Integer),  # the last event that this agent wrote; none: nothing yet
    Column("agent_read", Integer, nullable=False, server_default="0"),
    Column("customer_read", Integer, nullable=False, server_default="0"),
    Column("closed_seq", Integer),  # the event that closed it
    Column("closed_at", String(32), index=True),
)

# What customers said of conversations that a person closed, by the event that closed it.
ratings = Table(
    "live_ratings",
    metadata,
    Column("conversation", ForeignKey("conversations.id", ondelete="CASCADE"), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", String(32), nullable=False, index=True),
    Column("score", Integer, nullable=False),  # 1 to 5
    Column("comment", Text),
    Column("agent", String(80)),
)

# What agents wrote, by the id that their browser gave it: written once, however often it is posted.
written = Table(
    "live_messages",
    metadata,
    Column("conversation", ForeignKey("conversations.id", ondelete="CASCADE"), primary_key=True),
    Column("client_id", String(255), primary_key=True),
    Column("seq", Integer, nullable=False),
)

# Whose desk is open, in whatever process: renewed while its stream lasts.
desks = Table(
    "live_desks",
    metadata,
    Column("person", String(80), primary_key=True),
    Column("until", String(32), nullable=False),
)
