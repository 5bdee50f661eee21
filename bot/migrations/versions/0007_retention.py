"""Lines of history keep their numbers where the last ones are deleted; room for encrypted second factors."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":  # elsewhere a sequence counts on by itself
        with op.batch_alter_table("case_events", recreate="always", table_kwargs={"sqlite_autoincrement": True}):
            pass
    with op.batch_alter_table("staff_people") as batch_op:
        for name in ("totp_secret", "totp_next"):
            batch_op.alter_column(
                name, existing_type=sa.String(length=64), type_=sa.String(length=255), existing_nullable=True
            )
