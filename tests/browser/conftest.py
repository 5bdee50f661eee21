"""A browser, and the site it visits: the peer in this process, or the address in GUICHET_BROWSER_URL."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from playwright.async_api import Browser, BrowserContext, async_playwright

from tests.browser.customer import Customer
from tests.browser.peer import Peer, serving

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass(frozen=True, slots=True)
class Site:
    url: str
    peer: Peer | None  # None: a real installation, whose faults cannot be switched on


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def browser() -> AsyncIterator[Browser]:
    path = shutil.which("chromium") or shutil.which("google-chrome")
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield chromium
        await chromium.close()


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def running() -> AsyncIterator[Site]:
    if url := os.environ.get("GUICHET_BROWSER_URL"):
        yield Site(url.rstrip("/"), None)
    else:
        async with serving(Peer()) as peer:
            yield Site(peer.url, peer)


@pytest.fixture
def site(running: Site) -> Site:
    if running.peer is not None:
        running.peer.reset()
        running.peer.conversations.clear()
        running.peer.posts.clear()
    return running


@pytest.fixture
def peer(site: Site) -> Peer:
    """For tests that switch on faults of the server."""
    if site.peer is None:
        pytest.skip("needs the peer: a real server does not fail on request")
    return site.peer


@pytest.fixture
def options() -> dict[str, Any]:
    """Options of the browser's context; a test module or test overrides them."""
    return {}


@pytest_asyncio.fixture(loop_scope="session")
async def context(browser: Browser, options: dict[str, Any]) -> AsyncIterator[BrowserContext]:
    defaults = {"viewport": {"width": 1280, "height": 860}, "locale": "fr-FR", "timezone_id": "Europe/Paris"}
    made = await browser.new_context(**{**defaults, **options})
    made.set_default_timeout(15_000)
    yield made
    await made.close()


@pytest_asyncio.fixture(loop_scope="session")
async def customer(context: BrowserContext, site: Site) -> AsyncIterator[Customer]:
    """A visitor of the demonstration page; the page must not have thrown anything in the end."""
    visitor = Customer(await context.new_page(), site.url)
    await visitor.visit()
    yield visitor
    assert visitor.thrown == []


@pytest_asyncio.fixture(loop_scope="session")
async def embedding(site: Site) -> AsyncIterator[Any]:
    """Makes a page of another site that embeds the widget: `embedding("data-accent='#fc0'")` gives its address.
    `policy` is the page's Content-Security-Policy."""
    pages: list[tuple[str, str]] = []

    async def page(request: web.Request) -> web.Response:
        text, policy = pages[int(request.match_info["number"])]
        headers = {"Content-Security-Policy": policy} if policy else {}
        return web.Response(text=text, content_type="text/html", headers=headers)

    app = web.Application()
    app.router.add_get("/{number}", page)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()

    def embed(attributes: str = "", body: str = "<h1>Boutique</h1>", policy: str = "") -> str:
        text = (
            f"<!doctype html><html lang=fr><title>Boutique</title><main>{body}</main>"
            f"<script src='{site.url}/widget/loader.js' {attributes} async></script></html>"
        )
        pages.append((text, policy))
        return f"http://127.0.0.1:{runner.addresses[0][1]}/{len(pages) - 1}"

    yield embed
    await runner.cleanup()
