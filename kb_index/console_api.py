"""What the service answers to the editors' console: docs/console.md, "kb service"."""

from __future__ import annotations

import asyncio
import json
from functools import partial
from typing import Any

from aiohttp import web

from kb_index.errors import ContentError, PublishError
from kb_index.grouping import groups_of
from kb_index.jobs import Job
from kb_index.library import LIBRARY, ApiError, index_of
from kb_index.publisher import JOBS, PUBLISHER
from kb_index.publishing import content_folder
from kb_index.questions import questions_of
from kb_index.sources import checked_path, digest
from kb_index.trial import explained
from kb_index.vector_store import VECTORS, RememberingEncoder
from kb_index.workspace import Changes, Listing, changes_of, checked, source_of

STATUS = {
    "changed_meanwhile": 409, "rebuild_first": 409, "not_found": 404, "no_index": 503, "disk_full": 507,
    "not_written": 507, "out_of_memory": 507, "too_slow": 504,
}  # fmt: skip
LONG = 64 * 1024  # bytes of JSON that are not read on the loop
MOST_NOTE = 2_000
MOST_HITS = 50
MOST_TRIED = 1_000  # questions at once; what more of them do, the gate says
MAX_TEXT = 4_000  # characters of a question, as in a search
SHOWN = ("version", "live", "created", "by", "note", "articles", "topics", "errors")


async def body_of(request: web.Request) -> dict[str, Any]:
    """The JSON object of a request."""
    data = await request.read()
    try:
        body: Any = await asyncio.to_thread(json.loads, data) if len(data) > LONG else json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ApiError(400, "invalid_json", f"the body is not JSON: {error}") from error
    if not isinstance(body, dict):
        raise ApiError(400, "invalid_body", f"expected an object, got {type(body).__name__}")
    return body


def changes_in(body: dict[str, Any]) -> Changes:
    """Its changes; none where it has none."""
    try:
        return changes_of(body.get("changes", []))
    except PublishError as error:
        raise refused(error) from error


def refused(error: PublishError) -> ApiError:
    """The answer to what cannot be published, with its problems."""
    answer = ApiError(STATUS.get(error.code, 422), error.code, str(error), "changes" if error.problems else None)
    answer.body["error"] |= {"problems": error.problems}
    return answer


async def get_content(request: web.Request) -> web.Response:
    """All files; its ETag changes with any of them and with the version."""
    publisher, library = request.app[PUBLISHER], request.app[LIBRARY]
    folder = await publisher.run(partial(content_folder, library.versions, publisher.settings.content_dir))
    version = library.versions.current()
    state = digest(f"{version} {sorted(folder.digests.items())}".encode())
    headers = {"ETag": f'"{state}"'}
    if any(tag.value == state for tag in request.if_none_match or ()):
        return web.Response(status=304, headers=headers)
    listed = await publisher.run(partial(request.app[LISTING].of, folder))
    return web.json_response({"version": version} | listed, headers=headers)


async def get_source(request: web.Request) -> web.Response:
    publisher = request.app[PUBLISHER]
    try:
        path = checked_path(request.match_info["path"])
        return web.json_response(await publisher.run(partial(source_of, publisher.settings.content_dir, path)))
    except ContentError as error:
        raise ApiError(404, "not_found", str(error), "path") from error


async def post_check(request: web.Request) -> web.Response:
    changes = changes_in(await body_of(request))
    publisher, library = request.app[PUBLISHER], request.app[LIBRARY]

    def work() -> dict[str, Any]:
        return checked(content_folder(library.versions, publisher.settings.content_dir), changes)

    return web.json_response(await publisher.run(work))


async def post_publish(request: web.Request) -> web.Response:
    body = await body_of(request)
    changes, base, facts = changes_in(body), body.get("base"), body.get("facts", {})
    if base is not None and not isinstance(base, str):
        raise ApiError(422, "invalid", f"expected a version or null, got {type(base).__name__}", "base")
    if not isinstance(facts, dict) or not all(isinstance(one, str | None) for one in facts.values()):
        raise ApiError(422, "invalid", 'expected {"by": text, "note": text}', "facts")
    about = {key: (facts.get(key) or None) and facts[key][:MOST_NOTE] for key in ("by", "note")}
    try:
        done = await request.app[PUBLISHER].publish(changes, body.get("changes", []), base, about)
    except PublishError as error:
        raise refused(error) from error
    return web.json_response(done)


async def post_rollback(request: web.Request) -> web.Response:
    version = (await body_of(request)).get("version")
    if not isinstance(version, str) or not version.isalnum():
        raise ApiError(422, "invalid", "expected a version", "version")
    try:
        return web.json_response(await request.app[PUBLISHER].roll_back(version))
    except PublishError as error:
        raise refused(error) from error


async def get_versions(request: web.Request) -> web.Response:
    """Versions in the order in which they first served, the last first. One that was fitted anew stands for the one
    it was made of."""
    versions = request.app[LIBRARY].versions

    def work() -> list[dict[str, Any]]:
        found = {row["version"]: row for row in versions.all()}
        return [
            {key: row.get(key) for key in SHOWN} | {"files": row.get("changed", []), "fitted": row["fitted"]}
            for row in (found[one] for one in reversed(versions.history()) if one in found)
        ]

    return web.json_response({"versions": await request.app[PUBLISHER].run(work)})


async def post_try(request: web.Request) -> web.Response:
    body = await body_of(request)
    changes, limit, publisher, library = (
        changes_in(body),
        body.get("limit", 5),
        request.app[PUBLISHER],
        request.app[LIBRARY],
    )
    if not isinstance(limit, int) or isinstance(limit, bool) or not 1 <= limit <= MOST_HITS:
        raise ApiError(422, "invalid", f"expected a number from 1 to {MOST_HITS}, got {limit!r:.40}", "limit")
    live = index_of(request)
    try:
        questions = questions_of(body.get("questions"), MOST_TRIED)
        draft = await publisher.drafted(changes)
    except PublishError as error:
        raise refused(error) from error
    results = []
    for text, lang, _ in questions:  # one by one, so that other calls of the console come between
        row: dict[str, Any] = {"text": text, "lang": lang}
        for name, index in (("draft", draft), ("live", live)):
            row[name] = await publisher.run(partial(explained, index, library.encoder, text[:MAX_TEXT], lang, limit))
        results.append(row)
    return web.json_response({"results": results})


async def post_gate(request: web.Request) -> web.Response:
    body = await body_of(request)
    changes_in(body)
    try:
        questions_of(body.get("questions", []))
    except PublishError as error:
        raise refused(error) from error
    args = {"changes": body.get("changes", []), "questions": body.get("questions", [])}
    return web.json_response({"job": request.app[JOBS].start("gate", args).id}, status=202)


async def post_groups(request: web.Request) -> web.Response:
    index, publisher, library = index_of(request), request.app[PUBLISHER], request.app[LIBRARY]
    try:
        questions = questions_of((await body_of(request)).get("questions"))
    except PublishError as error:
        raise refused(error) from error

    def work() -> list[dict[str, Any]]:
        encoder = RememberingEncoder(library.encoder, library.versions.folder / VECTORS)
        vectors = encoder.encode([index.clean(text[:MAX_TEXT]) for text, _, _ in questions])
        return groups_of([text for text, _, _ in questions], [count for _, _, count in questions], vectors)

    return web.json_response({"groups": await publisher.run(work)})


def _job(request: web.Request) -> Job:
    job = request.app[JOBS].get(request.match_info["id"])
    if job is None:
        raise ApiError(404, "not_found", f"there is no job {request.match_info['id']}; results are kept for an hour")
    return job


async def get_job(request: web.Request) -> web.Response:
    return web.json_response(_job(request).json())


async def delete_job(request: web.Request) -> web.Response:
    job = _job(request)
    await request.app[JOBS].cancel(job)
    return web.json_response(job.json())


LISTING = web.AppKey("listing", Listing)


def add_routes(app: web.Application) -> None:
    app[LISTING] = Listing()
    app.router.add_get("/content", get_content)
    app.router.add_get("/content/{path:.+}", get_source)
    app.router.add_post("/check", post_check)
    app.router.add_post("/try", post_try)
    app.router.add_post("/gate", post_gate)
    app.router.add_post("/groups", post_groups)
    app.router.add_post("/publish", post_publish)
    app.router.add_get("/versions", get_versions)
    app.router.add_post("/rollback", post_rollback)
    app.router.add_get("/jobs/{id}", get_job)
    app.router.add_delete("/jobs/{id}", delete_job)
