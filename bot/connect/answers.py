"""Agents answer the mail that tells them of a case, and the customer gets it as if it were written at the desk.

Who may: somebody of the staff, from their own address, with the token of this very case, which only mails to staff
carry: behind the reference in the address that they are answered to, and in their thread.
"""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.cases import fields, messages
from bot.cases.messages import Written
from bot.cases.model import ALPHABET, Case, Say, read_reference
from bot.cases.rows import By
from bot.secret import Secret

from .mime import Mail
from .reading import Reading

NOTE = "[note]"  # at the beginning: for colleagues alone
_LENGTH = 16  # letters of a token, 80 bits
_TOKEN = re.compile(rf"([TCS]-[{ALPHABET}]{{4}}-[{ALPHABET}]{{4}})\.([a-z2-7]{{{_LENGTH}}})(?![a-z0-9])", re.IGNORECASE)
_SIGNATURE = re.compile(r"^-- ?$", re.MULTILINE)


class Colleague(Protocol):
    @property
    def id(self) -> str: ...

    @property
    def name(self) -> str: ...


class Colleagues(Protocol):
    """The staff, as far as mails concern them; `bot.desk.by_mail`."""

    async def find(self, conn: AsyncConnection, email: str, /) -> Colleague | None:
        """Whoever has the address and may answer customers."""

    async def address(self, conn: AsyncConnection, person: str, /) -> str | None:
        """Where somebody who may answer customers gets mails."""

    async def said(self, conn: AsyncConnection, written: Written, author: str, name: str, /) -> None:
        """A reply was written: what else belongs in its transaction."""

    def told(self, conversation: str, /) -> None:
        """It is committed."""


def tokens(secret: Secret, ref: str) -> list[str]:
    """What shows that a mail answers one of ours to staff about this case; the first is for new mails."""
    keys = secret.derived("answers by mail")
    digests = (hmac.digest(key, ref.encode(), "sha256")[: _LENGTH * 5 // 8] for key in keys)
    return [base64.b32encode(digest).decode().lower() for digest in digests]


def vouched(mail: Mail, secret: Secret) -> str | None:
    """Reference of the case whose token the mail carries."""
    for place in (*mail.recipients, *mail.references):
        for found, token in _TOKEN.findall(place):
            ref = read_reference(found)
            if any(hmac.compare_digest(token.lower(), right) for right in tokens(secret, ref)):
                return ref
    return None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a mail says: to the customer, or (`private`) to colleagues alone. `problem`: why it cannot go to the
    customer as it is."""

    text: str
    private: bool
    problem: str | None


def read(reading: Reading, say: Say, lang: str) -> Answer:
    """Without signature (below a line of two hyphens, RFC 3676) and mark."""
    text = _SIGNATURE.split(reading.text, maxsplit=1)[0].strip()
    private = text.lower().startswith(NOTE)
    if private:
        text = text[len(NOTE) :].strip()
    problem = None
    if reading.too_large is not None:
        problem = reading.words(say, lang, messages.LONGEST)
    elif len(text) > messages.LONGEST:
        text, problem = text[: messages.LONGEST - 1000], say(lang, "connect.mail.cut")
    elif reading.refused:
        problem = say(lang, "connect.mail.refused_files", names=", ".join(reading.refused))
    elif not text:
        problem = say(lang, "connect.mail.no_text")
    return Answer(fields.clean(text, lines=True), private, problem)


async def write(
    conn: AsyncConnection,
    case: Case,
    by: By,
    answer: Answer,
    author: Colleague,
    *,
    mail: Mail,
    files: Sequence[str],
    say: Say,
) -> Written:
    """The reply, or the note; `files` are the author's, uploaded for the case. What cannot go to the customer is a note
    that says so to its author."""
    message_id = mail.message_id and mail.message_id[: messages.LONGEST_CLIENT_ID]
    if not answer.private and answer.problem is None:
        return await messages.reply(
            conn,
            case.ref,
            by,
            client_id=mail.key,
            text=answer.text,
            author_name=author.name,
            files=files,
            message_id=message_id,
        )
    text = "\n\n".join(part for part in (answer.text, answer.problem) if part)
    if not answer.private:
        text = say(case.lang, "connect.answer.not_sent", reason=answer.problem, text=answer.text).strip()
    return await messages.add_note(
        conn,
        case.ref,
        by,
        client_id=mail.key,
        text=text,
        files=files,
        mentions=[author.id] if answer.problem else [],
        message_id=message_id,
    )
