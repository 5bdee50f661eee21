"""Imports: a file proposes, an editor takes; sources are read again; an export comes back identical."""

from __future__ import annotations

import zipfile
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.console.resync import Resync
from tests.console.site import ConsoleSite, Editor, open_console
from tests.console.test_publishing import job

CSV = b"title,text,questions\nFirst,One.,How one?\n,No title,\nSecond,Two.,How two?\n"


async def proposed(editor: Editor, content: bytes, name: str, **fields: str) -> tuple[str, Any]:
    """(job, its result)."""
    status, begun = await editor.upload("/import", content, name, **fields)
    assert status == 202, begun
    found = await job(editor, begun["job"])
    assert found["state"] == "done", found
    return begun["job"], found["result"]


async def test_good_rows_become_drafts_and_bad_ones_are_named_with_their_line(
    console: ConsoleSite, clara: Editor
) -> None:
    ident, result = await proposed(clara, CSV, "faq.csv", lang="en", kind="faq")
    assert [(one["state"], one["title"]) for one in result["changes"]] == [("new", "First"), ("new", "Second")]
    assert [one["line"] for one in result["problems"]] == [3]
    assert (await clara.get("/articles?state=draft"))["total"] == 0  # nothing is written yet
    path = result["changes"][0]["path"]
    taken = await clara.do("POST", f"/import/{ident}/take", {"paths": [path]})
    assert taken == {"drafts": [path], "problems": []}
    (draft,) = (await clara.get("/articles?state=draft"))["articles"]
    assert draft["title"] == "First"
    key = f"faq:{draft['id']}"
    seen = (await clara.article(key))["langs"]["en"]["draft"]["revision"]
    await clara.save(key, "en", seen, text="Edited since.")
    again = await clara.do("POST", f"/import/{ident}/take", {"paths": [path]})
    assert (again["drafts"], [one["path"] for one in again["problems"]]) == ([], [path])
    assert (await clara.article(key))["langs"]["en"]["text"] == "Edited since."
    over = await clara.do("POST", f"/import/{ident}/take", {"paths": [path], "over": True})
    assert over["drafts"] == [path]
    assert (await clara.article(key))["langs"]["en"]["text"] == "One."


async def test_what_cannot_be_imported_says_so(console: ConsoleSite, clara: Editor) -> None:
    refused = await clara.do("POST", "/import", {"source": "/etc/passwd"}, 422)
    assert refused["error"]["field"] == "source"
    assert (await clara.do("POST", "/import", {"source": "https://x.example/", "lang": "xx"}, 422))["error"]
    status, _ = await clara.upload("/import", b"", "empty.csv", lang="en")
    assert status == 422
    assert (await clara.call("POST", "/import/unknown/take", {}))[0] == 404


async def test_an_export_imports_back_identical(console: ConsoleSite, clara: Editor, tmp_path: Path) -> None:
    await clara.do("POST", "/golden", {"text": "dark?", "lang": "en", "expected": ["dark-theme"]}, 201)
    await clara.save("faq:dark-theme", "en", None, text="Accents: é ü, a table:\n\n| a | b |\n|---|---|\n| 1 | 2 |")
    await clara.do("POST", "/publish", {})
    url = f"{clara.who.site.url}/api/console/export"
    async with clara.who.http.get(url) as response:
        assert response.status == 200
        packed = await response.read()
    with zipfile.ZipFile(BytesIO(packed)) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    on_disk = {
        file.relative_to(console.kb.content).as_posix(): file.read_bytes()
        for file in console.kb.content.rglob("*")
        if file.suffix in (".md", ".jsonl")
    }
    assert content == on_disk
    _, same = await proposed(clara, packed, "export.zip", lang="en")
    assert {one["state"] for one in same["changes"]} == {"unchanged"}
    assert same["problems"] == []
    async with open_console(tmp_path / "other") as other:
        for file in [*other.kb.content.rglob("*.md")]:
            file.unlink()
        dora = await other.editor("Dora")
        ident, _ = await proposed(dora, packed, "export.zip", lang="en")
        taken = await dora.do("POST", f"/import/{ident}/take", {})
        assert sorted(taken["drafts"]) == sorted(content)
        async with dora.who.http.get(f"{dora.who.site.url}/api/console/export?drafts=true") as response:
            assert await response.read() == packed


@pytest.fixture
async def feed() -> AsyncIterator[tuple[str, list[str]]]:
    """A page of a site, whose words the test may change."""
    words = ["Open the lid and put in paper of the right size, then close it until it clicks."]

    async def page(_request: web.Request) -> web.Response:
        body = f"<main><h1>Paper</h1><p>{words[0]}</p></main>"
        text = f"<html lang=en><head><title>Paper</title></head><body>{body}</body></html>"
        return web.Response(text=text, content_type="text/html")

    app = web.Application()
    app.router.add_get("/paper", page)
    async with TestServer(app) as server:
        yield f"http://127.0.0.1:{server.port}/paper", words


async def test_a_source_read_again_waits_with_what_changed_and_publishes_nothing(
    tmp_path: Path, feed: tuple[str, list[str]]
) -> None:
    address, words = feed
    async with open_console(tmp_path, import_hosts="127.0.0.1") as console:
        clara = await console.editor("Clara")
        body = {"address": address, "options": {"lang": "en", "kind": "faq"}, "every_hours": 24}
        source = (await clara.do("POST", "/sources", body, 201))["source"]
        parts = console.console
        resync, later = Resync(parts.publisher.database, parts.kb, parts.feed), datetime.now(UTC) + timedelta(days=2)
        assert await resync.one(later)
        assert not await resync.one(later)  # once
        shown = (await clara.get("/sources"))["sources"][0]
        assert (shown["last"]["state"], shown["last"]["changes"], shown["waiting"]) == ("changed", 1, True)
        assert (await clara.get("/articles?state=draft"))["total"] == 0
        taken = await clara.do("POST", f"/sources/{source['id']}/take", {})
        await clara.do("POST", "/publish", {})
        words[0] = "Open the flap and put in paper of any size, then close it until it clicks twice."
        assert await resync.one(later + timedelta(days=2))
        result = (await clara.get(f"/sources/{source['id']}"))["result"]
        assert [(one["path"], one["state"]) for one in result["changes"]] == [(taken["drafts"][0], "updated")]
        assert await clara.do("DELETE", f"/sources/{source['id']}", status=204) is None
