"""What the service answers to the editors' console: docs/console.md, "kb service"."""

from __future__ import annotations

import asyncio
import json
from functools import partial
from typing import Any

from aiohttp import web

from kb_index.errors import ContentError, PublishError
from kb_index.jobs import Job
from kb_index.library import LIBRARY, ApiError
from kb_index.publisher import JOBS, PUBLISHER
from kb_index.publishing import content_folder
from kb_index.sources import checked_path
from kb_index.workspace import Changes, changes_of, checked, listed, source_of

STATUS = {"changed_meanwhile": 409, "not_found": 404, "not_written": 507, "out_of_memory": 507, "too_slow": 504}
LONG = 64 * 1024  # bytes of JSON that are not read on the loop
MOST_NOTE = 2_000
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
    publisher, library = request.app[PUBLISHER], request.app[LIBRARY]

    def work() -> dict[str, Any]:
        return listed(content_folder(library.versions, publisher.settings.content_dir))

    return web.json_response({"version": library.versions.current()} | await publisher.run(work))


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
    """Versions that served, newest first. One that was fitted anew stands for the one it was made of."""
    versions = request.app[LIBRARY].versions

    def work() -> list[dict[str, Any]]:
        served = set(versions.history())
        return [
            {key: row.get(key) for key in SHOWN}
            | {"files": row.get("changed", []), "fitted": row["fitted"], "golden": row.get("golden")}
            for row in versions.all()
            if row["version"] in served
        ]

    return web.json_response({"versions": await request.app[PUBLISHER].run(work)})


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


def add_routes(app: web.Application) -> None:
    app.router.add_get("/content", get_content)
    app.router.add_get("/content/{path:.+}", get_source)
    app.router.add_post("/check", post_check)
    app.router.add_post("/publish", post_publish)
    app.router.add_get("/versions", get_versions)
    app.router.add_post("/rollback", post_rollback)
    app.router.add_get("/jobs/{id}", get_job)
    app.router.add_delete("/jobs/{id}", delete_job)
