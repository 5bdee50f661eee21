"""People and what they did, for administrators: `/api/staff/people`, `/api/staff/audit`."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from bot.http import read_json
from bot.staff import audit, fields, guard, links, people, second_factor
from bot.staff.context import STAFF, Staff, StaffError
from bot.staff.people import LEVELS, Person

FIELDS = ("name", "email", "roles", "lang", "levels", "langs", "capacity", "presence", "out_until", "active")
AUDIT_MOST = 200


async def get_people(request: web.Request) -> web.Response:
    await guard.require(request, "administrator")
    async with request.app[STAFF].database.read() as conn:
        everybody = await people.list(conn)
    return web.json_response({"people": [person.public() for person in everybody]})


async def post_people(request: web.Request) -> web.Response:
    """A new person, who chooses a password by the invitation's link."""
    actor = await guard.require(request, "administrator")
    staff = request.app[STAFF]
    body = await read_json(request)
    fields.only(body, "name", "email", "roles", "lang", "levels", "langs", "capacity")
    values: dict[str, Any] = {
        "roles": ["agent"],
        "lang": staff.company.first_language,
        "langs": [*staff.company.languages],
    }
    values |= {"levels": [*LEVELS], "capacity": 8}
    values |= {"name": fields.text(body, "name", fields.NAME_MOST), "email": fields.email(body)}
    values |= fields.columns(staff, body)
    async with staff.database.write() as conn:
        person = await people.create(conn, staff.now(), **values)
        invitation = await _invite(staff, conn, actor, person, mailed=True)
        await audit.write(
            conn,
            staff.now(),
            "person_added",
            actor=actor,
            target=person.id,
            details={"name": person.name, "roles": [*person.roles]},
        )
    if staff.mail is not None:
        staff.mail.wake()
    return web.json_response({"person": person.public(), "invitation": invitation}, status=201)


async def _invite(staff: Staff, conn: Any, actor: Person, person: Person, *, mailed: bool) -> str:
    """Address where the person chooses a password; a mail with another such address is asked for."""
    token = await links.make(conn, staff.now(), "invitation", person.id)
    if mailed and staff.mail is not None:
        await staff.mail.ask(conn, "invitation", person.email)
    await audit.write(conn, staff.now(), "invited", actor=actor, target=person.id)
    return f"{staff.settings.base_url}/staff/reset?token={token}"


async def _person(request: web.Request, conn: Any) -> Person:
    person = await people.get(conn, request.match_info["id"])
    if person is None:
        raise StaffError(404, "person_not_found")
    return person


async def patch_person(request: web.Request) -> web.Response:
    """Whoever is deactivated, or loses a role, is signed out; `"second_factor": false` takes a lost phone's away."""
    actor = await guard.require(request, "administrator")
    staff = request.app[STAFF]
    body = await read_json(request)
    fields.only(body, *FIELDS, "second_factor")
    values = fields.columns(staff, body)
    if body.get("second_factor", False) is not False:
        raise StaffError(422, "invalid_choice", "second_factor", possible="false")
    ended: list[str] = []
    async with staff.database.write() as conn:
        person = await _person(request, conn)
        changed = await people.change(conn, person, staff.now(), values)
        before, after = person.public(), changed.public()
        details: dict[str, Any] = {
            name: [before[name], after[name]] for name in FIELDS if name != "email" and before[name] != after[name]
        }
        if before["email"] != after["email"]:
            details["email"] = None  # that it changed; the addresses are personal data
            await links.withdraw(conn, person.id)
        if "second_factor" in body and person.second_factor:
            await second_factor.turn_off(conn, changed, staff.now())
            details["second_factor"] = [True, False]
            if staff.mail is not None:
                await staff.mail.ask(conn, "second_factor_off", changed.email)
        if not changed.active or set(person.roles) - set(changed.roles):
            ended = await staff.sessions.end_all(conn, person.id)
        if not changed.active:
            await links.withdraw(conn, person.id)
        changed = await _person(request, conn)
        await audit.write(conn, staff.now(), "person_changed", actor=actor, target=person.id, details=details)
    staff.sessions.tell(ended)
    staff.changed()
    if staff.mail is not None:
        staff.mail.wake()
    return web.json_response({"person": changed.public()})


async def post_invitation(request: web.Request) -> web.Response:
    """Another link to choose a password by, where the first was lost or is too old."""
    actor = await guard.require(request, "administrator")
    staff = request.app[STAFF]
    async with staff.database.write() as conn:
        person = await _person(request, conn)
        if not person.active:
            raise StaffError(409, "person_inactive")
        invitation = await _invite(staff, conn, actor, person, mailed=True)
    if staff.mail is not None:
        staff.mail.wake()
    return web.json_response({"invitation": invitation}, status=201)


async def delete_sessions(request: web.Request) -> web.Response:
    actor = await guard.require(request, "administrator")
    staff = request.app[STAFF]
    async with staff.database.write() as conn:
        person = await _person(request, conn)
        ended = await staff.sessions.end_all(conn, person.id)
        await audit.write(conn, staff.now(), "sessions_ended", actor=actor, target=person.id)
    staff.sessions.tell(ended)
    return web.Response(status=204)


async def get_audit(request: web.Request) -> web.Response:
    """Newest first; `before` is the id of the last entry seen, `limit` at most AUDIT_MOST."""
    await guard.require(request, "administrator")
    staff = request.app[STAFF]
    before, limit = (_number(request, name) for name in ("before", "limit"))
    async with staff.database.read() as conn:
        entries = await audit.page(conn, before=before, limit=min(limit or 50, AUDIT_MOST))
        names = {person.id: person.name for person in await people.list(conn)}
    for entry in entries:
        entry["target_name"] = names.get(entry["target"])
    last = entries[-1]["id"] if len(entries) == min(limit or 50, AUDIT_MOST) else None
    return web.json_response({"entries": entries, "next": last})


def _number(request: web.Request, name: str) -> int | None:
    """A whole number of the query, 1 or more; None where it is not given."""
    given = request.query.get(name)
    if given is None:
        return None
    if not (given.isascii() and given.isdecimal() and len(given) < 16 and int(given) > 0):
        raise StaffError(422, "invalid_number", name)
    return int(given)


def add_routes(app: web.Application) -> None:
    app.router.add_get("/api/staff/people", get_people)
    app.router.add_post("/api/staff/people", post_people)
    app.router.add_patch("/api/staff/people/{id}", patch_person)
    app.router.add_post("/api/staff/people/{id}/invitation", post_invitation)
    app.router.add_delete("/api/staff/people/{id}/sessions", delete_sessions)
    app.router.add_get("/api/staff/audit", get_audit)
