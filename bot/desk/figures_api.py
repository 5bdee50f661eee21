"""Figures for who leads, and what the desk needs to know of people, settings and proposals."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from aiohttp import web

from bot.cases import desk_store, figures
from bot.desk import team
from bot.desk.context import DESK, DeskError, named
from bot.gateway.context import GATEWAY
from bot.http import LANG, read_json
from bot.live import ratings
from bot.staff.guard import require

LONGEST = timedelta(days=1100)
USUAL = timedelta(days=29)


async def get_figures(request: web.Request) -> web.Response:
    """`from` and `to` are local days, both included; by default the last thirty. `.csv` is the same as a file."""
    await require(request, "agent")
    gateway = request.app[GATEWAY]
    zone = ZoneInfo(gateway.policy.hours.time_zone)
    now = gateway.now()
    last = _day(request, "to") or now.astimezone(zone).date()
    first = _day(request, "from") or last - USUAL
    if first > last or last - first > LONGEST:
        raise DeskError(422, "invalid_range", "from")
    start, end = (datetime.combine(day, time(), zone) for day in (first, last + timedelta(days=1)))
    async with gateway.database.read() as conn:
        scores = await ratings.scores(conn, start, end)
        data = await figures.figures(conn, start, end, now=now, time_zone=zone.key, scores=scores)
    if not request.path.endswith(".csv"):
        return web.json_response(data)
    name = f"figures-{first.isoformat()}-{last.isoformat()}.csv"
    return web.Response(
        text=figures.as_csv(data),
        content_type="text/csv",
        charset="utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _day(request: web.Request, name: str) -> date | None:
    text = request.query.get(name)
    if text is None:
        return None
    try:
        found = date.fromisoformat(text)
    except ValueError:
        raise DeskError(422, "invalid_day", name) from None
    if not 2000 <= found.year <= 9000:
        raise DeskError(422, "invalid_day", name)
    return found


async def get_people(request: web.Request) -> web.Response:
    await require(request, "agent")
    gateway = request.app[GATEWAY]
    async with gateway.database.read() as conn:
        return web.json_response({"people": await team.shown(conn, gateway.now())})


async def get_settings(request: web.Request) -> web.Response:
    """What company.yml says about the desk, in the reader's language."""
    person = await require(request, "agent")
    gateway = request.app[GATEWAY]
    policy, lang, first = gateway.policy, request.get(LANG, person.lang), gateway.company.first_language
    fields = [
        {
            "key": field.key,
            "type": field.type,
            "label": field.labels.get(lang) or field.labels.get(first) or field.key,
            "choices": list(field.choices),
        }
        for field in policy.custom_fields
    ]
    rules = [
        {
            "on": rule.on.value.removeprefix("case."),
            "after_minutes": int(rule.after.total_seconds() // 60),
            "levels": sorted(rule.levels),
            "severities": sorted(rule.severities),
            "raise_level": rule.raise_level,
            "reassign": rule.reassign,
            "priority": None if rule.priority is None else rule.priority.name.lower(),
        }
        for rule in policy.escalations
    ]
    return web.json_response(
        {
            "custom_fields": fields,
            "assignment": "automatic" if policy.automatic_assignment else "manual",
            "escalation": rules,
            "time_zone": policy.hours.time_zone,
            "languages": list(gateway.languages.codes),
        }
    )


async def get_proposals(request: web.Request) -> web.Response:
    """Questions that agents answered with an article, for the editors: `state` open, taken or refused."""
    await require(request, "agent", "editor")
    state = request.query.get("state", "open")
    if state not in ("open", "taken", "refused"):
        raise DeskError(422, "invalid_state", "state")
    async with request.app[GATEWAY].database.read() as conn:
        return web.json_response({"proposals": await desk_store.list_proposals(conn, state)})


@named
async def post_proposal(request: web.Request) -> web.StreamResponse:
    """An editor has taken a proposal into the article, or not."""
    await require(request, "editor")
    body = await read_json(request)
    ref, article, state = body.get("ref"), body.get("article"), body.get("state")
    if not isinstance(ref, str) or not isinstance(article, str) or state not in ("taken", "refused"):
        raise DeskError(422, "invalid_state", "state")
    async with request.app[GATEWAY].database.write() as conn:
        await desk_store.settle_proposal(conn, ref, article, str(state))
    request.app[DESK].feed.announce("proposals", {})
    return web.Response(status=204)


def add_routes(app: web.Application) -> None:
    app.router.add_get("/api/desk/figures", get_figures)
    app.router.add_get("/api/desk/figures.csv", get_figures)
    app.router.add_get("/api/desk/people", get_people)
    app.router.add_get("/api/desk/settings", get_settings)
    app.router.add_get("/api/desk/proposals", get_proposals)
    app.router.add_post("/api/desk/proposals", post_proposal)
