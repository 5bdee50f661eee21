"""A customer and an agent in two real browsers, the real web process between them, from the wish to the last word."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from argon2 import PasswordHasher
from playwright.async_api import Browser, BrowserContext, Download, FilePayload, Locator, expect

from bot.staff import passwords
from tests.browser.customer import Customer
from tests.browser.desk import Agent
from tests.desk.site import DeskSite, open_desk
from tests.gateway.site import content

pytestmark = pytest.mark.asyncio(loop_scope="session")
NOTE = FilePayload(name="journal.txt", mimeType="text/plain", buffer=b"lignes du journal")
MANUAL = FilePayload(name="notice.txt", mimeType="text/plain", buffer=b"lisez ceci")


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real algorithm with the least work."""
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture
def options() -> dict[str, Any]:
    return {"bypass_csp": True}  # axe adds styles of its own, which the pages' policy rightly refuses


@pytest.fixture
def rules() -> dict[str, Any]:
    """`live` of company.yml; a test overrides it."""
    return {}


@pytest_asyncio.fixture(loop_scope="session")
async def desk(tmp_path: Path, rules: dict[str, Any]) -> AsyncIterator[DeskSite]:
    """The web process of a company that is there day and night and has a mail server, which is down."""
    company, _ = content()
    live = company.live.model_copy(update={"around_the_clock": True, **rules})
    company = company.model_copy(update={"live": live})
    async with open_desk(tmp_path, company, smtp_host="127.0.0.1", smtp_port=9) as desk:
        yield desk


@pytest_asyncio.fixture(loop_scope="session")
async def anna(desk: DeskSite, context: BrowserContext) -> AsyncIterator[Agent]:
    colleague = await desk.colleague("Anna")
    await desk.presence(colleague, "online")
    agent = await Agent.arrive(context, desk, colleague, "/desk?view=all")
    yield agent
    assert agent.thrown == []


@pytest_asyncio.fixture(loop_scope="session")
async def bruno(desk: DeskSite, browser: Browser, options: dict[str, Any]) -> AsyncIterator[Agent]:
    """A colleague of Anna's, in a browser of his own."""
    made = await browser.new_context(locale="fr-FR", timezone_id="Europe/Paris", **options)
    made.set_default_timeout(15_000)
    colleague = await desk.colleague("Bruno")
    await desk.presence(colleague, "online")
    agent = await Agent.arrive(made, desk, colleague, "/desk?view=all")
    yield agent
    assert agent.thrown == []
    await made.close()


@pytest_asyncio.fixture(loop_scope="session")
async def jean(desk: DeskSite, browser: Browser) -> AsyncIterator[Customer]:
    """A visitor of the company's page, in a browser of his own."""
    made = await browser.new_context(
        viewport={"width": 1280, "height": 860}, locale="fr-FR", timezone_id="Europe/Paris", bypass_csp=True
    )
    made.set_default_timeout(15_000)
    visitor = Customer(await made.new_page(), desk.site.url)
    await visitor.visit()
    await visitor.open()
    yield visitor
    assert visitor.thrown == []
    await made.close()


async def ask(customer: Customer) -> None:
    await customer.menu("Nous contacter")
    await customer.panel.locator(".way[data-kind=person]").click()


def live_row(agent: Agent) -> Locator:
    return agent.page.locator(".live-row")


def said(agent: Agent, text: str) -> Locator:
    return agent.case.locator(".said .bubble").filter(has_text=text)


async def take(agent: Agent) -> None:
    """Open what waits and take it."""
    await live_row(agent).first.click()
    await agent.case.get_by_role("button", name="Prendre la conversation").click()
    await expect(agent.text).to_be_focused()


async def bytes_of(saved: Download) -> bytes:
    return await asyncio.to_thread(Path(await saved.path()).read_bytes)


async def together(customer: Customer, agent: Agent) -> None:
    await customer.say("Bonjour")
    await ask(customer)
    await take(agent)
    await expect(customer.panel.locator(".title")).to_have_text(agent.colleague.name)


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
    await anna.case.focus()
    await anna.page.keyboard.press("e")
    await anna.page.keyboard.press("i")  # takes the conversation, not the case
    await expect(anna.text).to_be_focused()
    case = await anna.colleague.case(ref)
    assert (case["status"], case["owner"]) == ("open", None)


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
