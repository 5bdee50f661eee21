"""Who asks, and may they: what stands before every handler of the staff."""

from __future__ import annotations

import hmac
from urllib.parse import quote

from aiohttp import web

from bot.http import LANG
from bot.staff.context import STAFF, Staff, StaffError
from bot.staff.people import Person
from bot.staff.sessions import LONGEST, Session

SESSION: web.RequestKey[Session] = web.RequestKey("session", Session)
_FOUND: web.RequestKey[bool] = web.RequestKey("session_looked_for", bool)
COOKIE = "guichet_staff"
CSRF_HEADER = "X-CSRF-Token"
_READS = ("GET", "HEAD", "OPTIONS")
AREAS = ("/desk", "/console", "/staff")


async def session_of(request: web.Request) -> Session | None:
    """The session of the request's cookie, looked for once; a new token goes out with the answer."""
    if not request.get(_FOUND, False):
        request[_FOUND] = True
        staff = request.app[STAFF]
        session = await staff.sessions.find(request.cookies.get(cookie_name(staff), ""))
        if session is not None:
            request[SESSION], request[LANG] = session, session.person.lang
    return request.get(SESSION)


async def require(request: web.Request, *roles: str) -> Person:
    """The person who asks, with one of `roles` (none named: any). StaffError 401 `sign_in_required`, 403
    `not_allowed`, and on writes 403 `invalid_csrf`."""
    session = await session_of(request)
    if session is None:
        raise StaffError(401, "sign_in_required")
    if request.method not in _READS and not _same(request.headers.get(CSRF_HEADER, ""), session.csrf):
        raise StaffError(403, "invalid_csrf")
    if not session.person.may(*roles):
        raise StaffError(403, "not_allowed")
    return session.person


async def require_page(request: web.Request, *roles: str) -> Person:
    """The same for pages: who is not signed in is sent to do so and comes back afterwards."""
    if await session_of(request) is None:
        raise web.HTTPFound(f"/staff/sign-in?next={quote(request.path_qs, safe='')}")
    return await require(request, *roles)


def own_page_only(request: web.Request) -> None:
    """For writes without a session, which no token protects: only our own pages may send them. A form of another
    site cannot send JSON unasked, and says where it comes from. StaffError 403 `other_site`."""
    if request.content_type != "application/json" or request.headers.get("Sec-Fetch-Site", "none") not in (
        "same-origin",
        "none",
    ):
        raise StaffError(403, "other_site")


async def within(request: web.Request, rule: str, key: str | None) -> None:
    """StaffError 429 `too_many_attempts` with Retry-After where `key` has used up its rate; None is not counted."""
    seconds = await request.app[STAFF].limiter.wait(rule, key) if key is not None else 0
    if seconds:
        failure = StaffError(429, "too_many_attempts", minutes=(seconds + 59) // 60)
        failure.headers["Retry-After"] = str(seconds)
        raise failure


def address_of(request: web.Request) -> str | None:
    return request.app[STAFF].limiter.client(request)


def cookie_name(staff: Staff) -> str:
    return f"__Host-{COOKIE}" if secure(staff) else COOKIE


def secure(staff: Staff) -> bool:
    return staff.settings.base_url.startswith("https://")


def let_in(request: web.Request, session: Session) -> None:
    """The answer to this request will carry the session's token."""
    request[_FOUND], request[SESSION], request[LANG] = True, session, session.person.lang


def let_out(request: web.Request) -> None:
    """The answer to this request will take the cookie away."""
    request[_FOUND] = True
    request.pop(SESSION, None)


async def add_cookie(request: web.Request, response: web.StreamResponse) -> None:
    """Signal on_response_prepare: hands out the token of a new or renewed session, takes away one that is over."""
    if not request.get(_FOUND, False):
        return
    staff, session = request.app[STAFF], request.get(SESSION)
    name, cookie = cookie_name(staff), web.Response()
    if session is not None and session.new_token is not None:
        cookie.set_cookie(
            name,
            session.new_token,
            max_age=int(LONGEST.total_seconds() - (staff.now() - session.created_at).total_seconds()),
            httponly=True,
            secure=secure(staff),
            samesite="Lax",
            path="/",
        )
    elif session is None and name in request.cookies:
        cookie.del_cookie(name, httponly=True, secure=secure(staff), samesite="Lax", path="/")
    for morsel in cookie.cookies.values():  # the response's own cookies are in its headers by now
        response.headers.add("Set-Cookie", morsel.OutputString())


def next_of(request: web.Request, person: Person | None = None) -> str:
    """The page that `?next=` asks for, where it is one of ours; else the first that the person may see."""
    return safe_next(request.query.get("next", "")) or (home(request, person) if person else "")


def safe_next(wanted: str) -> str:
    """`wanted` where it is a path below our pages for staff, else "": no other site is ever led to."""
    path = wanted.partition("?")[0].partition("#")[0]
    plain = wanted.isprintable() and "\\" not in wanted and "//" not in path and ".." not in path
    ours = any(path == area or path.startswith(f"{area}/") for area in AREAS)
    return wanted if plain and ours and not path.startswith("/staff/sign-in") else ""


def home(request: web.Request, person: Person) -> str:
    """Where a person's work is, of what this installation has."""
    pages = {"/desk": "agent", "/console": "editor"}
    there = {resource.canonical for resource in request.app.router.resources()}
    return next((page for page, role in pages.items() if page in there and person.may(role)), "/staff/account")


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), expected.encode())
