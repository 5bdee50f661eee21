"""`/proof`: do these words stand in the article? Anyone may recheck an answer, also one of an older version."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from aiohttp import web

from bot.gateway.articles import KbDown, ask
from bot.gateway.context import GATEWAY, ApiError
from bot.gateway.guard import within
from bot.help.article import Reading, reading
from bot.help.context import Speech, speech
from bot.help.frame import Place, down_page, help_page, path_of, to_people
from bot.help.trail import day_of, trail

MAX_TEXT = 4_000  # characters; a passage that the bot shows has at most 1,200


async def get_proof(request: web.Request) -> web.StreamResponse:
    return await _proof(request, request.query)


async def post_proof(request: web.Request) -> web.StreamResponse:
    """The page's own form: texts that are too long for an address."""
    return await _proof(request, {name: str(value) for name, value in (await request.post()).items()})


async def _proof(request: web.Request, asked: Mapping[str, str]) -> web.StreamResponse:
    gateway = request.app[GATEWAY]
    await within(request, "help", gateway.limiter.client(request))
    lang, article, version = asked.get("lang", ""), asked.get("article", ""), asked.get("version") or None
    say = Speech(gateway, lang) if lang in gateway.languages.codes else speech(request)
    text = asked.get("text", "").strip()[:MAX_TEXT]
    try:
        try:
            read = await reading(request, lang, article, version)
        except ApiError:
            if version is None:
                raise
            return _gone(request, say)
        body = {"article": article, "lang": lang, "version": str(read.found["version"]), "text": text}
        reply = await ask(gateway, "/proof", json=body)
    except KbDown:
        return down_page(request, say)
    if reply.status == 404:  # thrown away in between
        return _gone(request, say)
    return _shown(request, say, read, text, reply.body if reply.status == 200 else None)


def _shown(
    request: web.Request, say: Speech, read: Reading, text: str, proved: Mapping[str, Any] | None
) -> web.StreamResponse:
    """`proved`: what the search service found; None where there was no word to look for."""
    found, title = read.found, say.plain("proof.title")
    article, version = str(found["article"]), str(found["version"])
    path = f"/articles/{say.lang}/{article}"
    link = path if read.current else path_of(path, version=version)
    whole, place = str(found["text"]), None
    parts = [trail(say, [(str(found["title"]), link), (title, None)]), f"<h1>{escape(title)}</h1>"]
    parts.append(f"<p>{say('proof.explain')}</p>")
    if proved is not None:
        whole = str(proved["whole"])
        place = (int(proved["start"]), int(proved["end"])) if proved["stands"] else None
        verdict = "not_there" if place is None else "exact" if proved["exact"] else "words"
        parts.append(f'<p class="verdict {verdict}" role="status">{say(f"proof.{verdict}")}</p>')
    elif text:
        parts.append(f'<p class="verdict not_there" role="status">{say("proof.nothing")}</p>')
    state = say("proof.current" if read.current else "proof.older")
    facts = [
        ("proof.article", f'<a href="{escape(link)}">{escape(str(found["title"]))}</a>'),
        ("proof.version", f"<code>{escape(version)}</code> ({state}{_day(say, found)})"),
    ]
    if place is not None:
        numbers = {"start": place[0] + 1, "end": place[1], "length": len(whole)}
        facts.append(("proof.place", say("proof.place_of", **numbers)))
    if proved is not None:
        facts.append(("proof.digest", f'<code class="digest">{escape(str(proved["digest"]))}</code>'))
    parts.append(
        '<dl class="facts">' + "".join(f"<dt>{say(key)}</dt><dd>{value}</dd>" for key, value in facts) + "</dl>"
    )
    spoken = proved is not None and proved["part"] == "captions"
    parts.append(
        f'<h2 id="whole">{say("proof.whole_captions" if spoken else "proof.whole")}</h2>{_marked(whole, place)}'
    )
    parts.append(_form(say, article, version, text))
    if place is None:
        parts.append(to_people(say))
    head = Place(path="/proof", others={}, description=say.plain("proof.description"), listed=False)
    return help_page(request, say, title, "".join(parts), head, scripts=("people", "proof"))


def _day(say: Speech, found: Mapping[str, Any]) -> str:
    day = day_of(found.get("updated"), say.lang)
    return f", {escape(day)}" if day else ""


def _marked(whole: str, place: tuple[int, int] | None) -> str:
    """The text as it is stored, character for character, with the words marked in their place."""
    if place is None:
        return f'<div class="whole" dir="auto" tabindex="0" role="group" aria-labelledby="whole">{escape(whole)}</div>'
    before, words, after = whole[: place[0]], whole[place[0] : place[1]], whole[place[1] :]
    marked = f'{escape(before)}<mark id="words">{escape(words)}</mark>{escape(after)}'
    return f'<div class="whole" dir="auto" tabindex="0" role="group" aria-labelledby="whole">{marked}</div>'


def _form(say: Speech, article: str, version: str, text: str) -> str:
    hidden = {"article": article, "lang": say.lang, "version": version}
    fields = "".join(f'<input type="hidden" name="{name}" value="{escape(value)}">' for name, value in hidden.items())
    return (
        f'<section class="check" aria-labelledby="check"><h2 id="check">{say("proof.again")}</h2>'
        f'<form method="post" action="/proof">{fields}<label for="text">{say("proof.text")}</label>'
        f'<textarea id="text" name="text" rows="4" maxlength="{MAX_TEXT}" required>{escape(text)}</textarea>'
        f'<p class="actions"><button>{say("proof.check")}</button></p></form></section>'
    )


def _gone(request: web.Request, say: Speech) -> web.StreamResponse:
    title = say.plain("proof.gone_title")
    body = f"<h1>{escape(title)}</h1><p>{say('proof.gone_text')}</p>{to_people(say)}"
    place = Place(path="/proof", others={}, description=title, listed=False)
    return help_page(request, say, title, body, place, scripts=("people",), status=404)


def add_routes(app: web.Application) -> None:
    app.router.add_get("/proof", get_proof)
    app.router.add_post("/proof", post_proof)
