"""Tables of the console. Moments are ISO 8601 text in UTC, as those of the staff."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
)

metadata = MetaData()

# Every state a content file was ever in, as far as the console saw it: the whole source. None: deleted.
revisions = Table(
    "console_revisions",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("path", String(260), nullable=False),
    Column("version", String(12)),  # as kb names it
    Column("source", Text),
    Column("author", String(32)),  # none: the file was changed outside the console
    Column("author_name", String(80)),
    Column("started_at", String(32), nullable=False),  # first of the saves that are one revision
    Column("at", String(32), nullable=False),
    Column("note", String(200), nullable=False, server_default=""),
    Column("published_at", String(32)),
    Index("console_revisions_path", "path", "id"),
    Index("console_revisions_version", "path", "version"),
    sqlite_autoincrement=True,  # the number of a revision that is gone is nobody else's
)

# One row per content file: what is published of it, and the draft over that. What describes it is of the draft where
# there is one.
files = Table(
    "console_files",
    metadata,
    Column("path", String(260), primary_key=True),
    Column("kind", String(8), nullable=False),  # faq, blog, manual, video, topic; captions, golden
    Column("article", String(100), nullable=False),
    Column("lang", String(16), nullable=False),
    Column("title", Text, nullable=False),
    Column("category", String(200)),
    Column("audience", String(10), nullable=False),
    Column("updated", String(10)),
    Column("valid_from", String(10)),
    Column("valid_until", String(10)),
    Column("words", Text, nullable=False),  # folded, for the list's search
    Column("version", String(12)),  # published; none: nothing is
    Column("published", ForeignKey("console_revisions.id")),
    Column("draft", ForeignKey("console_revisions.id")),
    Column("deleted", Boolean, nullable=False, server_default=false()),  # the draft is a deletion
    Column("base", String(12)),  # the version that was published when the draft was begun
    Column("review", String(10)),  # requested, approved, refused
    Column("review_by", String(32)),
    Column("review_note", Text),
    Column("publish_at", String(32), index=True),
    Column("publish_by", String(32)),
    Column("publish_error", JSON),  # why a scheduled publication did not happen
    Column("leased_until", String(32)),  # somebody is publishing it
    Column("changed_at", String(32), nullable=False),
    Index("console_files_article", "kind", "article"),
)

comments = Table(
    "console_comments",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("article", String(110), nullable=False, index=True),  # kind:id
    Column("lang", String(16)),
    Column("author", String(32), nullable=False),
    Column("author_name", String(80), nullable=False),
    Column("at", String(32), nullable=False),
    Column("text", Text, nullable=False),
    Column("resolved", Boolean, nullable=False, server_default=false()),
)

presence = Table(
    "console_presence",
    metadata,
    Column("article", String(110), primary_key=True),
    Column("person", String(32), primary_key=True),
    Column("doing", String(8), nullable=False),
    Column("until", String(32), nullable=False, index=True),
)

# What open consoles are told, in order; kept for a day.
changes = Table(
    "console_changes",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("at", String(32), nullable=False, index=True),
    Column("event", String(12), nullable=False),
    Column("data", JSON, nullable=False),
    sqlite_autoincrement=True,
)

uploads = Table(
    "console_uploads",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("name", String(140), nullable=False),
    Column("type", String(100), nullable=False),
    Column("size", Integer, nullable=False),
    Column("digest", String(64), nullable=False, unique=True),  # the same file is kept once
    Column("author", String(32), nullable=False),
    Column("at", String(32), nullable=False),
)

# Jobs of kb that the console has begun; `subject` says over what: changes by digest, the options of an import.
jobs = Table(
    "console_jobs",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("kind", String(8), nullable=False),  # gate, import
    Column("author", String(32)),
    Column("at", String(32), nullable=False, index=True),
    Column("subject", JSON, nullable=False),
    Column("source", String(32)),  # of imports that are repeated
)

# What is imported again and again. Its proposals are drafts only once somebody takes them.
sources = Table(
    "console_sources",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("address", Text, nullable=False),
    Column("options", JSON, nullable=False),
    Column("every_hours", Integer, nullable=False),
    Column("next_at", String(32), nullable=False, index=True),
    Column("last", JSON),
    Column("result", JSON),  # what the last run would change, until it is taken
    Column("author", String(32), nullable=False),
    Column("created_at", String(32), nullable=False),
)

# What customers asked, with what they got and what they said of it: taken over from the journal, whose conversations
# may be deleted. After 30 days it no longer says whose it was.
asked = Table(
    "console_asked",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("conversation", String(40), index=True),
    Column("seq", Integer, nullable=False),
    Column("at", String(32), nullable=False, index=True),
    Column("text", Text, nullable=False),
    Column("lang", String(16), nullable=False),
    Column("outcome", String(10), nullable=False),  # answer, clarify, handoff
    Column("reason", String(24)),
    Column("probability", Float),  # of the best article
    Column("level", Integer),
    Column("channel", String(10)),
    Column("article", String(100)),  # shown
    Column("version", String(12)),
    Column("helpful", Boolean),  # what the customer said
    Column("index_version", String(12)),
    UniqueConstraint("conversation", "seq"),
)

gaps = Table(
    "console_gaps",
    metadata,
    Column("question", String(32), primary_key=True),  # digest of a question whose group was dismissed
    Column("author", String(32), nullable=False),
    Column("at", String(32), nullable=False),
)

# Single values: how far the journal was read, who does a periodic task, what the calibration alarm found.
marks = Table(
    "console_marks",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("value", JSON, nullable=False),
)
