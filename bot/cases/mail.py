"""Sends letters of the outbox as mail: to the customer in their language, to staff with attachments and receipt."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

import aiosmtplib
import structlog

from . import texts
from .model import Event, Say
from .outbox import DeliveryError

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class MailSettings:
    """Plain values: the server, who writes (`sender`), who serves (`staff`), and what the texts need. Customers
    answer to `inbound` where mails to cases are read, with `plus` behind a plus sign and the case's reference; so do
    staff, with what `answer_token` says of the case: who answers with that writes to the customer.

    `public_url` is where customers reach the web process; `attachments` the folder of uploaded files.
    """

    host: str
    port: int
    sender: str
    staff: str
    company: str
    time_zone: str
    staff_lang: str
    public_url: str
    attachments: Path
    inbound: str | None = None
    plus: bool = False
    answer_token: Callable[[str], str] | None = None
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    security: Literal["none", "starttls", "tls"] = "starttls"
    timeout: float = 20.0


class Mailer:
    """`customer` and `staff` are senders for the outbox."""

    def __init__(self, settings: MailSettings, say: Say) -> None:
        self._settings = settings
        self._say = say

    async def customer(self, letter: Mapping[str, Any]) -> None:
        """Confirm to the customer, with a callback's calendar file; or bring them an agent's answer, with its files."""
        settings, case = self._settings, letter["case"]
        link = f"{settings.public_url.rstrip('/')}/cases/{quote(case['ref'])}?key={quote(letter['key'])}"
        subject, body = texts.customer_mail(
            letter, say=self._say, company=settings.company, time_zone=settings.time_zone, link=link
        )
        message = self._message(
            letter, case["email"], subject, body, reply_to=self._answers_to(case["ref"]), lang=case["lang"]
        )
        if answered := letter.get("in_reply_to"):
            _put_below(message, answered)
        if letter["event"] == Event.REPLY:
            await self._as_answer(message, letter)
        elif case["slot"]:
            self._add_calendar(message, letter, case["lang"], "summary")
        await self._send(message)

    async def staff(self, letter: Mapping[str, Any]) -> None:
        """Tell staff; answering the mail answers the customer, through the case where mails to it are read. Files go
        along when the case is first told, or with what the customer has written."""
        settings, case = self._settings, letter["case"]
        token = settings.answer_token(case["ref"]) if settings.inbound and settings.answer_token else None
        subject, body = texts.staff_mail(
            letter, say=self._say, lang=settings.staff_lang, time_zone=settings.time_zone, answerable=token is not None
        )
        to = ", ".join(letter.get("to") or [settings.staff])
        reply_to = self._answers_to(case["ref"], token) if token else case["email"] or settings.staff
        message = self._message(letter, to, subject, body, reply_to=reply_to, lang=settings.staff_lang)
        if token:
            message.replace_header("References", f"<{case['ref']}.{token}@{self._domain}>")
        if letter["event"] in {Event.CREATED, Event.CONSENTED, Event.CUSTOMER}:
            for file in letter["files"]:
                await self._add_file(message, file)
            if case["slot"] and letter["event"] != Event.CUSTOMER:
                self._add_calendar(message, letter, settings.staff_lang, "staff_summary")
        await self._send(message)

    async def plain(self, letter: Mapping[str, Any]) -> None:
        """Words for somebody, of no case: `to`, `lang`, `subject`, `text`."""
        await self._send(self._envelope(letter, letter["to"], letter["subject"], letter["text"], letter["lang"]))

    def _answers_to(self, ref: str, token: str | None = None) -> str:
        settings = self._settings
        if settings.inbound is None or not settings.plus:
            return settings.inbound or settings.staff
        name, _, domain = settings.inbound.partition("@")
        return f"{name}+{ref.lower()}{f'.{token}' if token else ''}@{domain}"

    def _message(
        self, letter: Mapping[str, Any], to: str, subject: str, body: str, *, reply_to: str, lang: str
    ) -> EmailMessage:
        message = self._envelope(letter, to, subject, body, lang)
        message["Reply-To"] = reply_to
        message["References"] = f"<{letter['case']['ref']}@{self._domain}>"  # one thread per case
        return message

    @property
    def _domain(self) -> str:
        return self._settings.sender.rpartition("@")[2]

    def _envelope(self, letter: Mapping[str, Any], to: str, subject: str, body: str, lang: str) -> EmailMessage:
        settings = self._settings
        message = EmailMessage(policy=SMTP)
        message["From"] = formataddr((settings.company, settings.sender))
        message["To"] = to
        message["Subject"] = " ".join(subject.split())  # a line break would start another header
        message["Date"] = format_datetime(datetime.fromisoformat(letter["at"]))
        # The same on every attempt: receivers drop the second.
        message["Message-ID"] = f"<{letter['id']}@{self._domain}>"
        message["Auto-Submitted"] = "auto-generated"
        message["X-Guichet-Delivery"] = letter["id"]
        message.set_content(body, cte="quoted-printable")
        message["Content-Language"] = lang  # after the content, which clears such headers
        return message

    async def _as_answer(self, message: EmailMessage, letter: Mapping[str, Any]) -> None:
        """Written by a person, below the customer's mail where it answers one."""
        del message["Auto-Submitted"]
        if answered := letter["message"]["in_reply_to"]:
            _put_below(message, answered)
        for file in letter["files"]:
            await self._add_file(message, file)

    def _add_calendar(self, message: EmailMessage, letter: Mapping[str, Any], lang: str, summary: str) -> None:
        content = texts.appointment(
            letter, lang, summary, say=self._say, company=self._settings.company, organizer=self._settings.staff
        )
        message.add_attachment(content, "text", "calendar", filename=f"{letter['case']['ref']}.ics")

    async def _add_file(self, message: EmailMessage, file: Mapping[str, Any]) -> None:
        path = self._settings.attachments / file["path"]
        try:
            content = await asyncio.to_thread(path.read_bytes)
        except FileNotFoundError:
            # The case matters more than the file, whose name is in the text.
            log.warning("attachment_missing", attachment=file["id"], path=str(path))
            return
        main, _, sub = str(file["type"]).partition("/")
        if main in {"", "message", "multipart"} or not sub:
            main, sub = "application", "octet-stream"
        message.add_attachment(content, main, sub, filename=file["name"])

    async def _send(self, message: EmailMessage) -> None:
        settings = self._settings
        try:
            await aiosmtplib.send(
                message,
                hostname=settings.host,
                port=settings.port,
                username=settings.user,
                password=settings.password,
                use_tls=settings.security == "tls",
                start_tls=settings.security == "starttls",
                timeout=settings.timeout,
            )
        except aiosmtplib.SMTPRecipientsRefused as error:
            codes = [refusal.code for refusal in error.recipients]
            raise DeliveryError(
                f"recipient refused ({', '.join(map(str, codes))})", permanent=all(code >= 500 for code in codes)
            ) from error
        except aiosmtplib.SMTPDataError as error:
            raise DeliveryError(f"message refused ({error.code})", permanent=error.code >= 500) from error
        except (aiosmtplib.SMTPException, OSError) as error:
            raise DeliveryError(f"{type(error).__name__}: {error}") from error


def _put_below(message: EmailMessage, answered: str) -> None:
    """The mail that it answers, for the customer's mail program."""
    message["In-Reply-To"] = answered
    message.replace_header("References", f"{message['References']} {answered}")
