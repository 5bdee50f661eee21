"""The desk on screens of every kind: nothing axe finds, nothing wider than the screen, one pane at a time on a phone,
every word in the catalogue."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from functools import reduce
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import yaml
from playwright.async_api import Browser, expect

from tests.browser.desk import Agent
from tests.browser.test_desk import RECEIPT, desk, quick_hashes  # noqa: F401
from tests.cases.asking import callback, sla, ticket
from tests.desk.site import Colleague, DeskSite

ROOT = Path(__file__).parents[2]
PHONE = {"viewport": {"width": 375, "height": 740}}
LOOKS: dict[str, dict[str, Any]] = {
    "wide": {"viewport": {"width": 1280, "height": 800}},
    "dark": {"viewport": {"width": 1280, "height": 800}, "color_scheme": "dark"},
    "large": {"viewport": {"width": 1680, "height": 950}},
    "tablet": {"viewport": {"width": 900, "height": 900}},
    "phone": PHONE,
    "dark phone": {**PHONE, "color_scheme": "dark"},
}

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(loop_scope="session")
async def busy(desk: DeskSite) -> tuple[DeskSite, Colleague, str]:  # noqa: F811
    """A desk with cases of every kind; the reference of one with a long history."""
    person, other = await desk.colleague("Anna"), await desk.colleague("Bruno")
    talk = await desk.site.talk()
    await talk.say("Comment exporter mes factures ?")
    await talk.replies(1)
    long = "Un-mot-qui-ne-finit-pas-" * 12
    ref = await desk.open(ticket(subject=f"Export {long}"[:150], text=f"Bonjour {long}"), talk.id, receipt=RECEIPT)
    await other.note(ref, f"À voir. {long}")
    await other.reply(ref, "Quelle version utilisez-vous ?\nhttps://example.org/aide")
    await other.patch(ref, tags=["export", "datev"], priority="high", owner="me")
    await desk.open(callback())
    await desk.open(sla(level=4, passed_to="NAS SA", passed_on="Le journal"))
    await desk.open(ticket(subject="Licence", email="tres.longue.adresse.de.client@une-entreprise-au-nom-long.example"))
    return desk, person, ref


@pytest_asyncio.fixture(loop_scope="session", params=LOOKS)
async def agent(
    request: pytest.FixtureRequest, browser: Browser, busy: tuple[DeskSite, Colleague, str]
) -> AsyncIterator[tuple[Agent, str]]:
    context = await browser.new_context(locale="fr-FR", timezone_id="Europe/Paris", **LOOKS[request.param])
    site, person, ref = busy
    anna = await Agent.arrive(context, site, person, "/desk?view=all")
    yield anna, ref
    assert anna.thrown == []
    await context.close()


async def test_every_state_is_accessible_and_fits(agent: tuple[Agent, str]) -> None:
    anna, ref = agent

    async def fine() -> None:
        await anna.expect_accessible()
        await anna.expect_no_sideways_scroll()

    await expect(anna.rows).to_have_count(4)
    await fine()
    for row in await anna.rows.evaluate_all("rows => rows.map(row => row.dataset.ref)"):
        await anna.visit(f"/desk/cases/{row}?view=all")
        await expect(anna.case.locator(".case-ref code")).to_have_text(row)
        await fine()
    await anna.visit(f"/desk/cases/{ref}?view=all")
    for key, name in (("?", "Raccourcis clavier"), ("a", "Attribuer à"), ("t", "Étiquettes"), ("s", "Mettre en pause")):
        await anna.page.keyboard.press(key)
        await expect(anna.page.get_by_role("dialog", name=name)).to_be_visible()
        await anna.expect_accessible()
        await anna.page.keyboard.press("Escape")
    await anna.case.locator("[data-act=level]").click()
    await anna.expect_accessible()
    await anna.page.keyboard.press("Escape")
    await anna.visit("/desk?view=breached")
    await expect(anna.page.locator("#list-message")).to_contain_text("Rien ici.")
    await fine()
    await anna.visit("/desk?view=all&q=introuvable")
    await expect(anna.page.locator("#list-message")).to_contain_text("introuvable")
    await fine()
    await anna.visit("/desk/figures")
    await expect(anna.page.locator("#shown .panel")).to_have_count(7)
    await fine()


async def test_on_a_phone_one_pane_is_shown_and_back_leads_out(
    browser: Browser, busy: tuple[DeskSite, Colleague, str]
) -> None:
    site, person, ref = busy
    context = await browser.new_context(locale="fr-FR", **PHONE)  # type: ignore[arg-type]
    anna = await Agent.arrive(context, site, person, "/desk?view=all")
    await expect(anna.case).to_be_hidden()
    await anna.open(ref)
    await expect(anna.page.locator("#list")).to_be_hidden()
    await anna.case.get_by_role("button", name="Retour à la liste").click()
    await expect(anna.page.locator("#list")).to_be_visible()
    await expect(anna.case).to_be_hidden()
    await anna.page.get_by_role("button", name="Afficher les vues").click()
    await anna.page.locator("[data-view=channel-callback]").click()
    await expect(anna.page.locator("#list")).to_be_visible()
    await expect(anna.rows).to_have_count(1)
    await anna.page.go_back()  # the browser's own way back works too
    await context.close()


async def test_the_list_says_that_it_failed_and_is_read_again(
    browser: Browser, busy: tuple[DeskSite, Colleague, str]
) -> None:
    site, person, _ = busy
    context = await browser.new_context(locale="fr-FR")
    await context.route("**/api/desk/cases?*", lambda route: route.abort())
    await context.route("**/api/desk/stream", lambda route: route.abort())  # else the list is read again by itself
    anna = await Agent.arrive(context, site, person, "/desk?view=all")
    await expect(anna.page.locator("#list-message")).to_contain_text("n’a pas pu être chargée")
    await anna.expect_accessible()
    await context.unroute("**/api/desk/cases?*")
    await anna.page.locator("#list-message").get_by_role("button", name="Réessayer").click()
    await expect(anna.rows).to_have_count(4)
    await context.close()


@pytest.mark.parametrize("lang", ["de", "en"])
async def test_the_page_speaks_the_agents_language(
    browser: Browser,
    desk: DeskSite,  # noqa: F811
    lang: str,
) -> None:
    person = await desk.colleague("Anna", lang=lang)
    ref = await desk.open(ticket())
    context = await browser.new_context()
    anna = await Agent.arrive(context, desk, person, f"/desk/cases/{ref}?view=all")
    words = {"de": "Anliegen des Kunden", "en": "What the customer asked"}
    await expect(anna.case).to_contain_text(words[lang])
    await expect(anna.page.locator("html")).to_have_attribute("lang", lang)
    await context.close()


async def test_every_word_that_scripts_ask_for_is_in_the_catalogue() -> None:
    words = yaml.safe_load((ROOT / "data/messages/fr/desk_page.yml").read_text("utf-8"))
    asked = {
        key
        for file in (ROOT / "bot/desk/assets").glob("*.js")
        for key in re.findall(r'\bt\("([a-z0-9_.]+)"', file.read_text("utf-8"))
    }
    assert len(asked) > 100
    missing = [key for key in asked if reduce(lambda tree, name: (tree or {}).get(name), key.split("."), words) is None]
    assert missing == []
