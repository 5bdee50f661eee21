"""What an agent sees and does in live conversations: nothing typed is lost, nothing is missed."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from tests.browser.customer import Customer
from tests.browser.desk import Agent
from tests.browser.live import (
    anna,
    ask,
    bruno,
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


async def test_what_an_agent_typed_outlives_a_reload_and_arrives_once(
    desk: DeskSite, anna: Agent, jean: Customer
) -> None:
    await together(jean, anna)
    await anna.page.route("**/api/desk/conversations/*/messages", lambda route: route.abort())
    await anna.text.fill("Partie sans réseau")
    await anna.text.press("Enter")
    await expect(anna.case.locator(".delivery[data-state=failed]")).to_be_visible()
    await anna.text.fill("Un brouillon")
    await anna.page.unroute("**/api/desk/conversations/*/messages")
    await anna.page.reload()
    await expect(anna.text).to_have_value("Un brouillon")
    await expect(jean.said("Partie sans réseau", "agent")).to_have_count(1)
    await expect(anna.case.locator(".unsent")).to_have_count(0)
    await jean.reload()
    await expect(jean.panel.locator(".title")).to_have_text("Anna")
    await expect(jean.said("Partie sans réseau", "agent")).to_have_count(1)
    await jean.expect_in_step()


async def test_two_tabs_of_an_agent_show_the_same(desk: DeskSite, anna: Agent, jean: Customer) -> None:
    await together(jean, anna)
    other = Agent(desk, anna.colleague, await anna.page.context.new_page())
    await other.visit(anna.page.url.removeprefix(desk.site.url))
    await other.text.fill("Du second onglet")
    await other.text.press("Enter")
    await anna.text.fill("Du premier onglet")
    await anna.text.press("Enter")
    await jean.type("Les deux sont là")
    for each in (anna, other):
        for words in ("Du second onglet", "Du premier onglet", "Les deux sont là"):
            await expect(said(each, words)).to_have_count(1)
        await expect(each.case.locator(".unsent")).to_have_count(0)
    await other.case.get_by_role("button", name="Rendre au robot").click()
    await expect(anna.text).to_be_hidden()


async def test_messages_of_an_agent_keep_their_order_however_fast_they_come(
    desk: DeskSite, anna: Agent, jean: Customer
) -> None:
    await together(jean, anna)
    words = [f"message {number}" for number in range(6)]
    for each in words:
        await anna.text.fill(each)
        await anna.text.press("Enter")
    await expect(jean.panel.locator(".from-agent")).to_have_count(6)
    await expect(anna.case.locator(".unsent")).to_have_count(0)
    assert [event["text"] for event in await jean.journal() if event["from"] == "agent"] == words
    await expect(anna.case.locator(".said.from-agent")).to_have_count(6)


async def test_ending_is_asked_before_it_is_done_and_escape_leaves_all_as_it_is(
    desk: DeskSite, anna: Agent, jean: Customer
) -> None:
    await together(jean, anna)
    await anna.text.fill("Pas encore envoyé")
    await anna.text.press("Escape")
    await expect(anna.text).not_to_be_focused()
    await anna.page.keyboard.press("r")
    await expect(anna.text).to_be_focused()
    await anna.case.get_by_role("button", name="Terminer", exact=True).click()
    await anna.expect_accessible()
    await anna.page.keyboard.press("Escape")
    await expect(anna.page.get_by_role("dialog")).to_have_count(0)
    await expect(anna.text).to_have_value("Pas encore envoyé")
    assert (await jean.journal())[-1]["live"]["state"] == "live"
    await anna.expect_accessible()
    await anna.expect_no_sideways_scroll()


async def test_keys_of_cases_do_nothing_to_the_list_while_a_conversation_is_looked_at(
    desk: DeskSite, anna: Agent, jean: Customer
) -> None:
    ref = await desk.open()
    await jean.say("Bonjour")
    await ask(jean)
    await live_row(anna).first.click()
    await expect(anna.case.locator(".live-foot .button.primary")).to_be_visible()
    await anna.case.focus()
    await anna.page.keyboard.press("e")
    await anna.page.keyboard.press("i")  # takes the conversation, not the case
    await expect(anna.text).to_be_focused()
    case = await anna.colleague.case(ref)
    assert (case["status"], case["owner"]) == ("open", None)


async def test_an_unread_message_is_marked_until_it_is_looked_at(desk: DeskSite, anna: Agent, jean: Customer) -> None:
    await together(jean, anna)
    ref = await desk.open()
    await anna.open(ref)
    await jean.type("Vous êtes là ?")
    await expect(anna.page.locator(".live-row.unread")).to_contain_text("Nouveau")
    await expect(jean.panel.locator(".from-customer .state").last).to_have_text("Envoyé")
    await live_row(anna).click()
    await expect(anna.page.locator(".live-row.unread")).to_have_count(0)
    await expect(jean.panel.locator(".from-customer .state").last).to_have_text("Lu")


async def test_who_is_not_online_is_told_and_comes_online_by_one_press(
    desk: DeskSite, anna: Agent, jean: Customer
) -> None:
    hint = anna.page.locator(".live-away")
    await expect(hint).to_be_hidden()
    await desk.presence(anna.colleague, "offline")
    await expect(hint).to_be_visible()
    await anna.expect_accessible()
    await ask(jean)
    await expect(jean.panel.locator(".form-error")).to_contain_text("Personne n’est disponible en direct")
    await hint.get_by_role("button", name="Passer en ligne").click()
    await expect(hint).to_be_hidden()
    await jean.panel.locator(".way[data-kind=person]").click()
    await expect(jean.panel.locator(".waiting")).to_be_visible()


async def test_an_agent_who_looks_elsewhere_is_told_of_who_waits_and_who_writes(
    desk: DeskSite, anna: Agent, jean: Customer
) -> None:
    await anna.page.evaluate("""() => {
        window.looksElsewhere = true;
        Object.defineProperty(document, "hidden", { get: () => window.looksElsewhere });
    }""")
    await jean.say("Bonjour")
    await ask(jean)
    await expect(anna.page).to_have_title(re.compile(r"^\(1\) "))
    await take(anna)
    await jean.type("Vous êtes là ?")
    await expect(anna.page).to_have_title(re.compile(r"^\(2\) "))
    await expect(jean.panel.locator(".from-customer .state").last).to_have_text("Envoyé")  # nobody has looked
    await anna.page.evaluate("""() => {
        window.looksElsewhere = false;
        document.dispatchEvent(new Event("visibilitychange"));
    }""")
    await expect(jean.panel.locator(".from-customer .state").last).to_have_text("Lu")


async def test_without_a_connection_the_desk_says_so_and_catches_up(
    desk: DeskSite, anna: Agent, jean: Customer
) -> None:
    await together(jean, anna)
    await anna.page.context.set_offline(True)
    await anna.text.fill("Écrit sans réseau")
    await anna.text.press("Enter")
    await expect(anna.case.locator(".delivery[data-state=failed]")).to_be_visible()
    await jean.type("Écrit pendant ce temps")
    await anna.page.context.set_offline(False)
    await expect(said(anna, "Écrit pendant ce temps")).to_be_visible()
    await expect(jean.said("Écrit sans réseau", "agent")).to_have_count(1)
    await expect(anna.case.locator(".unsent")).to_have_count(0)


@pytest.mark.parametrize("width", [375, 1280])
async def test_the_desk_with_a_conversation_fits_and_is_accessible(
    desk: DeskSite, anna: Agent, jean: Customer, width: int
) -> None:
    await anna.page.set_viewport_size({"width": width, "height": 720})
    await desk.open()
    await jean.say("Bonjour")
    await ask(jean)
    await expect(live_row(anna)).to_have_count(1)
    await anna.expect_accessible()
    await anna.expect_no_sideways_scroll()
    await live_row(anna).click()
    await expect(anna.case.get_by_role("button", name="Prendre la conversation")).to_be_visible()
    await anna.expect_accessible()
    await anna.case.get_by_role("button", name="Prendre la conversation").click()
    await expect(anna.text).to_be_focused()
    await jean.type("Un-mot-vraiment-trop-long-pour-tenir-" * 6)
    await expect(anna.case.locator(".said.from-customer")).to_have_count(2)
    await anna.expect_no_sideways_scroll()
    await anna.expect_accessible()
