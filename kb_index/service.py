"""The search service (loopback): docs/architecture.md says what it answers."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import AsyncIterator
from typing import Any

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from kb_index import articles_api, careful, console_api, import_api
from kb_index.content import AUDIENCES
from kb_index.encoder import Encoder, load_encoder
from kb_index.errors import KbError, SettingsError
from kb_index.jobs import Jobs
from kb_index.library import LIBRARY, ApiError, Library, index_of
from kb_index.publisher import JOBS, PUBLISHER, Publisher
from kb_index.settings import Settings

log = structlog.get_logger()

MAX_TEXT = 4_000  # characters of a question that are searched; more changes no answer
MAX_LIMIT = 50
MAX_BODY = 64 * 1024 * 1024  # bytes; changes of a large import
POLL_SECONDS = 0.5


def make_app(settings: Settings, encoder: Encoder | None = None) -> web.Application:
    """The application; `encoder` defaults to the one that the settings name."""
    token = settings.internal_token.get_secret_value()
    app = web.Application(middlewares=[_errors, _guard(token)], client_max_size=MAX_BODY)
    app[LIBRARY] = Library(settings, encoder or load_encoder(settings.encoder, settings.encoder_threads))
    app[LIBRARY].least = careful.read(settings.versions_dir)
    app.cleanup_ctx.append(_follow)
    app.router.add_post("/search", search)
    app.router.add_get("/topics/{lang}/{id}", topic)
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    articles_api.add_routes(app)
    console_api.add_routes(app)
    import_api.add_routes(app)
    careful.add_routes(app)
    app[JOBS] = Jobs(settings)
    app[PUBLISHER] = Publisher(settings, app[LIBRARY], app[JOBS])
    return app


async def _follow(app: web.Application) -> AsyncIterator[None]:
    library, publisher = app[LIBRARY], app[PUBLISHER]
    await publisher.start()
    await library.refresh()

    async def poll() -> None:
        while True:
            await asyncio.sleep(POLL_SECONDS)
            await library.refresh()

    task = asyncio.create_task(poll())
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await publisher.close()
    await app[JOBS].close()
    library.close()


@web.middleware
async def _errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except ApiError as error:
        return web.json_response(error.body, status=error.status)
    except web.HTTPException as error:
        body = {"error": {"code": error.reason.lower().replace(" ", "_"), "message": error.reason, "field": None}}
        return web.json_response(body, status=error.status)
    except Exception:
        log.exception("request_failed", path=request.path)
        body = {"error": {"code": "internal", "message": "the search failed; see the log", "field": None}}
        return web.json_response(body, status=500)


def _guard(token: str) -> Middleware:
    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        given = request.headers.get("X-Guichet-Token", "")
        if (
            token
            and request.path not in ("/healthz", "/readyz")
            and not hmac.compare_digest(given.encode(), token.encode())
        ):
            raise ApiError(401, "unauthorized", "X-Guichet-Token is missing or wrong")
        return await handler(request)

    return guard


async def search(request: web.Request) -> web.Response:
    index = index_of(request)
    try:
        body: Any = await request.json()
    except ValueError as error:
        raise ApiError(400, "invalid_json", f"the body is not JSON: {error}") from error
    if not isinstance(body, dict):
        raise ApiError(400, "invalid_body", f"expected an object, got {type(body).__name__}")
    text, lang, limit, exclude = body.get("text"), body.get("lang", ""), body.get("limit", 5), body.get("exclude", [])
    if not isinstance(text, str):
        raise ApiError(422, "invalid", f"expected a text, got {type(text).__name__}", "text")
    if not isinstance(lang, str):
        raise ApiError(422, "invalid", f"expected a language code, got {type(lang).__name__}", "lang")
    if not isinstance(limit, int) or isinstance(limit, bool) or not 1 <= limit <= MAX_LIMIT:
        raise ApiError(422, "invalid", f"expected a number from 1 to {MAX_LIMIT}, got {limit!r:.40}", "limit")
    if not isinstance(exclude, list) or not all(isinstance(ident, str) for ident in exclude):
        raise ApiError(422, "invalid", "expected a list of article ids", "exclude")
    audience = body.get("audience", "public")
    if audience not in AUDIENCES:
        raise ApiError(422, "invalid", f"expected {' or '.join(AUDIENCES)}, got {audience!r:.40}", "audience")
    text = text.encode("utf-8", "replace").decode()[:MAX_TEXT]  # lone surrogates come through JSON
    return web.json_response(await request.app[LIBRARY].search(index, text, lang, limit, exclude, audience))


async def topic(request: web.Request) -> web.Response:
    ident, lang = request.match_info["id"], request.match_info["lang"]
    try:
        return web.json_response(index_of(request).topic(ident, lang))
    except KeyError as error:
        raise ApiError(404, "not_found", f"there is no topic {ident}") from error


async def healthz(request: web.Request) -> web.Response:
    return web.json_response({"status": "ok"})


async def readyz(request: web.Request) -> web.Response:
    library = request.app[LIBRARY]
    ready = library.index is not None
    body = {
        "status": "ready" if ready else "not_ready",
        "version": library.index.version if library.index else None,
        "checks": {"encoder": "ok", "index": "ok" if ready else "missing"},
        "problem": library.problem,
    }
    return web.json_response(body, status=200 if ready else 503)


def serve(settings: Settings) -> None:
    """Serve until ended. KbError where the encoder cannot be loaded or the port cannot be used."""
    try:
        app = make_app(settings)
    except KbError as error:
        log.error("service_not_started", reason=str(error))
        raise
    try:
        web.run_app(app, host="127.0.0.1", port=settings.kb_port, print=None, access_log=None)
    except OSError as error:
        reason = f"port {settings.kb_port} (GUICHET_KB_PORT) cannot be used: {error.strerror or error}"
        log.error("service_not_started", reason=reason)
        raise SettingsError(f"{reason}. Is the service running already? Otherwise set another") from error
