"""An article as the API shows it whole: its languages with fields, source, draft and problems; comments, people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.console import listing, presence, source
from bot.console.context import KINDS, ConsoleError
from bot.console.kb import Kb
from bot.console.tables import comments, files, revisions


async def find(conn: AsyncConnection, kind: str | None, article: str, first_language: str) -> list[Row[Any]]:
    """The rows of an article; with an id alone, of the only one that has it. ConsoleError 404, 409 `several_kinds`."""
    if kind is None:
        kinds = (
            await conn.execute(
                select(files.c.kind).where(files.c.article == article, files.c.kind.in_(KINDS)).distinct()
            )
        ).scalars()
        found = list(kinds)
        if len(found) > 1:
            raise ConsoleError(409, "several_kinds", possible=", ".join(f"{one}:{article}" for one in found))
        kind = found[0] if found else "faq"
    rows = (await listing.rows_of(conn, [(kind, article)], first_language)).get((kind, article))
    if not rows:
        raise ConsoleError(404, "not_found")
    return rows


async def article(
    conn: AsyncConnection, rows: Sequence[Row[Any]], first_language: str, now: datetime
) -> dict[str, Any]:
    """The article with its languages, comments and the people who have it open; no `problems` yet."""
    whole = listing.row_of(list(rows), first_language)
    key = f"{whole['kind']}:{whole['id']}"
    needed = {number for row in rows for number in (row.draft, row.published) if number is not None}
    found = {one.id: one for one in await conn.execute(select(revisions).where(revisions.c.id.in_(needed)))}
    for row in rows:
        whole["langs"][row.lang] |= _lang(row, found)
    return {
        **whole,
        "comments": await comments_of(conn, key),
        "people": (await presence.everywhere(conn, now)).get(key, []),
    }


def _lang(row: Row[Any], found: dict[int, Row[Any]]) -> dict[str, Any]:
    draft, published = found.get(row.draft), found.get(row.published)
    text = draft.source if draft is not None and draft.source is not None else published.source if published else ""
    fields = source.read(text or "")
    shown = fields.public()
    problems = [{"path": row.path, "line": 1, "message": fields.broken}] if fields.broken else []
    return {
        **shown,
        "path": row.path,
        "source": text,
        "published": {"version": row.version, "source": published.source} if published is not None else None,
        "draft": None
        if draft is None
        else {
            "revision": draft.id,
            "author": {"id": draft.author, "name": draft.author_name},
            "at": draft.at,
            "behind": row.base != row.version,
        },
        "review_by": row.review_by,
        "review_note": row.review_note,
        "problems": problems,
    }


async def checked(kb: Kb, whole: dict[str, Any], langs: Sequence[str] | None = None) -> bool:
    """Put kb's problems beside each draft; whether kb could be asked."""
    drafts = {
        one["path"]: one
        for lang, one in whole["langs"].items()
        if one["draft"] and one["state"] != "deleted" and (langs is None or lang in langs)
    }
    if not drafts:
        return True
    changes = [{"path": path, "source": one["source"]} for path, one in drafts.items()]
    try:
        answer = await kb.call("POST", "/check", {"changes": changes})
    except ConsoleError as error:
        if error.status == 503:
            return False
        for one in drafts.values():
            one["problems"] = list(error.more.get("problems") or one["problems"])
        return True
    for one in drafts.values():
        one["problems"] = [problem for problem in answer["problems"] if problem.get("path") == one["path"]]
    return True


async def comments_of(conn: AsyncConnection, key: str) -> list[dict[str, Any]]:
    query = select(comments).where(comments.c.article == key).order_by(comments.c.at, comments.c.id)
    return [comment(row) for row in await conn.execute(query)]


def comment(row: Row[Any]) -> dict[str, Any]:
    return {
        "id": row.id,
        "author": {"id": row.author, "name": row.author_name},
        "at": row.at,
        "text": row.text,
        "lang": row.lang,
        "resolved": row.resolved,
    }
