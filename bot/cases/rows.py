"""Cases as rows: reading one, locking one, writing what an edit has changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from . import deadlines, desk_tables, letters, tables
from .attachments import attached
from .model import Attachment, Case, Channel, Event, Kind, NotFound, Priority, Status
from .policy import Policy

_COLUMNS = tuple(column.name for column in tables.cases.columns)
_RECORDING = 0x67756963  # PostgreSQL's advisory lock while a line of history is written

Asked = Callable[[AsyncConnection, Case], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class By:
    """Who changes a case, when, and by which rules. `actor` is the id of a person of the staff, of a conversation, or
    `clock`, `link`, `customer`, `system`. `asked` tells the customer, in the same transaction and beside the mail, that
    a case has come to need their consent."""

    actor: str
    now: datetime
    policy: Policy
    channels: Collection[Channel] = frozenset(Channel)
    asked: Asked | None = None


@dataclass(slots=True)
class Edit:
    """A locked case while it is changed: `case` is what it will be, `events` what will be told of it."""

    before: Case
    by: By
    case: Case
    events: list[tuple[Event, dict[str, Any], str | None]] = field(default_factory=list)
    again: set[str] = field(default_factory=set)  # deadlines that may fire once more
    news: bool = False  # there is something for staff to read
    call_off: bool = False  # the customer is told that their call does not take place

    def note(self, event: Event, message: str | None = None, **details: Any) -> None:
        self.events.append((event, details, message))


def possible(ref: str) -> bool:
    """Whether a database can be asked for it: some refuse null bytes and halves of characters."""
    return ref.isascii() and ref.isprintable()


def from_row(row: RowMapping | Mapping[str, Any], tags: Iterable[str] = (), files: tuple[Attachment, ...] = ()) -> Case:
    values = dict(row)
    values |= {"kind": Kind(values["kind"]), "status": Status(values["status"])}
    values |= {"priority": Priority(values.get("priority", Priority.NORMAL))}
    return Case(**values, tags=tuple(tags), attachments=files)


def to_row(case: Case) -> dict[str, Any]:
    values = {name: getattr(case, name) for name in _COLUMNS}
    return {**values, "kind": case.kind.value, "status": case.status.value, "priority": int(case.priority)}


async def load(conn: AsyncConnection, ref: str) -> Case:
    """The case with tags and attachments, without asking who wants it; NotFound."""
    row = None
    if possible(ref):
        row = (await conn.execute(select(tables.cases).where(tables.cases.c.ref == ref))).mappings().one_or_none()
    if row is None:
        raise NotFound
    return await _whole(conn, row)


async def lock(conn: AsyncConnection, ref: str, by: By) -> Edit:
    """The case, kept from everybody else until the transaction ends; NotFound. Always the first thing that a change
    does. Writing the row to itself locks it on every database."""
    row = None
    if possible(ref):
        query = update(tables.cases).where(tables.cases.c.ref == ref).values(version=tables.cases.c.version)
        row = (await conn.execute(query.returning(*tables.cases.c))).mappings().one_or_none()
    if row is None:
        raise NotFound
    case = await _whole(conn, row)
    return Edit(before=case, by=by, case=case)


async def _whole(conn: AsyncConnection, row: RowMapping) -> Case:
    tags = await tags_of(conn, [row["ref"]])
    return from_row(row, tags.get(row["ref"], ()), await attached(conn, row["ref"]))


async def tags_of(conn: AsyncConnection, refs: Collection[str]) -> dict[str, list[str]]:
    """Tags by case, in alphabetical order."""
    table, found = desk_tables.tags, defaultdict(list)
    rows = await conn.execute(select(table).where(table.c.ref.in_(refs)).order_by(table.c.tag))
    for row in rows:
        found[row.ref].append(row.tag)
    return found


async def save(conn: AsyncConnection, edit: Edit) -> Case:
    """Write what has changed, with its history and its deadlines; nothing where nothing has."""
    if edit.case == edit.before and not edit.events:
        return edit.before
    version = edit.before.version + 1
    case = edit.case.with_(version=version, updated_at=edit.by.now)
    if edit.news:
        case = case.with_(news=version)
    before, after = to_row(edit.before), to_row(case)
    changed = {name: value for name, value in after.items() if value != before[name]}
    await conn.execute(update(tables.cases).where(tables.cases.c.ref == case.ref).values(**changed))
    await _save_tags(conn, edit)
    await deadlines.follow(conn, case, edit.by.policy, edit.again)
    for event, details, message in edit.events:
        await record(conn, case.ref, event, edit.by.actor, edit.by.now, message, **details)
    return case


async def _save_tags(conn: AsyncConnection, edit: Edit) -> None:
    table, before, after = desk_tables.tags, set(edit.before.tags), set(edit.case.tags)
    if gone := before - after:
        await conn.execute(delete(table).where(table.c.ref == edit.case.ref, table.c.tag.in_(gone)))
    if new := after - before:
        await conn.execute(insert(table), [{"ref": edit.case.ref, "tag": tag} for tag in sorted(new)])


async def record(
    conn: AsyncConnection, ref: str, event: Event, actor: str, now: datetime, message: str | None = None, **details: Any
) -> None:
    """Add a line to the case's history. Lines become visible in the order of their numbers, so that who has read up to
    one has missed none: on PostgreSQL this takes a lock that is held until the transaction ends."""
    if conn.dialect.name == "postgresql":
        await conn.execute(select(func.pg_advisory_xact_lock(_RECORDING)))
    await conn.execute(
        insert(tables.case_events).values(
            ref=ref, at=now, event=event.value, actor=actor, details=details, message=message
        )
    )


async def tell(conn: AsyncConnection, case: Case, event: Event, by: By, **more: Any) -> list[str]:
    """Outbox letters for an event; their ids."""
    return await letters.post(conn, case, event, by.channels, by.now, **more)
