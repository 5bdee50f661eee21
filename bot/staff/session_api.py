"""Signing in and out: `/api/staff/session`."""

from __future__ import annotations

from aiohttp import web
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.http import read_json
from bot.staff import audit, fields, guard, passwords, people, second_factor
from bot.staff.context import STAFF, Staff, StaffError
from bot.staff.people import Person
from bot.staff.sessions import Session
from bot.staff.tables import hash_of
from bot.staff.tables import people as table


async def open_session(request: web.Request, conn: AsyncConnection, person: Person, how: str) -> Session:
    """A new session for `person` in the transaction of `conn`. The browser's earlier one (`guard.session_of` must have
    looked for it before) ends: nobody keeps a token that was known before."""
    staff = request.app[STAFF]
    earlier = request.get(guard.SESSION)
    if earlier is not None:
        staff.sessions.tell(await staff.sessions.end(conn, earlier.id))
    session = await staff.sessions.open(conn, person)
    await audit.write(
        conn, staff.now(), "signed_in", actor=person, details={"how": how}, address=guard.address_of(request)
    )
    guard.let_in(request, session)
    return session


def shown(session: Session) -> dict[str, object]:
    return {"csrf": session.csrf, "person": session.person.public()}


async def post_session(request: web.Request) -> web.Response:
    """Password, and a code where the person has a second factor."""
    staff = request.app[STAFF]
    guard.own_page_only(request)
    body = await read_json(request)
    fields.only(body, "email", "password", "code")
    email, password = fields.secret(body, "email", 320).strip().lower(), fields.secret(body, "password")
    code = fields.secret(body, "code", 100) if body.get("code") else None
    # Counted before anything is compared, so that many at once do not get past. A success clears the account's count.
    await guard.within(request, "sign_in_address", guard.address_of(request))
    await guard.within(request, "sign_in_account", hash_of(email))
    person = await _with_password(staff, email, password)
    if person is None:
        await refuse(request, email)
        raise StaffError(401, "invalid_credentials")
    await guard.session_of(request)
    how = "password"
    async with staff.database.write() as conn:
        if person.second_factor:
            if code is None:
                raise StaffError(401, "code_required", "code")
            accepted = await second_factor.accept(conn, staff.sealer, person, code, staff.now())
            how = f"password, {accepted}"
            if accepted is None:
                session = None
            else:
                session = await open_session(request, conn, person, how)
        else:
            session = await open_session(request, conn, person, how)
    if session is None:
        await refuse(request, email)
        raise StaffError(401, "invalid_code", "code")
    await staff.limiter.forget("sign_in_account", hash_of(email))
    return web.json_response(shown(session))


async def _with_password(staff: Staff, email: str, password: str) -> Person | None:
    """The active person with this address and password."""
    async with staff.database.read() as conn:
        row = (await conn.execute(select(table).where(table.c.email == email))).first()
    kept = row.password if row is not None and row.active else None
    if not await passwords.verify(kept, password) or row is None or kept is None:
        return None
    if passwords.outdated(kept):
        renewed = await passwords.hashed(password)
        async with staff.database.write() as conn:
            await conn.execute(
                update(table).where(table.c.id == row.id, table.c.password == kept).values(password=renewed)
            )
    return people.person_of(row)


async def refuse(request: web.Request, email: str) -> None:
    """Remember a failed attempt. What was typed is kept nowhere where nobody has that address."""
    staff = request.app[STAFF]
    async with staff.database.write() as conn:
        person = await people.by_email(conn, email)
        await audit.write(
            conn,
            staff.now(),
            "sign_in_failed",
            target=person.id if person else None,
            address=guard.address_of(request),
        )


async def get_session(request: web.Request) -> web.Response:
    await guard.require(request)
    return web.json_response(shown(request[guard.SESSION]))


async def delete_session(request: web.Request) -> web.Response:
    person = await guard.require(request)
    staff = request.app[STAFF]
    async with staff.database.write() as conn:
        ended = await staff.sessions.end(conn, request[guard.SESSION].id)
        await audit.write(conn, staff.now(), "signed_out", actor=person, address=guard.address_of(request))
    staff.sessions.tell(ended)
    guard.let_out(request)
    return web.Response(status=204)


async def delete_sessions(request: web.Request) -> web.Response:
    """Sign out everywhere, here too."""
    person = await guard.require(request)
    staff = request.app[STAFF]
    async with staff.database.write() as conn:
        ended = await staff.sessions.end_all(conn, person.id)
        await audit.write(conn, staff.now(), "sessions_ended", actor=person, target=person.id)
    staff.sessions.tell(ended)
    guard.let_out(request)
    return web.Response(status=204)


def add_routes(app: web.Application) -> None:
    app.router.add_post("/api/staff/session", post_session)
    app.router.add_get("/api/staff/session", get_session)
    app.router.add_delete("/api/staff/session", delete_session)
    app.router.add_delete("/api/staff/sessions", delete_sessions)
