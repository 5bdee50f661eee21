"""Tables of the journal: conversations, events, buttons, messages (with the state of their turn), receipts."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    false,
    literal_column,
)

metadata = MetaData()

conversations = Table(
    "conversations",
    metadata,
    Column("id", String(40), primary_key=True),  # random; also Rasa's sender id
    Column("token_hash", String(64), nullable=False),  # SHA-256 in hex of the bearer token
    Column("lang", String(8), nullable=False),
    Column("time_zone", String(64)),  # the customer's (IANA), where the client told it
    Column("leaning", String(8)),  # another language that the last message seemed to be in
    # "bot", "waiting" for a person, or who of the staff has it
    Column("owner", String(80), nullable=False, server_default="bot"),
    Column("fresh", Boolean, nullable=False, server_default=false()),  # a person had it since the bot's last turn
    Column("form", String(40)),  # the dialogue's open form and the slot it asks for
    Column("asked", String(40)),
    Column("last_seq", Integer, nullable=False, server_default="0"),
    Column("created_at", String(32), nullable=False),
    Column("active_at", String(32), nullable=False),
)

# Literally as in the index, or SQLite does not see that it serves.
with_people = conversations.c.owner != literal_column("'bot'")
Index("conversations_with_people", conversations.c.owner, sqlite_where=with_people, postgresql_where=with_people)

events = Table(
    "events",
    metadata,
    Column("conversation", ForeignKey("conversations.id", ondelete="CASCADE"), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),  # 1, 2, 3 … without a gap
    Column("at", String(32), nullable=False),
    Column("sender", String(10), nullable=False),  # customer, bot, agent, system
    Column("type", String(10), nullable=False),
    Column("body", JSON, nullable=False),  # the other keys of the public event
)

buttons = Table(
    "buttons",
    metadata,
    Column("id", String(32), primary_key=True),  # random; all that a browser ever sees
    Column("conversation", ForeignKey("conversations.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("title", Text, nullable=False),
    Column("payload", Text),  # what Rasa gets when it is pressed
    Column("retry_of", String(64)),  # or: the client_id of the message whose turn is to be tried again
)

messages = Table(
    "messages",
    metadata,
    Column("conversation", String(40), primary_key=True),
    Column("client_id", String(64), primary_key=True),
    Column("seq", Integer, nullable=False),  # of the customer's event
    Column("turn", String(64), nullable=False),  # message_id at Rasa: client_id, or that of the turn tried again
    Column("text", Text),
    Column("payload", Text),
    Column("lang", String(8), nullable=False),
    Column("state", String(10), nullable=False),  # pending, done, failed, agent (a person has the conversation)
    Column("at", String(32), nullable=False),
    ForeignKeyConstraint(["conversation"], ["conversations.id"], ondelete="CASCADE"),
    Index("messages_state", "state", "conversation", "seq"),
)

receipts = Table(
    "receipts",
    metadata,
    Column("conversation", ForeignKey("conversations.id", ondelete="CASCADE"), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),  # of the event it explains
    Column("receipt", JSON, nullable=False),  # why the bot answered or abstained; never sent to customers
)
