"""The search service (loopback): docs/architecture.md says what it answers."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from kb_index.content import Article
from kb_index.encoder import Encoder, load_encoder
from kb_index.errors import KbError, SettingsError, VersionError
from kb_index.index import Answer, Index
from kb_index.settings import Settings
from kb_index.storage import older_article
from kb_index.versions import Versions

log = structlog.get_logger()

MAX_TEXT = 4_000  # characters of a question that are searched; more changes no answer
MAX_LIMIT = 50
POLL_SECONDS = 0.5

T = TypeVar("T")


class Library:
    """The index that serves. A newly published one takes over between two questions; those under way keep theirs."""

    def __init__(self, settings: Settings, encoder: Encoder) -> None:
        self.encoder = encoder
        self.versions = Versions(settings.versions_dir)
        self.index: Index | None = None
        self.problem: str | None = None
        self._seen: object = None
        self._executor = ThreadPoolExecutor(max_workers=2, thread_name_prefix="kb")

    async def refresh(self) -> None:
        """Load the published version where the pointer has changed; a version that cannot be used changes nothing."""
        mark = self._mark()
        if mark == self._seen:
            return
        self._seen = mark
        try:
            self.index = await self.run(partial(self.versions.load_current, self.encoder))
            self.problem = None
            log.info("index_loaded", version=self.index.version, articles=len(self.index.corpus.articles))
        except (VersionError, OSError, ValueError, RuntimeError) as error:
            self.problem = str(error)
            log.error("index_not_loaded", reason=self.problem, serving=self.index.version if self.index else None)

    def _mark(self) -> object:
        try:
            stat = self.versions.pointer.stat()
        except FileNotFoundError:
            return "none"
        return stat.st_mtime_ns, stat.st_ino

    async def search(self, index: Index, text: str, lang: str, limit: int, exclude: list[str]) -> Answer:
        def work() -> Answer:
            vector = index.vector(text, self.encoder)
            return index.search(text, vector, lang, limit, exclude)

        return await self.run(work)

    async def run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)

    def close(self) -> None:
        self._executor.shutdown(wait=True, cancel_futures=True)


LIBRARY = web.AppKey("library", Library)


class ApiError(Exception):
    """Becomes {"error": {"code", "message", "field"}} with `status`."""

    def __init__(self, status: int, code: str, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": {"code": code, "message": message, "field": field}}


def make_app(settings: Settings, encoder: Encoder | None = None) -> web.Application:
    """The application; `encoder` defaults to the one that the settings name."""
    token = settings.internal_token.get_secret_value()
    app = web.Application(middlewares=[_errors, _guard(token)], client_max_size=256 * 1024)
    app[LIBRARY] = Library(settings, encoder or load_encoder(settings.encoder, settings.encoder_threads))
    app.cleanup_ctx.append(_follow)
    app.router.add_post("/search", search)
    app.router.add_get("/articles/{lang}/{id}", article)
    app.router.add_get("/topics/{lang}/{id}", topic)
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    return app


async def _follow(app: web.Application) -> AsyncIterator[None]:
    library = app[LIBRARY]
    await library.refresh()

    async def poll() -> None:
        while True:
            await asyncio.sleep(POLL_SECONDS)
            await library.refresh()

    task = asyncio.create_task(poll())
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
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


def _index(request: web.Request) -> Index:
    library = request.app[LIBRARY]
    if library.index is None:
        raise ApiError(503, "no_index", library.problem or "the index is being loaded")
    return library.index


async def search(request: web.Request) -> web.Response:
    index = _index(request)
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
    text = text.encode("utf-8", "replace").decode()[:MAX_TEXT]  # lone surrogates come through JSON
    return web.json_response(await request.app[LIBRARY].search(index, text, lang, limit, exclude))


async def article(request: web.Request) -> web.Response:
    index, library = _index(request), request.app[LIBRARY]
    ident, lang, version = request.match_info["id"], request.match_info["lang"], request.query.get("version")
    found = index.article(ident, lang)
    if version and (found is None or found.version != version):
        found = await library.run(partial(_older, library.versions, ident, lang, version))
    if found is None:
        raise ApiError(
            404, "not_found", f"there is no article {ident} in {lang}" + (f", version {version}" if version else "")
        )
    keys = ("version", "lang", "kind", "title", "text", "video", "updated", "category")
    return web.json_response({"article": found.id} | {key: getattr(found, key) for key in keys})


def _older(versions: Versions, ident: str, lang: str, version: str) -> Article | None:
    for manifest in versions.all():
        found = older_article(versions.path(manifest["version"]), ident, lang, version)
        if found is not None:
            return found
    return None


async def topic(request: web.Request) -> web.Response:
    ident, lang = request.match_info["id"], request.match_info["lang"]
    try:
        return web.json_response(_index(request).topic(ident, lang))
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
