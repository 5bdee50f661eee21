"""Coming in by a link: the first administrator, invitations, forgotten passwords."""

from __future__ import annotations

from aiohttp import web

from bot.http import read_json
from bot.staff import audit, fields, guard, links, passwords, people, tables
from bot.staff.context import STAFF, StaffError
from bot.staff.me_api import about
from bot.staff.session_api import open_session, shown
from bot.staff.tables import hash_of


async def post_setup(request: web.Request) -> web.Response:
    """The first administrator, by the link in the log; who made the account is signed in."""
    staff = request.app[STAFF]
    guard.own_page_only(request)
    await guard.within(request, "staff_links", guard.address_of(request))
    body = await read_json(request)
    fields.only(body, "token", "name", "email", "password")
    token = fields.secret(body, "token", 200)
    async with staff.database.read() as conn:
        if await links.find(conn, staff.now(), token, "setup") is None:
            raise StaffError(404, "link_over", "token")
    name, email = fields.text(body, "name", fields.NAME_MOST), fields.email(body)
    password = await passwords.check_new(body.get("password"), about(staff, name, email))
    kept = await passwords.hashed(password)
    await guard.session_of(request)
    async with staff.database.write() as conn:
        await tables.alone(conn)
        if await people.count(conn) > 0 or await links.use(conn, staff.now(), token, "setup") is None:
            raise StaffError(404, "link_over", "token")
        person = await people.create(
            conn,
            staff.now(),
            name=name,
            email=email,
            roles=["administrator"],
            lang=staff.lang_of(request),
            langs=[*staff.company.languages],
            password=kept,
        )
        await audit.write(conn, staff.now(), "set_up", actor=person, target=person.id)
        await open_session(request, conn, person, "setup")
    return web.json_response({"person": person.public()}, status=201)


async def post_reset(request: web.Request) -> web.Response:
    """Ask for a link by mail. The answer is the same whether somebody has the address or not."""
    staff = request.app[STAFF]
    guard.own_page_only(request)
    body = await read_json(request)
    fields.only(body, "email")
    email = fields.email(body)
    await guard.within(request, "staff_links", guard.address_of(request))
    await guard.within(request, "staff_mails", hash_of(email))
    if staff.mail is not None:
        async with staff.database.write() as conn:
            await staff.mail.ask(conn, "reset", email)
        staff.mail.wake()
    return web.json_response({}, status=202)


async def post_reset_token(request: web.Request) -> web.Response:
    """Choose a password by a link: 200 signed in, 204 where the person must still show a second factor."""
    staff = request.app[STAFF]
    guard.own_page_only(request)
    await guard.within(request, "staff_links", guard.address_of(request))
    body = await read_json(request)
    fields.only(body, "password")
    token = request.match_info["token"]
    async with staff.database.read() as conn:
        found = await links.find(conn, staff.now(), token, *links.PASSWORD)
        person = await people.get(conn, found[1] or "") if found is not None else None
    if person is None or not person.active:
        raise StaffError(404, "link_over", "token")
    password = await passwords.check_new(body.get("password"), about(staff, person.name, person.email))
    kept = await passwords.hashed(password)
    await guard.session_of(request)
    session = None
    async with staff.database.write() as conn:
        if await links.use(conn, staff.now(), token, *links.PASSWORD) != person.id:
            raise StaffError(404, "link_over", "token")
        person = await people.change(conn, person, staff.now(), {"password": kept})
        ended = await staff.sessions.end_all(conn, person.id)
        await audit.write(
            conn,
            staff.now(),
            "password_chosen",
            actor=person,
            target=person.id,
            details={"by": found[0] if found else ""},
            address=guard.address_of(request),
        )
        if not person.second_factor:
            session = await open_session(request, conn, person, "link")
    staff.sessions.tell(ended)
    await staff.limiter.forget("sign_in_account", hash_of(person.email))
    return web.json_response(shown(session)) if session is not None else web.Response(status=204)


def add_routes(app: web.Application) -> None:
    app.router.add_post("/api/staff/setup", post_setup)
    app.router.add_post("/api/staff/reset", post_reset)
    app.router.add_post("/api/staff/reset/{token}", post_reset_token)
