"""One click on the right article: it answers the customer, and the question becomes a proposed example of it."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from . import messages, rows, tables
from .desk_tables import messages as table
from .desk_tables import proposals
from .messages import Written
from .model import Case, Event
from .rows import By

LONGEST_QUESTION = 2_000


async def teach(
    conn: AsyncConnection, ref: str, by: By, *, article: str, lang: str, version: str, text: str, author_name: str
) -> Written:
    """Send `text` (the article as published in `version`) as a reply and keep the question. Again with the same
    article, by whoever: the same entry, nothing sent."""
    case, client_id = (await rows.lock(conn, ref, by)).case, f"teach:{article}"
    known = select(table.c.id, table.c.letter).where(table.c.ref == ref, table.c.client_id == client_id)
    if sent := (await conn.execute(known)).first():
        return Written(id=sent.id, case=case, new=False, letter=sent.letter)
    written = await messages.reply(conn, ref, by, client_id=client_id, text=text, author_name=author_name)
    row = {"ref": ref, "article": article, "lang": lang, "version": version, "author": by.actor, "at": by.now}
    await tables.insert_new(conn, proposals, {**row, "question": question_of(case), "state": "open"})
    await rows.record(conn, ref, Event.TAUGHT, by.actor, by.now, article=article, lang=lang, version=version)
    return written


def question_of(case: Case) -> str:
    """What the customer wanted to know: as they asked the bot, else as they wrote it in the request."""
    asked = (case.receipt or {}).get("question")
    return str(asked or case.text or case.subject)[:LONGEST_QUESTION]
