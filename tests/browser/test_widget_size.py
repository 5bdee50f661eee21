"""What the widget costs the page that embeds it, as the server really sends it."""

from __future__ import annotations

import re
from pathlib import Path

from aiohttp import ClientSession

from tests.gateway.site import RasaPeer, open_site


async def sent(url: str, encoding: str) -> tuple[int, str]:
    """Bytes on the wire, and the text."""
    async with (
        ClientSession(auto_decompress=False) as wire,
        ClientSession() as http,
        wire.get(url, headers={"Accept-Encoding": encoding}) as raw,
        http.get(url) as decoded,
    ):
        assert raw.status == 200, url
        assert raw.headers.get("Content-Encoding", "identity") == encoding
        return len(await raw.read()), await decoded.text()


async def test_loader_is_at_most_5_kb_uncompressed(tmp_path: Path) -> None:
    async with open_site(tmp_path, RasaPeer()) as site:
        size, _ = await sent(f"{site.url}/widget/loader.js", "identity")
    assert size <= 5 * 1024


async def test_panel_with_all_that_it_imports_is_at_most_40_kb(tmp_path: Path) -> None:
    sizes: dict[str, int] = {}
    async with open_site(tmp_path, RasaPeer()) as site:
        waiting = ["panel.js", "panel.css"]
        while waiting:
            name = waiting.pop()
            sizes[name], text = await sent(f"{site.url}/widget/{name}", "gzip")
            imported = re.findall(r"""from\s*["']\./([a-z]+\.js)["']""", text)
            waiting += [other for other in imported if other not in sizes and other not in waiting]
    served = {path.name for path in (Path(__file__).parents[2] / "bot" / "widget").glob("*.js")}
    assert set(sizes) == served - {"demo.js", "loader.js"} | {"panel.css"}
    assert sum(sizes.values()) <= 40 * 1024
