"""The routes for customers' pages: list, suggestions and proofs, and what they say to a bad request."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kb_index.articles_api import MAX_PROVED
from tests.kb_index.test_service import TOKEN, Client, client, data_dir, get

__all__ = ["client", "data_dir"]  # fixtures


async def prove(client: Client, **body: Any) -> tuple[int, Any]:
    async with client.post("/proof", json=body, headers=TOKEN) as response:
        return response.status, await response.json()


async def test_all_public_articles_come_once_for_each_version_and_day(client: Client) -> None:
    async with client.get("/articles", headers=TOKEN) as response:
        etag, body = response.headers["ETag"], await response.json()
    assert body["version"] in etag
    assert body["day"] in etag
    expected = {"article", "lang", "kind", "title", "version", "category", "updated", "video", "summary"}
    assert set(body["articles"][0]) == expected
    async with client.get("/articles", headers=TOKEN | {"If-None-Match": etag}) as response:
        assert (response.status, await response.read()) == (304, b"")


async def test_suggestions_have_the_documented_shape(client: Client) -> None:
    status, body = await get(client, "/suggest?text=passw&lang=en&limit=2")
    assert status == 200
    assert body["hits"][0]["url"] == "/articles/en/reset-password"
    for limit in ("0", "21", "x", "²"):
        assert (await get(client, f"/suggest?text=a&limit={limit}"))[1]["error"]["field"] == "limit"


async def test_a_proof_says_of_which_version(client: Client, data_dir: Path) -> None:
    status, body = await prove(client, article="reset-password", lang="en", text="Use Forgotten password")
    assert (status, body["stands"], body["exact"]) == (200, True, False)
    version = body["version"]
    status, body = await prove(client, article="reset-password", lang="en", text="Use **Forgotten", version=version)
    assert (status, body["exact"]) == (200, True)
    status, body = await prove(client, article="reset-password", lang="en", text="Use", version="0" * 12)
    assert status == 404


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"article": 1}, "article"),
        ({"lang": None}, "lang"),
        ({"text": " ?! "}, "text"),
        ({"text": "a" * (MAX_PROVED + 1)}, "text"),
        ({"version": 5}, "version"),
    ],
)
async def test_a_bad_proof_names_the_field(client: Client, changes: dict[str, Any], field: str) -> None:
    status, body = await prove(client, **{"article": "reset-password", "lang": "en", "text": "Use"} | changes)
    assert (status, body["error"]["field"]) == (422, field)
