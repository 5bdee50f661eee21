"""What is remembered of other systems: mails taken, how far a mailbox was read, work with other ticket systems."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Integer, MetaData, String, Table, false

from bot.cases.tables import Moment, cases

metadata = MetaData()

# Every mail that was taken, by `Mail.key`: the row is written in the transaction of what the mail did.
mails = Table(
    "inbound_mails",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("outcome", String(16), nullable=False),  # of inbox.Outcome
    Column("ref", String(16)),
    Column("at", Moment, nullable=False, index=True),
)

# Up to which message a folder of a mailbox has been read; numbers count only under the same `validity` (RFC 3501).
folders = Table(
    "inbound_folders",
    metadata,
    Column("name", String(255), primary_key=True),
    Column("validity", BigInteger, nullable=False),
    Column("last_uid", BigInteger, nullable=False),
    Column("at", Moment, nullable=False),
)

# Work on a case in another system: who makes its ticket just now, and when its state is asked for next.
links = Table(
    "external_links",
    metadata,
    Column("ref", ForeignKey(cases.c.ref, ondelete="CASCADE"), primary_key=True),
    Column("system", String(40), primary_key=True),
    Column("leased_until", Moment),
    Column("poll_at", Moment, index=True),
    Column("done", Boolean, nullable=False, server_default=false()),  # nothing was left to do, when last asked
    Column("failures", Integer, nullable=False),
)
