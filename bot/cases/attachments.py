"""Files of a conversation and the case they belong to. The files themselves lie in a folder of the web process."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, RowMapping, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from .model import Attachment, FieldError
from .tables import attachments as table


def new_attachment(conversation: str, name: str, kind: str, size: int, ref: str | None = None) -> Attachment:
    """A file to be stored below a random name that nothing else has."""
    return Attachment(
        id=secrets.token_urlsafe(16),
        conversation=conversation,
        name=name,
        type=kind,
        size=size,
        path=secrets.token_hex(16),
        ref=ref,
    )


async def add_attachment(
    conn: AsyncConnection, attachment: Attachment, now: datetime, author: str | None = None, message: str | None = None
) -> None:
    """Note a file that the caller has stored. Without `ref` it joins the conversation's next case; one that an agent
    (`author`) has uploaded for a case joins the message that is sent next with it; one that came by mail belongs to its
    `message`."""
    await conn.execute(
        insert(table).values(
            id=attachment.id,
            conversation=attachment.conversation,
            name=attachment.name,
            type=attachment.type,
            size=attachment.size,
            path=attachment.path,
            ref=attachment.ref,
            author=author,
            message=message,
            created_at=now,
        )
    )


async def loose_attachments(conn: AsyncConnection, conversation: str) -> list[Attachment]:
    """The customer's files of a conversation that belong to no case and no message yet, oldest first."""
    return await _loose(conn, conversation, table.c.author.is_(None))


async def _loose(conn: AsyncConnection, conversation: str, by: ColumnElement[bool]) -> list[Attachment]:
    rows = await conn.execute(
        select(table)
        .where(table.c.conversation == conversation, table.c.ref.is_(None), table.c.seq.is_(None), by)
        .order_by(table.c.created_at)
    )
    return [_attachment(row) for row in rows.mappings()]


async def say_attachments(
    conn: AsyncConnection, conversation: str, wanted: Collection[str], seq: int, author: str | None = None
) -> list[Attachment]:
    """Send loose files of the customer, or of `author`, with the conversation's event `seq`; those found."""
    by = table.c.author.is_(None) if author is None else table.c.author == author
    found = [attachment for attachment in await _loose(conn, conversation, by) if attachment.id in wanted]
    ids = [attachment.id for attachment in found]
    await conn.execute(update(table).where(table.c.id.in_(ids)).values(seq=seq))
    return found


async def attach(
    conn: AsyncConnection, ref: str, conversation: str, wanted: Collection[str] | None
) -> tuple[Attachment, ...]:
    """Give loose files to a case: all of the conversation's, or those `wanted`, each of which must be loose."""
    loose = await loose_attachments(conn, conversation)
    if wanted is not None:
        loose = [attachment for attachment in loose if attachment.id in wanted]
        if len(loose) != len(wanted):
            raise FieldError("invalid_attachment", "attachments")
    if loose:
        ids = [attachment.id for attachment in loose]
        await conn.execute(update(table).where(table.c.id.in_(ids)).values(ref=ref))
    return tuple(loose)


async def attach_said(conn: AsyncConnection, ref: str, conversation: str) -> None:
    """Give a case what the customer has sent in messages of the conversation and no case has yet."""
    said = (table.c.conversation == conversation) & table.c.seq.is_not(None) & table.c.author.is_(None)
    await conn.execute(update(table).where(said, table.c.ref.is_(None)).values(ref=ref))


async def attached(conn: AsyncConnection, ref: str) -> tuple[Attachment, ...]:
    """The files that came with a case, oldest first: not those of messages, nor those that agents are about to send."""
    own = (table.c.ref == ref) & table.c.author.is_(None) & table.c.message.is_(None)
    rows = await conn.execute(select(table).where(own).order_by(table.c.created_at))
    return tuple(_attachment(row) for row in rows.mappings())


def _attachment(row: RowMapping) -> Attachment:
    return Attachment(**{name: row[name] for name in ("id", "conversation", "name", "type", "size", "path", "ref")})
