"""Mails to staff: kept in the database until a mail server has taken them. A link is made as its mail is sent, so
that no table holds one; an address that nobody has gets nothing, and takes no less time to ask for."""

from __future__ import annotations

import asyncio
import contextlib
import random
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr
from typing import Any

import aiosmtplib
import structlog
from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.catalogue import Catalogue
from bot.company import Company
from bot.database import Database
from bot.settings import Settings
from bot.staff import links, people
from bot.staff.tables import mails as table
from bot.staff.tables import text_of

log = structlog.get_logger()

FIRST, LONGEST = 5.0, 1800.0  # seconds between attempts, doubling
GIVE_UP = timedelta(days=3)
LEASE = timedelta(seconds=90)
TIMEOUT = 20.0
POLL = 15.0


class Mail:
    """`wake` after a commit that asked for mails."""

    def __init__(
        self,
        settings: Settings,
        company: Company,
        catalogue: Catalogue,
        database: Database,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._settings, self._company, self._catalogue, self._database = settings, company, catalogue, database
        self._now = now
        self._wake = asyncio.Event()

    async def ask(self, conn: AsyncConnection, purpose: str, email: str) -> None:
        """In the transaction of what the mail tells."""
        now = text_of(self._now())
        values = {"id": uuid.uuid4().hex, "purpose": purpose, "email": email.lower(), "attempts": 0}
        await conn.execute(insert(table).values(**values, next_at=now, created_at=now))

    def wake(self) -> None:
        self._wake.set()

    async def run(self) -> None:
        """Send until cancelled. A database that cannot be reached is tried again."""
        while True:
            self._wake.clear()
            try:
                while await self.send_next():
                    pass
                wait = await self._seconds_to_next()
            except Exception:
                log.exception("staff_mail_failed")
                wait = FIRST
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), wait)

    async def send_next(self) -> bool:
        """Take one mail that is due and send it; False where none is."""
        now = self._now()
        async with self._database.read() as conn:
            due = select(table).where(table.c.next_at <= text_of(now)).order_by(table.c.next_at).limit(1)
            mail = (await conn.execute(due)).first()
        if mail is None:
            return False
        async with self._database.write() as conn:
            taken = await conn.execute(
                update(table)
                .where(table.c.id == mail.id, table.c.next_at == mail.next_at)
                .values(next_at=text_of(now + LEASE), attempts=mail.attempts + 1)
            )
        if taken.rowcount == 1:
            await self._send(mail, now)
        return True

    async def _send(self, mail: Row[Any], now: datetime) -> None:
        token = None
        async with self._database.write() as conn:
            person = await people.by_email(conn, mail.email)
            if person is not None and person.active and mail.purpose in links.PASSWORD:
                token = await links.make(conn, now, mail.purpose, person.id)
        failure = None
        if person is not None and person.active:
            failure = await self._deliver(self._message(mail, person, token))
        async with self._database.write() as conn:
            if failure is None or failure[1] or now - datetime.fromisoformat(mail.created_at) > GIVE_UP:
                await conn.execute(delete(table).where(table.c.id == mail.id))
            else:
                step = min(LONGEST, FIRST * 2.0 ** min(mail.attempts, 20)) * (0.5 + random.random() / 2)
                again = text_of(now + timedelta(seconds=step))
                await conn.execute(update(table).where(table.c.id == mail.id).values(next_at=again))
            if failure is not None and token is not None:
                await links.drop(conn, token)
        if failure is not None:
            log.warning("staff_mail_refused", mail=mail.id, purpose=mail.purpose, error=failure[0], final=failure[1])

    def _message(self, mail: Row[Any], person: people.Person, token: str | None) -> EmailMessage:
        settings, company = self._settings, self._company.identity
        sender = settings.smtp_from or company.email
        values = {
            "name": person.name,
            "company": company.name,
            "link": f"{settings.base_url}/staff/reset?token={token}" if token else f"{settings.base_url}/staff/sign-in",
            "hours": int(links.LIFETIMES[mail.purpose].total_seconds() // 3600) if token else 0,
        }
        subject, body = (
            self._catalogue.text(person.lang, f"staff.mail.{mail.purpose}.{part}", **values)
            for part in ("subject", "text")
        )
        message = EmailMessage(policy=SMTP)
        message["From"] = formataddr((company.name, sender))
        message["To"] = person.email
        message["Subject"] = " ".join(subject.split())  # a line break would start another header
        message["Date"] = format_datetime(datetime.fromisoformat(mail.created_at))
        message["Message-ID"] = f"<{mail.id}@{sender.rpartition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(body, cte="quoted-printable")
        message["Content-Language"] = person.lang
        return message

    async def _deliver(self, message: EmailMessage) -> tuple[str, bool] | None:
        """None where the server took it; else (why not, whether trying again cannot help)."""
        settings = self._settings
        try:
            await aiosmtplib.send(
                message,
                hostname=settings.smtp_host,
                port=settings.smtp_port,
                username=settings.smtp_user or None,
                password=settings.smtp_password.get_secret_value() or None,
                use_tls=settings.smtp_security == "tls",
                start_tls=settings.smtp_security == "starttls",
                timeout=TIMEOUT,
            )
        except aiosmtplib.SMTPRecipientsRefused as error:
            codes = [refusal.code for refusal in error.recipients]
            return f"recipient refused ({', '.join(map(str, codes))})", all(code >= 500 for code in codes)
        except aiosmtplib.SMTPDataError as error:
            return f"message refused ({error.code})", error.code >= 500
        except (aiosmtplib.SMTPException, OSError) as error:
            return f"{type(error).__name__}: {error}", False
        return None

    async def _seconds_to_next(self) -> float:
        async with self._database.read() as conn:
            first: str | None = (await conn.execute(select(func.min(table.c.next_at)))).scalar_one()
        if first is None:
            return POLL
        seconds = (datetime.fromisoformat(first) - self._now()).total_seconds()
        return min(POLL, max(0.0, seconds))
