"""What people write about a case: notes among agents, replies to the customer, the customer's own mails.

A message is kept once per case, author and `client_id`, however often it is posted; its line in the history, its
letter and its files are written in the same transaction.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import nh3
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from . import rows, sla, tables, words, work
from .desk_tables import messages as table
from .fields import clean
from .model import Case, Channel, Conflict, Event, FieldError, Status
from .rows import By, Edit

LONGEST = 20_000
LONGEST_HTML = 200_000
LONGEST_CLIENT_ID = 255
CUSTOMER = "customer"
# Of mails, only what structures text; links open elsewhere and tell nothing.
_TAGS = {"a", "b", "blockquote", "br", "code", "div", "em", "h1", "h2", "h3", "h4", "hr", "i", "li", "ol", "p", "pre"}
_TAGS |= {"span", "strong", "table", "tbody", "td", "th", "thead", "tr", "u", "ul"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A message in the history: its id, its letter where it goes by mail, and whether this call wrote it."""

    id: str
    case: Case
    new: bool
    letter: str | None = None


def check_text(value: object) -> str:
    """Text of a message, its lines kept. FieldError: empty, too long, no text."""
    if not isinstance(value, str):
        raise FieldError("invalid_text", "text")
    text = clean(value, lines=True)
    if not text:
        raise FieldError("required", "text")
    if len(text) > LONGEST:
        raise FieldError("too_long", "text", shortest=1, longest=LONGEST)
    return text


def check_client_id(value: object) -> str:
    if not isinstance(value, str) or not value or len(value) > LONGEST_CLIENT_ID or not value.isprintable():
        raise FieldError("invalid_client_id", "client_id", longest=LONGEST_CLIENT_ID)
    return value


def sanitised(html: str) -> str:
    """HTML of a mail, harmless: no scripts, styles, images, forms; links lead to the web and mail only."""
    return nh3.clean(
        html[:LONGEST_HTML],
        tags=_TAGS,
        attributes={"a": {"href", "title"}, "td": {"colspan", "rowspan"}, "th": {"colspan", "rowspan"}},
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
    )


async def add_note(
    conn: AsyncConnection,
    ref: str,
    by: By,
    *,
    client_id: str,
    text: str,
    mentions: Collection[str] = (),
    files: Sequence[str] = (),
    html: str | None = None,
    message_id: str | None = None,
    news: bool = False,
) -> Written:
    """Something for colleagues alone; `mentions` are ids of people. A mail of somebody else than the customer is one
    too: with its `html`, and as something to read (`news`)."""
    edit = await rows.lock(conn, ref, by)
    if known := await _known(conn, edit, by.actor, client_id):
        return known
    kept = {"html": sanitised(html) if html else None, "message_id": message_id}
    message = await _insert(conn, edit, "note", by.actor, client_id, text, mentions=mentions, **kept)
    await _give(conn, edit, message, files)
    edit.note(Event.NOTE, message, mentions=list(mentions))
    edit.news = news or bool(mentions)
    return Written(id=message, case=await rows.save(conn, edit), new=True)


async def reply(
    conn: AsyncConnection,
    ref: str,
    by: By,
    *,
    client_id: str,
    text: str,
    author_name: str,
    files: Sequence[str] = (),
    status: Status | None = None,
    message_id: str | None = None,
) -> Written:
    """An answer to the customer: by mail where there is an address. `message_id` is of the author's own mail, where it
    came by one. It stops the clock of the first reply; whoever
    answers a case that nobody has takes it; an open case is then in progress, unless `status` says more."""
    edit = await rows.lock(conn, ref, by)
    if known := await _known(conn, edit, by.actor, client_id):
        return known
    if edit.case.merged_into is not None:
        raise Conflict("case_merged", into=edit.case.merged_into)
    message = await _insert(conn, edit, "reply", by.actor, client_id, text, message_id=message_id)
    attached = await _give(conn, edit, message, files)
    edit.note(Event.REPLY, message)
    if edit.case.owner is None:
        work.set_owner(edit, by.actor)
    replied(edit)
    if status is not None:
        work.set_status(edit, status)
    elif edit.case.status == Status.OPEN:
        work.set_status(edit, Status.IN_PROGRESS)
    case = await work.finish(conn, edit)
    said = {"text": text, "author": author_name, "in_reply_to": await _last_mail(conn, ref)}
    by_mail = {Channel.CUSTOMER_MAIL}
    letters = await rows.tell(conn, case, Event.REPLY, by, only=by_mail, files=attached, message=said)
    await rows.tell(conn, case, Event.REPLY, by, only=set(Channel) - by_mail, files=attached, message=said)
    letter = letters[0] if letters else None
    if letter is not None:
        await conn.execute(update(table).where(table.c.id == message).values(letter=letter))
    return Written(id=message, case=case, new=True, letter=letter)


async def add_customer(
    conn: AsyncConnection,
    ref: str,
    by: By,
    *,
    client_id: str,
    text: str,
    html: str | None = None,
    message_id: str | None = None,
    author: str = CUSTOMER,
    files: Sequence[Mapping[str, Any]] = (),
) -> Written:
    """What the customer wrote, or somebody else (`author`) in their place. A case that was resolved, slept or waited
    for the customer goes on; what comes for one that was merged is of the one that is left. `files` (`{"id", "name",
    "type", "size", "path"}`) are told to other ticket systems; the caller keeps them as the message's."""
    edit = await rows.lock(conn, ref, by)
    while edit.case.merged_into is not None:
        edit = await rows.lock(conn, edit.case.merged_into, by)
    if known := await _known(conn, edit, author, client_id):
        return known
    message = await _insert(
        conn,
        edit,
        "customer",
        author,
        client_id,
        text,
        html=sanitised(html) if html else None,
        message_id=message_id,
    )
    edit.note(Event.CUSTOMER, message)
    edit.news = True
    if edit.case.status in {Status.WAITING_CUSTOMER, *sla.DONE}:
        work.set_status(edit, Status.OPEN if edit.case.owner is None else Status.IN_PROGRESS)
    work.set_snooze(edit, None)
    case = await rows.save(conn, edit)
    said = {"text": text, "author": author}
    elsewhere = {Channel.TICKET_SYSTEM}
    await rows.tell(conn, case, Event.CUSTOMER, by, only=elsewhere, files=list(files), message=said)
    return Written(id=message, case=case, new=True)


async def opened_by_mail(
    conn: AsyncConnection, ref: str, by: By, *, text: str, html: str | None, message_id: str
) -> None:
    """Keep the mail that a case came from, so that answers go below it. The case itself shows what it said."""
    edit = await rows.lock(conn, ref, by)
    if await _known(conn, edit, CUSTOMER, message_id) is None:
        kept = sanitised(html) if html else None
        await _insert(conn, edit, "customer", CUSTOMER, message_id, text, html=kept, message_id=message_id)


async def case_of_mail(conn: AsyncConnection, message_ids: Sequence[str]) -> str | None:
    """The case that one of these mails belongs to, the newest where there are several."""
    query = select(table.c.ref).where(table.c.message_id.in_(message_ids)).order_by(table.c.at.desc()).limit(1)
    found: str | None = (await conn.execute(query)).scalar_one_or_none()
    return found


async def answers_by_mail(conn: AsyncConnection, ref: str) -> str | None:
    """Who wrote the last reply, where it came by mail."""
    replies = (table.c.ref == ref) & (table.c.kind == "reply")
    query = select(table.c.author, table.c.message_id).where(replies).order_by(table.c.at.desc(), table.c.id).limit(1)
    row = (await conn.execute(query)).one_or_none()
    return None if row is None or row.message_id is None else str(row.author)


async def settled(conn: AsyncConnection, letter: str, status: str, by: By) -> Case | None:
    """The mail of a reply has been `sent` or is `dead` (given up): the history says so. None: no reply went by it."""
    row = (await conn.execute(select(table.c.ref).where(table.c.letter == letter))).one_or_none()
    if row is None:
        return None
    edit = await rows.lock(conn, row.ref, by)
    edit.note(Event.DELIVERY, letter=letter, state="sent" if status == "sent" else "failed")
    edit.news = status != "sent"
    return await rows.save(conn, edit)


async def bounced(conn: AsyncConnection, letter: str, reason: str, by: By) -> Case | None:
    """The mail `letter` came back: its reply has failed, once however often that is told."""
    mark = update(table).where(table.c.letter == letter, table.c.bounced.is_(None))
    if (await conn.execute(mark.values(bounced=clean(reason)[:500]))).rowcount == 0:
        return None
    return await settled(conn, letter, "dead", by)


def replied(edit: Edit) -> None:
    """The first reply has been given, if it was not before."""
    if edit.case.first_reply_at is None:
        edit.case = sla.with_next(edit.case.with_(first_reply_at=edit.by.now))


async def _known(conn: AsyncConnection, edit: Edit, author: str, client_id: str) -> Written | None:
    query = select(table.c.id, table.c.letter).where(
        table.c.ref == edit.case.ref, table.c.author == author, table.c.client_id == client_id
    )
    row = (await conn.execute(query)).one_or_none()
    return None if row is None else Written(id=row.id, case=edit.before, new=False, letter=row.letter)


async def _insert(
    conn: AsyncConnection,
    edit: Edit,
    kind: str,
    author: str,
    client_id: str,
    text: str,
    *,
    mentions: Collection[str] = (),
    **more: Any,
) -> str:
    message = uuid.uuid4().hex
    row = {"id": message, "ref": edit.case.ref, "kind": kind, "author": author, "client_id": client_id, "text": text}
    await conn.execute(table.insert().values(**row, mentions=list(mentions), at=edit.by.now, **more))
    await words.index(conn, edit.case.ref, [text])
    return message


async def _give(conn: AsyncConnection, edit: Edit, message: str, files: Sequence[str]) -> list[dict[str, Any]]:
    """The author's uploaded files of this case become part of the message; FieldError where one is none of them."""
    if not files:
        return []
    kept = tables.attachments
    loose = (kept.c.ref == edit.case.ref) & (kept.c.author == edit.by.actor) & kept.c.message.is_(None)
    given = await conn.execute(
        update(kept)
        .where(kept.c.id.in_(files), loose)
        .values(message=message)
        .returning(kept.c.id, kept.c.name, kept.c.type, kept.c.size, kept.c.path)
    )
    found = {row["id"]: dict(row) for row in given.mappings()}
    if len(found) != len(set(files)):
        raise FieldError("invalid_attachment", "attachments")
    return [found[file] for file in dict.fromkeys(files)]


async def _last_mail(conn: AsyncConnection, ref: str) -> str | None:
    """Message-ID of the customer's last mail, which an answer belongs below."""
    theirs = (table.c.ref == ref) & (table.c.kind == "customer") & table.c.message_id.is_not(None)
    query = select(table.c.message_id).where(theirs)
    found: str | None = (await conn.execute(query.order_by(table.c.at.desc()).limit(1))).scalar_one_or_none()
    return found
