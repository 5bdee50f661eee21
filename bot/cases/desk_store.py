"""What belongs to the desk beside cases: read marks, saved views, canned replies, proposals, references elsewhere."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, delete, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from .desk_tables import canned, external, proposals, reads, views
from .fields import clean
from .model import Conflict, FieldError, NotFound, utc_text

LONGEST_NAME = 80
LONGEST_TEXT = 10_000
_SHORTCUT = re.compile(r"[\w-]{1,40}")


async def mark_seen(conn: AsyncConnection, ref: str, person: str, version: int) -> None:
    """`person` has read a case up to `version`; earlier ones change nothing."""
    dialect = postgresql if conn.dialect.name == "postgresql" else sqlite
    new = dialect.insert(reads).values(person=person, ref=ref, version=version)
    later = new.on_conflict_do_update(
        index_elements=[reads.c.person, reads.c.ref],
        set_={"version": new.excluded.version},
        where=reads.c.version < new.excluded.version,
    )
    await conn.execute(later)


def check_name(value: object, field: str = "name") -> str:
    """A name of 1 to 80 characters on one line; FieldError."""
    name = clean(value) if isinstance(value, str) else ""
    if not name or len(name) > LONGEST_NAME:
        raise FieldError("invalid_name", field, longest=LONGEST_NAME)
    return name


# Views: one's own, and what administrators share with everybody.


async def list_views(conn: AsyncConnection, person: str) -> list[dict[str, Any]]:
    """`{"id", "name", "filters", "shared", "mine"}`, oldest first."""
    query = select(views).where(or_(views.c.owner == person, views.c.shared)).order_by(views.c.created_at, views.c.id)
    return [
        {
            "id": row["id"],
            "name": row["name"],
            "filters": row["filters"],
            "shared": bool(row["shared"]),
            "mine": row["owner"] == person,
        }
        for row in (await conn.execute(query)).mappings()
    ]


async def add_view(
    conn: AsyncConnection, person: str, name: str, filters: Mapping[str, str], *, shared: bool, now: datetime
) -> str:
    """Keep a view; its id."""
    view = uuid.uuid4().hex
    values = {"id": view, "owner": person, "name": name, "filters": dict(filters), "shared": shared}
    await conn.execute(insert(views).values(**values, created_at=now))
    return view


async def change_view(
    conn: AsyncConnection, view: str, person: str, values: Mapping[str, Any], *, administrator: bool
) -> None:
    """Change one's own view, or as an administrator a shared one; NotFound for every other."""
    result = await conn.execute(update(views).where(_changeable(view, person, administrator)).values(**values))
    if result.rowcount == 0:
        raise NotFound


async def remove_view(conn: AsyncConnection, view: str, person: str, *, administrator: bool) -> None:
    """NotFound as for `change_view`."""
    if (await conn.execute(delete(views).where(_changeable(view, person, administrator)))).rowcount == 0:
        raise NotFound


def _changeable(view: str, person: str, administrator: bool) -> Any:
    own = views.c.owner == person
    return (views.c.id == view) & (or_(own, views.c.shared) if administrator else own)


# Canned replies; with actions, macros.


def check_canned(data: Mapping[str, Any], langs: Sequence[str]) -> dict[str, Any]:
    """Columns of a canned reply from JSON, those that are given; `actions` are left to `changes.check`. FieldError."""
    found: dict[str, Any] = {}
    if "title" in data:
        found["title"] = check_name(data["title"], "title")
    if "text" in data:
        text = data["text"]
        if not isinstance(text, str) or len(text) > LONGEST_TEXT:
            raise FieldError("too_long" if isinstance(text, str) else "invalid_text", "text", longest=LONGEST_TEXT)
        found["text"] = clean(text, lines=True)
    if "lang" in data:
        if data["lang"] is not None and data["lang"] not in langs:
            raise FieldError("invalid_text", "lang")
        found["lang"] = data["lang"]
    if "shortcut" in data:
        shortcut = data["shortcut"] or None
        if shortcut is not None and not (isinstance(shortcut, str) and _SHORTCUT.fullmatch(shortcut)):
            raise FieldError("invalid_shortcut", "shortcut", longest=40)
        found["shortcut"] = shortcut
    return found


async def list_canned(conn: AsyncConnection) -> list[dict[str, Any]]:
    """`{"id", "title", "text", "lang", "shortcut", "actions"}` in the order of titles."""
    rows = await conn.execute(select(canned).order_by(canned.c.title, canned.c.id))
    return [_canned(row) for row in rows.mappings()]


async def get_canned(conn: AsyncConnection, identifier: str) -> dict[str, Any]:
    row = (await conn.execute(select(canned).where(canned.c.id == identifier))).mappings().one_or_none()
    if row is None:
        raise NotFound
    return _canned(row)


async def write_canned(
    conn: AsyncConnection, identifier: str | None, values: Mapping[str, Any], *, author: str, now: datetime
) -> dict[str, Any]:
    """Add a canned reply, or change the one named; Conflict `shortcut_taken`, NotFound."""
    known = identifier or uuid.uuid4().hex
    try:
        async with conn.begin_nested():
            if identifier is None:
                row = {"text": "", "lang": None, "shortcut": None, "actions": {}, **values}
                await conn.execute(insert(canned).values(id=known, author=author, updated_at=now, **row))
            else:
                result = await conn.execute(
                    update(canned).where(canned.c.id == known).values(**values, author=author, updated_at=now)
                )
                if result.rowcount == 0:
                    raise NotFound
    except IntegrityError:
        raise Conflict("shortcut_taken", "shortcut") from None
    return await get_canned(conn, known)


async def remove_canned(conn: AsyncConnection, identifier: str) -> None:
    if (await conn.execute(delete(canned).where(canned.c.id == identifier))).rowcount == 0:
        raise NotFound


def _canned(row: RowMapping) -> dict[str, Any]:
    return {name: row[name] for name in ("id", "title", "text", "lang", "shortcut", "actions")}


# Proposed examples: questions that agents answered with an article.


async def list_proposals(conn: AsyncConnection, state: str = "open", limit: int = 200) -> list[dict[str, Any]]:
    """`{"ref", "article", "lang", "version", "question", "author", "state", "at"}`, newest first."""
    query = select(proposals).where(proposals.c.state == state).order_by(proposals.c.at.desc()).limit(limit)
    return [{**row, "at": utc_text(row["at"])} for row in (await conn.execute(query)).mappings()]


async def settle_proposal(conn: AsyncConnection, ref: str, article: str, state: str) -> None:
    """An editor has `taken` or `refused` a proposal; NotFound where it is none that is open."""
    this = (proposals.c.ref == ref) & (proposals.c.article == article) & (proposals.c.state == "open")
    if (await conn.execute(update(proposals).where(this).values(state=state))).rowcount == 0:
        raise NotFound


# The same case in other systems.


async def list_external(conn: AsyncConnection, ref: str) -> list[dict[str, Any]]:
    """`{"system", "id", "url", "state"}`."""
    columns = [external.c[name] for name in ("system", "id", "url", "state")]
    rows = await conn.execute(select(*columns).where(external.c.ref == ref).order_by(external.c.system))
    return [dict(row) for row in rows.mappings()]


async def set_external(
    conn: AsyncConnection, ref: str, system: str, *, identifier: str, url: str | None, state: str | None, now: datetime
) -> None:
    """Note where a case is kept elsewhere, and in which state."""
    dialect = postgresql if conn.dialect.name == "postgresql" else sqlite
    values = {"id": identifier, "url": url, "state": state, "at": now}
    await conn.execute(
        dialect.insert(external)
        .values(ref=ref, system=system, **values)
        .on_conflict_do_update(index_elements=[external.c.ref, external.c.system], set_=values)
    )
