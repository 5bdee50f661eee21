"""The help page as readers use it: answers while one types, opinions, the way to people; a real search service."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]
from playwright.async_api import Browser, BrowserContext, Page, Request, Route, expect

from kb_index.encoder import Encoder
from tests.gateway.site import RasaPeer, Site, Turn, open_site
from tests.help.conftest import encoder, kb_data, site_over, version_of

__all__ = ["encoder", "kb_data"]  # fixtures

pytestmark = pytest.mark.asyncio(loop_scope="session")

LOOKS: dict[str, dict[str, Any]] = {
    "wide": {"viewport": {"width": 1280, "height": 900}},
    "dark": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 375, "height": 740}},
    "dark phone": {"viewport": {"width": 375, "height": 740}, "color_scheme": "dark"},
}
ARTICLE = "/articles/fr/reset-password"


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def help_site(
    tmp_path_factory: pytest.TempPathFactory,
    kb_data: Path,
    encoder: Encoder,
) -> AsyncIterator[Site]:
    async with site_over(tmp_path_factory.mktemp("site"), kb_data, encoder) as site:
        yield site


@pytest.fixture
def thrown() -> list[str]:
    return []


@pytest_asyncio.fixture(loop_scope="session")
async def page(context: BrowserContext, help_site: Site, thrown: list[str]) -> AsyncIterator[Page]:
    """The help page of a reader; nothing may have been thrown, or refused by the page's own policy."""
    page = await context.new_page()
    watch(page, thrown)
    await page.goto(f"{help_site.url}/help?lang=fr")
    yield page
    assert thrown == []


def watch(page: Page, thrown: list[str]) -> None:
    page.on("pageerror", lambda error: thrown.append(str(error)))
    page.on("console", lambda said: thrown.append(said.text) if "Content Security Policy" in said.text else None)


async def test_answers_come_as_one_types_and_are_chosen_by_keys(page: Page, help_site: Site) -> None:
    box = page.get_by_role("combobox", name="Chercher dans l’aide")
    await expect(box).to_have_attribute("aria-expanded", "false")
    await box.press_sequentially("mot de pas")
    options = page.get_by_role("option")
    await expect(options.first).to_have_text("Demander un nouveau mot de passe")
    await expect(box).to_have_attribute("aria-expanded", "true")
    await expect(page.get_by_role("listbox")).to_have_attribute("id", str(await box.get_attribute("aria-controls")))
    count = await options.count() - 1  # the last leads to all results
    await expect(page.locator("form.search [role=status]")).to_have_text(f"{count} articles trouvés")
    await box.press("ArrowDown")
    await expect(box).to_have_attribute("aria-activedescendant", "suggestion-0")
    await expect(options.first).to_have_attribute("aria-selected", "true")
    await box.press("ArrowUp")
    await expect(box).not_to_have_attribute("aria-activedescendant", "suggestion-0")
    await box.press("ArrowUp")
    await expect(options.last).to_have_attribute("aria-selected", "true")
    await box.press("Escape")
    await expect(page.get_by_role("listbox")).to_be_hidden()
    await expect(box).to_have_value("mot de pas")
    await box.press("ArrowDown")
    await box.press("Enter")
    await page.wait_for_url(f"{help_site.url}{ARTICLE}")


async def test_enter_without_a_choice_and_the_last_option_lead_to_all_results(page: Page) -> None:
    await page.keyboard.press("/")  # from anywhere on the page
    await page.keyboard.type("mot de passe")
    await page.get_by_role("option").last.wait_for()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Résultats pour « mot de passe »")
    await page.get_by_role("combobox").fill("compte")
    await page.get_by_role("option", name="Tous les résultats").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Résultats pour « compte »")


async def test_a_late_answer_to_an_earlier_question_is_dropped(page: Page) -> None:
    held = asyncio.Event()
    late: list[Route] = []

    async def hold(route: Route) -> None:
        if parse_qs(urlsplit(route.request.url).query)["text"] == ["guide"]:
            late.append(route)
            held.set()
        else:
            await route.continue_()

    await page.route("**/api/help/suggest?*", hold)
    box = page.get_by_role("combobox")
    await box.fill("guide")
    await held.wait()
    await box.fill("compte bloqué")
    await expect(page.get_by_role("option").first).to_have_text("Mon compte est bloqué")
    await late[0].fulfill(json={"hits": []})
    await box.press("ArrowDown")
    await expect(page.get_by_role("option").first).to_have_text("Mon compte est bloqué")


async def test_the_form_works_where_suggestions_fail(page: Page) -> None:
    await page.route("**/api/help/suggest?*", lambda route: route.abort())
    box = page.get_by_role("combobox")
    async with page.expect_event("requestfailed"):
        await box.fill("compte")
    await expect(page.get_by_role("listbox")).to_be_hidden()
    await box.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Résultats pour « compte »")


async def test_nothing_found_is_said_and_an_empty_box_asks_nothing(page: Page) -> None:
    asked: list[Request] = []
    page.on("request", lambda request: asked.append(request) if "suggest" in request.url else None)
    box = page.get_by_role("combobox")
    await box.fill("xqzwk")
    await expect(page.locator("form.search [role=status]")).to_have_text("Aucun article trouvé")
    await box.fill("")
    await expect(page.locator("form.search [role=status]")).to_have_text("")
    await box.press("Enter")
    assert urlsplit(page.url).query == "lang=fr"
    assert len(asked) == 1


async def test_who_does_not_find_asks_the_assistant_with_the_same_words(page: Page, help_site: Site) -> None:
    await page.goto(f"{help_site.url}/help?lang=fr&q=horaires+du+magasin")
    await page.get_by_role("button", name="Demander : « horaires du magasin »").click()
    said = page.locator("guichet-widget .from-customer .bubble")
    await expect(said).to_contain_text("horaires du magasin")
    await expect(page.locator("guichet-widget .from-bot .bubble").last).to_contain_text("echo: horaires du magasin")


async def test_who_does_not_find_writes_a_ticket(page: Page) -> None:
    await page.get_by_role("button", name="Nous écrire").click()
    await expect(page.locator("guichet-widget .case-form")).to_be_visible()
    await expect(page.get_by_role("link", name="Écrivez-nous")).to_be_hidden()


async def test_a_language_keeps_the_place(page: Page, help_site: Site) -> None:
    for place, there in (
        ("/help?lang=fr&q=mot+de+passe", "/help?lang=en&q=mot+de+passe"),
        ("/help/categories/account?lang=fr", "/help/categories/account?lang=en"),
        (ARTICLE, "/articles/en/reset-password"),
        ("/articles/fr/guide", "/help?lang=en"),
    ):
        await page.goto(f"{help_site.url}{place}")
        await page.get_by_role("navigation", name="Centre d’aide").get_by_role("link", name="English").click()
        await page.wait_for_url(f"{help_site.url}{there}")
        await expect(page.locator("html")).to_have_attribute("lang", "en")


async def test_an_opinion_is_kept_shown_again_and_changed(page: Page, help_site: Site) -> None:
    posts: list[Any] = []
    page.on("request", lambda one: posts.append(one.post_data_json) if one.method == "POST" else None)
    await page.goto(f"{help_site.url}{ARTICLE}")
    section = page.locator("#helpful")
    await section.get_by_role("button", name="Oui").dblclick()
    await expect(section.get_by_role("status")).to_have_text("Merci, votre avis est enregistré.")
    assert len(posts) == 1
    await page.reload()
    await expect(section.get_by_role("status")).to_have_text("Merci, votre avis est enregistré.")
    await section.get_by_role("button", name="Changer d’avis").press("Enter")
    await section.get_by_role("button", name="Non").press("Enter")
    box = section.get_by_label("Que manquait-il")
    await expect(box).to_be_focused()
    await expect(section.get_by_role("button", name="Nous écrire")).to_be_visible()
    await box.fill("Le lien n’arrive pas")
    await section.get_by_role("button", name="Envoyer").click()
    await expect(section.get_by_role("status")).to_have_text("Merci, nous lirons vos remarques.")
    assert [post["helpful"] for post in posts] == [True, False, False]
    assert posts[2]["words"] == "Le lien n’arrive pas"


async def test_a_lost_connection_keeps_the_words_and_says_so(page: Page, help_site: Site) -> None:
    await page.goto(f"{help_site.url}/articles/fr/account-locked")
    section = page.locator("#helpful")
    await page.context.set_offline(True)
    await section.get_by_role("button", name="Oui").click()
    await expect(section.get_by_role("alert")).to_contain_text("pas fonctionné")
    await page.context.set_offline(False)
    await section.get_by_role("button", name="Oui").click()
    await expect(section.get_by_role("status")).to_have_text("Merci, votre avis est enregistré.")
    await expect(section.get_by_role("alert")).to_be_hidden()


async def test_another_tab_shows_the_same_opinion(page: Page, help_site: Site) -> None:
    other = await page.context.new_page()
    for tab in (page, other):
        await tab.goto(f"{help_site.url}/articles/fr/guide")
    await page.locator("#helpful").get_by_role("button", name="Oui").click()
    await expect(other.locator("#helpful").get_by_role("status")).to_have_text("Merci, votre avis est enregistré.")


async def test_marked_words_are_in_sight(page: Page, help_site: Site) -> None:
    await page.goto(f"{help_site.url}/proof?article=guide&lang=fr&text=Le+texte+de+l%E2%80%99%C3%A9tape+4")
    mark, box = await page.locator("mark").bounding_box(), await page.locator(".whole").bounding_box()
    assert mark
    assert box
    assert box["y"] <= mark["y"] <= box["y"] + box["height"]
    await page.get_by_label("Les mots à vérifier").fill("Une étape de trop")
    await page.get_by_role("button", name="Vérifier").click()
    await expect(page.get_by_role("status").first).to_contain_text("ne figurent pas")


async def test_the_widget_has_the_same_search(page: Page, help_site: Site) -> None:
    panel = page.locator("guichet-widget .panel")
    await page.locator("guichet-widget .launcher").click()
    await panel.get_by_role("button", name="Chercher dans l’aide").click()
    box = panel.get_by_role("searchbox", name="Chercher dans l’aide")
    await expect(box).to_be_focused()
    await box.press_sequentially("mot de pas")
    first = panel.get_by_role("link").first
    await expect(first).to_contain_text("Demander un nouveau mot de passe")
    await expect(first).to_have_attribute("href", f"{help_site.url}{ARTICLE}")
    await expect(panel.locator(".help [role=status]")).to_contain_text("trouvés")
    await box.press("ArrowDown")
    await expect(first).to_be_focused()
    await first.press("ArrowUp")
    await expect(box).to_be_focused()
    await box.fill("horaires du magasin")
    await panel.get_by_role("button", name="Poser la question à l’assistant").click()
    await expect(panel.locator(".from-customer .bubble").last).to_contain_text("horaires du magasin")


async def test_an_answer_of_the_widget_can_be_rechecked(
    page: Page,
    help_site: Site,
    kb_data: Path,
) -> None:
    version = version_of(kb_data, "reset-password")[1]
    words = "1. Ouvrez la page.\n2. Attendez le courrier."
    source = {"article": "reset-password", "version": version, "title": "Titre", "url": ARTICLE, "lang": "fr"}

    async def answer(_turn: Turn) -> Any:
        custom = {"type": "answer", "text": words, "lang": "fr", "source": source}
        decision = {"outcome": "answer", "probability": 0.9, "level": None, "channel": None}
        return {
            "messages": [{"custom": custom | {"decision": decision, "receipt": {}}}],
            "state": {"active_loop": None, "requested_slot": None},
        }

    before, help_site.rasa.answer = help_site.rasa.answer, answer
    await page.evaluate("window.Guichet.ask('Comment faire ?')")
    link = page.locator("guichet-widget").get_by_role("link", name="Vérifier cette réponse")
    async with page.context.expect_page() as opened:
        await link.click()
    help_site.rasa.answer = before
    proof = await opened.value
    await expect(proof.get_by_role("status").first).to_contain_text("à la lettre")
    await expect(proof.locator("mark")).to_have_text(words)


async def test_everything_works_without_scripts(browser: Browser, help_site: Site) -> None:
    context = await browser.new_context(java_script_enabled=False, locale="fr-FR")
    page = await context.new_page()
    await page.goto(f"{help_site.url}/help")
    await page.get_by_label("Chercher dans l’aide").fill("mot de passe oublié")
    await page.get_by_role("button", name="Chercher").click()
    await page.get_by_role("link", name="Demander un nouveau mot de passe").first.click()
    await page.get_by_role("button", name="Non").click()
    await page.get_by_label("Que manquait-il").fill("rien")
    await page.get_by_role("button", name="Envoyer").click()
    await expect(page.locator("#helpful")).to_contain_text("Merci, nous lirons vos remarques.")
    await expect(page.get_by_role("link", name="Écrivez-nous").first).to_be_visible()
    await expect(page.get_by_role("button", name="Demander à l’assistant")).to_have_count(0)
    await context.close()


async def test_with_the_search_service_down_a_ticket_can_still_be_written(
    context: BrowserContext, tmp_path: Path, thrown: list[str]
) -> None:
    async with open_site(tmp_path, RasaPeer(), kb_port=9) as site:
        page = await context.new_page()
        watch(page, thrown)
        await page.goto(f"{site.url}/help?lang=fr")
        await expect(page.get_by_role("heading", level=1)).to_have_text("Revenez dans un instant")
        await page.get_by_role("button", name="Nous écrire").click()
        await expect(page.locator("guichet-widget .case-form")).to_be_visible()
        assert thrown == []
        await page.close()


@pytest.mark.parametrize("look", LOOKS)
async def test_every_page_is_accessible_and_fits(browser: Browser, help_site: Site, kb_data: Path, look: str) -> None:
    context = await browser.new_context(locale="fr-FR", bypass_csp=True, **LOOKS[look])  # axe brings its own styles
    page = await context.new_page()
    before = version_of(kb_data, "reset-password")[1]
    for path in (
        "/help?lang=fr",
        "/help?lang=de",
        "/help/categories/account?lang=en",
        "/help?lang=fr&q=mot+de+passe",
        "/help?lang=en&q=xqzwk",
        ARTICLE,
        f"{ARTICLE}?said=no",
        f"{ARTICLE}?version={before}",
        "/articles/fr/guide",
        "/proof?article=guide&lang=fr&text=Un+d%C3%A9tail",
        "/proof?article=guide&lang=fr&text=autre+chose",
        f"/proof?article=guide&lang=fr&version={'0' * 12}&text=a",
    ):
        await page.goto(f"{help_site.url}{path}")
        await page.locator("guichet-widget .launcher").wait_for()
        if path == "/help?lang=fr":
            await page.get_by_role("combobox").fill("mot")
            await page.get_by_role("option").first.wait_for()
        found = await Axe().run(page)
        assert found.violations_count == 0, f"{path}: {found.generate_report()}"
        over = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert over == 0, path
    await context.close()
