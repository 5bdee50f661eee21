"""Two cases of one customer become one."""

from __future__ import annotations

from sqlalchemy import insert, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from . import rows, tables, work
from .desk_tables import words
from .model import Case, Conflict, Event, FieldError, Status
from .rows import By


async def merge(conn: AsyncConnection, ref: str, into: str, by: By, *, version: int | None = None) -> tuple[Case, Case]:
    """Close `ref` in favour of `into`; both as they are then. The history of each stays where it is and names the
    other; tags, files and the words it is found by go along, and whoever reads the one is led to the other. FieldError
    or Conflict where that is no other open case of the same customer."""
    if ref == into:
        raise FieldError("merge_with_itself", "into")
    # In one order everywhere, so that two merges cannot wait for each other; both before any line is written.
    edits = {each: await rows.lock(conn, each, by) for each in sorted((ref, into))}
    one, other = edits[ref], edits[into]
    work.expect(one, version)
    for edit in (one, other):
        if edit.case.merged_into is not None:
            raise Conflict("case_merged", into=edit.case.merged_into)
    if not _same_customer(one.case, other.case):
        raise Conflict("merge_other_customer", "into")
    if one.case.status != Status.CLOSED:
        work.set_status(one, Status.CLOSED)
    one.case = one.case.with_(merged_into=into)
    one.note(Event.MERGED, into=into)
    work.set_tags(other, tuple({*other.case.tags, *one.case.tags}))
    other.note(Event.MERGED, source=ref, subject=one.case.subject, text=one.case.text[:2000])
    other.news = True
    found = select(words.c.word, literal(into)).where(
        words.c.ref == ref, words.c.word.not_in(select(words.c.word).where(words.c.ref == into))
    )
    await conn.execute(insert(words).from_select(["word", "ref"], found))
    files = tables.attachments
    loose = (files.c.ref == ref) & files.c.author.is_(None) & files.c.message.is_(None)
    await conn.execute(update(files).where(loose).values(ref=into))
    return await work.finish(conn, one), await work.finish(conn, other)


def _same_customer(one: Case, other: Case) -> bool:
    if one.conversation == other.conversation:
        return True
    return (one.email is not None and one.email == other.email) or (one.phone is not None and one.phone == other.phone)
