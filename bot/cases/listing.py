"""Lists of cases for the desk: filters, search, order, pages by key, and how many a view holds."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, false, func, or_, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from . import changes, rows, sla, words
from .desk_tables import reads, tags
from .model import Case, FieldError, Kind, Status
from .tables import Moment, cases

MOST = 200
NEVER = datetime(9999, 1, 1, tzinfo=UTC)
_DONE = tuple(status.value for status in sla.DONE)
_RUNNING = tuple(status.value for status in sla.RUNNING)
_DUE = func.coalesce(cases.c.due_at, NEVER, type_=Moment)
# What a list can be ordered by: columns with whether the greater comes first. The reference makes every place unique.
_ORDERS: Mapping[str, tuple[tuple[ColumnElement[Any], bool], ...]] = {
    "due": ((_DUE, False), (cases.c.ref, False)),
    "created": ((cases.c.created_at, True), (cases.c.ref, False)),
    "updated": ((cases.c.updated_at, True), (cases.c.ref, False)),
    "priority": ((cases.c.priority, True), (_DUE, False), (cases.c.ref, False)),
}
# Views that everybody has. `mine` is whoever asks.
BUILT_IN: Mapping[str, Mapping[str, str]] = {
    "mine": {"owner": "me"},
    "unassigned": {"owner": "none"},
    "due-soon": {"due": "soon"},
    "breached": {"due": "breached"},
    "waiting-consent": {"status": "waiting_consent"},
    "snoozed": {"snoozed": "yes"},
    "all": {},
    **{f"level-{level}": {"level": str(level)} for level in (1, 2, 3, 4)},
    **{f"channel-{kind.value}": {"kind": kind.value} for kind in Kind},
}


@dataclass(frozen=True, slots=True)
class Listed:
    """A case in a list, and whether who asks has something to read in it."""

    case: Case
    unread: bool


@dataclass(frozen=True, slots=True)
class Page:
    """`following` is the cursor of the next page; `total` counts all pages."""

    items: list[Listed]
    following: str | None
    total: int


def where(filters: Mapping[str, str], me: str, now: datetime, frequent: Collection[str] = ()) -> ColumnElement[bool]:
    """The condition that filters make together; several values of one are alternatives. Resolved, closed and sleeping
    cases are left out unless asked for (`status`, `snoozed`) or searched for (`q`; `frequent` is what `words.common`
    says of it). FieldError `invalid_filter`."""
    readers: Mapping[str, Callable[[str], ColumnElement[bool]]] = {
        "kind": lambda value: cases.c.kind == _one_of(value, "kind", [kind.value for kind in Kind]),
        "level": lambda value: cases.c.level == int(_one_of(value, "level", "1234")),
        "status": lambda value: cases.c.status == _one_of(value, "status", [status.value for status in Status]),
        "owner": lambda value: cases.c.owner.is_(None) if value == "none" else cases.c.owner == _person(value, me),
        "tag": lambda value: exists().where(tags.c.ref == cases.c.ref, tags.c.tag == value.lower()),
        "due": lambda value: _due(value, now),
        "priority": lambda value: cases.c.priority == int(_priority(value)),
        "snoozed": lambda value: _asleep(now) if _one_of(value, "snoozed", ("yes", "no")) == "yes" else ~_asleep(now),
    }
    found = []
    for name, values in filters.items():
        if name == "q":
            found += [words.found_by(values, frequent)] if values.strip() else []
        elif name not in readers or not values.isprintable():
            raise FieldError("invalid_filter", name)
        elif parts := [part.strip() for part in values.split(",") if part.strip()]:
            found.append(or_(*(readers[name](part) for part in parts)))
    searched = bool(filters.get("q", "").strip())
    if "status" not in filters and not searched:
        found.append(cases.c.status.not_in(_DONE))
    if "snoozed" not in filters and not searched:
        found.append(~_asleep(now))
    return and_(true(), *found)


def _asleep(now: datetime) -> ColumnElement[bool]:
    return and_(cases.c.snoozed_until.is_not(None), cases.c.snoozed_until > now)


def _person(value: str, me: str) -> str:
    return me if value == "me" else value


def _priority(value: str) -> int:
    try:
        return changes.priority(value)
    except FieldError:
        raise FieldError("invalid_filter", "priority") from None


def _one_of(value: str, field: str, known: Sequence[str]) -> str:
    if value not in known:
        raise FieldError("invalid_filter", field)
    return value


def _due(value: str, now: datetime) -> ColumnElement[bool]:
    """The same as `sla.due_state`, for the database."""
    due, soon = cases.c.due_at, func.coalesce(cases.c.soon_at, cases.c.due_at, type_=Moment)
    paused = and_(due.is_(None), cases.c.paused_since.is_not(None), cases.c.status.not_in(_DONE))
    conditions = {
        "ok": and_(due.is_not(None), soon > now),
        "soon": and_(due > now, soon <= now),
        "breached": and_(due.is_not(None), due <= now),
        "paused": paused,
        "none": and_(due.is_(None), ~paused),
    }
    return conditions[_one_of(value, "due", tuple(conditions))]


async def page(
    conn: AsyncConnection,
    filters: Mapping[str, str],
    *,
    me: str,
    now: datetime,
    sort: str = "due",
    after: str | None = None,
    limit: int = 50,
) -> Page:
    """One page, `limit` at most 200. FieldError: a filter, sort or cursor that is none."""
    if sort not in _ORDERS:
        raise FieldError("invalid_filter", "sort")
    order, frequent = _ORDERS[sort], await words.common(conn, filters.get("q", ""))
    condition = where(filters, me, now, frequent)
    limit = max(1, min(limit, MOST))
    behind = true() if after is None else _behind(order, _read_cursor(after, sort, len(order)))
    # First the keys alone, which an index has, each case asked once for page and total; then the cases of the page.
    keys = select(cases.c.ref, behind.label("behind"), func.count().over().label("total")).where(condition)
    keyed = keys.add_columns(*(column.label(f"k{n}") for n, (column, _) in enumerate(order))).subquery()
    places = [keyed.c[f"k{n}"].desc() if down else keyed.c[f"k{n}"].asc() for n, (_, down) in enumerate(order)]
    query = select(keyed.c.ref, keyed.c.total).where(keyed.c.behind).order_by(*places).limit(limit + 1)
    found = (await conn.execute(query)).all()
    refs = [row.ref for row in found[:limit]]
    items = {}
    if refs:
        full = _with_reads(me).where(cases.c.ref.in_(refs))
        items = {item.case.ref: item for item in await _listed(conn, (await conn.execute(full)).mappings().all())}
    if found:
        total = found[0].total
    else:
        total = (await conn.execute(select(func.count()).select_from(cases).where(condition))).scalar_one()
    in_order = [items[ref] for ref in refs if ref in items]
    following = _cursor(sort, in_order[-1].case) if len(found) > limit else None
    return Page(in_order, following, total)


async def some(conn: AsyncConnection, which: ColumnElement[bool], me: str, limit: int = 50) -> list[Listed]:
    """Cases of any condition, the latest first."""
    query = _with_reads(me).where(which).order_by(cases.c.created_at.desc(), cases.c.ref).limit(limit)
    return await _listed(conn, (await conn.execute(query)).mappings().all())


async def count(conn: AsyncConnection, filters: Sequence[Mapping[str, str]], me: str, now: datetime) -> list[int]:
    """How many cases each of these filters finds, in one visit."""
    frequent = [await words.common(conn, each.get("q", "")) for each in filters]
    conditions = [_valid(each, me, now, often) for each, often in zip(filters, frequent, strict=True)]
    if not conditions:
        return []
    columns = [func.count().filter(condition).label(f"n{n}") for n, condition in enumerate(conditions)]
    row = (await conn.execute(select(*columns).select_from(cases))).one()
    return [int(value) for value in row]


def _valid(filters: Mapping[str, str], me: str, now: datetime, frequent: Collection[str]) -> ColumnElement[bool]:
    try:
        return where(filters, me, now, frequent)
    except FieldError:  # a view kept by an earlier release
        return false()


def same_customer(case: Case) -> ColumnElement[bool]:
    """Other cases of who opened this one: of the same conversation, address or phone number."""
    same = [cases.c.conversation == case.conversation]
    same += [cases.c.email == case.email] if case.email else []
    same += [cases.c.phone == case.phone] if case.phone else []
    return and_(cases.c.ref != case.ref, or_(*same))


def _with_reads(me: str) -> Select[Any]:
    mine = and_(reads.c.ref == cases.c.ref, reads.c.person == me)
    seen = func.coalesce(reads.c.version, 0)
    columns = [column for column in cases.c if column.name != "receipt"]
    return select(*columns, (seen < cases.c.news).label("unread")).select_from(cases.outerjoin(reads, mine))


async def _listed(conn: AsyncConnection, found: Sequence[Any]) -> list[Listed]:
    tagged = await rows.tags_of(conn, [row["ref"] for row in found]) if found else {}
    listed = []
    for row in found:
        values = {**row, "receipt": None}
        unread = bool(values.pop("unread"))
        listed.append(Listed(rows.from_row(values, tagged.get(row["ref"], ())), unread))
    return listed


def _behind(order: Sequence[tuple[ColumnElement[Any], bool]], place: Sequence[Any]) -> ColumnElement[bool]:
    """Rows that come after a place: greater in the first column, or equal there and greater in the next, …"""
    alternatives: list[ColumnElement[bool]] = []
    equal: ColumnElement[bool] = true()
    for (column, down), value in zip(order, place, strict=True):
        alternatives.append(and_(equal, column < value if down else column > value))
        equal = and_(equal, column == value)
    return or_(*alternatives)


def _cursor(sort: str, case: Case) -> str:
    due = _exact(case.due_at or NEVER)
    place: Mapping[str, list[Any]] = {
        "due": [due],
        "created": [_exact(case.created_at)],
        "updated": [_exact(case.updated_at)],
        "priority": [int(case.priority), due],
    }
    packed = json.dumps([sort, *place[sort], case.ref], separators=(",", ":"))
    return base64.urlsafe_b64encode(packed.encode()).decode().rstrip("=")


def _read_cursor(text: str, sort: str, length: int) -> list[Any]:
    try:
        packed = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        if packed[0] != sort or len(packed) != length + 1 or not rows.possible(packed[-1]):
            raise ValueError(text)
        place = [datetime.fromisoformat(value) if isinstance(value, str) else int(value) for value in packed[1:-1]]
        expected = [int, datetime] if sort == "priority" else [datetime]
        if [type(value) for value in place] != expected:
            raise ValueError(text)
        if any(isinstance(value, datetime) and value.tzinfo is None for value in place):
            raise ValueError(text)
        return [*place, packed[-1]]
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError, binascii.Error):
        raise FieldError("invalid_cursor", "after") from None


def _exact(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()
