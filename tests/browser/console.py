"""An editor in front of the console: the real web process, a real database, the real search service with a handful of
articles, a real browser."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp.test_utils import TestServer
from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]
from playwright.async_api import BrowserContext, Locator, Page, expect
from yarl import URL

from kb_index.encoder import Encoder
from kb_index.service import make_app
from kb_index.settings import load_settings
from tests.desk.site import Colleague, DeskSite, open_desk
from tests.gateway.site import TOKEN

ARTICLES = {
    ("reset-password", "fr", "account", "2026-03-01"): (
        "Réinitialiser votre mot de passe",
        "Cliquez sur **Mot de passe oublié**, puis suivez le lien reçu.",
        ["Comment réinitialiser mon mot de passe ?", "mot de passe oublié", "J'ai perdu mon mot de passe"],
    ),
    ("reset-password", "en", "account", "2026-02-01"): (
        "Reset your password",
        "Use **Forgotten password** on the sign-in page.",
        ["How do I reset my password?", "I forgot my password", "password lost"],
    ),
    ("export-pdf", "fr", "documents", "2026-03-01"): (
        "Exporter en PDF",
        "Choisissez **Exporter** dans le menu.\n\n- Une page : *Cette page*\n- Tout : *Le document*",
        ["Comment exporter en PDF ?", "enregistrer en PDF", "télécharger un document en PDF"],
    ),
    ("dark-theme", "fr", "account", "2026-03-01"): (
        "Thème sombre",
        "Choisissez **Sombre** dans votre profil.",
        ["Comment activer le thème sombre ?", "mode nuit", "l'écran est trop lumineux"],
    ),
    ("scan-document", "fr", "documents", "2026-03-01"): (
        "Numériser un document",
        "Posez la page et appuyez sur **Numériser**.",
        ["Comment numériser un document ?", "scanner une page", "numérisation du papier"],
    ),
}
TOPIC = """---
id: invoice
lang: fr
level: 1
channel: ticket
title: Une question sur une facture
questions:
  - J'ai une question sur une facture
  - ma facture est fausse
---
Nous regardons votre facture avec vous.
"""
GOLDEN = """{"text": "je ne sais plus mon mot de passe", "lang": "fr", "expected": ["reset-password"]}
{"text": "sauver le document au format PDF", "lang": "fr", "expected": ["export-pdf"]}
"""


def write_content(folder: Path) -> Path:
    """A handful of articles in two languages, a topic, two golden questions."""
    for (ident, lang, category, updated), (title, text, questions) in ARTICLES.items():
        path = folder / "faq" / f"{ident}.{lang}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        listed = "".join(f'  - "{question}"\n' for question in questions)
        path.write_text(
            f"---\nid: {ident}\nlang: {lang}\ntitle: {title}\ncategory: {category}\nquestions:\n{listed}"
            f"updated: {updated}\n---\n{text}\n",
            encoding="utf-8",
        )
    for name, content in {
        "levels/invoice.fr.md": TOPIC,
        "golden/company.jsonl": GOLDEN,
        "kb.yml": "product_names: [Archivelle]\nlanguages:\n  fr: {stemmer: french}\n  en: {stemmer: english}\n"
        "  de: {stemmer: german}\n",
    }.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return folder


@contextlib.asynccontextmanager
async def open_console(folder: Path, encoder: Encoder) -> AsyncIterator[DeskSite]:
    """The web process beside a search service that has published the articles."""
    settings = load_settings(
        data_dir=folder / "kb", content_dir=write_content(folder / "content"), internal_token=TOKEN, fit_after=3600
    )
    async with TestServer(make_app(settings, encoder)) as kb:
        assert kb.port is not None
        body: dict[str, Any] = {"changes": [], "base": None, "facts": {"by": "Fixture", "note": ""}}
        async with open_desk(folder / "web", kb_port=kb.port) as desk:
            headers = {"X-Guichet-Token": TOKEN}
            async with desk.site.http.post(kb.make_url("/publish"), json=body, headers=headers) as response:
                assert response.status == 200, await response.text()
            yield desk


@dataclass
class Editor:
    """`page` is at the console; `colleague` is the same person by API."""

    desk: DeskSite
    colleague: Colleague
    page: Page
    thrown: list[str] = field(default_factory=list)

    @classmethod
    async def arrive(
        cls, context: BrowserContext, desk: DeskSite, colleague: Colleague, path: str = "/console"
    ) -> Editor:
        """Open a page with the colleague's session."""
        url = desk.site.url
        cookies = colleague.http.cookie_jar.filter_cookies(URL(url))
        await context.add_cookies([{"name": name, "value": one.value, "url": url} for name, one in cookies.items()])
        editor = cls(desk, colleague, await context.new_page())
        editor.page.on("pageerror", lambda error: editor.thrown.append(str(error)))
        editor.page.on(
            "console", lambda said: editor.thrown.append(said.text) if "Content Security Policy" in said.text else None
        )
        await editor.visit(path)
        return editor

    async def visit(self, path: str) -> None:
        await self.page.goto(f"{self.desk.site.url}{path}")
        await self.ready()

    async def ready(self) -> None:
        await self.page.locator("#console[aria-busy=false]").wait_for()
        await expect(self.page.locator(".loading")).to_have_count(0)

    async def article(self, key: str) -> dict[str, Any]:
        """As the API has it."""
        return dict((await self.colleague.get(f"/api/console/articles/{key}"))["article"])

    @property
    def text(self) -> Locator:
        return self.page.locator("#text")

    @property
    def saved(self) -> Locator:
        return self.page.locator(".save-state")

    async def expect_saved(self) -> None:
        await expect(self.saved).to_have_attribute("data-state", "saved")

    async def side(self, name: str) -> None:
        await self.page.get_by_role("tab", name=name).click()

    async def expect_accessible(self) -> None:
        # Without reading style sheets anew: in shadow trees it would do so by inline styles, which our policy refuses.
        found = await Axe().run(self.page, options={"preload": False})
        assert found.violations_count == 0, found.generate_report()

    async def expect_no_sideways_scroll(self) -> None:
        wide: list[Any] = await self.page.evaluate("""() =>
            [document.documentElement, ...document.querySelectorAll(
                ".console, .console-view, .article, .article-main, .article-side, .panel, .side-body-panel")]
                .filter(box => box.clientWidth && box.scrollWidth > box.clientWidth + 1)
                .map(box => `${box.className || box.tagName} ${box.scrollWidth} > ${box.clientWidth}`)""")
        assert wide == [], wide
