"""A customer and an agent in two real browsers, the real web process between them, from the wish to the last word."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from playwright.async_api import expect

from tests.browser.customer import Customer
from tests.browser.desk import Agent
from tests.browser.live import (
    MANUAL,
    NOTE,
    anna,
    ask,
    bruno,
    bytes_of,
    desk,
    jean,
    live_row,
    options,
    quick_hashes,
    rules,
    said,
    take,
    together,
)
from tests.desk.site import DeskSite

__all__ = ["anna", "bruno", "desk", "jean", "options", "quick_hashes", "rules"]  # fixtures
pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_from_the_first_wish_to_the_last_word(desk: DeskSite, anna: Agent, jean: Customer) -> None:
    await jean.say("Mon imprimante est muette")
    await ask(jean)
    await expect(jean.panel.locator(".waiting")).to_contain_text("environ 2 minutes")
    await jean.type("Elle ne fait plus rien")
    await expect(live_row(anna)).to_contain_text("attend depuis")
    await expect(anna.page.locator(".live-list")).to_contain_text("1 client attend")
    await take(anna)
    await expect(jean.panel.locator(".waiting")).to_be_hidden()
    await expect(jean.panel.locator(".title")).to_have_text("Anna")
    await expect(jean.said("Anna a rejoint la conversation", "system")).to_be_visible()
    # both write, and see that the other does
    await anna.text.press_sequentially("Bon")
    await expect(jean.panel.locator(".typing")).to_contain_text("Anna écrit")
    await anna.text.fill("Bonjour, je regarde.")
    await anna.text.press("Enter")
    await expect(jean.said("Bonjour, je regarde.", "agent")).to_be_visible()
    await expect(anna.case.get_by_text("Lu", exact=True)).to_be_visible()
    await jean.composer.press_sequentially("Mer")
    await expect(anna.case.locator(".typing")).to_be_visible()
    await jean.type("Merci")
    await expect(said(anna, "Merci")).to_be_visible()
    await expect(anna.case.locator(".typing")).to_be_hidden()
    await expect(jean.panel.locator(".from-customer .state").last).to_have_text("Lu")
    # files both ways
    await jean.panel.locator("input[type=file]").set_input_files(NOTE)
    await expect(jean.panel.locator(".tray .file")).to_be_visible()
    await expect(jean.panel.locator(".send")).to_have_attribute("aria-disabled", "false")
    await jean.composer.press("Enter")
    async with anna.page.expect_download() as saving:
        await anna.case.get_by_role("link", name="journal.txt").click()
    assert (await saving.value).suggested_filename == "journal.txt"
    await anna.case.locator(".editor input[type=file]").set_input_files(MANUAL)
    await expect(anna.case.locator(".editor .files li")).to_contain_text("notice.txt")
    await anna.text.fill("La notice")
    await anna.text.press("Enter")
    async with jean.page.expect_download() as saving:
        await jean.panel.locator(".from-agent .attachment").click()
    assert (await saving.value).suggested_filename == "notice.txt"
    assert await bytes_of(await saving.value) == b"lisez ceci"
    # nothing of the bot's in between
    turns = len(desk.site.rasa.turns)
    assert [turn["text"] for turn in desk.site.rasa.turns] == ["Mon imprimante est muette"]
    # back to the bot, which answers again
    await anna.case.get_by_role("button", name="Rendre au robot").click()
    await expect(jean.said("Anna a quitté la conversation", "system")).to_be_visible()
    await expect(jean.panel.locator(".title")).not_to_have_text("Anna")
    await expect(live_row(anna)).to_have_count(0)
    await jean.say("Et maintenant ?")
    assert desk.site.rasa.turns[turns]["fresh"] is True
    # once more, to the end
    await ask(jean)
    await take(anna)
    await anna.case.get_by_role("button", name="Terminer", exact=True).click()
    await anna.page.get_by_role("dialog").get_by_role("button", name="Terminer").click()
    await jean.panel.locator(".rate-star").nth(4).click()
    await jean.panel.locator(".rate-more textarea").fill("Très aimable")
    await jean.panel.get_by_role("button", name="Envoyer mon avis").click()
    await expect(jean.panel.locator(".thanks")).to_be_visible()
    await jean.panel.get_by_role("button", name="Recevoir la conversation").click()
    await jean.panel.get_by_label("Adresse e-mail").fill("jean@exemple.fr")
    await jean.panel.get_by_role("button", name="Envoyer la conversation").click()
    await jean.expect_in_step()
    await jean.expect_accessible()


async def test_of_two_agents_one_takes_it_and_the_other_is_told_who(
    desk: DeskSite, anna: Agent, bruno: Agent, jean: Customer
) -> None:
    await jean.say("Bonjour")
    await ask(jean)
    buttons = []
    for agent in (anna, bruno):
        await live_row(agent).first.click()
        buttons.append(agent.case.get_by_role("button", name="Prendre la conversation"))
        await expect(buttons[-1]).to_be_visible()
    await asyncio.gather(*(button.dblclick(no_wait_after=True, force=True) for button in buttons))
    for agent in (anna, bruno):
        await expect(agent.case.locator(".case-ref")).not_to_contain_text("attend")
    joined = [event for event in await jean.journal() if (event.get("live") or {}).get("state") == "live"]
    assert len(joined) == 1
    name = joined[0]["live"]["agent"]["name"]
    first, second = (anna, bruno) if name == "Anna" else (bruno, anna)
    await expect(first.text).to_be_visible()
    await expect(second.text).to_be_hidden()
    await expect(second.case.locator(".live-foot")).to_contain_text(f"{name} s’occupe de ce client")
    await expect(jean.panel.locator(".title")).to_have_text(name)


async def test_a_conversation_of_the_bots_can_be_taken_over(desk: DeskSite, anna: Agent, jean: Customer) -> None:
    await jean.say("Bonjour")
    await anna.page.locator("[data-view=live]").first.click()
    await anna.pick("Bonjour")
    await anna.case.get_by_role("button", name="Prendre la conversation").click()
    await expect(jean.panel.locator(".title")).to_have_text("Anna")
    await jean.type("Qui est là ?")
    await expect(said(anna, "Qui est là")).to_be_visible()
    assert [turn["text"] for turn in desk.site.rasa.turns] == ["Bonjour"]


async def test_nobody_there_is_said_before_one_waits(desk: DeskSite, jean: Customer) -> None:
    await ask(jean)
    await expect(jean.panel.locator(".form-error")).to_contain_text("Personne n’est disponible en direct")
    await jean.panel.locator(".way[data-kind=ticket]").click()
    await jean.panel.locator(".case-form").wait_for()


async def test_what_is_not_settled_goes_on_as_a_ticket_that_the_customer_sees(
    desk: DeskSite, anna: Agent, jean: Customer
) -> None:
    await together(jean, anna)
    await jean.type("Ma facture est fausse")
    await anna.case.get_by_role("button", name="Créer un ticket").click()
    dialog = anna.page.get_by_role("dialog")
    await expect(dialog.get_by_label("Demande du client")).not_to_be_empty()
    await dialog.get_by_role("button", name="Créer le ticket").click()  # nobody has named an address yet
    await expect(dialog.locator(".error")).to_be_visible()
    await dialog.get_by_label("Adresse e-mail").fill("jean@exemple.fr")
    await anna.expect_accessible()
    await dialog.get_by_role("button", name="Créer le ticket").dblclick()
    await expect(dialog).to_have_count(0)
    await expect(jean.panel.locator(".case-card")).to_have_count(1)
    await expect(anna.rows).to_have_count(1)
    await expect(jean.panel.locator(".title")).to_have_text("Anna")  # who goes on talking
    await expect(anna.text).to_be_visible()


class TestShortPromise:
    @pytest.fixture
    def rules(self) -> dict[str, Any]:
        return {"promise_seconds": 2}

    async def test_a_broken_promise_is_said_once_and_the_ticket_is_one_press_away(
        self, desk: DeskSite, anna: Agent, jean: Customer
    ) -> None:
        await jean.say("Bonjour")
        await ask(jean)
        await expect(jean.said("dans le délai annoncé", "system")).to_have_count(1)
        await expect(jean.panel.locator(".waiting")).to_contain_text("Vous gardez votre place")
        await take(anna)  # still to be taken
        await anna.case.get_by_role("button", name="Rendre au robot").click()
        await expect(jean.said("a quitté la conversation", "system")).to_be_visible()
        await ask(jean)
        await expect(jean.said("dans le délai annoncé", "system")).to_have_count(2)
        await jean.panel.locator(".waiting").get_by_role("button", name="Écrire un ticket").click()
        await expect(jean.panel.locator(".waiting")).to_be_hidden()
        await expect(jean.said("echo: /request_ticket", "bot")).to_be_visible()
        await expect(live_row(anna)).to_have_count(0)
