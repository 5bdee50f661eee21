"""Live conversations: who waits for a person, who has whom; files said in a conversation, letters of no case."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "live_desks",
        sa.Column("person", sa.String(length=80), nullable=False),
        sa.Column("until", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("person"),
    )
    op.create_table(
        "live",
        sa.Column("conversation", sa.String(length=40), nullable=False),
        sa.Column("question", sa.Text(), nullable=True),
        sa.Column("since", sa.String(length=32), nullable=False),
        sa.Column("promised_at", sa.String(length=32), nullable=True),
        sa.Column("told", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("agent", sa.String(length=80), nullable=True),
        sa.Column("agent_seq", sa.Integer(), nullable=True),
        sa.Column("agent_read", sa.Integer(), server_default="0", nullable=False),
        sa.Column("customer_read", sa.Integer(), server_default="0", nullable=False),
        sa.Column("closed_seq", sa.Integer(), nullable=True),
        sa.Column("closed_at", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(["conversation"], ["conversations.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("conversation"),
    )
    with op.batch_alter_table("live", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_live_closed_at"), ["closed_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_live_promised_at"), ["promised_at"], unique=False)

    op.create_table(
        "live_messages",
        sa.Column("conversation", sa.String(length=40), nullable=False),
        sa.Column("client_id", sa.String(length=255), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["conversation"], ["conversations.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("conversation", "client_id"),
    )
    op.create_table(
        "live_ratings",
        sa.Column("conversation", sa.String(length=40), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.Column("agent", sa.String(length=80), nullable=True),
        sa.ForeignKeyConstraint(["conversation"], ["conversations.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("conversation", "seq"),
    )
    with op.batch_alter_table("live_ratings", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_live_ratings_at"), ["at"], unique=False)

    with op.batch_alter_table("attachments", schema=None) as batch_op:
        batch_op.add_column(sa.Column("seq", sa.Integer(), nullable=True))

    with op.batch_alter_table("conversations", schema=None) as batch_op:
        batch_op.add_column(sa.Column("fresh", sa.Boolean(), server_default=sa.false(), nullable=False))
    with_people = sa.text("owner != 'bot'")
    op.create_index(
        "conversations_with_people",
        "conversations",
        ["owner"],
        sqlite_where=with_people,
        postgresql_where=with_people,
    )

    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.alter_column("ref", existing_type=sa.VARCHAR(length=16), nullable=True)
