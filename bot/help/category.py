"""`/help/categories/{category}`: all its articles, by kind, a hundred on a page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from aiohttp import web

from bot.gateway.articles import KbDown
from bot.gateway.context import ApiError
from bot.help.context import HELP, Speech, speech
from bot.help.frame import Place, down_page, help_page, search_form, to_people, wide
from bot.help.lists import row_of, section
from bot.help.shelf import Entry
from bot.help.trail import category_path, trail, trail_data

KINDS = ("faq", "manual", "video", "blog")
ON_A_PAGE = 100


async def get_category(request: web.Request) -> web.StreamResponse:
    say, name = speech(request), request.match_info["category"]
    try:
        shelf = await request.app[HELP].shelves.now(say.gateway)
    except KbDown:
        return down_page(request, say)
    entries = sorted(shelf.of(say.lang, category=name), key=lambda one: KINDS.index(one.kind))
    pages, number = max(1, -(-len(entries) // ON_A_PAGE)), _number(request.query.get("page"))
    if number > pages or not any(one.category == name for one in shelf.entries):
        raise ApiError(404, "not_found")
    title, kept = say.category(name), request.app[HELP].lists
    key = (shelf.mark, say.lang, name, number)
    shown = entries[(number - 1) * ON_A_PAGE : number * ON_A_PAGE]
    steps = _steps(say, name, number, pages)
    body = kept.get(key) or kept.put(key, _category(say, title, shown, steps))
    others = {code: category_path(code, name) for code in say.gateway.languages.codes}
    path = others[say.lang] if number == 1 else f"{others[say.lang]}&page={number}"
    count = say.plain(f"count.{'one' if len(entries) == 1 else 'other'}", count=len(entries))
    data = trail_data(say, [(title, others[say.lang])])
    place = Place(path=path, others=others, description=f"{title} – {count}", data=[data], listed=bool(entries))
    return help_page(request, say, title, body, place, scripts=("search", "people"))


def _number(asked: str | None) -> int:
    if asked is None:
        return 1
    if not re.fullmatch(r"[1-9][0-9]{0,5}", asked):
        raise ApiError(404, "not_found")
    return int(asked)


def _category(say: Speech, title: str, entries: Sequence[Entry], steps: str) -> str:
    parts = [trail(say, [(title, None)]), f"<h1>{escape(title)}</h1>", search_form(say)]
    if not entries:
        parts.append(f'<p class="notice">{say("category_empty")}</p>')
    for kind in KINDS:
        if own := [one for one in entries if one.kind == kind]:
            rows = "".join(row_of(say, one, 3) for one in own)
            parts.append(section(say, f"kinds.{kind}", rows))
    return wide([*parts, steps, to_people(say)])


def _steps(say: Speech, name: str, number: int, pages: int) -> str:
    """To the page before and the one after."""
    if pages == 1:
        return ""
    path = category_path(say.lang, name)
    links = [
        f'<a href="{escape(f"{path}&page={other}")}" rel="{rel}">{say(f"pages.{rel}")}</a>'
        for other, rel in ((number - 1, "prev"), (number + 1, "next"))
        if 1 <= other <= pages
    ]
    here = say("pages.here", number=number, pages=pages)
    return f'<nav class="pages" aria-label="{say("pages.label")}"><span>{here}</span>{"".join(links)}</nav>'


def add_routes(app: web.Application) -> None:
    app.router.add_get("/help/categories/{category}", get_category)
