"""The same with the real Rasa and the real actions: who asks for a person gets one, and the bot goes on cleanly."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import expect
from yarl import URL

from tests.browser.customer import Customer
from tests.browser.desk import Agent
from tests.browser.live import anna, jean, live_row, options, quick_hashes, take
from tests.desk.site import DeskSite, open_desk
from tests.dialogue import peers
from tests.dialogue.conftest import RESULTS
from tests.dialogue.running import Bot
from tests.gateway.site import TOKEN, content

pytestmark = pytest.mark.asyncio(loop_scope="session")
NOW = "Parler à une personne maintenant"
__all__ = ["anna", "jean", "options", "quick_hashes"]  # fixtures


@pytest_asyncio.fixture(loop_scope="session")
async def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[DeskSite]:
    """The web process, Rasa and the actions; only the search is a peer."""
    monkeypatch.setattr(peers, "TOKEN", TOKEN)
    bot = await asyncio.to_thread(Bot, tmp_path)
    bot.kb.results = list(RESULTS)
    company, _ = content()
    company = company.model_copy(update={"live": company.live.model_copy(update={"around_the_clock": True})})
    try:
        async with open_desk(tmp_path / "web", company, rasa_port=bot.rasa_port) as desk:
            bot.environment |= {
                "GUICHET_INTERNAL_TOKEN": TOKEN,
                "GUICHET_INTERNAL_PORT": str(URL(desk.site.internal).port),
            }
            await asyncio.to_thread(bot.start)
            yield desk
    finally:
        await asyncio.to_thread(bot.close)


async def press(customer: Customer, title: str) -> None:
    await customer.panel.locator(".choices").last.get_by_role("button", name=title).click()


async def test_asked_for_in_words_taken_over_handed_back_and_no_loop(
    desk: DeskSite, anna: Agent, jean: Customer
) -> None:
    await jean.say("je veux parler à quelqu'un")
    await expect(jean.choices.last.get_by_role("button").first).to_have_text(NOW)
    await press(jean, NOW)
    await expect(jean.panel.locator(".waiting")).to_be_visible()
    await take(anna)
    await jean.type("Bonjour Anna")
    await expect(anna.case.locator(".said").filter(has_text="Bonjour Anna")).to_be_visible()
    await anna.text.fill("Bonjour, et voilà.")
    await anna.text.press("Enter")
    await expect(jean.said("Bonjour, et voilà.", "agent")).to_be_visible()
    await anna.case.get_by_role("button", name="Rendre au robot").click()
    await expect(jean.panel.locator(".title")).not_to_have_text("Anna")
    # the next turn's handoff offers no person, the one after it does
    await jean.say("Ma facture est fausse")
    await expect(jean.choices.last.get_by_role("button").first).to_have_text("Écrire un ticket")
    await jean.say("Et une facture manque aussi")
    await expect(jean.choices.last.get_by_role("button").first).to_have_text(NOW)
    await jean.say("Comment changer mon mot de passe ?")
    await expect(jean.panel.locator(".type-answer")).to_have_count(1)
    # asked for inside a form, left for a ticket, and the form begins with what was typed
    await jean.say("Je veux ouvrir un ticket")
    await jean.say("Mon imprimante ne répond plus depuis hier")
    await jean.say("passez-moi un conseiller")
    await press(jean, NOW)
    await expect(live_row(anna)).to_have_count(1)
    await jean.panel.locator(".waiting").get_by_role("button", name="Revenir à l’assistant").click()
    await expect(jean.said("vous n’attendez plus", "bot")).to_be_visible()
    await expect(live_row(anna)).to_have_count(0)
    # nobody there any more
    await desk.presence(anna.colleague, "away")
    await jean.say("un conseiller s'il vous plaît")
    await expect(jean.said("Personne n’est disponible en direct", "bot")).to_be_visible()
    await expect(jean.choices.last.get_by_role("button").first).to_have_text("Écrire un ticket")
    texts = [event["text"] for event in await jean.journal() if event["from"] == "bot"]
    assert not [text for text in texts if "Je préviens notre équipe" in text]  # the web process says it
    await jean.expect_in_step()
