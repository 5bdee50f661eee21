"""Takes mails, each once: to the case it belongs to, as a new ticket, or as what became of one of ours.

Everything a mail does is written in one transaction with its key, so that the same mail brought again, by another
process or after a crash, does nothing.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

import structlog
from prometheus_client import Counter
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.cases import Attachment, Channel, Policy, fields, letters, messages, store
from bot.cases.attachments import add_attachment
from bot.cases.desk_tables import messages as written_messages
from bot.cases.model import Case, Event, FieldError, Kind, Say
from bot.cases.rows import By
from bot.cases.tables import insert_new
from bot.database import Database
from bot.secret import Secret

from . import answers
from .answers import Colleague, Colleagues
from .mime import Mail, UnreadableMailError
from .reading import Files, InboxSettings, Reading, case_of, load_existing, read
from .recognise import Sort, failed_authentication, letters_in, wants_no_answer
from .tables import mails

log = structlog.get_logger(__name__)

MAILS = Counter("guichet_mails_in", "Mails taken", ["outcome"])
_LONGEST_SUBJECT = fields.LENGTHS["subject"][1]
_LONGEST_TICKET = fields.LENGTHS["text"][1]
_LONGEST_AUTHOR = 80
_PREFIX = re.compile(r"^(?:(?:re|aw|wg|fw|fwd|tr|réf?|sv)\s?:\s?)+", re.IGNORECASE)


class Outcome(StrEnum):
    ADDED = "added"  # the customer's words joined their case
    NOTED = "noted"  # somebody else's, or a machine's, joined it as a note
    ANSWERED = "answered"  # an agent's answer went to the customer
    OPENED = "opened"  # a new ticket
    BOUNCED = "bounced"  # one of our mails came back
    IGNORED = "ignored"  # our own, an automatic reply to nothing, a report that says nothing
    KNOWN = "known"  # taken before
    UNREADABLE = "unreadable"
    FAILED = "failed"  # our fault: kept as a file


@dataclass(frozen=True, slots=True)
class Taken:
    outcome: Outcome
    ref: str | None = None
    conversation: str | None = None  # in which an answer was said


class Inbox:
    """`language` guesses a text's; `may_answer` says whether this sender may still be answered by itself, so that two
    machines do not write to each other for ever; `woken` is called after something was written. With `secret` and
    `colleagues` agents may answer by mail."""

    def __init__(
        self,
        database: Database,
        settings: InboxSettings,
        *,
        policy: Policy,
        say: Say,
        channels: Collection[Channel],
        files: Files,
        language: Callable[[str], Awaitable[str]],
        may_answer: Callable[[str], Awaitable[bool]],
        woken: Callable[[], None],
        secret: Secret | None = None,
        colleagues: Colleagues | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._database = database
        self.settings = settings
        self._policy = policy
        self._say = say
        self._channels = frozenset(channels)
        self._files = files
        self._language = language
        self._may_answer = may_answer
        self._woken = woken
        self._secret = secret
        self._colleagues = colleagues
        self._now = now

    async def take(self, raw: bytes, *, size: int | None = None) -> Taken:
        """Do what the mail asks for. `size` is given where only its headers were fetched because it is too large.
        Errors of database and disk are raised: the same mail may be brought again."""
        try:
            taken = await self._take(raw, size)
        except (DBAPIError, OSError):
            raise
        except Exception:
            taken = Taken(Outcome.FAILED)
            name = f"{hashlib.sha256(raw).hexdigest()[:32]}.eml"
            log.exception("mail_failed", kept=name, size=len(raw))
            await asyncio.to_thread(self._keep_failed, self.settings.failed / name, raw)
        MAILS.labels(taken.outcome.value).inc()
        return taken

    async def _take(self, raw: bytes, size: int | None) -> Taken:
        try:
            reading = await asyncio.to_thread(read, raw, size, self.settings, self._files)
        except UnreadableMailError as error:
            log.warning("mail_unreadable", reason=str(error), size=len(raw))
            return Taken(Outcome.UNREADABLE)
        if await self._known(reading.mail.key):
            return Taken(Outcome.KNOWN)
        lang = await self._language(reading.text)
        quiet = not (reading.sort == Sort.PERSON and await self._may_be_answered(reading.mail))
        stored: list[Path] = []
        try:
            if reading.sort in (Sort.PERSON, Sort.GENERATED):
                for attachment, content in reading.files:
                    path = self.settings.attachments / attachment.path
                    await asyncio.to_thread(self._files.keep, path, content)
                    stored.append(path)
            async with self._database.write() as conn:
                taken = await self._written(conn, reading, lang, quiet)
        except BaseException:
            _remove(stored)
            raise
        if taken.outcome not in (Outcome.ADDED, Outcome.NOTED, Outcome.ANSWERED, Outcome.OPENED):
            _remove(stored)
        log.info("mail_taken", outcome=taken.outcome.value, ref=taken.ref, sort=reading.sort.value)
        if taken.ref is not None:
            self._woken()
        if taken.conversation is not None and self._colleagues is not None:
            self._colleagues.told(taken.conversation)
        return taken

    async def _may_be_answered(self, mail: Mail) -> bool:
        return not wants_no_answer(mail) and await self._may_answer(mail.sender)

    async def _known(self, key: str) -> bool:
        async with self._database.read() as conn:
            return (await conn.execute(select(mails.c.key).where(mails.c.key == key))).one_or_none() is not None

    async def _written(self, conn: AsyncConnection, reading: Reading, lang: str, quiet: bool) -> Taken:
        """What the mail does, with its key."""
        now, mail = self._now(), reading.mail
        claim = {"key": mail.key, "outcome": Outcome.IGNORED.value, "ref": None, "at": now}
        if not await insert_new(conn, mails, claim):
            return Taken(Outcome.KNOWN)
        taken = await self._done(conn, reading, lang, quiet, now)
        await conn.execute(
            mails.update().where(mails.c.key == mail.key).values(outcome=taken.outcome.value, ref=taken.ref)
        )
        return taken

    async def _done(self, conn: AsyncConnection, reading: Reading, lang: str, quiet: bool, now: datetime) -> Taken:
        mail, sort = reading.mail, reading.sort
        if sort == Sort.OWN:
            return Taken(Outcome.IGNORED)
        if sort == Sort.BOUNCE:
            return await self._bounce(conn, reading, now)
        if (author := await self._answering(conn, reading)) is not None:
            return await self._answer(conn, reading, *author, now)
        case = await case_of(conn, mail)
        if case is not None:
            return await self._add(conn, reading, case, now)
        if sort == Sort.AUTOMATIC:
            return Taken(Outcome.IGNORED)
        return await self._open(conn, reading, lang, quiet, now)

    async def _add(self, conn: AsyncConnection, reading: Reading, case: Case, now: datetime) -> Taken:
        """To its case: as the customer's words where it is theirs, else as a note by whoever wrote it."""
        mail, sort = reading.mail, reading.sort
        text = reading.words(self._say, case.lang, messages.LONGEST)
        forged = failed_authentication(mail, self.settings.authserv)
        theirs = sort == Sort.PERSON and case.email is not None and mail.sender == case.email.lower() and not forged
        message_id = mail.message_id and mail.message_id[: messages.LONGEST_CLIENT_ID]
        files = [] if sort == Sort.AUTOMATIC else reading.files
        told = [{**attachment.public(), "path": attachment.path} for attachment, _ in files]
        if theirs:
            written = await messages.add_customer(
                conn,
                case.ref,
                self._by(messages.CUSTOMER, now),
                client_id=mail.key,
                text=text,
                html=reading.html,
                message_id=message_id,
                files=told,
            )
            if written.new:
                await self._tell_agent(conn, written.case, text, told, now)
        else:
            written = await messages.add_note(
                conn,
                case.ref,
                self._by((mail.sender or "system")[:_LONGEST_AUTHOR], now),
                client_id=mail.key,
                text=self._say(case.lang, "connect.mail.forged", text=text) if forged else text,
                html=reading.html,
                message_id=message_id,
                news=sort != Sort.AUTOMATIC,
            )
        await _give(conn, files, case.conversation, now, ref=case.ref, message=written.id)
        return Taken(Outcome.ADDED if theirs else Outcome.NOTED, case.ref)

    async def _tell_agent(
        self, conn: AsyncConnection, case: Case, text: str, files: list[dict[str, Any]], now: datetime
    ) -> None:
        """Whoever answered last did it by mail: there they get what the customer writes back."""
        author = await messages.answers_by_mail(conn, case.ref) if self._colleagues is not None else None
        to = await self._colleagues.address(conn, author) if self._colleagues is not None and author else None
        if to is not None:
            said, only = {"text": text, "author": messages.CUSTOMER}, {Channel.STAFF_MAIL}
            await letters.post(
                conn, case, Event.CUSTOMER, self._channels, now, only=only, files=files, message=said, to=[to]
            )

    async def _answering(self, conn: AsyncConnection, reading: Reading) -> tuple[Colleague, Case] | None:
        """Who of the staff answers which case, where the mail is such an answer."""
        mail = reading.mail
        if self._secret is None or self._colleagues is None or failed_authentication(mail, self.settings.authserv):
            return None
        ref = answers.vouched(mail, self._secret)
        author = await self._colleagues.find(conn, mail.sender) if ref else None
        case = await load_existing(conn, ref) if ref and author else None
        return None if author is None or case is None else (author, case)

    async def _answer(
        self, conn: AsyncConnection, reading: Reading, author: Colleague, case: Case, now: datetime
    ) -> Taken:
        """To the customer, or to colleagues alone. What a machine of theirs answers, such as an absence note, is no
        answer."""
        if reading.sort != Sort.PERSON:
            return Taken(Outcome.IGNORED)
        await _give(conn, reading.files, case.conversation, now, ref=case.ref, author=author.id)
        answer = answers.read(reading, self._say, case.lang)
        files = [attachment.id for attachment, _ in reading.files]
        by = self._by(author.id, now)
        written = await answers.write(conn, case, by, answer, author, mail=reading.mail, files=files, say=self._say)
        if answer.private or answer.problem is not None:
            return Taken(Outcome.NOTED, case.ref)
        assert self._colleagues is not None
        await self._colleagues.said(conn, written, author.id, author.name)
        return Taken(Outcome.ANSWERED, case.ref, case.conversation)

    async def _open(self, conn: AsyncConnection, reading: Reading, lang: str, quiet: bool, now: datetime) -> Taken:
        """A new ticket of level 1; `quiet`: nothing is sent back by itself, which could go on for ever."""
        mail = reading.mail
        try:
            address = fields.email(mail.sender).value
        except FieldError:
            log.warning("mail_without_sender")
            return Taken(Outcome.IGNORED)
        text = reading.words(self._say, lang, _LONGEST_TICKET)
        subject = _PREFIX.sub("", mail.subject)[:_LONGEST_SUBJECT].strip()
        if len(subject) < fields.LENGTHS["subject"][0]:
            subject = self._say(lang, "connect.mail.no_subject")
        conversation = f"mail-{mail.key[:32]}"  # nobody else's: the mail's files, laid there, become the case's
        await _give(conn, reading.files, conversation, now)
        message_id = mail.message_id and mail.message_id[: messages.LONGEST_CLIENT_ID]
        body, _ = await store.open_case(
            conn,
            {"kind": Kind.TICKET.value, "email": str(address), "subject": subject, "text": text},
            conversation=conversation,
            idempotency_key="mail",
            lang=lang,
            policy=self._policy,
            say=self._say,
            now=now,
            channels=self._channels - {Channel.CUSTOMER_MAIL} if quiet else self._channels,
            in_reply_to=message_id,
        )
        if message_id:
            by = self._by(messages.CUSTOMER, now)
            await messages.opened_by_mail(conn, body["ref"], by, text=text, html=reading.html, message_id=message_id)
        return Taken(Outcome.OPENED, body["ref"])

    async def _bounce(self, conn: AsyncConnection, reading: Reading, now: datetime) -> Taken:
        """One of our mails came back: its reply failed, or the case is told that its customer was not reached."""
        mail, report = reading.mail, reading.mail.report
        if report is not None and report.action not in ("failed", ""):
            return Taken(Outcome.IGNORED)
        reason = (report.reason if report else "") or mail.subject
        sent, by = letters_in(mail), self._by("system", now)
        for letter in sent:
            if (case := await messages.bounced(conn, letter, reason, by)) is not None:
                return Taken(Outcome.BOUNCED, case.ref)
        case = await case_of(conn, mail)
        if case is None:
            return Taken(Outcome.IGNORED)
        table = written_messages
        known = select(table.c.id).where(table.c.letter.in_(sent), table.c.bounced.is_not(None))
        if sent and (await conn.execute(known)).first() is not None:
            return Taken(Outcome.BOUNCED, case.ref)  # told before, by another report
        text = self._say(case.lang, "connect.mail.bounced", reason=reason)
        await messages.add_note(conn, case.ref, by, client_id=mail.key, text=text, news=True)
        return Taken(Outcome.BOUNCED, case.ref)

    def _by(self, actor: str, now: datetime) -> By:
        return By(actor=actor, now=now, policy=self._policy, channels=self._channels)

    def _keep_failed(self, path: Path, raw: bytes) -> None:
        if not path.exists():
            self._files.keep(path, raw)


async def _give(
    conn: AsyncConnection,
    files: Sequence[tuple[Attachment, bytes]],
    conversation: str,
    now: datetime,
    *,
    ref: str | None = None,
    message: str | None = None,
    author: str | None = None,
) -> None:
    """The mail's files become part of its message; without one they wait for the conversation's next case, or for the
    `author`'s next message."""
    for attachment, _ in files:
        owned = replace(attachment, conversation=conversation, ref=ref)
        await add_attachment(conn, owned, now, author=author, message=message)


def _remove(paths: Sequence[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
