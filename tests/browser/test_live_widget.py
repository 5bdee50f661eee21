"""A person in the widget: what is seen while one is awaited, there and gone, whatever the server's live routes do."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import BrowserContext, FilePayload, Locator, expect

from tests.browser.customer import Customer
from tests.browser.peer import Conversation, Peer

pytestmark = pytest.mark.asyncio(loop_scope="session")
WAYS = ("ticket", "callback", "bot")
NAME = "Camille Durand"
AXE: dict[str, Any] = {"bypass_csp": True}  # axe adds styles of its own, which the page's policy rightly refuses
NOTE = FilePayload(name="journal.txt", mimeType="text/plain", buffer=b"lignes du journal")


@pytest.fixture
def options() -> dict[str, Any]:
    return AXE


async def begun(customer: Customer, peer: Peer) -> Conversation:
    await customer.open()
    await customer.say("Bonjour")
    peer.reply = False
    return peer.last


async def waiting(customer: Customer, peer: Peer, promised: int = 120) -> Conversation:
    conversation = await begun(customer, peer)
    await peer.live(conversation, "waiting", "waiting", promised=promised, ways=WAYS)
    await wait_card(customer).wait_for()
    return conversation


async def joined(customer: Customer, peer: Peer) -> Conversation:
    conversation = await begun(customer, peer)
    await peer.live(conversation, "joined", "live", agent=NAME)
    await expect(customer.panel.locator(".title")).to_have_text(NAME)
    return conversation


def wait_card(customer: Customer) -> Locator:
    return customer.panel.locator(".waiting")


async def agent_says(peer: Peer, conversation: Conversation, text: str, **more: Any) -> dict[str, Any]:
    return await peer.say(conversation, {"from": "agent", "text": text, "agent": {"name": NAME}, **more})


async def test_waiting_shows_the_promise_and_the_ways_out_of_it(customer: Customer, peer: Peer) -> None:
    await waiting(customer, peer)
    await expect(wait_card(customer)).to_contain_text("environ 2 minutes")
    await expect(customer.panel.locator(".subtitle")).to_have_text("En attente d’une personne…")
    ways = wait_card(customer).get_by_role("button")
    await expect(ways).to_have_text(["Écrire un ticket", "Être rappelé", "Revenir à l’assistant"])
    assert await customer.focused() == "guichet-message"
    await customer.expect_accessible()
    await customer.reload()
    await expect(ways).to_have_count(3)
    await ways.nth(2).click()
    await expect(wait_card(customer)).to_be_hidden()
    await expect(customer.said("Revenir à l’assistant")).to_be_visible()
    await customer.reload()
    await expect(customer.said("Revenir à l’assistant")).to_be_visible()
    await expect(wait_card(customer)).to_be_hidden()
    await customer.expect_in_step()


async def test_a_promise_that_is_over_is_not_repeated(customer: Customer, peer: Peer) -> None:
    conversation = await waiting(customer, peer, promised=1)
    await expect(wait_card(customer)).to_contain_text("Vous gardez votre place")
    await expect(wait_card(customer).locator(".waiting-bar")).to_be_hidden()
    await peer.live(conversation, "promise_broken", "waiting", ways=WAYS)
    await expect(customer.said("dans le délai annoncé", "system")).to_be_visible()
    await expect(wait_card(customer).get_by_role("button")).to_have_count(3)
    assert await customer.panel.locator(".log .choices").count() == 0  # once on screen, not twice


async def test_a_way_out_that_the_server_refuses_can_be_taken_again(customer: Customer, peer: Peer) -> None:
    await waiting(customer, peer)
    peer.fail = [(422, {"code": "unknown_button", "message": "Ce choix n’est plus proposé."})]
    await wait_card(customer).get_by_role("button", name="Écrire un ticket").click()
    await customer.panel.get_by_role("button", name="Retirer").click()
    await wait_card(customer).get_by_role("button", name="Écrire un ticket").click()
    await expect(wait_card(customer)).to_be_hidden()


async def test_who_joins_is_named_everywhere_and_gone_when_gone(customer: Customer, peer: Peer) -> None:
    conversation = await joined(customer, peer)
    company = peer.company.identity.name
    await expect(customer.panel.locator(".avatar")).to_have_text("CD")
    await expect(customer.panel.locator(".subtitle")).to_have_text(f"{company} · en direct")
    await expect(customer.panel.locator(".from-system .face")).to_have_text("CD")
    await agent_says(peer, conversation, "Bonjour, je regarde : https://example.com/aide.")
    await expect(customer.panel.locator(".from-agent .meta")).to_contain_text(NAME)
    await expect(customer.panel.locator(".from-agent a")).to_have_attribute("href", "https://example.com/aide")
    await customer.expect_accessible()
    await customer.reload()
    await expect(customer.panel.locator(".title")).to_have_text(NAME)
    await peer.live(conversation, "left_to_bot", "bot", agent=NAME)
    await expect(customer.panel.locator(".title")).to_have_text(company)
    await expect(customer.panel.locator(".avatar")).to_have_text(company[0])


async def test_a_name_is_text_whatever_stands_in_it(customer: Customer, peer: Peer) -> None:
    conversation = await begun(customer, peer)
    await peer.live(conversation, "joined", "live", agent="<img src=x onerror=alert(1)>")
    await expect(customer.panel.locator(".title")).to_have_text("<img src=x onerror=alert(1)>")
    assert await customer.panel.locator("img").count() == 0


async def test_typing_is_shown_and_told_but_not_with_every_letter(customer: Customer, peer: Peer) -> None:
    conversation = await joined(customer, peer)
    await peer.typing(conversation, NAME)
    await expect(customer.panel.locator(".typing")).to_contain_text(f"{NAME} écrit")
    await agent_says(peer, conversation, "Voilà.")
    await expect(customer.panel.locator(".typing")).to_have_count(0)
    async with customer.page.expect_response("**/typing"):
        await customer.composer.press_sequentially("Merci bien", delay=20)
    assert [what for what, _ in peer.signs].count("typing") == 1


async def test_read_marks_go_both_ways_and_survive_a_reload(customer: Customer, peer: Peer) -> None:
    conversation = await joined(customer, peer)
    async with customer.page.expect_request(
        lambda request: request.url.endswith("/read") and (request.post_data_json or {})["seq"] > 4
    ):
        await agent_says(peer, conversation, "Bonjour")
    await customer.type("Mon journal est vide")
    mine = customer.panel.locator(".from-customer .state").last
    await expect(mine).to_have_text("Envoyé")
    peer.read = len(conversation.events)
    await peer.sign(conversation, "read", {"seq": peer.read})
    await expect(mine).to_have_text("Lu")
    await customer.reload()
    await expect(mine).to_have_text("Lu")
    await customer.type("Et maintenant ?")
    await expect(mine).to_have_text("Envoyé")


async def test_files_go_along_with_a_message_and_come_back_as_downloads(customer: Customer, peer: Peer) -> None:
    conversation = await joined(customer, peer)
    picker = customer.panel.locator("input[type=file]")
    await picker.set_input_files(NOTE)
    await expect(customer.panel.locator(".tray-note")).to_contain_text("avec votre message")
    await expect(customer.panel.locator(".send")).to_have_attribute("aria-disabled", "false")
    await customer.composer.press("Enter")  # no words needed
    own = customer.panel.locator(".from-customer .attachment")
    await expect(own).to_contain_text("journal.txt")
    await expect(customer.panel.locator(".tray .file")).to_have_count(0)
    assert conversation.events[-1]["attachments"][0]["name"] == "journal.txt"
    one = {"id": "f-agent", "name": "<b>notice</b>.pdf", "type": "application/pdf", "size": 2048}
    conversation.files["f-agent"] = one
    await agent_says(peer, conversation, "La notice", attachments=[one])
    theirs = customer.panel.locator(".from-agent .attachment")
    await expect(theirs).to_contain_text("2")
    async with customer.page.expect_download() as saving:
        await theirs.click()
    assert "notice" in (await saving.value).suggested_filename
    conversation.files.clear()
    await theirs.click()
    await expect(customer.panel.locator(".toast")).to_contain_text("n’existe pas")
    await customer.expect_accessible()


async def test_a_person_is_heard_on_the_next_page_though_the_panel_stays_closed(customer: Customer, peer: Peer) -> None:
    conversation = await joined(customer, peer)
    await customer.page.wait_for_function(
        "([url, seq]) => JSON.parse(localStorage.getItem(`guichet:${url}:conversations`)).items[0].seen >= seq",
        arg=[customer.url, len(conversation.events)],
    )
    await customer.panel.get_by_role("button", name="Fermer").click()
    await customer.reload()
    await customer.panel.wait_for(state="attached")
    await expect(customer.panel).to_be_hidden()
    await agent_says(peer, conversation, "Vous êtes là ?")
    await expect(customer.launcher.locator(".badge")).to_have_text("1")
    await customer.open()
    await expect(customer.said("Vous êtes là ?", "agent")).to_be_visible()


async def test_what_a_person_says_last_is_in_view_however_much_it_is(customer: Customer, peer: Peer) -> None:
    conversation = await joined(customer, peer)
    await customer.type("Bonjour")
    for number in range(12):
        await agent_says(peer, conversation, f"Étape {number} : ouvrez les réglages, puis la page des imprimantes.")
    await expect(customer.said("Étape 11", "agent")).to_be_in_viewport()
    await expect(customer.panel.locator(".jump")).to_be_hidden()
    await peer.live(conversation, "closed", "closed", agent=NAME)
    await expect(customer.panel.locator(".live-card")).to_be_in_viewport(ratio=1)


async def test_a_refused_message_gives_its_files_back(customer: Customer, peer: Peer) -> None:
    await joined(customer, peer)
    await customer.panel.locator("input[type=file]").set_input_files(NOTE)
    await expect(customer.panel.locator(".send")).to_have_attribute("aria-disabled", "false")
    peer.fail = [(422, {"code": "invalid_attachment", "message": "Cette pièce jointe n’existe pas."})]
    await customer.type("Voici")
    await customer.panel.get_by_role("button", name="Modifier").click()
    await expect(customer.composer).to_have_value("Voici")
    await expect(customer.panel.locator(".tray .file")).to_have_count(1)


async def closed(customer: Customer, peer: Peer) -> Conversation:
    conversation = await joined(customer, peer)
    await agent_says(peer, conversation, "Bonne journée !")
    await peer.live(conversation, "closed", "closed", agent=NAME)
    await customer.panel.locator(".live-card").wait_for()
    return conversation


async def test_how_it_was_can_be_said_by_keyboard_once_and_changed(customer: Customer, peer: Peer) -> None:
    await closed(customer, peer)
    await expect(customer.panel.locator(".title")).to_have_text(peer.company.identity.name)
    assert await customer.focused() == "guichet-message"
    stars = customer.panel.get_by_role("radio")
    await expect(stars).to_have_count(5)
    await expect(customer.panel.get_by_role("group", name="Comment s’est passé cet échange")).to_be_visible()
    await customer.expect_accessible()
    await stars.first.focus()
    await customer.page.keyboard.press("Space")
    for _ in range(3):
        await customer.page.keyboard.press("ArrowRight")
    await expect(customer.panel.get_by_role("radio", name="4 sur 5")).to_be_checked()
    await customer.expect_accessible()
    await customer.page.keyboard.press("Tab")
    await customer.page.keyboard.type("Rapide et aimable")
    await customer.page.keyboard.press("Tab")
    await customer.page.keyboard.press("Enter")
    await expect(customer.panel.locator(".thanks")).to_contain_text("Merci pour votre avis")
    assert [body for what, body in peer.signs if what == "satisfaction"] == [{"score": 4, "text": "Rapide et aimable"}]
    await customer.expect_accessible()
    await customer.reload()
    await expect(customer.panel.get_by_role("img", name="4 sur 5")).to_be_visible()
    await customer.panel.get_by_role("button", name="Modifier").click()
    await expect(customer.panel.get_by_role("radio", name="4 sur 5")).to_be_checked()
    await customer.panel.locator(".rate-star").last.click()
    peer.live_fault = 500
    await customer.panel.get_by_role("button", name="Envoyer mon avis").click()
    await expect(customer.panel.locator(".rate .error")).not_to_be_empty()
    peer.live_fault = None
    await customer.panel.get_by_role("button", name="Envoyer mon avis").click()
    await expect(customer.panel.get_by_role("img", name="5 sur 5")).to_be_visible()


async def test_what_is_said_in_one_tab_is_said_in_the_other(
    customer: Customer, peer: Peer, context: BrowserContext
) -> None:
    await closed(customer, peer)
    other = Customer(await context.new_page(), customer.url)
    await other.visit()
    await other.open()
    await other.panel.locator(".rate-star").nth(2).click()
    await other.panel.get_by_role("button", name="Envoyer mon avis").click()
    await expect(customer.panel.get_by_role("img", name="3 sur 5")).to_be_visible()
    assert other.thrown == []


async def test_going_on_with_the_bot_leaves_the_question_and_a_new_person_takes_it_away(
    customer: Customer, peer: Peer
) -> None:
    conversation = await closed(customer, peer)
    peer.reply = True
    await customer.say("Encore une question")
    await expect(customer.panel.locator(".live-card")).to_have_count(1)
    await peer.live(conversation, "waiting", "waiting", promised=120, ways=WAYS)
    await expect(customer.panel.locator(".live-card")).to_have_count(0)


async def test_the_transcript_goes_where_the_customer_says(customer: Customer, peer: Peer) -> None:
    await closed(customer, peer)
    await customer.panel.get_by_role("button", name="Recevoir la conversation").click()
    field = customer.panel.get_by_label("Adresse e-mail")
    await expect(customer.panel.get_by_role("heading", name="Recevoir la conversation")).to_be_focused()
    send = customer.panel.get_by_role("button", name="Envoyer la conversation")
    await send.click()
    await expect(customer.panel.locator(".field .error")).to_have_text("Ce champ est nécessaire.")
    await customer.expect_accessible()
    peer.live_fault = 429
    await field.fill("jean@exemple.fr")
    await send.click()
    await expect(customer.panel.locator(".field .error")).not_to_be_empty()
    peer.live_fault = None
    await send.click()
    await expect(customer.panel.locator(".toast")).to_contain_text("jean@exemple.fr")
    assert ("transcript", {"email": "jean@exemple.fr"}) in peer.signs
    await customer.menu("Conversation par e-mail")
    await expect(field).to_have_value("jean@exemple.fr")  # not typed twice


async def test_no_transcript_is_offered_where_no_mail_goes_out(customer: Customer, peer: Peer) -> None:
    peer.transcripts = False
    await customer.reload()
    await closed(customer, peer)
    assert await customer.panel.get_by_text("Recevoir la conversation").count() == 0
    await customer.panel.get_by_role("button", name="Menu").click()
    assert await customer.panel.get_by_role("menuitem", name="Conversation par e-mail").count() == 0


@pytest.mark.parametrize("status", [404, 409, 500])
async def test_without_the_live_routes_everything_else_goes_on(customer: Customer, peer: Peer, status: int) -> None:
    peer.live_fault = status
    conversation = await joined(customer, peer)
    await agent_says(peer, conversation, "Bonjour")
    await customer.type("Bonjour à vous")
    await expect(customer.said("Bonjour à vous")).to_be_visible()
    await customer.menu("Nous contacter")
    await peer.live(conversation, "left_to_bot", "bot", agent=NAME)
    await customer.panel.locator(".way[data-kind=person]").click()
    error = customer.panel.locator(".form-error")
    if status == 500:
        await expect(error).to_contain_text("Les autres possibilités restent ouvertes")
    else:
        await expect(error).to_contain_text("Toute notre équipe est en conversation")
    await customer.expect_accessible()
    await customer.panel.locator(".way[data-kind=ticket]").click()
    await customer.panel.locator(".case-form").wait_for()


async def test_a_person_is_one_of_the_ways_to_contact(customer: Customer, peer: Peer) -> None:
    await customer.open()
    await customer.menu("Nous contacter")
    await customer.panel.locator(".way[data-kind=person]").click()
    await expect(wait_card(customer)).to_be_visible()
    assert [what for what, _ in peer.signs] == ["person"]


async def test_a_second_tab_and_a_lost_connection_show_the_same(
    customer: Customer, peer: Peer, context: BrowserContext
) -> None:
    conversation = await waiting(customer, peer)
    other = Customer(await context.new_page(), customer.url)
    await other.visit()
    await other.open()
    await expect(wait_card(other)).to_be_visible()
    peer.cut()
    await peer.live(conversation, "joined", "live", agent=NAME)
    await agent_says(peer, conversation, "Bonjour")
    peer.down = False
    for each in (customer, other):
        await expect(each.panel.locator(".title")).to_have_text(NAME)
        await expect(each.said("Bonjour", "agent")).to_have_count(1)
        await each.expect_in_step()
    assert other.thrown == []


@pytest.mark.parametrize("width", [320, 375])
async def test_on_a_narrow_screen_nothing_is_wider_than_it(customer: Customer, peer: Peer, width: int) -> None:
    await customer.page.set_viewport_size({"width": width, "height": 640})
    conversation = await waiting(customer, peer)
    await customer.expect_no_sideways_scroll()
    assert await wait_card(customer).evaluate("card => card.getBoundingClientRect().height") < 200
    await peer.live(conversation, "joined", "live", agent="Maximilienne-Alexandrine de la Rochefoucauld-Montmorency")
    one = {"id": "f1", "name": "un-nom-de-fichier-vraiment-tres-long-sans-espace.pdf", "type": "x", "size": 1}
    await agent_says(peer, conversation, "Voici", attachments=[one])
    await customer.panel.locator(".attachment").wait_for()
    await customer.expect_no_sideways_scroll()
    await peer.live(conversation, "closed", "closed", agent=NAME)
    await customer.panel.locator(".rate-star").last.click()
    await customer.expect_no_sideways_scroll()
    await customer.expect_accessible()
