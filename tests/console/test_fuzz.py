"""The console's API under requests that nobody would send, the real kb service behind it."""

from __future__ import annotations

import asyncio

from bot.desk.openapi import document
from tests.console.site import ConsoleSite
from tests.desk.test_fuzz import fuzz

STREAM = "/api/console/stream"  # it answers for as long as one listens
OPERATIONS = sorted(
    (method, path)
    for path, item in document()["paths"].items()
    for method in item
    if method in ("get", "post", "put", "patch", "delete") and path.startswith("/api/console") and path != STREAM
)


async def test_no_request_breaks_the_console(console: ConsoleSite) -> None:
    ada = await console.editor("Ada", "administrator")
    cookie = "; ".join(f"{each.key}={each.value}" for each in ada.who.http.cookie_jar)
    there = {"id": "faq:dark-theme", "revision": "1"}
    for method, path in OPERATIONS:
        assert await asyncio.to_thread(fuzz, ada.who, method, path, there, cookie) >= 1
    assert (await ada.article("faq:scan-document"))["langs"]["en"]["state"]
