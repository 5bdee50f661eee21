"""The agents' desk: work on cases, what is written about them, clocks, search."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from bot.cases.words import split

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "canned_replies",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("title", sa.String(length=80), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("lang", sa.String(length=16), nullable=True),
        sa.Column("shortcut", sa.String(length=40), nullable=True),
        sa.Column("actions", sa.JSON(), nullable=False),
        sa.Column("author", sa.String(length=40), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("shortcut"),
    )
    op.create_table(
        "case_views",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("owner", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("filters", sa.JSON(), nullable=False),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("case_views", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_case_views_owner"), ["owner"], unique=False)

    op.create_table(
        "desk_presence",
        sa.Column("target", sa.String(length=80), nullable=False),
        sa.Column("person", sa.String(length=40), nullable=False),
        sa.Column("doing", sa.String(length=8), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("target", "person"),
    )
    with op.batch_alter_table("desk_presence", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_desk_presence_until"), ["until"], unique=False)

    op.create_table(
        "case_messages",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("ref", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("author", sa.String(length=80), nullable=False),
        sa.Column("client_id", sa.String(length=255), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=True),
        sa.Column("mentions", sa.JSON(), nullable=False),
        sa.Column("letter", sa.String(length=32), nullable=True),
        sa.Column("message_id", sa.String(length=255), nullable=True),
        sa.Column("bounced", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["ref"], ["cases.ref"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("ref", "author", "client_id"),
    )
    with op.batch_alter_table("case_messages", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_case_messages_letter"), ["letter"], unique=False)
        batch_op.create_index(batch_op.f("ix_case_messages_message_id"), ["message_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_case_messages_ref"), ["ref"], unique=False)

    op.create_table(
        "case_reads",
        sa.Column("person", sa.String(length=40), nullable=False),
        sa.Column("ref", sa.String(length=16), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["ref"], ["cases.ref"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("person", "ref"),
    )
    with op.batch_alter_table("case_reads", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_case_reads_ref"), ["ref"], unique=False)

    op.create_table(
        "case_tags",
        sa.Column("ref", sa.String(length=16), nullable=False),
        sa.Column("tag", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(["ref"], ["cases.ref"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("ref", "tag"),
    )
    with op.batch_alter_table("case_tags", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_case_tags_tag"), ["tag"], unique=False)

    op.create_table(
        "case_words",
        sa.Column(
            "word",
            sa.String(length=40).with_variant(sa.VARCHAR(length=40, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("ref", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(["ref"], ["cases.ref"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("word", "ref"),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("case_words", schema=None) as batch_op:
        batch_op.create_index("case_words_by_case", ["ref", "word"], unique=False)

    op.create_table(
        "external_references",
        sa.Column("ref", sa.String(length=16), nullable=False),
        sa.Column("system", sa.String(length=40), nullable=False),
        sa.Column("id", sa.String(length=128), nullable=False),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("state", sa.String(length=40), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["ref"], ["cases.ref"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("ref", "system"),
    )
    with op.batch_alter_table("external_references", schema=None) as batch_op:
        batch_op.create_index("external_by_id", ["system", "id"], unique=False)

    op.create_table(
        "proposals",
        sa.Column("ref", sa.String(length=16), nullable=False),
        sa.Column("article", sa.String(length=128), nullable=False),
        sa.Column("lang", sa.String(length=16), nullable=False),
        sa.Column("version", sa.String(length=12), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("author", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["ref"], ["cases.ref"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("ref", "article"),
    )
    with op.batch_alter_table("proposals", schema=None) as batch_op:
        batch_op.create_index("proposals_by_state", ["state", "at"], unique=False)

    with op.batch_alter_table("attachments", schema=None) as batch_op:
        batch_op.add_column(sa.Column("author", sa.String(length=80), nullable=True))
        batch_op.add_column(sa.Column("message", sa.String(length=32), nullable=True))
        batch_op.create_index(batch_op.f("ix_attachments_message"), ["message"], unique=False)
        batch_op.create_foreign_key(
            "attachments_message_fkey", "case_messages", ["message"], ["id"], ondelete="SET NULL"
        )

    with op.batch_alter_table("case_events", schema=None) as batch_op:
        batch_op.add_column(sa.Column("message", sa.String(length=32), nullable=True))
        batch_op.create_index(batch_op.f("ix_case_events_message"), ["message"], unique=False)
        batch_op.create_foreign_key(
            "case_events_message_fkey", "case_messages", ["message"], ["id"], ondelete="CASCADE"
        )

    with op.batch_alter_table("cases", schema=None) as batch_op:
        batch_op.add_column(sa.Column("version", sa.Integer(), server_default="1", nullable=False))
        batch_op.add_column(sa.Column("news", sa.Integer(), server_default="1", nullable=False))
        batch_op.add_column(sa.Column("owner", sa.String(length=40), nullable=True))
        batch_op.add_column(sa.Column("priority", sa.Integer(), server_default="1", nullable=False))
        batch_op.add_column(sa.Column("snoozed_until", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("custom", sa.JSON(), server_default="{}", nullable=False))
        batch_op.add_column(sa.Column("merged_into", sa.String(length=16), nullable=True))
        batch_op.add_column(sa.Column("soon_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("first_reply_due", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("first_reply_soon", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("first_reply_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("resolution_due", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("resolution_soon", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("paused_since", sa.DateTime(timezone=True), nullable=True))
        batch_op.create_index("cases_by_email", ["email"], unique=False)
        batch_op.create_index(
            "cases_listed",
            [
                *("status", "due_at", "ref", "snoozed_until", "soon_at", "paused_since"),
                *("owner", "level", "kind", "priority", "created_at", "updated_at"),
            ],
            unique=False,
        )
        batch_op.create_index("cases_by_owner", ["owner", "status"], unique=False)
        batch_op.create_index("cases_by_phone", ["phone"], unique=False)

    with op.batch_alter_table("deadlines", schema=None) as batch_op:
        batch_op.alter_column(
            "event", existing_type=sa.VARCHAR(length=32), type_=sa.String(length=64), existing_nullable=False
        )
    _clocks()
    _words()


def _clocks() -> None:
    """What was due was the first reply; nobody could answer, pause or resolve a case before."""
    cases = sa.table("cases", *map(sa.column, ("ref", "soon_at")))
    deadlines = sa.table("deadlines", *map(sa.column, ("ref", "event", "at")))
    soon = (
        sa.select(deadlines.c.at)
        .where(deadlines.c.ref == cases.c.ref, deadlines.c.event == "case.due_soon")
        .scalar_subquery()
    )
    op.execute(sa.update(cases).values(soon_at=soon))
    op.execute("UPDATE cases SET first_reply_due = due_at, first_reply_soon = soon_at")
    op.execute("UPDATE cases SET due_at = NULL, soon_at = NULL WHERE status NOT IN ('open', 'in_progress')")
    op.execute(
        "UPDATE cases SET resolved_at = updated_at, paused_since = updated_at WHERE status IN ('resolved', 'closed')"
    )


def _words() -> None:
    """Cases are found by their words from now on."""
    connection = op.get_bind()
    columns = ("ref", "subject", "text", "email", "phone", "contract", "system", "topic")
    cases = sa.table("cases", *map(sa.column, columns))
    words = sa.table("case_words", sa.column("word"), sa.column("ref"))
    for row in connection.execute(sa.select(cases)).all():
        found = split(" ".join(str(value) for value in row if value))
        connection.execute(sa.insert(words), [{"word": word, "ref": row.ref} for word in found])
