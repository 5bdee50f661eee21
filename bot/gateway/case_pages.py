"""`/cases/{ref}?key=…`: the page behind the link of a confirmation mail: status, and the consent it waits for."""

from __future__ import annotations

from datetime import datetime
from html import escape
from urllib.parse import quote, urlencode

from aiohttp import web

from bot.cases import Conflict, Status, store, texts
from bot.cases.calendar import display_local
from bot.gateway.case_api import give_consent
from bot.gateway.context import GATEWAY, ApiError
from bot.gateway.guard import within
from bot.gateway.pages import page


async def get_case(request: web.Request) -> web.Response:
    """The page behind the link of a mail: status, and the consent that a level 4 request waits for."""
    gateway = request.app[GATEWAY]
    await within(request, "case_pages", gateway.limiter.client(request))
    ref, key = request.match_info["ref"], request.query.get("key", "")
    async with gateway.database.read() as connection:
        case = await store.get_case(connection, ref, key=key)
    lang, home = case.lang, gateway.policy.hours.time_zone

    def say(name: str, **values: object) -> str:
        return escape(gateway.catalogue.text(lang, name, **values))

    def moment(at: datetime) -> str:
        return escape(display_local(at, lang, case.time_zone or home, home, gateway.catalogue.text))

    title = gateway.catalogue.text(lang, "page.case.title", ref=case.ref)
    facts = [
        (say("page.case.subject"), escape(case.subject)),
        (say("page.case.status"), say(f"cases.status.{case.status.value}")),
    ]
    facts.append((say("page.case.created"), moment(case.created_at)))
    if case.due_at is not None and case.status in (Status.OPEN, Status.IN_PROGRESS):
        label = "page.case.call" if case.slot is not None else "page.case.due"
        facts.append((say(label), moment(case.due_at)))
    parts = [f"<h1>{escape(title)}</h1>"]
    done = request.query.get("done")
    if done in ("agreed", "declined", "settled"):
        parts.append(f'<p class="notice" role="status">{say(f"page.case.{done}")}</p>')
    parts.append("<dl>" + "".join(f"<dt>{label}</dt><dd>{value}</dd>" for label, value in facts) + "</dl>")
    if case.status == Status.WAITING_CONSENT:
        statement = escape(texts.consent_statement(case, gateway.catalogue.text))
        parts.append(
            f'<h2 id="consent">{say("page.case.consent_title")}</h2>\n<p>{say("page.case.consent_explain")}</p>\n'
            f'<p class="notice statement">{statement}</p>\n'
            f'<form class="actions" method="post" action="/cases/{quote(case.ref)}">'
            f'<input type="hidden" name="key" value="{escape(key)}">'
            f'<button name="agreed" value="yes">{say("page.case.agree")}</button>'
            f'<button class="quiet" name="agreed" value="no">{say("page.case.decline")}</button></form>'
        )
    return page(gateway, lang, title, "\n".join(parts), private=True)


async def post_case(request: web.Request) -> web.Response:
    gateway = request.app[GATEWAY]
    await within(request, "case_pages", gateway.limiter.client(request))
    form = await request.post()
    ref, key, answer = request.match_info["ref"], str(form.get("key", "")), form.get("agreed")
    if answer not in ("yes", "no"):
        raise ApiError(422, "invalid_consent", "agreed")
    async with gateway.database.read() as connection:
        case = await store.get_case(connection, ref, key=key)
    statement = texts.consent_statement(case, gateway.catalogue.text)
    agreed = answer == "yes"
    try:
        await give_consent(gateway, case, agreed=agreed, statement=statement, actor="link", tell=True)
        done = "agreed" if agreed else "declined"
    except Conflict:
        done = "settled"
    raise web.HTTPSeeOther(f"/cases/{quote(case.ref)}?{urlencode({'key': key, 'done': done})}")


def add_routes(app: web.Application) -> None:
    app.router.add_get("/cases/{ref}", get_case)
    app.router.add_post("/cases/{ref}", post_case)
