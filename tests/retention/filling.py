"""A row of somebody's in every table that keeps something of customers, made from what the tables say of themselves: a
table that joins them later is filled, and must be erased, like the others."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, Boolean, Column, Float, Integer, Table, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.retention.whose import OTHERS
from bot.schema import PARTS

THEN = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)


def all_tables() -> list[Table]:
    return [table for part in PARTS for table in part.sorted_tables]


def case_of(name: str) -> str:
    return f"T-{name.upper()[:4]:X<4}-2222"


def talk_of(name: str) -> str:
    return f"{name}-talk"


async def fill(conn: AsyncConnection, name: str, number: int) -> None:
    """One row of `name`'s in each table; every text has the name in it, and files and letters are named by it. `number`
    keeps the keys of several people apart."""
    for table in all_tables():
        if table.name not in OTHERS:
            await conn.execute(insert(table).values({c.name: _value(table, c, name, number) for c in table.columns}))


def _value(table: Table, column: Column[Any], name: str, number: int) -> Any:
    refers = next(iter(column.foreign_keys)).target_fullname if column.foreign_keys else ""
    if refers == "case_messages.id":
        return f"{name}-id"
    if column.name == "ref" or refers == "cases.ref":
        return case_of(name)
    if column.name == "conversation" or (table.name, column.name) == ("conversations", "id"):
        return talk_of(name)
    if (table.name, column.name) == ("desk_presence", "target"):
        return f"conversation:{talk_of(name)}"
    if (table.name, column.name) == ("inbound_mails", "key"):
        return f"{number:064}"  # a hash: it stays, and says nothing
    if column.name == "merged_into":
        return None
    if column.name == "outcome":
        return "added"
    if column.name == "email":
        return f"{name}@example.fr"
    if column.name in ("created_at", "active_at", "at", "closed_at") and _is_text(column):
        return "2026-11-25T09:00:00.000Z"
    if isinstance(column.type, JSON):
        return {"text": f"{name} said so", "to": f"{name}@example.fr"}
    if isinstance(column.type, Boolean):
        return False
    if isinstance(column.type, Integer | Float):
        return number
    if _is_text(column):
        length = getattr(column.type, "length", None)
        return f"{name}-{column.name}"[:length]
    return THEN


def _is_text(column: Column[Any]) -> bool:
    try:
        return column.type.python_type is str
    except NotImplementedError:
        return False


async def everything(conn: AsyncConnection) -> dict[str, list[str]]:
    """Every row of every table, as text."""
    found = {}
    for table in all_tables():
        found[table.name] = [repr(tuple(row)) for row in (await conn.execute(select(table))).all()]
    return found
