"""The console's golden questions: lines of one file, changed and published like articles."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.console import drafts
from bot.console.context import KINDS, ConsoleError
from bot.console.shelf import GOLDEN as PATH
from bot.console.tables import files
from bot.staff.people import Person

MOST = 20_000
Question = dict[str, Any]


def parse(text: str | None) -> list[Question]:
    """Its lines; those that are none are left out (kb names them when they are published)."""
    found: list[Question] = []
    for line in (text or "").splitlines():
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if isinstance(row, dict) and isinstance(row.get("text"), str) and isinstance(row.get("id"), str):
            found.append(row)
    return found


def written(questions: Sequence[Question]) -> str | None:
    """The file; None where nothing is left."""
    return "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in questions) or None


async def both(conn: AsyncConnection) -> tuple[list[Question], list[Question]]:
    """(published, with the draft)."""
    row = await drafts.row_of(conn, PATH)
    if row is None:
        return [], []
    published = parse(await drafts.source_of(conn, row.published))
    return published, published if row.draft is None else parse(await drafts.source_of(conn, row.draft))


async def listed(conn: AsyncConnection) -> list[Question]:
    """Each with `state`: published, changed, new, deleted."""
    published, now = await both(conn)
    before, after = {one["id"]: one for one in published}, {one["id"]: one for one in now}
    found = []
    for ident in dict.fromkeys([*after, *before]):
        if ident not in after:
            state = "deleted"
        elif ident not in before:
            state = "new"
        else:
            state = "published" if before[ident] == after[ident] else "changed"
        one = after.get(ident) or before[ident]
        expected, topic = one.get("expected", []), one.get("topic")
        shown = {"id": ident, "text": one["text"], "lang": one.get("lang", ""), "expected": expected, "topic": topic}
        found.append({**shown, "state": state})
    return found


async def add(conn: AsyncConnection, by: Person, now: datetime, text: str, lang: str, expected: object) -> Question:
    """A question and what must answer it: articles by id (any is right; none: nobody), or the id of a topic. The same
    question again gets the new answer. ConsoleError `unknown_expected`."""
    line: Question = {"id": f"c-{uuid.uuid4().hex[:12]}", "lang": lang, "text": text}
    if isinstance(expected, str):
        await _there(conn, [expected], ("topic",))
        line["topic"] = expected
    elif isinstance(expected, list) and len(expected) <= 20 and all(isinstance(one, str) for one in expected):
        await _there(conn, expected, tuple(kind for kind in KINDS if kind != "topic"))
        line["expected"] = list(dict.fromkeys(expected))
    else:
        raise ConsoleError(422, "unknown_expected", "expected")
    _, questions = await both(conn)
    same = next((one for one in questions if _same(one, text, lang)), None)
    if same is not None:
        line["id"] = same["id"]
    elif len(questions) >= MOST:
        raise ConsoleError(422, "invalid_list", "text", most=MOST)
    kept = [one for one in questions if one is not same]
    await drafts.save(conn, by, PATH, written([*kept, line]), now, seen=drafts.ANY)
    return line


async def remove(conn: AsyncConnection, by: Person, now: datetime, ident: str) -> None:
    """ConsoleError 404."""
    _, questions = await both(conn)
    kept = [one for one in questions if one["id"] != ident]
    if len(kept) == len(questions):
        raise ConsoleError(404, "not_found")
    await drafts.save(conn, by, PATH, written(kept), now, seen=drafts.ANY)


def _same(one: Mapping[str, Any], text: str, lang: str) -> bool:
    return one.get("lang") == lang and " ".join(one["text"].split()).casefold() == " ".join(text.split()).casefold()


async def _there(conn: AsyncConnection, names: Sequence[str], kinds: Sequence[str]) -> None:
    query = select(files.c.article).where(files.c.article.in_(names), files.c.kind.in_(kinds)).distinct()
    if set(names) - set((await conn.execute(query)).scalars()):
        raise ConsoleError(422, "unknown_expected", "expected")
