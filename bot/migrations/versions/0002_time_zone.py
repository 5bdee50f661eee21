"""The customer's time zone, of a conversation and of its cases."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("conversations", sa.Column("time_zone", sa.String(length=64), nullable=True))
    op.add_column("cases", sa.Column("time_zone", sa.String(length=64), nullable=True))
