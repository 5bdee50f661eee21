"""A mail as the inbox needs it: what kind it is, what is new in it, which files are kept, which case it belongs to."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.cases import Attachment, fields, messages
from bot.cases.attachments import new_attachment
from bot.cases.model import Case, Say
from bot.cases.rows import load
from bot.cases.tables import cases, outbox

from . import mime, quoting
from .mime import File, Mail
from .recognise import Sort, letters_in, references_in, sort_of


class Files(Protocol):
    """How uploads are checked and kept; `bot.gateway.attachments`."""

    def sniff(self, content: bytes, /) -> str | None: ...

    def safe_name(self, claimed: str | None, kind: str, /) -> str: ...

    def keep(self, path: Path, content: bytes, /) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxSettings:
    """`own` are the addresses that we send from and receive at; `authserv` names our mail server in
    Authentication-Results ("": none is believed); sizes in bytes. Mails that we fail on are kept in `failed`."""

    own: frozenset[str]
    attachments: Path
    failed: Path
    authserv: str = ""
    mail_bytes: int = 25 * 1024 * 1024
    file_bytes: int = 5 * 1024 * 1024
    file_count: int = 10


@dataclass(frozen=True, slots=True)
class Reading:
    """A mail, what kind it is, and what of it will be kept: files as attachments without a case, names of others."""

    mail: Mail
    sort: Sort
    text: str
    html: str | None
    too_large: tuple[int, int] | None  # its bytes and the limit, where only the headers were fetched
    files: list[tuple[Attachment, bytes]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def words(self, say: Say, lang: str, longest: int) -> str:
        """The words, with what was left out; never empty, never too long."""
        if self.too_large is not None:
            size, limit = (f"{size / 1024 / 1024:.3g}" for size in self.too_large)
            return say(lang, "connect.mail.too_large", size=size, limit=limit)
        lines = []
        if self.refused:
            lines.append(say(lang, "connect.mail.refused_files", names=", ".join(self.refused)))
        text = self.text
        room = longest - sum(len(line) + 2 for line in lines) - 200
        if len(text) > room:
            text = text[:room]
            lines.append(say(lang, "connect.mail.cut"))
        if len(text.strip()) < fields.LENGTHS["text"][0]:
            text = say(lang, "connect.mail.no_text") if not text.strip() else f"{text.strip()} …"
        return "\n\n".join([text, *lines])


def read(raw: bytes, size: int | None, settings: InboxSettings, files: Files) -> Reading:
    """Parse, recognise, tell new from quoted, check the files: work for a thread. UnreadableMailError."""
    mail = mime.read(raw, headers_only=size is not None)
    html, quoted_html = quoting.folded(mail.html)
    new, quoted = quoting.split(mail.text or quoting.as_text(html))
    if not new and quoted_html:
        new = quoting.as_text(quoted_html)
    shown = f"{html}{quoted_html}" if mail.html else quoting.as_html(new, quoted) if quoted else None
    too_large = None if size is None else (size, settings.mail_bytes)
    reading = Reading(mail, sort_of(mail, settings.own), fields.clean(new, lines=True), shown, too_large)
    for file in mail.files:
        _check(reading, file, settings, files)
    return reading


def _check(reading: Reading, file: File, settings: InboxSettings, files: Files) -> None:
    """As uploads are: by content, size and number."""
    kind = files.sniff(file.content) if len(file.content) <= settings.file_bytes else None
    if kind is None or len(reading.files) >= settings.file_count:
        if len(reading.refused) < settings.file_count:
            reading.refused.append(fields.clean(file.name or "?")[:100])
        return
    attachment = new_attachment("", files.safe_name(file.name, kind), kind, len(file.content))
    reading.files.append((attachment, file.content))


async def case_of(conn: AsyncConnection, mail: Mail) -> Case | None:
    """The case the mail belongs to; the one it was merged into."""
    found = None
    for ref in references_in(mail):
        found = await _existing(conn, ref)
        if found is not None:
            break
    if found is None and (letters := letters_in(mail)):
        query = select(outbox.c.ref).where(outbox.c.id.in_(letters)).limit(1)
        found = (await conn.execute(query)).scalar_one_or_none()
    if found is None and mail.references:
        found = await messages.case_of_mail(conn, mail.references)
    return None if found is None else await load_existing(conn, found)


async def load_existing(conn: AsyncConnection, ref: str) -> Case | None:
    """The case, or the one it was merged into; None where it is gone."""
    if await _existing(conn, ref) is None:
        return None
    case = await load(conn, ref)
    return await load(conn, case.merged_into) if case.merged_into else case


async def _existing(conn: AsyncConnection, ref: str) -> str | None:
    found: str | None = (await conn.execute(select(cases.c.ref).where(cases.c.ref == ref))).scalar_one_or_none()
    return found
