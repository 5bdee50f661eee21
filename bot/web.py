"""The web process: builds both applications, wires the parts, owns start and stop."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from functools import partial

import structlog
from aiohttp import ClientSession, ClientTimeout, DummyCookieJar, TCPConnector, web
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.cases import Channel, messages
from bot.cases.clocks import Clocks
from bot.cases.mail import Mailer, MailSettings
from bot.cases.outbox import Outbox, Sender
from bot.cases.rows import By
from bot.cases.webhook import Webhook, WebhookSettings
from bot.catalogue import Catalogue, load_catalogue
from bot.company import Company, load_company
from bot.connect import start as connect_start
from bot.connect.answers import tokens as answer_tokens
from bot.console import start as console_start
from bot.database import Database, make_engine, prepare
from bot.desk import start as desk_start
from bot.desk.by_mail import ByMail
from bot.desk.team import agents
from bot.desk.telling import asker
from bot.gateway import (
    attachments,
    case_api,
    case_pages,
    chat_api,
    files,
    guard,
    health,
    internal_api,
    openapi,
    pages,
)
from bot.gateway.context import GATEWAY, Gateway
from bot.gateway.journal import Journal
from bot.gateway.language import Languages
from bot.gateway.rasa import Rasa
from bot.gateway.streams import Hub
from bot.gateway.turns import Turns
from bot.help import start as help_start
from bot.limiter import Limiter
from bot.live import start as live_start
from bot.retention.worker import Retention, Times
from bot.schema import PARTS
from bot.secret import Secret
from bot.secret import load as load_secret
from bot.settings import Settings, SettingsError
from bot.staff import start as staff_start

log = structlog.get_logger()

STOP_SECONDS = 5.0


def public_app(gateway: Gateway) -> web.Application:
    """The application of the public port."""
    app = web.Application(
        middlewares=[guard.preflight, guard.answer_errors, pages.page_errors], client_max_size=guard.JSON_BYTES
    )
    app[GATEWAY] = gateway
    app.on_response_prepare.append(guard.add_headers)
    for part in (chat_api, case_api, attachments, case_pages, files, openapi, health):
        part.add_routes(app)
    for add_routes in gateway.other_routes:
        add_routes(app)
    return app


def internal_app(gateway: Gateway) -> web.Application:
    """The application of the loopback port: every call needs the token."""
    app = web.Application(middlewares=[guard.answer_errors, guard.internal_only], client_max_size=guard.JSON_BYTES)
    app[GATEWAY] = gateway
    internal_api.add_routes(app)
    for add_routes in gateway.internal_routes:
        add_routes(app)
    return app


@asynccontextmanager
async def running(settings: Settings, company: Company, catalogue: Catalogue) -> AsyncIterator[Gateway]:
    """All parts at work, without listening on a port; leaves turns in flight a moment to finish when it ends."""
    token = settings.internal_token.get_secret_value()
    if not token:
        raise SettingsError(
            "GUICHET_INTERNAL_TOKEN: expected the secret that the processes share, got none: start with "
            "`python -m bot run`, or set the same random text for all processes"
        )
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(
            f"GUICHET_DATA_DIR: expected a folder that can be made, got {settings.data_dir} ({error.strerror})"
        ) from None
    secret = load_secret(settings)
    engine = make_engine(settings.database)
    await prepare(engine, PARTS)
    async with AsyncExitStack() as parts:  # what is opened is closed, the last first, also where a start fails half-way
        database = Database(engine)
        parts.push_async_callback(database.close)
        tickets = connect_start.tickets(
            settings, company, catalogue, database, by=lambda: by_system(), changed=lambda: wake_cases()
        )
        journal, hub = Journal(database), Hub()
        languages = Languages(
            company.languages, {lang: " ".join(catalogue.words(lang, "system.everyday")) for lang in company.languages}
        )
        parts.callback(languages.close)
        http = ClientSession(
            connector=TCPConnector(limit=0, keepalive_timeout=30),
            cookie_jar=DummyCookieJar(),
            timeout=ClientTimeout(total=60),
        )
        parts.push_async_callback(http.close)
        limiter = _limiter(settings)
        staff = await parts.enter_async_context(
            staff_start.running(
                settings, company, catalogue, database, http, limiter, secret, changed=lambda: wake_cases()
            )
        )
        desk = await parts.enter_async_context(desk_start.running(database))
        console = await parts.enter_async_context(console_start.running(settings, company, database, http, staff.mail))

        async def language(text: str) -> str:
            return (await languages.follow(text, company.first_language, None, in_form=False)).lang

        def tell_people() -> None:
            """A customer has said something to a person, or goes on without one."""
            live.clock.wake()
            desk.feed.wake()

        live = await parts.enter_async_context(
            live_start.running(
                database,
                company,
                catalogue,
                hub,
                tell=desk.feed.wake,
                typing=lambda conversation: desk.feed.announce("typing", {"conversation": conversation}),
            )
        )
        rasa = Rasa(http, settings.service_url(settings.rasa_port), token, settings.rasa_text_limit)
        turns = Turns(
            journal, hub, rasa, catalogue.text, deadline=settings.turn_deadline, workers=settings.turn_workers
        )
        senders, close_senders = _senders(settings, company, catalogue, secret)
        parts.push_async_callback(close_senders)
        if tickets is not None:
            senders[Channel.TICKET_SYSTEM] = tickets.delivery.send
        # Nothing set up yet: staff mail is written all the same and waits in the outbox for the day it can be sent.
        channels = frozenset(senders) or frozenset({Channel.STAFF_MAIL})
        policy = company.policy(catalogue)

        def by_system() -> By:
            return By(actor="system", now=datetime.now(UTC), policy=policy, channels=channels)

        async def settled(conn: AsyncConnection, letter: str, status: str) -> None:
            await messages.settled(conn, letter, status, by_system())

        outbox = Outbox(engine, senders, settled=settled)

        def wake_cases() -> None:
            outbox.wake()
            clocks.wake()
            desk.feed.wake()

        def fired() -> None:
            outbox.wake()
            desk.feed.wake()

        clocks = Clocks(engine, policy, fired=fired, channels=channels, team=agents, asked=asker(catalogue))
        connect = await parts.enter_async_context(
            connect_start.running(
                settings,
                company,
                catalogue,
                database,
                policy=policy,
                channels=channels,
                files=attachments,
                language=language,
                limiter=limiter,
                woken=wake_cases,
                tickets=tickets,
                secret=secret,
                colleagues=ByMail(hub.wake),
            )
        )
        gateway = Gateway(
            settings=settings,
            company=company,
            catalogue=catalogue,
            policy=policy,
            channels=channels,
            languages=languages,
            database=database,
            journal=journal,
            hub=hub,
            turns=turns,
            limiter=limiter,
            http=http,
            attachments=settings.data_dir / "attachments",
            wake_cases=wake_cases,
            tell_people=tell_people,
            other_routes=(
                help_start.add_routes,
                partial(staff_start.add_routes, staff=staff),
                partial(desk_start.add_routes, desk=desk),
                partial(console_start.add_routes, console=console),
                partial(connect_start.add_routes, connect=connect),
                partial(live_start.add_routes, live=live),
            ),
            internal_routes=(partial(live_start.add_internal_routes, live=live),),
        )
        times = Times(
            conversations=settings.retention_days,
            cases=settings.retention_cases_days,
            audit=settings.retention_audit_days,
        )
        retention = Retention(database, times, settings.data_dir)
        workers = [asyncio.create_task(worker.run(), name=worker.name) for worker in (outbox, clocks, retention)]
        resumed = await turns.resume()
        log.info("web_started", resumed_conversations=resumed, channels=sorted(channel.value for channel in senders))
        try:
            yield gateway
        finally:
            hub.close()
            await turns.stop(STOP_SECONDS)
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
            await parts.aclose()
            log.info("web_stopped")


def _limiter(settings: Settings) -> Limiter:
    rules = {
        "conversations": settings.limit_conversations,
        "messages": settings.limit_messages,
        "cases": settings.limit_cases,
        "uploads": settings.limit_uploads,
        "case_pages": settings.limit_case_pages,
        "sign_in_address": settings.limit_sign_in_address,
        "sign_in_account": settings.limit_sign_in_account,
        "staff_links": settings.limit_sign_in_address,
        "staff_mails": settings.limit_sign_in_account,
        "mail": settings.limit_mail,
        "help": settings.limit_help,
        "feedback": settings.limit_feedback,
    }
    return Limiter(rules, settings.trusted_proxies)


def _senders(
    settings: Settings, company: Company, catalogue: Catalogue, secret: Secret
) -> tuple[dict[Channel, Sender], Callable[[], Awaitable[None]]]:
    """What delivers letters, by channel, as far as it is set up; and what closes it."""
    senders: dict[Channel, Sender] = {}
    if settings.smtp_host:
        own = company.identity.email
        mail = MailSettings(
            host=settings.smtp_host,
            port=settings.smtp_port,
            sender=settings.smtp_from or own,
            staff=settings.staff_email or own,
            company=company.identity.name,
            time_zone=company.time_zone,
            staff_lang=company.first_language,
            public_url=settings.base_url,
            attachments=settings.data_dir / "attachments",
            inbound=settings.inbound_email or None,
            plus=settings.inbound_plus,
            answer_token=lambda ref: answer_tokens(secret, ref)[0],
            user=settings.smtp_user or None,
            password=settings.smtp_password.get_secret_value() or None,
            security=settings.smtp_security,
        )
        mailer = Mailer(mail, catalogue.text)
        senders |= {Channel.CUSTOMER_MAIL: mailer.customer, Channel.STAFF_MAIL: mailer.staff}
        senders[Channel.PLAIN_MAIL] = mailer.plain
    if not settings.webhook_url:

        async def nothing() -> None:
            return None

        return senders, nothing
    try:
        address = WebhookSettings(
            url=settings.webhook_url,
            secret=settings.webhook_secret.get_secret_value(),
            allow_private=settings.webhook_allow_private,
        )
    except ValueError as error:
        raise SettingsError(f"GUICHET_WEBHOOK_URL, GUICHET_WEBHOOK_SECRET: {error}") from None
    webhook = Webhook(address, lambda: datetime.now(UTC))
    senders[Channel.WEBHOOK] = webhook.send
    return senders, webhook.close


async def serve(settings: Settings) -> None:
    """Serve until SIGINT or SIGTERM. OSError where a port cannot be had."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop.set)
    company = load_company(settings.content_dir / "company.yml")
    catalogue = load_catalogue(settings.content_dir / "messages", company.first_language)
    async with running(settings, company, catalogue) as gateway:
        runners = []
        try:
            for app, host, port in (
                (internal_app(gateway), "127.0.0.1", settings.internal_port),
                (public_app(gateway), settings.host, settings.port),
            ):
                runner = web.AppRunner(app, access_log=None, shutdown_timeout=STOP_SECONDS)
                await runner.setup()
                runners.append(runner)
                await web.TCPSite(runner, host, port, backlog=512).start()
            log.info("web_listening", url=settings.base_url)
            await stop.wait()
        finally:
            gateway.hub.close()  # streams end first: they would hold the servers open
            await asyncio.gather(*(runner.cleanup() for runner in runners))


def set_up_logging(level: str) -> None:
    """Structured lines on standard error: what happened, never what customers wrote."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"]),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    logging.basicConfig(level=max(logging.WARNING, logging.getLevelNamesMapping()[level.upper()]))
