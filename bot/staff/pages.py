"""The frame of staff pages and the pages of one's account and of people. Texts come from the catalogue's section
`staff`; what a page does is in the ES modules of assets/."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from aiohttp import web

from bot.files import Files
from bot.staff import guard, links, people
from bot.staff.context import STAFF, Staff
from bot.staff.people import Person

ASSETS, TEMPLATES = Path(__file__).parent / "assets", Path(__file__).parent / "templates"
files = Files(ASSETS)

# Where the frame leads: (page, icon, word at staff.nav, role). Shown as far as the page exists and the person may.
NAV = (
    ("/desk", "inbox", "desk", "agent"),
    ("/console", "book", "console", "editor"),
    ("/staff/people", "people", "people", "administrator"),
    ("/staff/audit", "clock", "audit", "administrator"),
)


class _Words(Template):
    """`${sign_in.title}` is a sentence of the catalogue's section `staff`."""

    braceidpattern = r"[a-z_][a-z0-9_.]*"


@lru_cache(maxsize=64)
def _template(name: str) -> _Words:
    return _Words((TEMPLATES / name).read_text("utf-8"))


def _flat(tree: dict[str, Any], prefix: str = "") -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in tree.items():
        if isinstance(value, dict):
            found |= _flat(value, f"{prefix}{name}.")
        elif isinstance(value, str):
            found[f"{prefix}{name}"] = escape(value)
    return found


def fragment(staff: Staff, lang: str, file: str, **values: str) -> str:
    """HTML of a file in templates/, its words in `lang`. `values` are HTML."""
    return _template(file).substitute(_flat(staff.catalogue.section(lang, "staff")), **values)


def shell(
    request: web.Request,
    title: str,
    body: str,
    *,
    person: Person | None = None,
    scripts: Sequence[str] = (),
    styles: Sequence[str] = (),
    words: dict[str, Any] | None = None,
    status: int = 200,
) -> web.Response:
    """A staff page. `body` is HTML, `title` plain text; `scripts` and `styles` are addresses of modules and style
    sheets; `words` reaches scripts as the JSON of element `#words`, beside the frame's own. With `person` the page
    has the navigation, without it is a card."""
    staff = request.app[STAFF]
    lang = staff.lang_of(request)
    section = staff.catalogue.section(lang, "staff")
    data = {"lang": lang, **section["script"], **(words or {})}
    if person is not None:
        data["me"] = person.public()
    html = _template("shell.html").substitute(
        _flat(section),
        lang=escape(lang),
        title=escape(title),
        company=escape(staff.company.identity.name),
        frame=_framed(request, staff, lang, person, body) if person else _card(staff, body),
        icons=_template("icons.html").template,
        styles="".join(f'<link rel="stylesheet" href="{escape(style)}">\n' for style in styles),
        scripts="".join(
            f'<script type="module" src="{escape(script)}"></script>\n'
            for script in (*(("/staff/assets/frame.js",) if person else ()), *scripts)
        ),
        # `<` would let a text end the element
        words=json.dumps(data, ensure_ascii=False).replace("<", "\\u003c"),
    )
    response = web.Response(text=html, status=status, content_type="text/html")
    response.headers["Content-Language"] = lang
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def _card(staff: Staff, body: str) -> str:
    company = escape(staff.company.identity.name)
    return (
        '<div class="alone"><header class="brand"><img src="/favicon.svg" alt="" width="28" height="28">'
        f"{company}</header>"
        f'<main class="card" id="main" tabindex="-1">{body}</main></div>'
    )


def _framed(request: web.Request, staff: Staff, lang: str, person: Person, body: str) -> str:
    there = {resource.canonical for resource in request.app.router.resources()}
    items = []
    for path, icon, word, role in NAV:
        if path in there and person.may(role):
            current = ' aria-current="page"' if request.path == path or request.path.startswith(f"{path}/") else ""
            name = escape(staff.catalogue.text(lang, f"staff.nav.{word}"))
            items.append(f'<li><a href="{path}"{current}>{symbol(icon)}<span>{name}</span></a></li>')
    initials = "".join(word[0] for word in person.name.split()[:2]).upper()
    return fragment(
        staff,
        lang,
        "frame.html",
        company=escape(staff.company.identity.name),
        nav="".join(items),
        person=escape(person.name),
        initials=escape(initials),
        presence=escape(person.presence),
        account=' aria-current="page"' if request.path == "/staff/account" else "",
        body=body,
    )


def symbol(name: str) -> str:
    """An icon of templates/icons.html, for the eye alone."""
    return f'<svg class="icon" aria-hidden="true"><use href="#i-{name}"></use></svg>'


def sign_in(request: web.Request, *, failure: str = "", status: int = 200) -> web.Response:
    """`failure` is the code of a sentence at staff.error."""
    staff = request.app[STAFF]
    lang, next_page = staff.lang_of(request), guard.next_of(request)
    said = escape(staff.catalogue.text(lang, f"staff.error.{failure}")) if failure else ""
    provider = fragment(staff, lang, "provider.html", next=escape(next_page, quote=True)) if staff.provider else ""
    body = fragment(staff, lang, "sign_in.html", failure=said, hidden="" if said else " hidden", provider=provider)
    title = staff.catalogue.text(lang, "staff.sign_in.title")
    words = {"next": next_page, "step": "code" if request.query.get("step") == "code" and not failure else ""}
    return shell(request, title, body, scripts=["/staff/assets/sign_in.js"], words=words, status=status)


async def get_root(request: web.Request) -> web.Response:
    person = await guard.require_page(request)
    raise web.HTTPFound(guard.home(request, person))


async def get_sign_in(request: web.Request) -> web.Response:
    session = await guard.session_of(request)
    if session is not None:
        raise web.HTTPFound(guard.next_of(request, session.person))
    return sign_in(request)


async def get_setup(request: web.Request) -> web.Response:
    return await _by_link(request, "setup", "setup")


async def get_reset(request: web.Request) -> web.Response:
    """With a token: choose a password. Without: ask for a link."""
    if "token" in request.query:
        return await _by_link(request, "choose", *links.PASSWORD)
    staff = request.app[STAFF]
    lang = staff.lang_of(request)
    name = "ask" if staff.mail is not None else "ask_administrator"
    scripts = ["/staff/assets/ask.js"] if staff.mail is not None else []
    title = staff.catalogue.text(lang, "staff.ask.title")
    return shell(request, title, fragment(staff, lang, f"{name}.html"), scripts=scripts)


async def _by_link(request: web.Request, page: str, *purposes: str) -> web.Response:
    staff = request.app[STAFF]
    await guard.within(request, "staff_links", guard.address_of(request))
    token = request.query.get("token", "")
    async with staff.database.read() as conn:
        found = await links.find(conn, staff.now(), token, *purposes)
        person = await people.get(conn, found[1]) if found is not None and found[1] else None
        nobody = await people.count(conn) == 0
    lang = staff.lang_of(request)
    if found is None or (page == "setup" and not nobody) or (page != "setup" and person is None):
        title = staff.catalogue.text(lang, "staff.link_over.title")
        return shell(request, title, fragment(staff, lang, "link_over.html"), status=404)
    values = {"name": escape(person.name), "email": escape(person.email)} if person else {}
    title = staff.catalogue.text(lang, f"staff.{page}.title")
    field = "field" if page == "setup" else page
    values["password"] = _new_password(staff, lang, "password", f"{field}.password")
    body = fragment(staff, lang, f"{page}.html", **values)
    return shell(request, title, body, scripts=[f"/staff/assets/{page}.js"], words={"token": token})


async def get_account(request: web.Request) -> web.Response:
    person = await guard.require_page(request)
    staff, lang = request.app[STAFF], person.lang
    password = _new_password(staff, lang, "new", "account.new")
    return _page(request, person, "account", languages=_languages(request, lang), password=password)


async def get_people(request: web.Request) -> web.Response:
    person = await guard.require_page(request, "administrator")
    return _page(request, person, "people", languages=_languages(request, ""))


async def get_audit(request: web.Request) -> web.Response:
    return _page(request, await guard.require_page(request, "administrator"), "audit")


def _new_password(staff: Staff, lang: str, identifier: str, label: str) -> str:
    """The field for a password to be chosen."""
    return fragment(
        staff, lang, "new_password.html", id=identifier, label=escape(staff.catalogue.text(lang, f"staff.{label}"))
    )


def _page(request: web.Request, person: Person, name: str, **values: str) -> web.Response:
    """A page of the frame: templates/<name>.html with assets/<name>.js and the words at staff.<name>."""
    staff = request.app[STAFF]
    lang = staff.lang_of(request)
    words = staff.catalogue.section(lang, "staff")
    languages = staff.catalogue.section(lang, "page")["languages"]
    shown = {
        "page": words[name],
        "roles": words["roles"],
        "actions": words["action"],
        "languages": {code: languages[code] for code in staff.company.languages},
    }
    body = fragment(staff, lang, f"{name}.html", **values)
    scripts = [f"/staff/assets/{name}.js"]
    return shell(request, words[name]["title"], body, person=person, scripts=scripts, words=shown)


def _languages(request: web.Request, chosen: str) -> str:
    """Options of a select."""
    staff = request.app[STAFF]
    lang = staff.lang_of(request)
    return "".join(
        f'<option value="{code}"{" selected" if code == chosen else ""}>'
        f"{escape(staff.catalogue.text(lang, f'page.languages.{code}'))}</option>"
        for code in staff.company.languages
    )


async def get_asset(request: web.Request) -> web.Response:
    name = request.match_info["name"]
    head = request.app[STAFF].company.colours.style if name == "staff.css" else b""
    return files.respond(request, name, head=head)


def add_routes(app: web.Application) -> None:
    files.warm()
    app.router.add_get("/staff", get_root)
    app.router.add_get("/staff/sign-in", get_sign_in)
    app.router.add_get("/staff/setup", get_setup)
    app.router.add_get("/staff/reset", get_reset)
    app.router.add_get("/staff/account", get_account)
    app.router.add_get("/staff/people", get_people)
    app.router.add_get("/staff/audit", get_audit)
    app.router.add_get("/staff/assets/{name}", get_asset)
