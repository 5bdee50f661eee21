"""One's own account: `/api/staff/me`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiohttp import web
from sqlalchemy import select

from bot.http import LANG, read_json
from bot.staff import audit, fields, guard, passwords, people, second_factor
from bot.staff.context import STAFF, Staff, StaffError
from bot.staff.people import Person
from bot.staff.tables import hash_of
from bot.staff.tables import people as table


async def patch_me(request: web.Request) -> web.Response:
    """A new password needs the old one, and ends the person's other sessions."""
    person = await guard.require(request)
    staff = request.app[STAFF]
    body = await read_json(request)
    fields.only(body, "name", "lang", "presence", "out_until", "password")
    values = fields.columns(staff, body)
    new_password = "password" in body
    if new_password:
        values["password"] = await _new_password(request, staff, person, body["password"])
    ended: list[str] = []
    async with staff.database.write() as conn:
        changed = await people.change(conn, person, staff.now(), values)
        if new_password:
            ended = await staff.sessions.end_all(conn, person.id, but=request[guard.SESSION].id)
            await audit.write(conn, staff.now(), "password_changed", actor=person, target=person.id)
            if staff.mail is not None:
                await staff.mail.ask(conn, "password_changed", changed.email)
    staff.sessions.tell(ended)
    staff.changed()
    if new_password and staff.mail is not None:
        staff.mail.wake()
    request[LANG] = changed.lang
    return web.json_response({"person": changed.public()})


async def _new_password(request: web.Request, staff: Staff, person: Person, given: Any) -> str:
    """Hash of the new password of `{"old", "new"}`."""
    if not isinstance(given, Mapping):
        raise StaffError(422, "required", "password")
    fields.only(given, "old", "new")
    await _confirm(request, person, given, "old")
    new = await passwords.check_new(given.get("new"), about(staff, person.name, person.email), "new")
    return await passwords.hashed(new)


async def _confirm(request: web.Request, person: Person, given: Mapping[str, Any], field: str) -> None:
    """The person's password again; guesses are counted as at sign-in."""
    staff = request.app[STAFF]
    typed = fields.secret(given, field)
    await guard.within(request, "sign_in_account", hash_of(person.email))
    async with staff.database.read() as conn:
        kept = (await conn.execute(select(table.c.password).where(table.c.id == person.id))).scalar_one()
    if not await passwords.verify(kept, typed):
        raise StaffError(403, "wrong_password", field)
    await staff.limiter.forget("sign_in_account", hash_of(person.email))


def about(staff: Staff, *known: str) -> tuple[str, ...]:
    """Words that a person's password must not lean on."""
    identity = staff.company.identity
    return (*known, identity.name, identity.product)


async def post_totp(request: web.Request) -> web.Response:
    person = await guard.require(request)
    staff = request.app[STAFF]
    if person.second_factor:
        raise StaffError(409, "second_factor_is_on")
    async with staff.database.write() as conn:
        secret, uri, qr = await second_factor.offer(conn, staff.sealer, person, staff.company.identity.name)
    return web.json_response({"secret": secret, "uri": uri, "qr": qr})


async def put_totp(request: web.Request) -> web.Response:
    person = await guard.require(request)
    staff = request.app[STAFF]
    body = await read_json(request)
    fields.only(body, "code")
    code = fields.secret(body, "code", 100)
    if person.second_factor:
        raise StaffError(409, "second_factor_is_on")
    async with staff.database.write() as conn:
        codes = await second_factor.confirm(conn, staff.sealer, person, code, staff.now())
        if codes is None:
            raise StaffError(422, "invalid_code", "code")
        ended = await staff.sessions.end_all(conn, person.id, but=request[guard.SESSION].id)
        await audit.write(conn, staff.now(), "second_factor_on", actor=person, target=person.id)
    staff.sessions.tell(ended)
    return web.json_response({"recovery_codes": codes})


async def delete_totp(request: web.Request) -> web.Response:
    person = await guard.require(request)
    staff = request.app[STAFF]
    body = await read_json(request)
    fields.only(body, "password")
    await _confirm(request, person, body, "password")
    async with staff.database.write() as conn:
        await second_factor.turn_off(conn, person, staff.now())
        await audit.write(conn, staff.now(), "second_factor_off", actor=person, target=person.id)
        if staff.mail is not None:
            await staff.mail.ask(conn, "second_factor_off", person.email)
    if staff.mail is not None:
        staff.mail.wake()
    return web.Response(status=204)


def add_routes(app: web.Application) -> None:
    app.router.add_patch("/api/staff/me", patch_me)
    app.router.add_post("/api/staff/me/totp", post_totp)
    app.router.add_put("/api/staff/me/totp", put_totp)
    app.router.add_delete("/api/staff/me/totp", delete_totp)
