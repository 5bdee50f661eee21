"""`/staff/oidc`: to the provider and back."""

from __future__ import annotations

import structlog
from aiohttp import web

from bot.staff import audit, guard, pages, people
from bot.staff.context import STAFF, Staff, StaffError
from bot.staff.provider import TIME_TO_SIGN_IN, Provider, ProviderError
from bot.staff.session_api import open_session

log = structlog.get_logger()


def _cookie(staff: Staff) -> str:
    return "__Host-guichet_oidc" if guard.secure(staff) else "guichet_oidc"


def _provider(request: web.Request) -> Provider:
    provider = request.app[STAFF].provider
    if provider is None:
        raise StaffError(404, "no_provider")
    return provider


async def get_oidc(request: web.Request) -> web.Response:
    staff, provider = request.app[STAFF], _provider(request)
    await guard.within(request, "staff_links", guard.address_of(request))
    try:
        address, state = await provider.begin(guard.next_of(request))
    except ProviderError as error:
        return await _refused(request, error)
    response = web.HTTPFound(address)
    response.set_cookie(
        _cookie(staff),
        state,
        max_age=int(TIME_TO_SIGN_IN.total_seconds()),
        httponly=True,
        secure=guard.secure(staff),
        samesite="Lax",
        path="/",
    )
    raise response


async def get_callback(request: web.Request) -> web.Response:
    """Only somebody who exists here, is active and has the verified address comes in. Password and second factor of
    their own are not asked for: that is the provider's part."""
    staff, provider = request.app[STAFF], _provider(request)
    try:
        answer = await provider.finish(request.cookies.get(_cookie(staff), ""), request.query)
        await guard.session_of(request)
        async with staff.database.write() as conn:
            person = await people.by_email(conn, answer.email)
            if person is None or not person.active:
                raise ProviderError("oidc_unknown", "nobody here has the verified address")
            await open_session(request, conn, person, "provider")
    except ProviderError as error:
        return await _refused(request, error)
    response = web.HTTPFound(guard.safe_next(answer.next) or guard.home(request, person))
    response.del_cookie(_cookie(staff), secure=guard.secure(staff), httponly=True, samesite="Lax", path="/")
    raise response


async def _refused(request: web.Request, error: ProviderError) -> web.Response:
    staff = request.app[STAFF]
    log.warning("staff_provider_refused", code=error.code, reason=str(error))
    async with staff.database.write() as conn:
        await audit.write(
            conn,
            staff.now(),
            "sign_in_failed",
            details={"how": "provider", "code": error.code},
            address=guard.address_of(request),
        )
    return pages.sign_in(request, failure=error.code, status=502 if error.code == "oidc_failed" else 403)


def add_routes(app: web.Application) -> None:
    app.router.add_get("/staff/oidc", get_oidc)
    app.router.add_get("/staff/oidc/callback", get_callback)
