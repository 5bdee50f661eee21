"""Puts together what talks with other systems, as far as it is set up, and registers its routes."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import web

from bot.cases import Channel, Policy
from bot.cases.rows import By
from bot.catalogue import Catalogue
from bot.company import Company
from bot.connect import inbound_api
from bot.connect.adapter import Adapter, SystemSettings
from bot.connect.answers import Colleagues
from bot.connect.context import CONNECT, Connect
from bot.connect.delivery import Delivery
from bot.connect.inbox import Inbox
from bot.connect.reading import Files, InboxSettings
from bot.connect.rest import Rest, TemplateError, load_template
from bot.connect.states import States
from bot.connect.zammad import Zammad
from bot.database import Database
from bot.limiter import Limiter
from bot.secret import Secret
from bot.settings import Settings, SettingsError

if TYPE_CHECKING:
    from bot.connect.imap import ImapSettings
    from bot.connect.oauth import OAuthSettings


@dataclass(frozen=True, slots=True)
class Tickets:
    """The ticket system that is set up: `delivery.send` is the outbox's sender for it."""

    adapter: Adapter
    delivery: Delivery
    states: States


def tickets(
    settings: Settings,
    company: Company,
    catalogue: Catalogue,
    database: Database,
    *,
    by: Callable[[], By],
    changed: Callable[[], None],
) -> Tickets | None:
    """None where none is set up. SettingsError where it cannot be used."""
    adapter = _adapter(settings, company)
    if adapter is None:
        return None
    poll = timedelta(seconds=settings.ticket_poll)
    states = States(database, adapter, by=by, changed=changed, poll=poll, now=_now)
    delivery = Delivery(
        database,
        adapter,
        say=catalogue.text,
        attachments=settings.data_dir / "attachments",
        by=by,
        made=changed,
        poll=poll,
        now=_now,
    )
    return Tickets(adapter, delivery, states)


def _adapter(settings: Settings, company: Company) -> Adapter | None:
    if not settings.ticket_system:
        return None
    try:
        system = SystemSettings(
            url=settings.ticket_url,
            token=settings.ticket_token.get_secret_value(),
            secret=settings.ticket_secret.get_secret_value(),
            allow_private=settings.ticket_allow_private,
        )
        if settings.ticket_system == "rest":
            return Rest(system, load_template(Path(settings.ticket_template)))
    except ValueError as error:
        raise SettingsError(f"GUICHET_TICKET_URL, GUICHET_TICKET_TOKEN: {error}") from None
    except TemplateError as error:
        raise SettingsError(f"GUICHET_TICKET_TEMPLATE: {error}") from None
    fallback = settings.inbound_email or company.identity.email
    return Zammad(system, group=settings.ticket_group, fallback=fallback)


def _now() -> datetime:
    return datetime.now(UTC)


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
    tickets: Tickets | None = None,
    secret: Secret | None = None,
    colleagues: Colleagues | None = None,
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
        secret=secret,
        colleagues=colleagues,
    )
    workers = []
    if settings.imap_host:
        from bot.connect.imap import ImapReader  # its library is needed where a mailbox is read only

        reader = ImapReader(database, inbox, imap_settings(settings))
        workers.append(asyncio.create_task(reader.run(), name="imap"))
    if tickets is not None:
        workers.append(asyncio.create_task(tickets.states.run(), name="ticket_states"))
    try:
        yield Connect(
            inbox=inbox,
            inbox_secret=settings.inbound_secret.get_secret_value() or None,
            changed=tickets.states.told if tickets and settings.ticket_secret.get_secret_value() else None,
            now=_now,
        )
    finally:
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
        if tickets is not None:
            await tickets.adapter.close()


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
    from bot.connect.imap import ImapSettings

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
        oauth=_oauth(settings),
    )


def _oauth(settings: Settings) -> OAuthSettings | None:
    """None where a password signs in. SettingsError where a part is missing."""
    from bot.connect.oauth import OAuthSettings

    command, token_url = settings.imap_oauth_command, settings.imap_oauth_token_url
    if not command and not token_url:
        return None
    refresh_token = settings.imap_oauth_refresh_token.get_secret_value()
    if not command:
        if not refresh_token or not settings.imap_oauth_client_id:
            raise SettingsError(
                "IMAP_OAUTH_TOKEN_URL: expected IMAP_OAUTH_CLIENT_ID and IMAP_OAUTH_REFRESH_TOKEN with it, got none: "
                "set them, or IMAP_OAUTH_COMMAND"
            )
        if not token_url.startswith("https://") and not re.match(r"http://(127\.0\.0\.1|localhost)[:/]", token_url):
            raise SettingsError("IMAP_OAUTH_TOKEN_URL: expected an address that begins with https://")
    return OAuthSettings(
        command=command,
        token_url=token_url,
        client_id=settings.imap_oauth_client_id,
        client_secret=settings.imap_oauth_client_secret.get_secret_value(),
        refresh_token=refresh_token,
        scope=settings.imap_oauth_scope,
    )


def add_routes(app: web.Application, connect: Connect) -> None:
    app[CONNECT] = connect
    inbound_api.add_routes(app)
