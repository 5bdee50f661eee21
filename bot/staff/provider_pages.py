"""`/staff/oidc`: to the provider and back."""

from __future__ import annotations

from urllib.parse import urlencode

import structlog
from aiohttp import web

from bot.http import read_json
from bot.staff import audit, fields, guard, links, pages, people, second_factor
from bot.staff.context import STAFF, Staff, StaffError
from bot.staff.provider import TIME_TO_SIGN_IN, Provider, ProviderError
from bot.staff.session_api import open_session, refuse, shown
from bot.staff.tables import hash_of

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
    _give(staff, response, state)
    raise response


async def get_callback(request: web.Request) -> web.Response:
    """Only somebody who exists here, is active and has the verified address comes in. Their password is not asked for;
    their second factor here is, unless the provider's counts: then the browser gets a token to come back with it."""
    staff, provider = request.app[STAFF], _provider(request)
    try:
        answer = await provider.finish(request.cookies.get(_cookie(staff), ""), request.query)
        await guard.session_of(request)
        async with staff.database.write() as conn:
            person = await people.by_email(conn, answer.email)
            if person is None or not person.active:
                raise ProviderError("oidc_unknown", "nobody here has the verified address")
            token = None
            if person.second_factor and staff.settings.oidc_second_factor == "ours":
                token = await links.make(conn, staff.now(), "provider", person.id)
            else:
                await open_session(request, conn, person, "provider")
    except ProviderError as error:
        return await _refused(request, error)
    wanted = guard.safe_next(answer.next)
    if token is not None:
        response = web.HTTPFound(f"/staff/sign-in?{urlencode({'step': 'code', 'next': wanted})}")
        _give(staff, response, token)
        raise response
    response = web.HTTPFound(wanted or guard.home(request, person))
    _take(staff, response)
    raise response


async def post_code(request: web.Request) -> web.Response:
    """The second factor, after the provider; guesses are counted as at sign-in."""
    staff = request.app[STAFF]
    guard.own_page_only(request)
    body = await read_json(request)
    fields.only(body, "code")
    code, token = fields.secret(body, "code", 100), request.cookies.get(_cookie(staff), "")
    await guard.within(request, "sign_in_address", guard.address_of(request))
    async with staff.database.read() as conn:
        found = await links.find(conn, staff.now(), token, "provider")
        person = await people.get(conn, found[1] or "") if found is not None else None
    if person is None or not person.active:
        raise StaffError(401, "oidc_state")
    await guard.within(request, "sign_in_account", hash_of(person.email))
    await guard.session_of(request)
    session = None
    async with staff.database.write() as conn:
        accepted = await second_factor.accept(conn, staff.sealer, person, code, staff.now())
        if accepted is not None:
            if await links.use(conn, staff.now(), token, "provider") is None:
                raise StaffError(401, "oidc_state")
            session = await open_session(request, conn, person, f"provider, {accepted}")
    if session is None:
        await refuse(request, person.email)
        raise StaffError(401, "invalid_code", "code")
    await staff.limiter.forget("sign_in_account", hash_of(person.email))
    response = web.json_response(shown(session))
    _take(staff, response)
    return response


def _give(staff: Staff, response: web.StreamResponse, value: str) -> None:
    response.set_cookie(
        _cookie(staff),
        value,
        max_age=int(TIME_TO_SIGN_IN.total_seconds()),
        httponly=True,
        secure=guard.secure(staff),
        samesite="Lax",
        path="/",
    )


def _take(staff: Staff, response: web.StreamResponse) -> None:
    response.del_cookie(_cookie(staff), secure=guard.secure(staff), httponly=True, samesite="Lax", path="/")


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
    app.router.add_post("/api/staff/session/provider", post_code)
