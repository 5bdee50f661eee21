"""Our pages in a real browser: axe, no sideways scroll at 320 px, dark and light, nothing that CSP refuses."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, async_playwright

from tests.gateway.site import RasaPeer, Site, open_site
from tests.gateway.test_cases import SLA, key_of, open_case
from tests.help.peer import TEXT, serving, site_with_kb

WIDE_TABLE = "\n| " + " | ".join(["Une colonne"] * 12) + " |\n|" + "---|" * 12 + "\n"
LONG_WORD = "\nhttps://www.example.com/" + "x" * 200 + "\n\n```\n" + "y" * 200 + "\n```\n"


async def visit(page: Page, site: Site) -> None:
    """Every page, checked; leaves the browser on the last."""
    talk = await site.talk()
    case = await open_case(talk, SLA)
    key = await key_of(site, case["ref"])
    for path in (
        "/articles/fr/reset-password?t=83",
        "/articles/de/reset-password",
        "/nowhere",
        f"/cases/{case['ref']}?key={key}",
    ):
        await page.goto(f"{site.url}{path}")
        found = await Axe().run(page)
        assert found.violations_count == 0, f"{path}: {found.generate_report()}"
        over = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert over == 0, path
    await page.get_by_role("button", name="J’accepte la transmission").press("Enter")
    await page.get_by_role("status").wait_for()
    found = await Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_pages_are_accessible_and_fit_the_smallest_screen(tmp_path: Path, scheme: str) -> None:
    path = shutil.which("chromium") or shutil.which("google-chrome")
    text = TEXT + WIDE_TABLE + LONG_WORD
    async with (
        site_with_kb(tmp_path, serving(text=text, video="https://video.example/a.mp4")) as site,
        async_playwright() as playwright,
    ):
        browser = await playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        for width in (320, 1280):
            page = await browser.new_page(
                viewport={"width": width, "height": 700},
                color_scheme="dark" if scheme == "dark" else "light",
                java_script_enabled=True,
                bypass_csp=True,  # axe brings styles of its own
            )
            await visit(page, site)
            await page.close()
        await browser.close()


async def test_pages_work_without_javascript_and_break_none_of_their_own_rules(tmp_path: Path) -> None:
    path = shutil.which("chromium") or shutil.which("google-chrome")
    async with site_with_kb(tmp_path, serving()) as site, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        plain = await browser.new_page(java_script_enabled=False)
        talk = await site.talk()
        case = await open_case(talk, SLA)
        await plain.goto(f"{site.url}/cases/{case['ref']}?key={await key_of(site, case['ref'])}")
        await plain.get_by_role("button", name="Je refuse").click()
        assert "Rien ne sera transmis" in await plain.inner_text("main")
        page = await browser.new_page()
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        await page.goto(f"{site.url}/articles/fr/reset-password#creer-un-compte", wait_until="networkidle")
        colour = await page.evaluate("getComputedStyle(document.querySelector('header')).backgroundColor")
        assert colour == "rgb(11, 93, 87)"
        assert [text for text in said if "img.png" not in text and "404" not in text] == []
        await browser.close()


async def test_a_reload_of_the_demo_page_keeps_the_widget(tmp_path: Path) -> None:
    path = shutil.which("chromium") or shutil.which("google-chrome")
    async with open_site(tmp_path, RasaPeer()) as site, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        page = await browser.new_page()
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        await page.goto(site.url)
        for _ in range(2):
            await page.locator("guichet-widget .launcher").wait_for()
            async with page.expect_response(f"{site.url}/") as loaded:
                await page.reload()
            assert (await (await loaded.value).request.all_headers())["if-none-match"]  # the server may answer 304
        await page.locator("guichet-widget .launcher").click()
        await page.locator("guichet-widget .panel").wait_for()
        assert said == []
        await browser.close()
