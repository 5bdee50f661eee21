"""Drafts and their revisions. A draft is the newest revision of a file that is not what is published."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.console import feed, source
from bot.console.context import ConsoleError
from bot.console.shelf import NO_DRAFT, described, told
from bot.console.tables import files, revisions
from bot.staff.people import Person
from bot.staff.tables import text_of

FOLDED = timedelta(minutes=10)  # saves of one person within so long are one revision
ANY = -1  # a writer that has not looked at the draft


async def row_of(conn: AsyncConnection, path: str, *, lock: bool = False) -> Row[Any] | None:
    query = select(files).where(files.c.path == path)
    if lock and conn.dialect.name == "postgresql":
        query = query.with_for_update()
    return (await conn.execute(query)).one_or_none()


async def revision_of(conn: AsyncConnection, path: str, revision: int) -> Row[Any]:
    """ConsoleError 404."""
    query = select(revisions).where(revisions.c.path == path, revisions.c.id == revision)
    found = (await conn.execute(query)).one_or_none()
    if found is None:
        raise ConsoleError(404, "not_found", "revision")
    return found


async def source_of(conn: AsyncConnection, revision: int | None) -> str | None:
    if revision is None:
        return None
    return (await conn.execute(select(revisions.c.source).where(revisions.c.id == revision))).scalar_one_or_none()


async def save(
    conn: AsyncConnection,
    by: Person,
    path: str,
    text: str | None,
    now: datetime,
    *,
    seen: int | None,
    note: str = "",
    rebase: bool = False,
) -> bool:
    """The file is to be `text` (None: deleted); whether that changed anything. `seen`: the draft's revision that the
    writer began with (None: there was none, ANY: not looked). What is published already needs no draft, and the draft
    of a file that was never published goes with its deletion; revisions stay. `rebase`: the writer has seen what was
    published since. ConsoleError 409 `changed_meanwhile`, its `revision` the draft's now."""
    row = await row_of(conn, path, lock=True)
    draft = row.draft if row is not None else None
    if seen not in (ANY, draft):
        raise ConsoleError(409, "changed_meanwhile", "revision")
    published = await source_of(conn, row.published) if row is not None else None
    last = (await conn.execute(select(revisions).where(revisions.c.id == draft))).one_or_none() if draft else None
    if text == published:
        if row is None or draft is None:
            return False
        await discard(conn, row, now, by)
        return True
    if last is not None and last.source == text and not rebase:
        return False
    revision = await _write(conn, by, path, text, now, last, note)
    base = (
        row.base if row is not None and draft is not None and not rebase else row.version if row is not None else None
    )
    values = {**NO_DRAFT, "draft": revision, "deleted": text is None, "base": base, "changed_at": text_of(now)}
    if text is not None:
        values |= described(path, text)
    if row is None:
        kind = source.kind_of(path)
        if kind is None or text is None:
            raise ConsoleError(422, "invalid_path", "path")
        await conn.execute(insert(files).values(path=path, kind=kind, **values))
    else:
        await conn.execute(update(files).where(files.c.path == path).values(**values))
    if last is not None and revision != last.id and _folds(last, by, note, now):
        await conn.execute(delete(revisions).where(revisions.c.id == last.id))
    await feed.tell(conn, now, "article", {**told(path, by=by.id), "revision": revision})
    return True


async def discard(conn: AsyncConnection, row: Row[Any], now: datetime, by: Person) -> None:
    """Throw the draft away; its revisions stay. A file that was never published goes with it."""
    if row.version is None:
        await conn.execute(delete(files).where(files.c.path == row.path))
    else:
        text = await source_of(conn, row.published)
        values: Mapping[str, Any] = described(row.path, text) if text is not None else {}
        changed = update(files).where(files.c.path == row.path)
        await conn.execute(changed.values(**NO_DRAFT, **values, changed_at=text_of(now)))
    await feed.tell(conn, now, "article", {**told(row.path, by=by.id), "revision": None})


def _folds(last: Row[Any], by: Person, note: str, now: datetime) -> bool:
    within = text_of(now - FOLDED) <= last.started_at
    plain = not note and not last.note and last.source is not None
    return bool(last.author == by.id and last.published_at is None and within and plain)


async def _write(
    conn: AsyncConnection, by: Person, path: str, text: str | None, now: datetime, last: Row[Any] | None, note: str
) -> int:
    """A revision; its number is always a new one, so that a writer with an older text is noticed."""
    started = last.started_at if last is not None and text is not None and _folds(last, by, note, now) else text_of(now)
    row = {"path": path, "source": text, "version": source.digest(text) if text is not None else None, "note": note}
    row |= {"author": by.id, "author_name": by.name, "started_at": started, "at": text_of(now)}
    made = await conn.execute(insert(revisions).values(**row).returning(revisions.c.id))
    return int(made.scalar_one())


async def history(conn: AsyncConnection, path: str, limit: int = 200) -> list[dict[str, Any]]:
    """Revisions, newest first, without their sources."""
    query = select(revisions).where(revisions.c.path == path).order_by(revisions.c.id.desc()).limit(limit)
    return [
        {
            "revision": row.id,
            "version": row.version,
            "author": {"id": row.author, "name": row.author_name} if row.author else None,
            "at": row.at,
            "note": row.note,
            "deleted": row.source is None,
            "published": row.published_at,
        }
        for row in await conn.execute(query)
    ]


async def changes_of(conn: AsyncConnection, articles: list[str] | None) -> list[Row[Any]]:
    """The rows with a draft, of these articles (`kind:id` or the id; None: of all); captions go with their video,
    golden questions with everything."""
    query = select(files, revisions.c.source).join(revisions, revisions.c.id == files.c.draft).order_by(files.c.path)
    rows = (await conn.execute(query)).all()
    if articles is None:
        return list(rows)
    wanted = set(articles)
    kinds = {"captions": "video"}
    return [row for row in rows if {row.article, f"{kinds.get(row.kind, row.kind)}:{row.article}"} & wanted]
