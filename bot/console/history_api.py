"""What an article was before: revisions, differences, restoring."""

from __future__ import annotations

import asyncio

from aiohttp import web

from bot.console import articles_api, diff, drafts, source
from bot.console.context import CONSOLE, answered, lang_of, number_of
from bot.gateway.context import GATEWAY
from bot.http import read_json
from bot.staff.guard import require


@answered
async def get_revisions(request: web.Request) -> web.StreamResponse:
    await require(request, "editor")
    lang = lang_of(request, request.query.get("lang"))
    async with request.app[GATEWAY].database.read() as conn:
        row = await articles_api.there(conn, request, lang)
        return web.json_response({"revisions": await drafts.history(conn, row.path)})


@answered
async def get_revision(request: web.Request) -> web.StreamResponse:
    await require(request, "editor")
    lang, number = lang_of(request, request.query.get("lang")), _revision(request.match_info["revision"])
    async with request.app[GATEWAY].database.read() as conn:
        row = await articles_api.there(conn, request, lang)
        found = await drafts.revision_of(conn, row.path, number)
    fields = source.read(found.source).public() if found.source is not None else None
    body = {"revision": found.id, "version": found.version, "at": found.at, "source": found.source, "fields": fields}
    return web.json_response(body)


@answered
async def post_restore(request: web.Request) -> web.StreamResponse:
    """A revision becomes the draft; one that is published needs none."""
    person = await require(request, "editor")
    gateway, body = request.app[GATEWAY], await read_json(request)
    lang = lang_of(request, body.get("lang"))
    number = number_of(body.get("revision"), "revision", least=1, most=2**31 - 1)
    async with gateway.database.write() as conn:
        row = await articles_api.there(conn, request, lang)
        found = await drafts.revision_of(conn, row.path, number)
        note = f"restored:{found.id}"
        await drafts.save(conn, person, row.path, found.source, gateway.now(), seen=drafts.ANY, note=note, rebase=True)
        await articles_api.record(conn, request, "console_article_restored", person, f"{row.kind}:{row.article}", lang)
    request.app[CONSOLE].feed.wake()
    return await articles_api.answer(request)


@answered
async def get_diff(request: web.Request) -> web.StreamResponse:
    """Of two revisions; without `from`, what is published; without `to`, the draft."""
    await require(request, "editor")
    lang = lang_of(request, request.query.get("lang"))
    async with request.app[GATEWAY].database.read() as conn:
        row = await articles_api.there(conn, request, lang)
        texts = []
        for name, otherwise in (("from", row.published), ("to", row.draft if row.draft else row.published)):
            number = request.query.get(name)
            if number:
                texts.append((await drafts.revision_of(conn, row.path, _revision(number))).source)
            else:
                texts.append(await drafts.source_of(conn, otherwise))
    found = await asyncio.to_thread(diff.lines, texts[0] or "", texts[1] or "")
    return web.json_response({"lines": found})


def _revision(value: str) -> int:
    return number_of(value, "revision", least=1, most=2**31 - 1)


def add_routes(app: web.Application) -> None:
    one = "/api/console/articles/{id}"
    app.router.add_get(f"{one}/revisions", get_revisions)
    app.router.add_get(f"{one}/revisions/{{revision}}", get_revision)
    app.router.add_post(f"{one}/restore", post_restore)
    app.router.add_get(f"{one}/diff", get_diff)
