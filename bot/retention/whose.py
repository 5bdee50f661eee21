"""Whose rows: what every table of the database keeps of a customer, for erasing and handing out alike."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, Table, Text, cast, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.cases.desk_tables import messages, presence
from bot.cases.tables import cases, outbox
from bot.connect.tables import mails
from bot.gateway.tables import conversations, events
from bot.schema import PARTS

LONGEST_AUTHOR = 80  # of whoever wrote a mail that joined a case as a note

# Tables without anything of customers, and what they are for. Every other one has the column `conversation` or `ref`,
# or a rule in `rows_of`; a test fails for a table that has neither.
OTHERS = {
    "staff_people": "people of the staff",
    "staff_recovery_codes": "second factors of staff",
    "staff_sessions": "sign-ins of staff",
    "staff_links": "invitations of staff",
    "staff_mails": "mails to staff",
    "staff_provider_requests": "sign-ins of staff under way",
    "staff_audit": "what staff did",
    "case_views": "lists that staff have saved",
    "canned_replies": "texts that staff have prepared",
    "inbound_folders": "how far a mailbox was read",
    "live_desks": "whose desk is open",
    "console_revisions": "what editors wrote",
    "console_files": "which articles there are",
    "console_comments": "what editors say of articles",
    "console_presence": "who has an article open",
    "console_changes": "what open consoles are told",
    "console_uploads": "pictures and attachments of articles",
    "console_jobs": "imports and checks that were begun",
    "console_sources": "addresses that are imported",
    "console_gaps": "questions that need no article",
    "console_marks": "how far the console has read",
    "article_feedback": "what readers think of articles: of no known person, the browser's secret as its hash alone",
}
# Not deleted but made anonymous: a mail that is brought again must not bring back what was erased. Its key is a hash.
FORGOTTEN = mails


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is somebody's, by ids: `messages` are what they wrote in cases of others, `letters` mails to them of no
    case."""

    conversations: frozenset[str] = frozenset()
    cases: frozenset[str] = frozenset()
    messages: frozenset[str] = frozenset()
    letters: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.conversations or self.cases or self.messages or self.letters)


def tables() -> Iterator[Table]:
    """All that keep something of customers, in an order in which no row is deleted before those that refer to it."""
    for part in reversed(PARTS):
        for table in reversed(part.sorted_tables):
            if table.name not in OTHERS:
                yield table


def rows_of(table: Table, who: Subject) -> ColumnElement[bool] | None:
    """Which rows of a table are theirs; None where no rule says so."""
    rules: list[ColumnElement[bool]] = []
    if table is conversations:
        rules.append(table.c.id.in_(who.conversations))
    if "conversation" in table.c and table is not cases:  # `who.cases` has all of a conversation's
        rules.append(table.c.conversation.in_(who.conversations))
    if "ref" in table.c:
        rules.append(table.c.ref.in_(who.cases))
    if table is messages:
        rules.append(table.c.id.in_(who.messages))
    elif "message" in table.c:
        rules.append(table.c.message.in_(who.messages))
    if table is outbox:
        rules.append(table.c.id.in_(who.letters))
    if table is presence:
        targets = [f"case:{ref}" for ref in who.cases] + [f"conversation:{id_}" for id_ in who.conversations]
        rules.append(table.c.target.in_(targets))
    return or_(*rules) if rules else None


async def of_email(conn: AsyncConnection, email: str) -> Subject:
    """Everything of whoever has this address: their cases, the conversations these came from and all cases of those,
    what they wrote by mail in cases of others, and mails to them."""
    email = email.strip().lower()
    refs = await _strings(conn, select(cases.c.ref).where(func.lower(cases.c.email) == email))
    who = await _closed(conn, refs, ())
    theirs = func.lower(messages.c.author) == email[:LONGEST_AUTHOR]
    written = await _strings(conn, select(messages.c.id).where(theirs, messages.c.ref.not_in(who.cases)))
    return Subject(
        conversations=who.conversations,
        cases=who.cases,
        messages=frozenset(written),
        letters=await _letters(conn, {email}),
    )


async def of_conversation(conn: AsyncConnection, conversation: str) -> Subject:
    """A conversation (also one of which only cases are left), and all cases of it."""
    known = await _strings(conn, select(conversations.c.id).where(conversations.c.id == conversation))
    known += await _strings(conn, select(cases.c.conversation).where(cases.c.conversation == conversation).limit(1))
    return await _with_letters(conn, await _closed(conn, (), known))


async def of_case(conn: AsyncConnection, ref: str) -> Subject:
    """A case, its conversation, and all cases of that."""
    refs = await _strings(conn, select(cases.c.ref).where(cases.c.ref == ref))
    return await _with_letters(conn, await _closed(conn, refs, ()))


async def written_in(conn: AsyncConnection, email: str, who: Subject) -> list[str]:
    """Other conversations in which a customer wrote this address: theirs perhaps, which nobody but people can say."""
    wanted = f"%{_escaped(email.strip().lower())}%"
    body = func.lower(cast(events.c.body, Text))
    query = select(events.c.conversation).where(events.c.sender == "customer", body.like(wanted, escape="\\"))
    return sorted(set(await _strings(conn, query)) - who.conversations)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


async def _closed(conn: AsyncConnection, refs: Collection[str], talks: Collection[str]) -> Subject:
    """With the conversations of the cases, the cases of the conversations, and what was merged, until nothing joins."""
    known_refs, known_talks = set(refs), set(talks)
    while True:
        this = cases.c.ref.in_(known_refs)
        merged = select(cases.c.merged_into).where(this, cases.c.merged_into.is_not(None))
        found = set(await _strings(conn, merged))
        joined = cases.c.conversation.in_(known_talks) | cases.c.merged_into.in_(known_refs)
        found |= set(await _strings(conn, select(cases.c.ref).where(joined)))
        new_talks = set(await _strings(conn, select(cases.c.conversation).where(this)))
        if found <= known_refs and new_talks <= known_talks:
            return Subject(conversations=frozenset(known_talks), cases=frozenset(known_refs))
        known_refs |= found
        known_talks |= new_talks


async def _with_letters(conn: AsyncConnection, who: Subject) -> Subject:
    query = select(func.lower(cases.c.email)).where(cases.c.ref.in_(who.cases), cases.c.email.is_not(None))
    letters = await _letters(conn, set(await _strings(conn, query)))
    return Subject(conversations=who.conversations, cases=who.cases, letters=letters)


async def _letters(conn: AsyncConnection, emails: Collection[str]) -> frozenset[str]:
    """Mails of no case to one of these addresses."""
    to = func.lower(outbox.c.payload["to"].as_string())
    return frozenset(await _strings(conn, select(outbox.c.id).where(outbox.c.ref.is_(None), to.in_(emails))))


async def _strings(conn: AsyncConnection, query: Select[str]) -> list[str]:
    return list((await conn.execute(query)).scalars())
