"""Articles: list, read, write, delete."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog
from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.console import drafts, listing, shown, source
from bot.console.context import (
    CONSOLE,
    KINDS,
    ConsoleError,
    answered,
    cleaned,
    lang_of,
    number_of,
    read_large,
    split_key,
    text_of,
)
from bot.gateway.context import GATEWAY
from bot.staff import audit
from bot.staff.guard import require
from bot.staff.people import Person

log = structlog.get_logger(__name__)
FIELDS = ("title", "text", "questions", "category", "audience", "topic", "valid_from", "valid_until", "meta")


@answered
async def get_articles(request: web.Request) -> web.StreamResponse:
    await require(request, "editor")
    gateway, console = request.app[GATEWAY], request.app[CONSOLE]
    limit = number_of(request.query.get("limit", 50), "limit", least=1, most=200)
    behind = await looked(request)
    async with gateway.database.read() as conn:
        found = await listing.page(conn, request.query, console.first_language, today(request), limit)
    return web.json_response({**found, "search_available": behind})


@answered
async def get_article(request: web.Request) -> web.StreamResponse:
    await require(request, "editor")
    await looked(request)
    return await answer(request)


@answered
async def post_article(request: web.Request) -> web.StreamResponse:
    """A new article, or one more language of one."""
    person = await require(request, "editor")
    body = await read_large(request)
    kind, lang = body.get("kind"), lang_of(request, body.get("lang"))
    if not isinstance(kind, str) or kind not in KINDS:
        raise ConsoleError(422, "invalid_choice", "kind", possible=", ".join(KINDS))
    title = text_of(body, "title", most=source.LONGEST["title"], needed=True)
    wanted = body.get("id")
    if wanted is not None:
        if not isinstance(wanted, str):
            raise ConsoleError(422, "invalid_id", "id")
        try:
            _, article = split_key(wanted)
        except ConsoleError:
            raise ConsoleError(422, "invalid_id", "id") from None
    else:
        article = source.slug(str(title))
    gateway = request.app[GATEWAY]
    async with gateway.database.write() as conn:
        if wanted is None:
            article = await _free(conn, str(kind), article)
        elif await drafts.row_of(conn, source.path_of(str(kind), article, lang)) is not None:
            raise ConsoleError(409, "article_exists", "id")
        given = {name: body[name] for name in FIELDS if name in body}
        fields = source.changed(source.Fields({"id": article, "lang": lang}), given, today(request))
        fields.meta["updated"] = today(request)
        path = source.path_of(str(kind), article, lang)
        note = _made_from(body.get("from"))
        await drafts.save(conn, person, path, source.write(fields), gateway.now(), seen=None, note=note)
        await record(conn, request, "console_article_added", person, f"{kind}:{article}", lang)
    request.app[CONSOLE].feed.wake()
    return await answer(request, f"{kind}:{article}", status=201)


def _made_from(value: object) -> str:
    """The note of a first revision: what it was made from, `{"gap": id}`."""
    if not isinstance(value, dict) or len(value) != 1:
        return ""
    ((kind, ident),) = value.items()
    return cleaned(f"from:{kind}:{ident}")[:200] if kind in ("gap", "case", "proposal") else ""


async def _free(conn: AsyncConnection, kind: str, wanted: str) -> str:
    """`wanted`, or with a number behind it where that is taken in any language."""
    name, number = wanted, 1
    while (await listing.rows_of(conn, [(kind, name)], "")).get((kind, name)):
        number += 1
        name = f"{wanted}-{number}"
    return name


@answered
async def put_article(request: web.Request) -> web.StreamResponse:
    """A draft. Conflicts bring the article as it is now."""
    person = await require(request, "editor")
    gateway, body = request.app[GATEWAY], await read_large(request)
    lang, seen = lang_of(request, body.get("lang")), body.get("revision")
    if seen is not None and (isinstance(seen, bool) or not isinstance(seen, int)):
        raise ConsoleError(422, "invalid_number", "revision", least=1, most=2**31)
    try:
        async with gateway.database.write() as conn:
            row, path = await _place(conn, request, lang)
            now = (await drafts.source_of(conn, row.draft if row and row.draft else row.published)) if row else None
            text = _text(body, now, path, today(request))
            published = await drafts.source_of(conn, row.published) if row else None
            if text != published and published is not None and _same(text, published):
                text = published
            rebase = body.get("rebase") is True
            await drafts.save(conn, person, path, text, gateway.now(), seen=seen, rebase=rebase)
    except ConsoleError as error:
        if error.code != "changed_meanwhile":
            raise
        raise ConsoleError(409, error.code, error.field, more={"article": await whole(request)}) from None
    request.app[CONSOLE].feed.wake()
    return await answer(request)


def _text(body: Mapping[str, Any], now: str | None, path: str, day: Any) -> str:
    """The source that a body makes of the one there is: whole, or by fields."""
    if "source" in body:
        if not isinstance(body["source"], str) or not body["source"].strip():
            raise ConsoleError(422, "invalid_text", "source", most=1_000_000)
        return cleaned(body["source"])
    given = {name: body[name] for name in FIELDS if name in body}
    if now is None:
        article, _, lang = path.rpartition("/")[2].removesuffix(".md").rpartition(".")
        old = source.Fields({"id": article, "lang": lang})
    else:
        old = source.read(now)
        if old.broken:
            raise ConsoleError(422, "unreadable_front_matter", "source", reason=old.broken)
    changed = source.changed(old, given, day)
    return now if now is not None and changed is old else source.write(changed)


def _same(text: str, published: str) -> bool:
    """Whether the two say the same, but for the day of the change."""
    one, other = source.read(text), source.read(published)
    if one.broken or other.broken or one.text != other.text:
        return False
    return {**one.meta, "updated": None} == {**other.meta, "updated": None}


async def _place(conn: AsyncConnection, request: web.Request, lang: str) -> tuple[Any, str]:
    """(row or None, path) of a language of the article of the request; ConsoleError 404 where there is no article."""
    kind, article = split_key(request.match_info["id"])
    rows = await shown.find(conn, kind, article, request.app[CONSOLE].first_language)
    row = next((row for row in rows if row.lang == lang), None)
    return row, row.path if row is not None else source.path_of(rows[0].kind, article, lang)


async def there(conn: AsyncConnection, request: web.Request, lang: str) -> Any:
    """The row of a language that is there; ConsoleError 404."""
    row, _ = await _place(conn, request, lang)
    if row is None:
        raise ConsoleError(404, "not_found", "lang")
    return row


@answered
async def delete_article(request: web.Request) -> web.StreamResponse:
    """A draft of deletion; an article that was never published is gone at once."""
    person = await require(request, "editor")
    gateway, lang = request.app[GATEWAY], lang_of(request, request.query.get("lang"))
    async with gateway.database.write() as conn:
        row = await there(conn, request, lang)
        await drafts.save(conn, person, row.path, None, gateway.now(), seen=drafts.ANY)
        await record(conn, request, "console_article_deleted", person, f"{row.kind}:{row.article}", lang)
    return await _left(request)


@answered
async def delete_draft(request: web.Request) -> web.StreamResponse:
    person = await require(request, "editor")
    gateway, lang = request.app[GATEWAY], lang_of(request, request.query.get("lang"))
    async with gateway.database.write() as conn:
        row = await there(conn, request, lang)
        if row.draft is not None:
            await drafts.discard(conn, row, gateway.now(), person)
            await record(conn, request, "console_draft_discarded", person, f"{row.kind}:{row.article}", lang)
    return await _left(request)


async def _left(request: web.Request) -> web.Response:
    """What is there of the article now: `{"article": null}` where nothing is."""
    request.app[CONSOLE].feed.wake()
    try:
        return await answer(request)
    except ConsoleError as error:
        if error.status != 404:
            raise
        return web.json_response({"article": None})


async def looked(request: web.Request) -> bool:
    """Take over what was changed outside the console; whether kb could be asked. Without it the console shows what it
    has seen last."""
    try:
        await request.app[CONSOLE].shelf.look()
    except ConsoleError as error:
        if error.status != 503:
            log.warning("console_content_not_read", code=error.code)
        return False
    return True


async def whole(request: web.Request, key: str | None = None) -> dict[str, Any]:
    gateway, console = request.app[GATEWAY], request.app[CONSOLE]
    kind, name = split_key(key or request.match_info["id"])
    async with gateway.database.read() as conn:
        rows = await shown.find(conn, kind, name, console.first_language)
        found = await shown.article(conn, rows, console.first_language, gateway.now())
    found["checked"] = await shown.checked(console.kb, found)
    return found


async def answer(request: web.Request, key: str | None = None, *, status: int = 200) -> web.Response:
    return web.json_response({"article": await whole(request, key)}, status=status)


def today(request: web.Request) -> Any:
    """The day where the company is."""
    gateway = request.app[GATEWAY]
    return gateway.now().astimezone(gateway.company.zone).date()


async def record(
    conn: AsyncConnection, request: web.Request, action: str, person: Person, article: str, lang: str
) -> None:
    now = request.app[GATEWAY].now()
    await audit.write(conn, now, action, actor=person, target=article, details={"lang": lang})


def add_routes(app: web.Application) -> None:
    one = "/api/console/articles/{id}"
    app.router.add_get("/api/console/articles", get_articles)
    app.router.add_post("/api/console/articles", post_article)
    app.router.add_get(one, get_article)
    app.router.add_put(one, put_article)
    app.router.add_delete(one, delete_article)
    app.router.add_delete(f"{one}/draft", delete_draft)
