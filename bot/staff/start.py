"""Puts the staff's parts together, makes sure that somebody can come in, and registers the routes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import structlog
from aiohttp import ClientSession, web

from bot.catalogue import Catalogue
from bot.company import Company
from bot.database import Database
from bot.limiter import Limiter
from bot.secret import Secret
from bot.settings import Settings, SettingsError
from bot.staff import (
    audit,
    guard,
    links,
    me_api,
    pages,
    passwords,
    people,
    people_api,
    provider_pages,
    reset_api,
    session_api,
    tables,
)
from bot.staff.context import STAFF, Staff, StaffError
from bot.staff.fields import email as email_of
from bot.staff.mail import Mail
from bot.staff.provider import Provider
from bot.staff.sealing import Sealer, seal_all
from bot.staff.sessions import Sessions

log = structlog.get_logger()


@asynccontextmanager
async def running(
    settings: Settings,
    company: Company,
    catalogue: Catalogue,
    database: Database,
    http: ClientSession,
    limiter: Limiter,
    secret: Secret,
    changed: Callable[[], None],
) -> AsyncIterator[Staff]:
    """The staff's parts at work. SettingsError where a setting cannot be used. `changed` as `Staff` has it."""
    staff = Staff(
        settings=settings,
        company=company,
        catalogue=catalogue,
        database=database,
        limiter=limiter,
        sessions=Sessions(database),
        sealer=Sealer(secret),
        mail=Mail(settings, company, catalogue, database) if settings.smtp_host else None,
        provider=_provider(settings, http, database),
        changed=changed,
    )
    await seal_all(database, staff.sealer)
    await _first_administrator(staff)
    worker = asyncio.create_task(staff.mail.run(), name="staff_mail") if staff.mail is not None else None
    try:
        yield staff
    finally:
        if worker is not None:
            worker.cancel()
            await asyncio.gather(worker, return_exceptions=True)


def _provider(settings: Settings, http: ClientSession, database: Database) -> Provider | None:
    if not settings.oidc_issuer:
        return None
    if not settings.oidc_client_id:
        raise SettingsError("GUICHET_OIDC_CLIENT_ID: expected the id that the provider gave this program, got none")
    return Provider(
        http,
        database,
        issuer=settings.oidc_issuer,
        client_id=settings.oidc_client_id,
        client_secret=settings.oidc_client_secret.get_secret_value(),
        redirect=f"{settings.base_url}/staff/oidc/callback",
    )


async def _first_administrator(staff: Staff) -> None:
    """Where nobody exists: the account that the settings name, or a link in the log to make one by."""
    async with staff.database.read() as conn:
        if await people.count(conn) > 0:
            return
    settings, email = staff.settings, staff.settings.admin_email
    if not email:
        async with staff.database.write() as conn:
            token = await links.make(conn, staff.now(), "setup")
        log.warning("staff_setup_link", url=f"{settings.base_url}/staff/setup?token={token}", hours=24)
        return
    try:
        email = email_of({"email": email})
        given = settings.admin_password.get_secret_value()
        password = await passwords.check_new(given, me_api.about(staff, email))
    except StaffError as error:
        said = staff.catalogue.text("en", error.key, **error.values)
        name = "GUICHET_ADMIN_EMAIL" if error.field == "email" else "GUICHET_ADMIN_PASSWORD"
        raise SettingsError(f"{name}: {said}") from None
    kept = await passwords.hashed(password)
    async with staff.database.write() as conn:
        await tables.alone(conn)
        if await people.count(conn) > 0:
            return
        person = await people.create(
            conn,
            staff.now(),
            name=email.partition("@")[0],
            email=email,
            roles=["administrator"],
            lang=staff.company.first_language,
            langs=[*staff.company.languages],
            password=kept,
        )
        await audit.write(conn, staff.now(), "set_up", target=person.id)
    log.info("staff_first_administrator_made")


def add_routes(app: web.Application, staff: Staff) -> None:
    app[STAFF] = staff
    app.on_response_prepare.append(guard.add_cookie)
    for part in (session_api, me_api, people_api, reset_api, provider_pages, pages):
        part.add_routes(app)
