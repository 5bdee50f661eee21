"""The editors’ console: files and their drafts, revisions, comments, jobs, sources, what customers asked."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "console_asked",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("conversation", sa.String(length=40), nullable=True),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("lang", sa.String(length=16), nullable=False),
        sa.Column("outcome", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=24), nullable=True),
        sa.Column("probability", sa.Float(), nullable=True),
        sa.Column("level", sa.Integer(), nullable=True),
        sa.Column("channel", sa.String(length=10), nullable=True),
        sa.Column("article", sa.String(length=100), nullable=True),
        sa.Column("version", sa.String(length=12), nullable=True),
        sa.Column("helpful", sa.Boolean(), nullable=True),
        sa.Column("index_version", sa.String(length=12), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("conversation", "seq"),
    )
    with op.batch_alter_table("console_asked", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_console_asked_at"), ["at"], unique=False)
        batch_op.create_index(batch_op.f("ix_console_asked_conversation"), ["conversation"], unique=False)

    op.create_table(
        "console_changes",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.Column("event", sa.String(length=12), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("console_changes", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_console_changes_at"), ["at"], unique=False)

    op.create_table(
        "console_comments",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("article", sa.String(length=110), nullable=False),
        sa.Column("lang", sa.String(length=16), nullable=True),
        sa.Column("author", sa.String(length=32), nullable=False),
        sa.Column("author_name", sa.String(length=80), nullable=False),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("resolved", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("console_comments", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_console_comments_article"), ["article"], unique=False)

    op.create_table(
        "console_gaps",
        sa.Column("question", sa.String(length=32), nullable=False),
        sa.Column("author", sa.String(length=32), nullable=False),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("question"),
    )
    op.create_table(
        "console_jobs",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("author", sa.String(length=32), nullable=True),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.Column("subject", sa.JSON(), nullable=False),
        sa.Column("source", sa.String(length=32), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("console_jobs", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_console_jobs_at"), ["at"], unique=False)

    op.create_table(
        "console_marks",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "console_presence",
        sa.Column("article", sa.String(length=110), nullable=False),
        sa.Column("person", sa.String(length=32), nullable=False),
        sa.Column("doing", sa.String(length=8), nullable=False),
        sa.Column("until", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("article", "person"),
    )
    with op.batch_alter_table("console_presence", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_console_presence_until"), ["until"], unique=False)

    op.create_table(
        "console_revisions",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("path", sa.String(length=260), nullable=False),
        sa.Column("version", sa.String(length=12), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("author", sa.String(length=32), nullable=True),
        sa.Column("author_name", sa.String(length=80), nullable=True),
        sa.Column("started_at", sa.String(length=32), nullable=False),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.Column("note", sa.String(length=200), server_default="", nullable=False),
        sa.Column("published_at", sa.String(length=32), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("console_revisions", schema=None) as batch_op:
        batch_op.create_index("console_revisions_path", ["path", "id"], unique=False)
        batch_op.create_index("console_revisions_version", ["path", "version"], unique=False)

    op.create_table(
        "console_sources",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("every_hours", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.String(length=32), nullable=False),
        sa.Column("last", sa.JSON(), nullable=True),
        sa.Column("result", sa.JSON(), nullable=True),
        sa.Column("author", sa.String(length=32), nullable=False),
        sa.Column("created_at", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("console_sources", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_console_sources_next_at"), ["next_at"], unique=False)

    op.create_table(
        "console_uploads",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=140), nullable=False),
        sa.Column("type", sa.String(length=100), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("author", sa.String(length=32), nullable=False),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("digest"),
    )
    op.create_table(
        "console_files",
        sa.Column("path", sa.String(length=260), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("article", sa.String(length=100), nullable=False),
        sa.Column("lang", sa.String(length=16), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("category", sa.String(length=200), nullable=True),
        sa.Column("audience", sa.String(length=10), nullable=False),
        sa.Column("updated", sa.String(length=10), nullable=True),
        sa.Column("valid_from", sa.String(length=10), nullable=True),
        sa.Column("valid_until", sa.String(length=10), nullable=True),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("version", sa.String(length=12), nullable=True),
        sa.Column("published", sa.Integer(), nullable=True),
        sa.Column("draft", sa.Integer(), nullable=True),
        sa.Column("deleted", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("base", sa.String(length=12), nullable=True),
        sa.Column("review", sa.String(length=10), nullable=True),
        sa.Column("review_by", sa.String(length=32), nullable=True),
        sa.Column("review_note", sa.Text(), nullable=True),
        sa.Column("publish_at", sa.String(length=32), nullable=True),
        sa.Column("publish_by", sa.String(length=32), nullable=True),
        sa.Column("publish_error", sa.JSON(), nullable=True),
        sa.Column("leased_until", sa.String(length=32), nullable=True),
        sa.Column("changed_at", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["draft"],
            ["console_revisions.id"],
        ),
        sa.ForeignKeyConstraint(
            ["published"],
            ["console_revisions.id"],
        ),
        sa.PrimaryKeyConstraint("path"),
    )
    with op.batch_alter_table("console_files", schema=None) as batch_op:
        batch_op.create_index("console_files_article", ["kind", "article"], unique=False)
        batch_op.create_index(batch_op.f("ix_console_files_publish_at"), ["publish_at"], unique=False)
