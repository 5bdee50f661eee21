"""What stands around every help page: head for search engines and readers of links, languages, the way to people."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from bot.gateway.context import GATEWAY
from bot.gateway.pages import page
from bot.help.context import Speech, language_name

Data = Mapping[str, Any]  # schema.org, as JSON-LD


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a page is, for its head. `path` has a query where the page needs one; `others`: language → path of the
    same in that language, itself too; `tongues`: what readers who switch get, where that is more; `kind` is Open
    Graph's. Pages without `listed` stay out of search engines."""

    path: str
    others: Mapping[str, str]
    tongues: Mapping[str, str] | None = None
    description: str
    kind: str = "website"
    data: Sequence[Data] = ()
    listed: bool = True


def help_page(
    request: web.Request,
    say: Speech,
    title: str,
    body: str,
    place: Place,
    *,
    scripts: Sequence[str] = (),
    status: int = 200,
) -> web.Response:
    """A page in the help's looks; answers 304 where the browser has it."""
    head = [_link("stylesheet", "/help/assets/help.css"), *_head(say, title, place)]
    head += [f'<script src="/help/assets/{name}.js" type="module"></script>' for name in scripts]
    response = page(
        request.app[GATEWAY], say.lang, title, body, status=status, head="\n".join(head) + "\n", nav=_nav(say, place)
    )
    response.headers["Vary"] = "Accept-Language"
    if status != 200:
        return response
    etag = hashlib.sha256((response.text or "").encode()).hexdigest()[:20]
    response.etag = etag
    if any(tag.value in (etag, "*") for tag in request.if_none_match or ()):
        return web.Response(status=304, headers={"ETag": f'"{etag}"', "Vary": "Accept-Language"})
    return response


def _head(say: Speech, title: str, place: Place) -> list[str]:
    base = say.gateway.settings.base_url
    company = say.gateway.company.identity.name
    lines = [f'<meta name="description" content="{escape(place.description)}">']
    if place.listed:
        lines.append(_link("canonical", base + place.path))
        lines += [_link("alternate", base + path, f' hreflang="{code}"') for code, path in place.others.items()]
        if len(place.others) > 1:
            first = place.others.get(say.gateway.company.first_language, place.path)
            lines.append(_link("alternate", base + first, ' hreflang="x-default"'))
    else:
        lines.append('<meta name="robots" content="noindex">')
    feed = escape(say.plain("feed.title", company=company))
    lines.append(_link("alternate", f"/help/feed.xml?lang={say.lang}", f' type="application/atom+xml" title="{feed}"'))
    facts = {"title": title, "description": place.description, "type": place.kind, "url": base + place.path}
    facts |= {"site_name": company, "locale": say.lang}
    lines += [f'<meta property="og:{name}" content="{escape(value)}">' for name, value in facts.items()]
    return lines + [f'<script type="application/ld+json">{_json(data)}</script>' for data in place.data]


def _json(data: Data) -> str:
    """JSON that can stand in a script element: no sign of it ends the element or begins a comment."""
    text = json.dumps({"@context": "https://schema.org", **data}, ensure_ascii=False, separators=(",", ":"))
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


def _link(rel: str, address: str, more: str = "") -> str:
    return f'<link rel="{rel}" href="{escape(address)}"{more}>'


def _nav(say: Speech, place: Place) -> str:
    """The way to the help page, and the same page in the other languages."""
    links = [f'<a href="/help?lang={say.lang}">{say("title")}</a>']
    tongues = place.others if place.tongues is None else place.tongues
    if len(tongues) > 1:
        items = "".join(_tongue(code, path, code == say.lang) for code, path in tongues.items())
        links.append(f'<ul class="tongues" aria-label="{say("languages")}">{items}</ul>')
    return f'<nav aria-label="{say("title")}">{"".join(links)}</nav>'


def _tongue(code: str, path: str, current: bool) -> str:
    name, here = escape(language_name(code)), ' aria-current="true"' if current else ""
    return (
        f'<li><a href="{escape(path)}" lang="{code}" hreflang="{code}"{here}>'
        f'<span aria-hidden="true">{escape(code.upper())}</span><span class="hidden">{name}</span></a></li>'
    )


def path_of(path: str, **query: str | None) -> str:
    """A path with those of the values that are there."""
    given = {name: value for name, value in query.items() if value}
    return f"{path}?{urlencode(given)}" if given else path


def in_languages(say: Speech, path: str, **query: str | None) -> dict[str, str]:
    """The page in every language of the company, for `Place.others`."""
    return {code: path_of(path, lang=code, **query) for code in say.gateway.languages.codes}


def wide(parts: Sequence[str]) -> str:
    """A page of lists, wider than one that is read."""
    return f'<div class="wide">{"".join(parts)}</div>'


def search_form(say: Speech, text: str = "") -> str:
    """The search box: a plain form, which the script `search` turns into one that answers while one types."""
    words = say.gateway.catalogue.section(say.lang, "help")["search"]  # the script fills in {count} and {text}
    data = " ".join(f'data-{name}="{escape(words[name])}"' for name in ("suggestions", "none", "one", "other", "all"))
    return (
        f'<form class="search" role="search" action="/help" method="get" {data}>'
        f'<input type="hidden" name="lang" value="{say.lang}">'
        f'<label class="hidden" for="q">{say("search.label")}</label>'
        f'<input id="q" name="q" type="search" value="{escape(text)}" placeholder="{say("search.placeholder")}" '
        'maxlength="200" autocomplete="off" autocapitalize="none" spellcheck="false" enterkeyhint="search">'
        f'<button aria-label="{say("search.button")}"><svg viewBox="0 0 24 24" aria-hidden="true"><path '
        'd="M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM15.5 15.5L20 20"/></svg>'
        f"<span>{say('search.button')}</span></button></form>"
    )


def to_people(say: Speech, question: str = "") -> str:
    """« Vous n’avez pas trouvé ? »: to the assistant, with the question, or to the ticket form."""
    return (
        f'<section class="lost" aria-labelledby="lost"><h2 id="lost">{say("lost.title")}</h2>'
        f"<p>{say('lost.text')}</p>{people_actions(say, question)}</section>"
    )


def people_actions(say: Speech, question: str = "") -> str:
    """Buttons for the widget, shown by the script `people` once that is there; without it the company's address."""
    email = say.gateway.company.identity.email
    ask = say("lost.ask_question", text=question) if question else say("lost.ask")
    return (
        f'<p class="actions" data-people hidden><button type="button" data-ask="{escape(question)}">{ask}</button>'
        f'<button type="button" class="quiet" data-open="ticket">{say("lost.ticket")}</button></p>'
        f'<p data-mail><a href="mailto:{escape(email)}">{say("lost.mail", email=email)}</a></p>'
    )


def down_page(request: web.Request, say: Speech) -> web.Response:
    """The search service does not answer: said so, with the ticket form, which needs only the web process."""
    body = (
        f"<h1>{say('down.title')}</h1><p>{say('down.text')}</p>"
        f'<p><a href="{escape(request.path_qs)}">{say("down.again")}</a></p>{to_people(say)}'
    )
    place = Place(path="/help", others={}, description=say.plain("down.text"), listed=False)
    response = help_page(request, say, say.plain("down.title"), body, place, scripts=("people",), status=503)
    response.headers["Retry-After"] = "30"
    return response
