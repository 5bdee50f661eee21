"""What stands before every handler: who may ask, from which page, how much; and the one shape of every error."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable

import structlog
from aiohttp import web
from prometheus_client import Counter

from bot.cases import CaseError
from bot.gateway.context import CONVERSATION, GATEWAY, ApiError
from bot.gateway.journal import Conversation
from bot.gateway.rasa import TOKEN_HEADER
from bot.http import read_json as read_json

log = structlog.get_logger()

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

REQUESTS = Counter("guichet_requests", "Requests answered", ["route", "status"])
JSON_BYTES = 256 * 1024  # the longest message, every character escaped, fits several times

_CODES = {400: "bad_request", 401: "unauthorized", 404: "not_found", 405: "method_not_allowed", 413: "too_large"}
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
STAFF_API = ("/api/staff/", "/api/desk/", "/api/console/")  # used by our own pages only, never by other sites
_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=()",
}


@web.middleware
async def answer_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every refusal and every failure in the one JSON shape; failures are logged, never shown."""
    try:
        response = await handler(request)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        failure = ApiError(error.status, _CODES.get(error.status, "bad_request" if error.status < 500 else "internal"))
        if "Allow" in error.headers:
            failure.headers["Allow"] = error.headers["Allow"]
        response = error_response(request, failure)
    except ApiError as error:
        response = error_response(request, error)
    except CaseError as error:
        gateway = request.app[GATEWAY]
        response = web.json_response(error.body(gateway.catalogue.text, gateway.lang_of(request)), status=error.status)
    except ConnectionResetError:
        raise  # the client has gone; there is nobody to answer
    except Exception:
        log.exception("request_failed", route=_route(request))
        response = error_response(request, ApiError(500, "internal"))
    REQUESTS.labels(_route(request), str(response.status)).inc()
    return response


def error_response(request: web.Request, error: ApiError) -> web.Response:
    gateway = request.app[GATEWAY]
    body = gateway.error(gateway.lang_of(request), error)
    return web.json_response(body, status=error.status, headers=error.headers)


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Signal on_response_prepare: security headers on everything, CORS on what other sites' pages may use."""
    gateway = request.app[GATEWAY]
    headers = response.headers
    headers["Server"] = "Guichet"  # without versions
    for name, value in _ALWAYS.items():
        headers.setdefault(name, value)
    if gateway.settings.public_url.startswith("https://"):
        headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    if response.status == 304:
        pass  # browsers put its headers on the page they kept, which has the right policy already
    elif response.content_type == "text/html":
        headers.setdefault("Content-Security-Policy", PAGE_POLICY)
        headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        headers["X-Frame-Options"] = "DENY"
    else:
        headers.setdefault("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
    if request.path.startswith("/api/"):
        headers.setdefault("Cache-Control", "no-store")
        if request.path.startswith(STAFF_API):
            headers["Cross-Origin-Resource-Policy"] = "same-origin"
        else:
            allow_origin(request, response)
    elif request.path.startswith("/widget/"):
        headers["Access-Control-Allow-Origin"] = "*"
        headers["Cross-Origin-Resource-Policy"] = "cross-origin"


def allow_origin(request: web.Request, response: web.StreamResponse) -> bool:
    """CORS for the pages that may embed the widget. No credentials: a conversation's token is a header of its own."""
    allowed = request.app[GATEWAY].settings.allowed_origins
    origin = request.headers.get("Origin", "")
    headers = response.headers
    if "*" in allowed:
        headers["Access-Control-Allow-Origin"] = "*"
    else:
        headers.add("Vary", "Origin")
        if origin not in allowed:
            return False
        headers["Access-Control-Allow-Origin"] = origin
    headers["Access-Control-Expose-Headers"] = "Retry-After"
    headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return True


@web.middleware
async def preflight(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answers the browser's question whether another site's page may call the API."""
    if request.method != "OPTIONS" or not request.path.startswith("/api/") or request.path.startswith(STAFF_API):
        return await handler(request)
    response = web.Response(status=204)
    if allow_origin(request, response):
        response.headers["Access-Control-Allow-Methods"] = "GET, POST, PATCH, DELETE, OPTIONS"
        response.headers["Access-Control-Allow-Headers"] = (
            "Authorization, Content-Type, Idempotency-Key, Last-Event-ID, Accept"
        )
        response.headers["Access-Control-Max-Age"] = "600"
    return response


async def opened(request: web.Request) -> Conversation:
    """The conversation of the path, for who brings its token. 401 without one; 404 with another's, whether the
    conversation exists or not."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        failure = ApiError(401, "unauthorized")
        failure.headers["WWW-Authenticate"] = "Bearer"
        raise failure
    conversation = await request.app[GATEWAY].journal.authenticate(request.match_info["id"], token.strip())
    if conversation is None:
        raise ApiError(404, "not_found")
    request[CONVERSATION] = conversation
    return conversation


async def within(request: web.Request, rule: str, key: str | None) -> None:
    """ApiError 429 with Retry-After where `key` has used up its rate; None is not counted."""
    seconds = await request.app[GATEWAY].limiter.wait(rule, key) if key is not None else 0
    if seconds:
        failure = ApiError(429, "rate_limited")
        failure.headers["Retry-After"] = str(seconds)
        raise failure


@web.middleware
async def internal_only(request: web.Request, handler: Handler) -> web.StreamResponse:
    """The internal API is for our own processes."""
    if not has_internal_token(request):
        raise ApiError(401, "unauthorized")
    return await handler(request)


def has_internal_token(request: web.Request) -> bool:
    expected = request.app[GATEWAY].settings.internal_token.get_secret_value().encode()
    given = request.headers.get(TOKEN_HEADER, "").encode("utf-8", "surrogateescape")
    return bool(expected) and hmac.compare_digest(given, expected)


def _route(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "none"
