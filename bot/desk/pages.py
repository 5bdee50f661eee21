"""The desk's pages: one for lists, cases and live conversations, one for figures. What they do is in assets/."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

from aiohttp import web

from bot.files import Files
from bot.gateway.context import GATEWAY
from bot.staff.guard import require_page
from bot.staff.pages import shell
from bot.staff.people import Person

files = Files(Path(__file__).parent / "assets")
SECTION = "desk_page"

_DESK = """<div class="desk" id="desk" data-pane="list" aria-busy="true">
<h1 class="unseen">{title}</h1>
<nav class="pane views" id="views" aria-label="{views}"></nav>
<section class="pane list" id="list" aria-label="{list}">
<header class="list-head" id="list-head"></header>
<div class="rows" id="rows" role="listbox" tabindex="0" aria-multiselectable="true" aria-label="{list}" hidden></div>
<div class="list-message" id="list-message"><p class="hint">{loading}</p></div>
<p class="unseen" id="news" role="status" aria-live="polite"></p>
</section>
<section class="pane case" id="case" tabindex="-1" aria-label="{case}"></section>
<div class="connection" id="connection" role="status" hidden></div>
</div>"""
_FIGURES = """<div class="page figures" id="figures" aria-busy="true"></div>"""


async def get_desk(request: web.Request) -> web.Response:
    """The same page for the list, a case and a conversation: scripts read from the address what to show."""
    person = await require_page(request, "agent")
    say, lang = request.app[GATEWAY].catalogue.text, person.lang
    names = {
        "title": "title",
        "views": "views.title",
        "list": "list.title",
        "loading": "list.loading",
        "case": "case.label",
    }
    body = _DESK.format(**{name: escape(say(lang, f"{SECTION}.{key}")) for name, key in names.items()})
    return _page(request, person, "title", body, "desk")


async def get_figures(request: web.Request) -> web.Response:
    person = await require_page(request, "agent")
    return _page(request, person, "figures_title", _FIGURES, "figures")


def _page(request: web.Request, person: Person, title: str, body: str, script: str) -> web.Response:
    gateway, lang = request.app[GATEWAY], person.lang
    languages = gateway.catalogue.section(lang, "page")["languages"]
    words: dict[str, Any] = {
        "page": gateway.catalogue.section(lang, SECTION),
        "languages": {code: languages[code] for code in gateway.company.languages},
    }
    return shell(
        request,
        gateway.catalogue.text(lang, f"{SECTION}.{title}"),
        body,
        person=person,
        scripts=[f"/desk/assets/{script}.js"],
        styles=["/desk/assets/desk.css"],
        words=words,
    )


async def get_asset(request: web.Request) -> web.Response:
    return files.respond(request, request.match_info["name"])


def add_routes(app: web.Application) -> None:
    files.warm()
    app.router.add_get("/desk", get_desk)
    app.router.add_get("/desk/cases/{ref}", get_desk)
    app.router.add_get("/desk/conversations/{id}", get_desk)
    app.router.add_get("/desk/figures", get_figures)
    app.router.add_get("/desk/assets/{name}", get_asset)
