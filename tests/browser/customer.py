"""A visitor with a browser, who does what people do with the widget."""

from __future__ import annotations

from typing import Any

from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]
from playwright.async_api import Locator, Page, Request, expect

QUESTION = "Comment puis-je demander mon mot de passe ?"


class Customer:
    """`posts` are the bodies of messages that this page has sent; `thrown` what its scripts threw."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.posts: list[dict[str, Any]] = []
        self.thrown: list[str] = []
        page.on("request", self._note)
        page.on("pageerror", lambda error: self.thrown.append(str(error)))
        page.on(
            "console",
            lambda message: self.thrown.append(message.text) if "Content Security Policy" in message.text else None,
        )

    def _note(self, request: Request) -> None:
        if request.method == "POST" and request.url.endswith("/messages"):
            self.posts.append(request.post_data_json or {})

    # places

    @property
    def launcher(self) -> Locator:
        return self.page.locator("guichet-widget .launcher")

    @property
    def panel(self) -> Locator:
        return self.page.locator("guichet-widget .panel")

    @property
    def composer(self) -> Locator:
        return self.panel.locator("#guichet-message")

    @property
    def entries(self) -> Locator:
        return self.panel.locator(".entry")

    @property
    def choices(self) -> Locator:
        return self.panel.locator(".choices")

    def said(self, text: str, sender: str = "customer") -> Locator:
        """Bubbles of a sender that hold exactly this text."""
        return self.panel.locator(f".from-{sender} .bubble > p").filter(has_text=text)

    # deeds

    async def visit(self, path: str = "/?lang=fr") -> None:
        await self.page.goto(path if path.startswith("http") else self.url + path)
        await self.launcher.wait_for()

    async def open(self) -> None:
        await self.launcher.click()
        await self.panel.wait_for()

    async def reload(self) -> None:
        """As people do, with the panel as they left it."""
        await self.page.reload()
        await self.launcher.wait_for()

    async def type(self, text: str) -> None:
        await self.composer.fill(text)
        await self.composer.press("Enter")

    async def say(self, text: str) -> None:
        """Type a message and wait until something answers it."""
        before = await self.panel.locator(".from-bot, .type-error").count()
        await self.type(text)
        await self.said(text).wait_for()
        await self.page.wait_for_function(
            """before => {
                const { shadowRoot } = document.querySelector("guichet-widget");
                const answers = shadowRoot.querySelectorAll(".from-bot[data-seq], .type-error");
                return answers.length > before && !shadowRoot.querySelector(".typing");
            }""",
            arg=max(before, 1),
        )

    async def menu(self, item: str) -> None:
        await self.panel.get_by_role("button", name="Menu").click()
        await self.panel.get_by_role("menuitem", name=item).click()

    async def form(self, kind: str) -> Locator:
        await self.menu("Nous contacter")
        await self.panel.locator(f".way[data-kind={kind}]").click()
        form = self.panel.locator(".case-form")
        await form.wait_for()
        return form

    # what is so

    async def focused(self) -> str:
        """Class, or id, of what has the focus inside the widget."""
        at = """() => {
            const at = document.querySelector("guichet-widget").shadowRoot.activeElement;
            return at ? at.id || at.className : "";
        }"""
        return str(await self.page.evaluate(at))

    async def kept(self, name: str) -> Any:
        """What the site's storage holds under a name."""
        return await self.page.evaluate(
            "([url, name]) => JSON.parse(localStorage.getItem(`guichet:${url}:${name}`))", [self.url, name]
        )

    async def keep(self, name: str, value: Any) -> None:
        await self.page.evaluate(
            "([url, name, value]) => localStorage.setItem(`guichet:${url}:${name}`, JSON.stringify(value))",
            [self.url, name, value],
        )

    async def journal(self) -> list[dict[str, Any]]:
        """The server's events of the present conversation."""
        kept = await self.kept("conversations")
        one = next(item for item in kept["items"] if item["id"] == kept["current"])
        answer = await self.page.request.get(
            f"{self.url}/api/conversations/{one['id']}/events?after=0",
            headers={"Authorization": f"Bearer {one['token']}"},
        )
        return list((await answer.json())["events"])

    async def expect_in_step(self) -> None:
        """The conversation on screen is the journal: every event once, in order, and nothing else."""

        async def seqs() -> list[int]:
            return [event["seq"] for event in await self.journal()]

        await expect(self.panel.locator(".entry:not([data-seq])")).to_have_count(0)
        await expect(self.entries).to_have_count(len(await seqs()))
        shown = await self.entries.evaluate_all("nodes => nodes.map(node => Number(node.dataset.seq))")
        assert shown == await seqs()

    async def settle(self) -> None:
        """Wait until what comes in has arrived at its place."""
        await self.page.evaluate(
            "() => Promise.all(document.querySelector('guichet-widget').shadowRoot.getAnimations()"
            ".filter(one => one.effect.getTiming().iterations === 1).map(one => one.finished.catch(() => {})))"
        )

    async def expect_accessible(self) -> None:
        """axe finds nothing."""
        await self.settle()
        found = await Axe().run(self.page)
        assert found.violations_count == 0, found.generate_report()

    async def expect_no_sideways_scroll(self) -> None:
        """Nothing is wider than what it lies in."""
        wide = await self.page.evaluate("""() => {
            const root = document.querySelector("guichet-widget").shadowRoot;
            const inside = root.querySelectorAll(".panel, .log, .list, .sheet, .hero, .bubble, .composer, .menu");
            return [document.documentElement, ...inside]
                .filter(box => box.scrollWidth > box.clientWidth + 1)
                .map(box => `${box.className || box.tagName} ${box.scrollWidth} > ${box.clientWidth}`);
        }""")
        assert wide == []
