"""The console on screens of every kind: accessible, nothing wider than the screen, every word in the catalogue."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import yaml
from playwright.async_api import Browser, expect

from tests.browser.console import Editor
from tests.browser.test_console import console, encoder, quick_hashes  # noqa: F401
from tests.desk.site import DeskSite

ROOT = Path(__file__).parents[2]
PHONE = {"viewport": {"width": 375, "height": 740}}
LOOKS: dict[str, dict[str, Any]] = {
    "wide": {"viewport": {"width": 1280, "height": 800}},
    "dark": {"viewport": {"width": 1280, "height": 800}, "color_scheme": "dark"},
    "tablet": {"viewport": {"width": 900, "height": 900}},
    "phone": PHONE,
    "dark phone": {**PHONE, "color_scheme": "dark"},
}
LONG = "Un-mot-qui-ne-finit-pas-" * 9

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(loop_scope="session", params=LOOKS)
async def claire(
    request: pytest.FixtureRequest,
    browser: Browser,
    console: DeskSite,  # noqa: F811
) -> AsyncIterator[Editor]:
    context = await browser.new_context(locale="fr-FR", timezone_id="Europe/Paris", **LOOKS[request.param])
    person = await console.colleague(f"Claire {request.param}", "editor", "administrator")
    editor = await Editor.arrive(context, console, person)
    yield editor
    assert editor.thrown == []
    await context.close()


async def test_every_page_is_accessible_and_fits(claire: Editor) -> None:
    page = claire.page

    async def fine() -> None:
        await claire.expect_accessible()
        await claire.expect_no_sideways_scroll()

    body = {"kind": "faq", "lang": "fr", "title": LONG[:200], "text": f"`{LONG}`", "questions": [LONG, LONG]}
    status, answer = await claire.colleague.call("POST", "/api/console/articles", body)
    assert status == 201
    await claire.visit("/console")
    await expect(page.locator(".article-row", has_text=LONG[:30])).not_to_have_count(0)
    await fine()
    await page.keyboard.press("c")
    await expect(page.get_by_role("dialog", name="Nouvel article")).to_be_visible()
    await fine()
    await claire.visit(f"/console/articles/faq:{answer['article']['id']}")
    await claire.text.wait_for()
    await fine()
    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog")).to_be_visible()
    await fine()
    await page.keyboard.press("Escape")
    for tab in ("Aperçu", "Essayer", "Commentaires", "Historique"):
        await claire.side(tab)
        await expect(page.locator("#side-panel > *").first).to_be_visible()
        await fine()
    await claire.visit("/console/articles/faq:reset-password?lang=en")
    await expect(page.locator(".notices")).to_contain_text("plus récente")
    await fine()
    for path in await page.locator(".console-nav a").evaluate_all("links => links.map(link => link.pathname)"):
        await claire.visit(path)
        await fine()
    await claire.visit("/console/try?lang=fr&q=mot de passe")
    await page.locator(".answer").wait_for()
    await fine()
    await claire.colleague.call("DELETE", f"/api/console/articles/faq:{answer['article']['id']}?lang=fr")


async def test_what_cannot_be_loaded_says_so_and_is_tried_again(
    browser: Browser,
    console: DeskSite,  # noqa: F811
) -> None:
    context = await browser.new_context(locale="fr-FR")
    await context.route("**/api/console/articles?*", lambda route: route.abort())
    person = await console.colleague("Solange", "editor")
    editor = await Editor.arrive(context, console, person)
    await expect(editor.page.locator("#articles")).to_contain_text("Cela n’a pas pu être chargé.")
    await editor.expect_accessible()
    await context.unroute("**/api/console/articles?*")
    await editor.page.get_by_role("button", name="Réessayer").click()
    await expect(editor.page.locator(".article-row")).not_to_have_count(0)
    await context.close()


@pytest.mark.parametrize("lang", ["de", "en"])
async def test_the_pages_speak_the_editors_language(
    browser: Browser,
    console: DeskSite,  # noqa: F811
    lang: str,
) -> None:
    person = await console.colleague(f"Sprache {lang}", "editor", lang=lang)
    context = await browser.new_context()
    editor = await Editor.arrive(context, console, person, "/console/articles/faq:export-pdf?lang=fr")
    words = {"de": "Beispielfragen", "en": "Example questions"}
    await expect(editor.page.locator(".question-box h2")).to_have_text(words[lang])
    await expect(editor.page.locator("html")).to_have_attribute("lang", lang)
    await context.close()


async def test_the_console_is_for_editors_and_leads_to_the_desk_who_is_both(
    browser: Browser,
    console: DeskSite,  # noqa: F811
) -> None:
    agent, both = await console.colleague("Agathe", "agent"), await console.colleague("Bea", "agent", "editor")
    status, _ = await agent.call("GET", "/console")
    assert status == 403
    context = await browser.new_context()
    editor = await Editor.arrive(context, console, both)
    nav = editor.page.get_by_role("navigation", name="Navigation")
    await nav.get_by_role("link", name="Demandes").click()
    await editor.page.locator("#desk[aria-busy=false]").wait_for()
    await nav.get_by_role("link", name="Contenus").click()
    await editor.ready()
    await context.close()


async def test_every_word_that_scripts_ask_for_is_in_the_catalogue() -> None:
    words = {
        **yaml.safe_load((ROOT / "data/messages/fr/desk_page.yml").read_text("utf-8")),
        **yaml.safe_load((ROOT / "data/messages/fr/console_page.yml").read_text("utf-8")),
    }
    asked = {
        key
        for file in (ROOT / "bot/console/assets").glob("*.js")
        for key in re.findall(r'\b(?:t|word)\("([a-z0-9_.]+)"', file.read_text("utf-8"))
    }
    assert len(asked) > 100
    missing = [key for key in asked if _at(words, key) is None]
    assert missing == []


def _at(words: Any, key: str) -> Any:
    for part in key.split("."):
        words = words.get(part) if isinstance(words, dict) else None
    return words
