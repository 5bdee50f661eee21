"""The list of articles: filters, search, pages."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, case, exists, func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.console import source
from bot.console.context import KINDS, ConsoleError
from bot.console.tables import files, revisions

STATES = ("draft", "review", "scheduled", "published", "outdated", "expired")
MOST_WORDS = 8
_first = files.alias("first")
_article = files.c.kind.in_(KINDS)


def state_of(row: Row[Any]) -> str:
    if row.draft is None:
        return "published"
    if row.deleted:
        return "deleted"
    return "new" if row.version is None else "changed"


def outdated(first_language: str) -> ColumnElement[bool]:
    """The article in the company's first language was changed later."""
    later = and_(
        _first.c.kind == files.c.kind,
        _first.c.article == files.c.article,
        _first.c.lang == first_language,
        _first.c.updated > files.c.updated,
    )
    return and_(files.c.lang != first_language, exists(select(_first.c.path).where(later)))


def where(query: Mapping[str, str], first_language: str, today: date) -> ColumnElement[bool]:
    """What a row must be; an article is listed where one of its languages is that. ConsoleError."""
    found: list[ColumnElement[bool]] = [_article]
    for name, column in (("kind", files.c.kind), ("lang", files.c.lang), ("category", files.c.category)):
        if value := query.get(name):
            found.append(column.in_(value.split(",")[:50]))
    if states := [state for state in query.get("state", "").split(",") if state]:
        if not set(states) <= set(STATES):
            raise ConsoleError(422, "invalid_choice", "state", possible=", ".join(STATES))
        found.append(or_(*(_is(state, first_language, today) for state in states)))
    for word in source.fold(query.get("q", "")[:200]).split()[:MOST_WORDS]:
        found.append(files.c.words.contains(word, autoescape=True))
    return and_(*found)


def _is(state: str, first_language: str, today: date) -> ColumnElement[bool]:
    return {
        "draft": files.c.draft.is_not(None),
        "review": files.c.review == "requested",
        "scheduled": files.c.publish_at.is_not(None),
        "published": files.c.version.is_not(None),
        "outdated": outdated(first_language),
        "expired": files.c.valid_until < today.isoformat(),
    }[state]


async def page(
    conn: AsyncConnection, query: Mapping[str, str], first_language: str, today: date, limit: int
) -> dict[str, Any]:
    """`{"articles", "next", "total"}`, by title."""
    title = func.coalesce(
        func.min(case((files.c.lang == first_language, func.lower(files.c.title)))), func.min(func.lower(files.c.title))
    )
    hits = select(files.c.kind, files.c.article).where(where(query, first_language, today)).distinct().subquery()
    these = and_(files.c.kind == hits.c.kind, files.c.article == hits.c.article)
    grouped = select(files.c.kind, files.c.article, title.label("title")).join(hits, these)
    inner = grouped.group_by(files.c.kind, files.c.article).subquery()
    listed: Select[Any] = select(inner).order_by(inner.c.title, inner.c.kind, inner.c.article).limit(limit + 1)
    if after := query.get("after"):
        listed = listed.where(tuple_(inner.c.title, inner.c.kind, inner.c.article) > tuple_(*_cursor(after)))
    total = (await conn.execute(select(func.count()).select_from(hits))).scalar_one()
    names = (await conn.execute(listed)).all()
    more = len(names) > limit
    names = names[:limit]
    last = json.dumps([names[-1].title, names[-1].kind, names[-1].article]) if names else ""
    rows = await rows_of(conn, [(one.kind, one.article) for one in names], first_language)
    return {
        "articles": [row_of(rows[one.kind, one.article], first_language) for one in names],
        "next": base64.urlsafe_b64encode(last.encode()).decode() if more else None,
        "total": total,
    }


def _cursor(after: str) -> list[str]:
    try:
        found = json.loads(base64.urlsafe_b64decode(after[:4000].encode("ascii")))
    except (ValueError, binascii.Error, UnicodeEncodeError):
        found = None
    if not isinstance(found, list) or len(found) != 3 or not all(isinstance(one, str) for one in found):
        raise ConsoleError(422, "invalid_after", "after")
    return found


async def rows_of(
    conn: AsyncConnection, articles: list[tuple[str, str]], first_language: str
) -> dict[tuple[str, str], list[Row[Any]]]:
    """The rows of these articles by (kind, id), with who wrote the draft and whether it is outdated."""
    query = (
        select(files, revisions.c.author_name, revisions.c.at, outdated(first_language).label("outdated"))
        .outerjoin(revisions, revisions.c.id == func.coalesce(files.c.draft, files.c.published))
        .where(_article, tuple_(files.c.kind, files.c.article).in_(articles))
        .order_by(files.c.lang)
    )
    found: dict[tuple[str, str], list[Row[Any]]] = {}
    for row in await conn.execute(query):
        found.setdefault((row.kind, row.article), []).append(row)
    return found


def row_of(rows: list[Row[Any]], first_language: str) -> dict[str, Any]:
    """An article as the list shows it."""
    head = next((row for row in rows if row.lang == first_language), rows[0])
    return {
        "id": head.article,
        "kind": head.kind,
        "category": head.category,
        "title": head.title,
        "langs": {row.lang: lang_of(row) for row in rows},
        "updated_at": max(row.changed_at for row in rows),
    }


def lang_of(row: Row[Any]) -> dict[str, Any]:
    return {
        "state": state_of(row),
        "title": row.title,
        "version": row.version,
        "updated": row.updated,
        "outdated": bool(row.outdated),
        "valid_from": row.valid_from,
        "valid_until": row.valid_until,
        "audience": row.audience,
        "review": row.review,
        "publish_at": row.publish_at,
        "publish_error": row.publish_error,
        "author": row.author_name,
    }
