"""The shell of our HTML pages, which work without JavaScript, and errors as pages."""

from __future__ import annotations

from functools import lru_cache
from html import escape
from string import Template

from aiohttp import web

from bot.cases import CaseError
from bot.gateway.context import GATEWAY, ApiError, Gateway
from bot.gateway.files import ASSETS
from bot.gateway.guard import Handler


def page(
    gateway: Gateway,
    lang: str,
    title: str,
    body: str,
    *,
    status: int = 200,
    private: bool = False,
    head: str = "",
    nav: str | None = None,
) -> web.Response:
    """An HTML page; `body`, `head` and `nav` (what stands beside the company's name; as a rule the way to the help
    page) are HTML, `title` is plain text. `private` pages are kept nowhere, and no other site is told their address."""
    if nav is None:
        nav = f'<a href="/help?lang={escape(lang)}">{escape(gateway.catalogue.text(lang, "page.help"))}</a>'
    html = _template().substitute(
        lang=escape(lang),
        title=escape(title),
        company=escape(gateway.company.identity.name),
        body=body,
        head=head,
        nav=nav,
    )
    response = web.Response(text=html, status=status, content_type="text/html")
    response.headers["Content-Language"] = lang
    if private:
        response.headers["Cache-Control"] = "no-store"
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["X-Robots-Tag"] = "noindex"
    else:
        response.headers["Cache-Control"] = "no-cache"
    return response


@lru_cache(maxsize=1)
def _template() -> Template:
    return Template((ASSETS / "page.html").read_text("utf-8"))


def message_page(gateway: Gateway, lang: str, name: str, status: int, extra: str = "") -> web.Response:
    title, text = (gateway.catalogue.text(lang, f"page.{name}.{part}") for part in ("title", "text"))
    home = gateway.catalogue.text(lang, "page.home")
    body = f'<h1>{escape(title)}</h1>\n<p>{escape(text)}</p>\n{extra}<p><a href="/">{escape(home)}</a></p>'
    return page(gateway, lang, title, body, status=status)


@web.middleware
async def page_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Errors of pages as pages, for who asks for HTML; the API's errors pass."""
    if request.path.startswith(("/api/", "/internal/")) or "text/html" not in request.headers.get("Accept", ""):
        return await handler(request)
    gateway = request.app[GATEWAY]
    try:
        return await handler(request)
    except (web.HTTPException, ApiError, CaseError) as error:
        if error.status < 400:
            raise
        name = {403: "not_allowed", 404: "not_found"}.get(error.status, "error")
        return message_page(gateway, gateway.lang_of(request), name, error.status)
