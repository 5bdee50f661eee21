"""`/articles/{lang}/{id}`: an article to read and to link to, with what readers think of it and where to read on."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from bot.gateway.articles import ARTICLE_ID, VERSION, KbDown, ask, fetch_article
from bot.gateway.context import GATEWAY, ApiError
from bot.gateway.markdown import Rendered, excerpt, render
from bot.help.context import HELP, Speech, speech
from bot.help.feedback_form import feedback_form
from bot.help.frame import Place, down_page, help_page, path_of, search_form, to_people
from bot.help.shelf import Entry, Shelf
from bot.help.structured import article_data
from bot.help.trail import category_path, day_of, trail, trail_data

RELATED = 4
CONTENTS_FROM = 3  # headings


@dataclass(frozen=True, slots=True)
class Reading:
    """What a request reads. `entry` is the article as customers may read it today; None where it is withdrawn."""

    shelf: Shelf
    entry: Entry | None
    found: Mapping[str, Any]

    @property
    def current(self) -> bool:
        return self.entry is not None and self.entry.version == self.found["version"]


async def reading(request: web.Request, lang: str, article: str, version: str | None) -> Reading:
    """The article in that version, else as it is today. ApiError 404 where there is none that customers may read, or
    have read; KbDown."""
    gateway = request.app[GATEWAY]
    named = version is None or VERSION.fullmatch(version)
    if lang not in gateway.languages.codes or not ARTICLE_ID.fullmatch(article) or not named:
        raise ApiError(404, "not_found")
    shelf, found = await asyncio.gather(
        request.app[HELP].shelves.now(gateway), fetch_article(gateway, lang, article, version)
    )
    entry = shelf.get(lang, article)
    if found is None or (entry is None and version is None) or found.get("audience", "public") != "public":
        raise ApiError(404, "not_found")
    return Reading(shelf, entry, found)


async def get_article(request: web.Request) -> web.StreamResponse:
    lang, article, version = (
        request.match_info["lang"],
        request.match_info["article"],
        request.query.get("version"),
    )
    say = Speech(request.app[GATEWAY], lang) if lang in request.app[GATEWAY].languages.codes else speech(request)
    try:
        read = await reading(request, lang, article, version)
    except KbDown:
        return down_page(request, say)
    near = await related(request, read, lang, article)
    found, title = read.found, str(read.found["title"])
    path = f"/articles/{lang}/{article}"
    category = read.entry.category if read.entry else None
    steps = [(say.category(category), category_path(lang, category))] if category else []
    rendered = render(found["text"])
    contents = _contents(say, rendered)
    parts = [trail(say, [*steps, (title, None)]), search_form(say), f"<h1>{escape(title)}</h1>"]
    if updated := day_of(found.get("updated"), lang):
        parts.append(f'<p class="meta">{_page(say, "article.updated", date=updated)}</p>')
    if not read.current:
        parts.append(_older(say, read, path))
    second = _second(request.query.get("t"))
    if address := video_at(found.get("video"), second):
        words = _page(say, "article.watch") if second is None else _page(say, "article.watch_at", time=clock(second))
        parts.append(f'<p><a class="video" href="{escape(address)}" rel="noopener noreferrer">{words}</a></p>')
    parts += [contents, f"<article>\n{rendered.html}</article>"]
    others = {code: f"/articles/{code}/{article}" for code in say.gateway.languages.codes}
    also = {code: others[code] for code in others if code in read.shelf.langs_of(article)}
    parts.append(_also(say, {code: path for code, path in also.items() if code != lang}))
    if read.current:
        parts.append(feedback_form(say, path, str(found["version"]), request.query.get("said")))
    parts += [_related(say, near), to_people(say), _verify(say, found)]
    place = Place(
        path=path,
        others=also or {lang: path},
        tongues={code: also.get(code, path_of("/help", lang=code)) for code in others},
        description=read.entry.summary if read.current and read.entry else excerpt(found["text"]),
        kind="article",
        data=[article_data(say, found, rendered.html, path), trail_data(say, [*steps, (title, path)])],
        listed=read.current and version is None,
    )
    body = f'<div class="reading{" with-contents" if contents else ""}">{"".join(parts)}</div>'
    return help_page(request, say, title, body, place, scripts=("search", "people", "feedback"))


async def related(request: web.Request, read: Reading, lang: str, article: str) -> list[Entry]:
    """Articles that are about the same, in the same language; none where the search does not answer."""
    gateway = request.app[GATEWAY]

    kept, key = request.app[HELP].related, (read.shelf.mark, lang, article, read.found["version"])
    names = kept.get(key)
    if names is None:
        body = {"text": str(read.found["title"])[:500], "lang": lang, "limit": RELATED * 2, "exclude": [article]}
        try:
            hits = (await ask(gateway, "/search", json=body)).body.get("hits", [])
        except KbDown:
            return []
        names = kept.put(key, tuple(str(hit["article"]) for hit in hits if hit["lang"] == lang))
    return [entry for name in names if (entry := read.shelf.get(lang, name))][:RELATED]


def _page(say: Speech, key: str, **values: object) -> str:
    return escape(say.gateway.catalogue.text(say.lang, f"page.{key}", **values))


def _contents(say: Speech, rendered: Rendered) -> str:
    """Links to the headings of the two upper levels, where there are several."""
    top = [(level, name, heading) for level, name, heading in rendered.headings if level in (2, 3)]
    if sum(level == 2 for level, _, _ in top) < CONTENTS_FROM:
        return ""
    items: list[str] = []
    inside = False
    for level, name, heading in top:
        link = f'<a href="#{escape(name)}">{escape(heading)}</a>'
        if level == 3 and items:
            items.append(f"{'' if inside else '<ul>'}<li>{link}</li>")
            inside = True
        else:
            items.append(f"{'</ul>' if inside else ''}{'</li>' if items else ''}<li>{link}")
            inside = False
    listed = "".join(items) + ("</ul>" if inside else "") + "</li>"
    title = f'<p id="on_this_page">{say("article.on_this_page")}</p>'  # no anchor of a heading has an underscore
    return f'<nav class="contents" aria-labelledby="on_this_page">{title}<ul>{listed}</ul></nav>'


def _older(say: Speech, read: Reading, path: str) -> str:
    if read.entry is None:
        return f'<p class="notice">{say("article.gone")}</p>'
    return f'<p class="notice">{say("article.older")} <a href="{path}">{say("article.current")}</a></p>'


def _also(say: Speech, also: Mapping[str, str]) -> str:
    if not also:
        return ""
    links = ", ".join(
        f'<a href="{path}" hreflang="{code}">{escape(say.language(code))}</a>' for code, path in also.items()
    )
    return f'<p class="languages">{_page(say, "article.other_language")} {links}</p>'


def _related(say: Speech, near: list[Entry]) -> str:
    if not near:
        return ""
    items = "".join(f'<li><a href="{one.url}">{escape(one.title)}</a></li>' for one in near)
    title = f'<h2 id="related">{say("article.related")}</h2>'
    return f'<section class="related" aria-labelledby="related">{title}<ul>{items}</ul></section>'


def _verify(say: Speech, found: Mapping[str, Any]) -> str:
    link = path_of("/proof", article=str(found["article"]), lang=say.lang, version=str(found["version"]))
    return f'<p class="verify"><a href="{escape(link)}" rel="nofollow">{say("article.verify")}</a></p>'


def _second(value: str | None) -> int | None:
    return int(value) if value is not None and re.fullmatch(r"[0-9]{1,6}", value) else None


def clock(second: int) -> str:
    minutes, rest = divmod(second, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def video_at(address: object, second: int | None) -> str | None:
    """The video's address, at a second: a query for YouTube, a media fragment elsewhere. None for other schemes."""
    if not isinstance(address, str) or urlsplit(address).scheme not in ("http", "https"):
        return None
    if second is None:
        return address
    host = urlsplit(address).hostname or ""
    if host.removeprefix("www.") in ("youtube.com", "youtu.be", "youtube-nocookie.com"):
        return f"{address}{'&' if '?' in address else '?'}t={second}s"
    return f"{address.split('#')[0]}#t={second}"


def add_routes(app: web.Application) -> None:
    app.router.add_get("/articles/{lang}/{article}", get_article)
