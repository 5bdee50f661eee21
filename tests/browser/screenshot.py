"""The picture of the README: `python -m tests.browser.screenshot http://127.0.0.1:8080 docs/images/widget.png`."""

from __future__ import annotations

import asyncio
import io
import shutil
import sys
from pathlib import Path

from PIL import Image
from playwright.async_api import ViewportSize, async_playwright

from tests.browser.conftest import ARGUMENTS
from tests.browser.customer import Customer

SIZE = ViewportSize(width=1280, height=800)
LARGEST = 250_000  # bytes


async def take(url: str) -> bytes:
    """Ask a question of a running Guichet and take the picture of what is seen then."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=shutil.which("chromium") or shutil.which("google-chrome"), args=ARGUMENTS
        )
        page = await browser.new_page(
            viewport=SIZE, locale="fr-FR", timezone_id="Europe/Paris", reduced_motion="reduce"
        )
        customer = Customer(page, url.rstrip("/"))
        await customer.visit()
        await customer.open()
        await customer.type("Comment activer le thème sombre ?")
        await customer.panel.locator(".entry[data-outcome=answer] .source").wait_for()
        await customer.choices.last.wait_for()
        newest = customer.panel.locator(".jump")
        if await newest.is_visible():
            await newest.click()
        await customer.settle()
        picture = await page.screenshot()
        await browser.close()
    return picture


def main() -> None:
    if len(sys.argv) != 3:
        sys.exit("usage: python -m tests.browser.screenshot URL OUT.png")
    out = Path(sys.argv[2])
    Image.open(io.BytesIO(asyncio.run(take(sys.argv[1])))).convert("RGB").quantize(256).save(out, optimize=True)
    if (size := out.stat().st_size) > LARGEST:
        sys.exit(f"{out}: expected at most {LARGEST} bytes, got {size}")


if __name__ == "__main__":
    main()
