"""An agent in front of the desk's page: the real web process, a real database, a real browser."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]
from playwright.async_api import BrowserContext, Locator, Page, expect
from yarl import URL

from tests.desk.site import Colleague, DeskSite


@dataclass
class Agent:
    """`agent.page` is at the desk; `colleague` is the same person by API."""

    desk: DeskSite
    colleague: Colleague
    page: Page
    thrown: list[str] = field(default_factory=list)

    @classmethod
    async def arrive(cls, context: BrowserContext, desk: DeskSite, colleague: Colleague, path: str = "/desk") -> Agent:
        """Open a page with the colleague's session."""
        url = desk.site.url
        cookies = colleague.http.cookie_jar.filter_cookies(URL(url))
        await context.add_cookies([{"name": name, "value": one.value, "url": url} for name, one in cookies.items()])
        agent = cls(desk, colleague, await context.new_page())
        agent.page.on("pageerror", lambda error: agent.thrown.append(str(error)))
        agent.page.on(
            "console", lambda said: agent.thrown.append(said.text) if "Content Security Policy" in said.text else None
        )
        await agent.visit(path)
        return agent

    async def visit(self, path: str) -> None:
        await self.page.goto(f"{self.desk.site.url}{path}")
        await self.page.locator("#desk[aria-busy=false], #figures[aria-busy=false]").wait_for()

    @property
    def rows(self) -> Locator:
        return self.page.locator(".case-row")

    @property
    def case(self) -> Locator:
        return self.page.locator("#case")

    @property
    def text(self) -> Locator:
        return self.case.locator(".editor-text")

    def row(self, ref: str) -> Locator:
        return self.page.locator(f"#row-{ref}")

    async def open(self, ref: str) -> None:
        await self.row(ref).click()
        await expect(self.case.locator(".case-ref code")).to_have_text(ref)

    async def pick(self, label: str) -> None:
        """Type into the open picker and take what it finds."""
        await self.page.locator("dialog.picker input").fill(label)
        await self.page.locator("dialog.picker .option.at").wait_for()
        await self.page.keyboard.press("Enter")

    async def expect_accessible(self) -> None:
        found = await Axe().run(self.page)
        assert found.violations_count == 0, found.generate_report()

    async def expect_no_sideways_scroll(self) -> None:
        wide: list[Any] = await self.page.evaluate("""() =>
            [document.documentElement, ...document.querySelectorAll(
                ".pane, .rows, .case-scroll, .editor, .list-head, .case-row")]
                .filter(box => box.clientWidth && box.scrollWidth > box.clientWidth + 1)
                .map(box => `${box.className || box.tagName} ${box.scrollWidth} > ${box.clientWidth}`)""")
        assert wide == []
