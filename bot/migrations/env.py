"""Run by Alembic for each command: works on the connection that the command was given."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy.types import TypeDecorator

from bot.schema import PARTS


def _ours(_object: object, name: str | None, kind: str, _reflected: bool, _other: object) -> bool:
    return not (kind == "table" and name == "schema")  # kept by bot.database


def _rendered(kind: str, item: Any, autogenerate: AutogenContext) -> str | Literal[False]:
    """Revisions name types as the database knows them: our own classes may change, history must not."""
    if kind == "type" and isinstance(item, TypeDecorator):
        autogenerate.imports.add("import sqlalchemy as sa")
        return f"sa.{item.impl!r}"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=list(PARTS),
    render_as_batch=True,  # SQLite cannot alter tables: they are copied
    include_object=_ours,
    render_item=_rendered,
)
with context.begin_transaction():
    context.run_migrations()
