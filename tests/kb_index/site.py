"""The service over a small content folder, for tests of what editors do."""

from __future__ import annotations

import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestClient

from kb_index.config import load_config
from kb_index.content import parse_content
from kb_index.encoder import Encoder
from kb_index.publishing import content_folder
from kb_index.service import make_app
from kb_index.settings import load_settings
from kb_index.versions import Versions
from tests.kb_index.conftest import write_content

Client = TestClient[web.Request, web.Application]
MakeClient = Callable[[web.Application], Awaitable[Client]]
TOKEN = {"X-Guichet-Token": "secret"}
NEVER = 1_000_000.0


def publish_folder(folder: Path, encoder: Encoder) -> str:
    """Build and publish `folder`/content as the command line does; returns the version."""
    versions = Versions(folder / "var" / "kb")
    versions.folder.mkdir(parents=True, exist_ok=True)
    sources = content_folder(versions, folder / "content")
    content, config = parse_content(sources), load_config(folder / "content")
    after = versions.current()
    version, _ = versions.build(content, config, encoder, 0.1, sources=sources, after=after)
    versions.publish(version, encoder)
    return version


def made_site(folder: Path, encoder: Encoder) -> Path:
    """A folder with content and a published version of it; tests copy it."""
    write_content(folder / "content")
    publish_folder(folder, encoder)
    return folder


@dataclass
class Site:
    """Content and versions below `folder`, served to `client`."""

    folder: Path
    client: Client

    @property
    def content(self) -> Path:
        return self.folder / "content"

    @property
    def versions(self) -> Versions:
        return Versions(self.folder / "var" / "kb")

    async def call(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        async with self.client.request(method, path, json=body, headers=TOKEN) as response:
            return response.status, await response.json()

    async def get(self, path: str) -> tuple[int, Any]:
        return await self.call("GET", path)

    async def post(self, path: str, body: object) -> tuple[int, Any]:
        return await self.call("POST", path, body)

    async def publish(self, changes: dict[str, str | None], **more: object) -> tuple[int, Any]:
        rows = [{"path": path, "source": source} for path, source in changes.items()]
        return await self.post("/publish", {"changes": rows, **more})

    async def first(self, text: str, lang: str = "en") -> dict[str, Any]:
        """The first hit of a search."""
        _, body = await self.post("/search", {"text": text, "lang": lang})
        hit: dict[str, Any] = body["hits"][0]
        return hit


async def served(folder: Path, make_client: MakeClient, encoder: Encoder, **settings: object) -> Site:
    given = {"data_dir": folder / "var", "content_dir": folder / "content", "internal_token": "secret"}
    app = make_app(load_settings(**given | {"fit_after": NEVER} | settings), encoder)
    return Site(folder, await make_client(app))


def copied(made: Path, folder: Path) -> Path:
    shutil.copytree(made, folder, dirs_exist_ok=True)
    return folder
