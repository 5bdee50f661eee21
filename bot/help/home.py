"""`/help`: search results, or categories with their articles, videos and blog posts."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from aiohttp import web

from bot.gateway.articles import KbDown, ask
from bot.gateway.guard import within
from bot.gateway.markdown import excerpt
from bot.help.api import MAX_TYPED, suggestions
from bot.help.context import HELP, Speech, speech
from bot.help.frame import Place, down_page, help_page, in_languages, search_form, to_people, wide
from bot.help.lists import row_of, section
from bot.help.shelf import LAST, Entry, Shelf
from bot.help.trail import category_path, trail

SHOWN = 5  # articles of a category on the first page
NEWS = 4
FOUND = 10
LIKELY = 0.02  # probability from which an article that only the search finds is listed


async def get_help(request: web.Request) -> web.StreamResponse:
    say = speech(request)
    text = " ".join(request.query.get("q", "").split())[:MAX_TYPED]
    if text:
        await within(request, "help", say.gateway.limiter.client(request))
    try:
        shelf = await request.app[HELP].shelves.now(say.gateway)
        return await _results(request, say, shelf, text) if text else _home(request, say, shelf)
    except KbDown:
        return down_page(request, say)


def _home(request: web.Request, say: Speech, shelf: Shelf) -> web.Response:
    product, kept = say.gateway.company.identity.product, request.app[HELP].lists
    key = (shelf.mark, say.lang)
    body = kept.get(key) or kept.put(key, _first_page(say, shelf))
    others = in_languages(say, "/help")
    base = say.gateway.settings.base_url
    data = {
        "@type": "WebSite",
        "name": say.plain("title"),
        "url": base + others[say.lang],
        "inLanguage": say.lang,
        "potentialAction": {
            "@type": "SearchAction",
            "target": f"{base}/help?lang={say.lang}&q={{search_term_string}}",
            "query-input": "required name=search_term_string",
        },
    }
    description = say.plain("description", product=product)
    place = Place(path=others[say.lang], others=others, description=description, data=[data])
    return help_page(request, say, say.plain("title"), body, place, scripts=("search", "people"))


def _first_page(say: Speech, shelf: Shelf) -> str:
    categories = shelf.categories(say.lang)
    parts = [f'<div class="hero"><h1>{say("lead")}</h1>{search_form(say)}</div>']
    if not categories:
        parts.append(f'<section class="nothing"><h2>{say("empty.title")}</h2><p>{say("empty.text")}</p></section>')
    else:
        cards = "".join(_card(say, name, entries) for name, entries in categories.items())
        parts.append(f'<section aria-labelledby="topics"><h2 id="topics">{say("topics")}</h2>')
        parts.append(f'<ul class="cards">{cards}</ul></section>')
    for name, kind in (("videos", "video"), ("news", "blog")):
        if entries := shelf.newest(say.lang, kind)[:NEWS]:
            rows = "".join(row_of(say, one, 3) for one in entries)
            parts.append(section(say, name, rows))
    feed = f'<a href="/help/feed.xml?lang={say.lang}">{say("feed.link")}</a>'
    return wide([*parts, to_people(say), f'<p class="verify">{feed}</p>'])


def _card(say: Speech, name: str, entries: Sequence[Entry]) -> str:
    shown = [one for one in entries if one.kind not in LAST][:SHOWN] or entries[:SHOWN]
    items = "".join(f'<li><a href="{one.url}">{escape(one.title)}</a></li>' for one in shown)
    link = escape(category_path(say.lang, name))
    more = f'<a class="all" href="{link}">{say("all", count=len(entries))}</a>' if len(entries) > len(shown) else ""
    return f'<li class="card"><h3><a href="{link}">{escape(say.category(name))}</a></h3><ul>{items}</ul>{more}</li>'


async def _results(request: web.Request, say: Speech, shelf: Shelf, text: str) -> web.Response:
    """What is found while one types, and what the search finds likely beside, each with the passage that answers."""
    alike, found = await asyncio.gather(
        suggestions(say.gateway, text, say.lang, FOUND),
        ask(say.gateway, "/search", json={"text": text, "lang": say.lang, "limit": FOUND}),
    )
    searched = found.body.get("hits")
    if found.status != 200 or not isinstance(searched, list):
        raise KbDown
    passages = {str(hit["article"]): hit for hit in searched}
    hits = {str(hit["article"]): passages.get(str(hit["article"]), hit) for hit in alike}
    hits |= {name: hit for name, hit in passages.items() if name not in hits and hit["probability"] >= LIKELY}
    known = [hit for hit in hits.values() if shelf.get(str(hit["lang"]), str(hit["article"]))][:FOUND]
    rows = "".join(_hit(say, shelf, hit) for hit in known)
    title = say.plain("results.title", text=text) if known else say.plain("results.none_title")
    parts = [trail(say, [(title, None)]), search_form(say, text), f"<h1>{escape(title)}</h1>"]
    if known:
        parts.append(f'<p class="meta">{say.many("results", len(known))}</p><ul class="rows">{rows}</ul>')
    else:
        parts.append(f"<p>{say('results.none_text')}</p>")
    parts.append(to_people(say, text))
    others = in_languages(say, "/help", q=text)
    place = Place(path=others[say.lang], others=others, description=title, listed=False)
    return help_page(request, say, title, wide(parts), place, scripts=("search", "people"))


def _hit(say: Speech, shelf: Shelf, hit: Mapping[str, Any]) -> str:
    lang, heading = str(hit["lang"]), hit.get("heading")
    entry = shelf.get(lang, str(hit["article"]))
    if entry is None:
        return ""
    passage = excerpt(str(hit["text"])) if hit.get("text") else entry.summary
    facts = [say(f"kind.{entry.kind}")]
    if heading:
        facts.append(escape(str(heading)))
    if lang != say.lang:
        facts.append(say("results.other_language", language=say.language(lang)))
    return (
        f'<li class="row kind-{entry.kind}"><h2 lang="{lang}"><a href="{escape(safe(hit.get("url"), entry))}">'
        f'{escape(entry.title)}</a></h2><p lang="{lang}">{escape(passage)}</p>'
        f'<p class="meta">{" · ".join(facts)}</p></li>'
    )


def safe(url: object, entry: Entry) -> str:
    """The hit's address where it is one of ours or of the web, else the article's page."""
    address = str(url or "")
    return address if address.startswith(("/articles/", "https://", "http://")) else entry.url


def add_routes(app: web.Application) -> None:
    app.router.add_get("/help", get_help)
