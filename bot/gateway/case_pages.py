"""`/cases/{ref}?key=…`: the page behind the link of mails: status, the consent it waits for, whether it is solved."""

from __future__ import annotations

from datetime import datetime
from html import escape
from urllib.parse import quote, urlencode

from aiohttp import web

from bot.cases import Case, Conflict, Status, store, texts, work
from bot.cases.calendar import display_local
from bot.cases.rows import By
from bot.gateway.case_api import give_consent
from bot.gateway.context import GATEWAY, ApiError, Gateway
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
    if case.first_reply_due and case.first_reply_at is None and case.status in (Status.OPEN, Status.IN_PROGRESS):
        label = "page.case.call" if case.slot is not None else "page.case.due"
        facts.append((say(label), moment(case.first_reply_due)))
    parts = [f"<h1>{escape(title)}</h1>"]
    done = request.query.get("done")
    if done in ("agreed", "declined", "settled", "solved", "goes_on"):
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
    if case.status == Status.RESOLVED and case.confirmed_at is None:
        parts.append(
            f'<h2 id="solved">{say("page.case.solved_title")}</h2>\n'
            f'<form class="actions" method="post" action="/cases/{quote(case.ref)}">'
            f'<input type="hidden" name="key" value="{escape(key)}">'
            f'<button name="solved" value="yes">{say("page.case.is_solved")}</button>'
            f'<button class="quiet" name="solved" value="no">{say("page.case.is_not_solved")}</button></form>'
        )
    return page(gateway, lang, title, "\n".join(parts), private=True)


async def post_case(request: web.Request) -> web.Response:
    gateway = request.app[GATEWAY]
    await within(request, "case_pages", gateway.limiter.client(request))
    form = await request.post()
    ref, key = request.match_info["ref"], str(form.get("key", ""))
    agreed, solved = form.get("agreed"), form.get("solved")
    if (agreed or solved) not in ("yes", "no") or (agreed and solved):
        raise ApiError(422, "invalid_consent", "agreed")
    async with gateway.database.read() as connection:
        case = await store.get_case(connection, ref, key=key)
    try:
        done = await (_consent(gateway, case, agreed == "yes") if agreed else _judge(gateway, case, solved == "yes"))
    except Conflict:
        done = "settled"
    raise web.HTTPSeeOther(f"/cases/{quote(case.ref)}?{urlencode({'key': key, 'done': done})}")


async def _consent(gateway: Gateway, case: Case, agreed: bool) -> str:
    statement = texts.consent_statement(case, gateway.catalogue.text)
    await give_consent(gateway, case, agreed=agreed, statement=statement, actor="link", tell=True)
    return "agreed" if agreed else "declined"


async def _judge(gateway: Gateway, case: Case, solved: bool) -> str:
    by = By(actor="link", now=gateway.now(), policy=gateway.policy, channels=gateway.channels)
    async with gateway.database.write() as connection:
        await work.judge(connection, case.ref, by, solved=solved)
    gateway.wake_cases()
    return "solved" if solved else "goes_on"


def add_routes(app: web.Application) -> None:
    app.router.add_get("/cases/{ref}", get_case)
    app.router.add_post("/cases/{ref}", post_case)
