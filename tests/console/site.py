"""The console in a test: the whole web process, the real kb service over a small content folder, people signed in."""

from __future__ import annotations

import atexit
import contextlib
import shutil
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

from aiohttp import FormData
from aiohttp.test_utils import TestServer

from bot.company import Company
from bot.console.context import Console
from bot.staff import people
from bot.staff.people import Person
from kb_index import service
from kb_index.encoder import Encoder, load_encoder
from kb_index.settings import load_settings
from tests.desk.site import Colleague, DeskSite, open_desk
from tests.gateway.site import TOKEN
from tests.kb_index.site import made_site
from tests.running import free_ports

Json = dict[str, Any]


@cache
def encoder() -> Encoder:
    return load_encoder("", 1)


@cache
def _made() -> Path:
    """A small content folder with its published version, built once."""
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return made_site(folder, encoder())


class KbPeer:
    """The real kb service; `stop` and `start` as when its process dies and comes back."""

    def __init__(self, folder: Path, import_hosts: str = "") -> None:
        self.folder = folder
        self._import_hosts = import_hosts
        self.content, self.data = folder / "content", folder / "var"
        self.port = free_ports(1)[0]
        self._server: TestServer | None = None

    def build(self) -> None:
        shutil.copytree(_made(), self.folder, dirs_exist_ok=True)

    async def start(self) -> None:
        settings = load_settings(
            data_dir=self.data,
            content_dir=self.content,
            internal_token=TOKEN,
            kb_port=self.port,
            fit_after=3600,
            import_hosts=self._import_hosts,
        )
        self._server = TestServer(service.make_app(settings, encoder()), port=self.port)
        await self._server.start_server()

    async def stop(self) -> None:
        if self._server is not None:
            await self._server.close()
            self._server = None


@dataclass
class Editor:
    """Somebody with the console open."""

    who: Colleague

    async def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        return await self.who.call(method, f"/api/console{path}", body)

    async def get(self, path: str) -> Any:
        return await self.who.get(f"/api/console{path}")

    async def do(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        got, answer = await self.call(method, path, body)
        assert got == status, (got, answer)
        return answer

    async def article(self, key: str) -> Json:
        return dict((await self.get(f"/articles/{quote(key)}"))["article"])

    async def save(self, key: str, lang: str, revision: int | None, status: int = 200, **fields: Any) -> Json:
        body = {"lang": lang, "revision": revision, **fields}
        return dict(await self.do("PUT", f"/articles/{quote(key)}", body, status))

    async def upload(self, path: str, content: bytes, name: str, **fields: str) -> tuple[int, Any]:
        form = FormData()
        for key, value in fields.items():
            form.add_field(key, value)
        form.add_field("file", content, filename=name)
        headers = {"X-CSRF-Token": self.who.csrf}
        url = f"{self.who.site.url}/api/console{path}"
        async with self.who.http.post(url, data=form, headers=headers) as response:
            return response.status, await response.json()


def _is_console(part: Any) -> bool:
    return isinstance(part, partial) and "console" in part.keywords


@dataclass
class ConsoleSite:
    desk: DeskSite
    kb: KbPeer

    @property
    def console(self) -> Console:
        """The parts at work in the web process."""
        found = [part.keywords["console"] for part in self.desk.site.gateway.other_routes if _is_console(part)]
        return cast(Console, found[0])

    async def person(self, editor: Editor) -> Person:
        async with self.desk.site.gateway.database.read() as conn:
            found = await people.get(conn, editor.who.id)
        assert found is not None
        return found

    async def editor(self, name: str, *roles: str) -> Editor:
        return Editor(await self.desk.colleague(name, *(roles or ("editor",))))


@contextlib.asynccontextmanager
async def open_console(
    folder: Path, company: Company | None = None, *, built: bool = True, import_hosts: str = "", **settings: Any
) -> AsyncIterator[ConsoleSite]:
    """Not `built`: kb is not there (yet)."""
    kb = KbPeer(folder, import_hosts)
    if built:
        kb.build()
        await kb.start()
    try:
        async with open_desk(folder / "web", company, kb_port=kb.port, **settings) as desk:
            yield ConsoleSite(desk, kb)
    finally:
        await kb.stop()
