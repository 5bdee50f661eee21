"""The console's pages. Each is a script of assets/ in one frame; what the server has no interface for is not shown."""

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
SECTION = "console_page"
API = "/api/console/"

# What leads where: (page, script and word at console_page.nav, interface that it needs).
NAV = (
    ("/console", "articles", "articles"),
    ("/console/gaps", "gaps", "gaps"),
    ("/console/try", "try", "try"),
    ("/console/import", "import", "import"),
    ("/console/golden", "golden", "golden"),
    ("/console/publish", "publish", "publish"),
    ("/console/versions", "versions", "versions"),
    ("/console/figures", "figures", "simulate"),
)
SCRIPTS = {"try": "trying"}
# Words of the desk's section that its building blocks (dialogs, pickers, times) need here too.
SHARED = ("dialog", "pick", "span", "due", "level")

_BODY = """<div class="console" id="console" data-page="{page}" aria-busy="true">
<nav class="console-nav" aria-label="{label}"><ul>{nav}</ul>
<button class="button ghost icon-only small" type="button" id="console-help" aria-label="{help}" title="{help}">
<kbd>?</kbd></button></nav>
<div class="console-view" id="view"></div>
</div>"""
_DRAFTS = '<span class="count" id="drafts" hidden><span aria-hidden="true"></span><span class="unseen"></span></span>'


async def get_page(request: web.Request) -> web.Response:
    """Any page of the console; the article's has the article in its address."""
    person = await require_page(request, "editor")
    path = request.path
    page, need = next(((name, need) for at, name, need in NAV if at == path), ("article", "articles"))
    parts = _parts(request.app)
    if need not in parts:
        raise web.HTTPNotFound
    return _page(request, person, page, parts)


def _parts(app: web.Application) -> list[str]:
    """The interfaces that this server has, by their last fixed word: `try`, `import`, `review`, …"""
    paths = [resource.canonical for resource in app.router.resources() if resource.canonical.startswith(API)]
    words = [[part for part in path.removeprefix(API).split("/") if not part.startswith("{")] for path in paths]
    return sorted({path[-1] for path in words if path})


def _page(request: web.Request, person: Person, page: str, parts: list[str]) -> web.Response:
    gateway, lang = request.app[GATEWAY], person.lang
    say = gateway.catalogue.text

    def entry(at: str, name: str) -> str:
        here = ' aria-current="page"' if name == page or (name, page) == ("articles", "article") else ""
        word = escape(say(lang, f"{SECTION}.nav.{name}"))
        return f'<li><a href="{at}"{here}>{word}{_DRAFTS if name == "publish" else ""}</a></li>'

    languages = gateway.catalogue.section(lang, "page")["languages"]
    desk, colours = gateway.catalogue.section(lang, "desk_page"), gateway.company.colours
    words: dict[str, Any] = {
        "page": {**{name: desk[name] for name in SHARED}, **gateway.catalogue.section(lang, SECTION)},
        "languages": {code: languages[code] for code in gateway.company.languages},
        "first_language": gateway.company.first_language,
        "colours": {"accent": colours.accent, "accent_text": colours.accent_text},
        "parts": parts,
    }
    body = _BODY.format(
        page=page,
        label=escape(say(lang, f"{SECTION}.nav.label")),
        help=escape(say(lang, f"{SECTION}.keys.title")),
        nav="".join(entry(at, name) for at, name, need in NAV if need in parts),
    )
    title = say(lang, f"{SECTION}.nav.{'articles' if page == 'article' else page}")
    return shell(
        request,
        title,
        body,
        person=person,
        scripts=[f"/console/assets/{SCRIPTS.get(page, page)}.js"],
        styles=["/desk/assets/desk.css", "/console/assets/console.css"],
        words=words,
    )


async def get_asset(request: web.Request) -> web.Response:
    return files.respond(request, request.match_info["name"])


def add_routes(app: web.Application) -> None:
    files.warm()
    for at, _, _ in NAV:
        app.router.add_get(at, get_page)
    app.router.add_get("/console/articles/{article}", get_page)
    app.router.add_get("/console/assets/{name}", get_asset)
