"""Puts together what talks with other systems, as far as it is set up, and registers its routes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from aiohttp import web

from bot.cases import Channel, Policy
from bot.catalogue import Catalogue
from bot.company import Company
from bot.connect import inbound_api
from bot.connect.context import CONNECT, Connect
from bot.connect.imap import ImapReader, ImapSettings
from bot.connect.inbox import Files, Inbox, InboxSettings
from bot.database import Database
from bot.limiter import Limiter
from bot.settings import Settings, SettingsError


@asynccontextmanager
async def running(
    settings: Settings,
    company: Company,
    catalogue: Catalogue,
    database: Database,
    *,
    policy: Policy,
    channels: Collection[Channel],
    files: Files,
    language: Callable[[str], Awaitable[str]],
    limiter: Limiter,
    woken: Callable[[], None],
) -> AsyncIterator[Connect]:
    """At work: mails are read, states of tickets asked for."""

    async def may_answer(sender: str) -> bool:
        return await limiter.wait("mail", sender) == 0

    inbox = Inbox(
        database,
        inbox_settings(settings, company),
        policy=policy,
        say=catalogue.text,
        channels=channels,
        files=files,
        language=language,
        may_answer=may_answer,
        woken=woken,
    )
    workers = []
    if settings.imap_host:
        reader = ImapReader(database, inbox, imap_settings(settings))
        workers.append(asyncio.create_task(reader.run(), name="imap"))
    try:
        yield Connect(
            inbox=inbox,
            inbox_secret=settings.inbound_secret.get_secret_value() or None,
            changed=None,
            now=lambda: datetime.now(UTC),
        )
    finally:
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)


def inbox_settings(settings: Settings, company: Company) -> InboxSettings:
    """Our own mails come from the sender, and go round where it is also read."""
    own = (settings.inbound_email, settings.smtp_from or company.identity.email)
    return InboxSettings(
        own=frozenset(address.lower() for address in own if address),
        attachments=settings.data_dir / "attachments",
        failed=settings.data_dir / "mail",
        authserv=settings.mail_authserv,
        mail_bytes=settings.mail_bytes,
        file_bytes=settings.attachment_bytes,
    )


def imap_settings(settings: Settings) -> ImapSettings:
    """SettingsError where the mailbox has no user."""
    user = settings.imap_user or settings.inbound_email
    if not user:
        raise SettingsError("IMAP_USER: expected the user of the mailbox, got none: set it, or GUICHET_INBOUND_EMAIL")
    return ImapSettings(
        host=settings.imap_host,
        port=settings.imap_port,
        user=user,
        password=settings.imap_password.get_secret_value(),
        security=settings.imap_security,
        folder=settings.imap_folder,
        poll=settings.imap_poll,
    )


def add_routes(app: web.Application, connect: Connect) -> None:
    app[CONNECT] = connect
    inbound_api.add_routes(app)
