"""Imports over HTTP: an upload or an address, a job with progress, changes proposed and nothing written; cancelled."""

from __future__ import annotations

import asyncio
import io
import os
import time
import zlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from kb_index import import_api
from kb_index.encoder import Encoder
from kb_index.service import make_app
from kb_index.settings import load_settings
from tests.kb_index.conftest import write_content
from tests.kb_index.imports import articles_of

CSV = "question,answer\nWhere is it?,There.\nWhen?,\n"
Client = TestClient[web.Request, web.Application]


@pytest.fixture
async def client(tmp_path: Path, encoder: Encoder, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Client]:
    for name, folder in (("GUICHET_DATA_DIR", "var"), ("GUICHET_CONTENT_DIR", "content")):
        monkeypatch.setenv(name, str(tmp_path / folder))
    monkeypatch.setenv("GUICHET_IMPORT_HOSTS", "127.0.0.1")
    write_content(tmp_path / "content")
    async with TestClient(TestServer(make_app(load_settings(), encoder))) as client:
        yield client


async def upload(client: Client, data: bytes) -> str:
    answer = await client.post("/uploads", data=io.BytesIO(data))
    assert answer.status == 201
    return str((await answer.json())["upload"])


async def ended(client: Client, job: str) -> dict[str, Any]:
    async with asyncio.timeout(60):
        while True:
            row: dict[str, Any] = await (await client.get(f"/jobs/{job}")).json()
            if row["state"] != "running":
                return row
            await asyncio.sleep(0.05)


async def imported(client: Client, body: dict[str, Any]) -> dict[str, Any]:
    answer = await client.post("/import", json=body)
    assert answer.status == 202, await answer.text()
    return await ended(client, (await answer.json())["job"])


async def test_an_upload_proposes_changes_and_writes_nothing(client: Client, tmp_path: Path) -> None:
    before = sorted(path.name for path in (tmp_path / "content").rglob("*"))
    source = {"name": "C:\\fakepath\\faq.csv", "upload": await upload(client, CSV.encode())}
    done = await imported(client, {"source": source, "lang": "en"})
    assert done["state"] == "done", done
    (change,) = done["result"]["changes"]
    assert (change["path"], change["state"], change["before"], change["title"]) == (
        "faq/where-is-it.en.md", "new", None, "Where is it?",
    )  # fmt: skip
    assert "There." in change["source"]
    (problem,) = done["result"]["problems"]
    assert (problem["where"], problem["line"]) == ("faq.csv", 3)
    assert [column["field"] for column in done["result"]["columns"]] == ["questions", "text"]
    assert sorted(path.name for path in (tmp_path / "content").rglob("*")) == before
    checked = await (
        await client.post("/check", json={"changes": [{key: change[key] for key in ("path", "source")}]})
    ).json()
    assert (checked["problems"], checked["files"][0]["title"]) == ([], "Where is it?")


async def test_columns_and_kind_are_taken_from_the_request(client: Client) -> None:
    source = {"name": "t.csv", "upload": await upload(client, b"a,b\nQ?,A.\n")}
    unmapped = await imported(client, {"source": source, "lang": "en"})
    assert (unmapped["result"]["changes"], len(unmapped["result"]["problems"])) == ([], 1)
    mapped = await imported(
        client, {"source": source, "lang": "de", "kind": "manual", "columns": {"a": "title", "b": "text"}}
    )
    assert [change["path"] for change in mapped["result"]["changes"]] == ["manuals/q.de.md"]


async def test_what_cannot_be_read_fails_with_its_reason(client: Client) -> None:
    source = {"name": "x.pdf", "upload": await upload(client, b"nothing")}
    failed = await imported(client, {"source": source})
    assert (failed["state"], failed["error"]["code"]) == ("failed", "invalid_content")
    assert "not a PDF" in failed["error"]["message"]
    private = await imported(client, {"source": "http://169.254.169.254/latest"})
    assert "not a public address" in private["error"]["message"]


async def test_a_pdf_that_unpacks_without_end_ends_its_own_job_only(
    tmp_path: Path, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GUICHET_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.setenv("GUICHET_CONTENT_DIR", str(write_content(tmp_path / "content")))
    monkeypatch.setenv("GUICHET_JOB_MEMORY_MB", "400")
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(b" " * 10_000_000) for _ in range(80)) + packer.flush()
    head = b"%PDF-1.4\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n"
    head += b"2 0 obj\n<</Type/Pages/Count 1/Kids[3 0 R]>>\nendobj\n"
    page = b"3 0 obj\n<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R>>\nendobj\n"
    stream = b"4 0 obj\n<</Length %d/Filter/FlateDecode>>\nstream\n" % len(packed) + packed + b"\nendstream\nendobj\n"
    async with TestClient(TestServer(make_app(load_settings(), encoder))) as client:
        bomb = await upload(client, head + page + stream + b"trailer\n<</Root 1 0 R>>\n%%EOF\n")
        failed = await imported(client, {"source": {"name": "bomb.pdf", "upload": bomb}})
        assert (failed["state"], failed["error"]["code"]) == ("failed", "out_of_memory")
        good = await imported(client, {"source": {"name": "faq.csv", "upload": await upload(client, CSV.encode())}})
        assert good["state"] == "done"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "source"),
        ({"source": "/etc/passwd"}, "source"),
        ({"source": "file:///etc/passwd"}, "source"),
        ({"source": {"name": "a.csv", "upload": "../../secret"}}, "source"),
        ({"source": {"name": "a.csv", "upload": "0" * 32}}, "source"),
        ({"source": "https://example.org", "lang": "klingon!"}, "lang"),
        ({"source": "https://example.org", "kind": "poem"}, "kind"),
        ({"source": "https://example.org", "columns": {"a": 5}}, "columns"),
        ({"source": "https://example.org", "video": "javascript:x"}, "video"),
        ({"source": "https://example.org", "site": "yes"}, "site"),
        ({"source": "https://example.org", "pages": 0}, "pages"),
    ],
)
async def test_a_request_that_cannot_be_is_named_by_its_field(client: Client, body: dict[str, Any], field: str) -> None:
    answer = await client.post("/import", json=body)
    assert answer.status in (404, 422)
    assert (await answer.json())["error"]["field"] == field


async def test_uploads_are_bounded_in_size_number_and_time(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_api, "MAX_FILE", 1000)
    monkeypatch.setattr(import_api, "MAX_UPLOADS", 2)
    folder = tmp_path / "var" / "kb" / "imports"
    assert (await client.post("/uploads", data=io.BytesIO(b"x" * 5000))).status == 413
    assert (await client.post("/uploads", data=io.BytesIO(b""))).status == 422
    assert not list(folder.iterdir())
    first = await upload(client, b"first")
    os.utime(folder / first, (time.time() - 2 * import_api.KEPT_SECONDS,) * 2)
    names = [await upload(client, f"{n}".encode()) for n in range(3)]
    assert first not in {path.name for path in folder.iterdir()}
    assert names[-1] in {path.name for path in folder.iterdir()}
    assert len(list(folder.iterdir())) == 2


async def test_a_walk_is_cancelled_and_goes_on_where_it_was(client: Client, tmp_path: Path) -> None:
    reached, hits = asyncio.Event(), []

    async def page(request: web.Request) -> web.Response:
        hits.append(request.path)
        if request.path == "/robots.txt":
            return web.Response(status=404)
        if request.path == "/d/last" and not reached.is_set():
            reached.set()
            await asyncio.Event().wait()
        links = '<a href="/d/one">one</a> <a href="/d/last">last</a>' if request.path == "/d/" else ""
        words = f"The page {request.path} says enough words to be an article."
        return web.Response(
            text=f"<html><body><main><p>{words}</p>{links}</main></body></html>", content_type="text/html"
        )

    app = web.Application()
    app.router.add_get("/{path:.*}", page)
    async with TestServer(app) as server:
        body = {"source": str(server.make_url("/d/")), "site": True, "lang": "en"}
        job = (await (await client.post("/import", json=body)).json())["job"]
        async with asyncio.timeout(60):
            await reached.wait()
        running = await (await client.get(f"/jobs/{job}")).json()
        assert (running["state"], running["done"], running["total"]) == ("running", 2, 3)
        assert (await (await client.delete(f"/jobs/{job}")).json())["state"] == "cancelled"
        hits.clear()
        done = await imported(client, body)
        assert "/d/one" not in hits
        assert len(done["result"]["changes"]) == 3
    assert "d" not in articles_of(tmp_path / "content")
