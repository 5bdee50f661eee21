"""A message is sent once and nothing typed is lost: double press, reload, lost connection, second tab, old token."""

from __future__ import annotations

import asyncio
import random

import pytest
from playwright.async_api import BrowserContext, Route, expect

from tests.browser.customer import Customer
from tests.browser.peer import Peer

pytestmark = pytest.mark.asyncio(loop_scope="session")
LOST = ".banner[data-state=lost]"


def of(customer: Customer, text: str) -> list[str]:
    """The client ids under which the page has sent a text."""
    return [post["client_id"] for post in customer.posts if post.get("text") == text]


async def test_enter_twice_quickly_sends_once(customer: Customer) -> None:
    await customer.open()
    await customer.composer.fill("une seule fois")
    await asyncio.gather(customer.page.keyboard.press("Enter"), customer.page.keyboard.press("Enter"))
    await customer.panel.locator(".from-bot").nth(1).wait_for()
    assert len(of(customer, "une seule fois")) == 1
    await customer.expect_in_step()


async def test_double_click_on_send_sends_once(customer: Customer) -> None:
    await customer.open()
    await customer.composer.fill("un seul clic")
    await customer.panel.get_by_role("button", name="Envoyer").dblclick()
    await customer.panel.locator(".from-bot").nth(1).wait_for()
    assert len(of(customer, "un seul clic")) == 1
    await customer.expect_in_step()


async def test_enter_that_ends_a_composition_does_not_send(customer: Customer) -> None:
    await customer.open()
    await customer.composer.fill("にほん")
    await customer.composer.dispatch_event("keydown", {"key": "Enter", "isComposing": True, "bubbles": True})
    await customer.composer.dispatch_event("keydown", {"key": "Enter", "keyCode": 229, "bubbles": True})
    await expect(customer.composer).to_have_value("にほん")
    await customer.composer.press("Shift+Enter")
    await expect(customer.composer).to_have_value("にほん\n")
    assert customer.posts == []


async def test_lost_acknowledgement_is_asked_for_again_under_the_same_client_id(customer: Customer) -> None:
    await customer.open()
    await customer.say("Bonjour")
    lost = 0

    async def lose(route: Route) -> None:
        nonlocal lost
        lost += 1
        await route.fetch()  # it arrives; its answer does not
        await route.abort()

    await customer.page.route("**/messages", lose, times=2)
    await customer.type("ai-je été entendu ?")
    await customer.page.wait_for_function(
        "url => !Object.keys(localStorage).some(key => key.startsWith(`guichet:${url}:out:`))", arg=customer.url
    )
    await expect(customer.said("ai-je été entendu ?")).to_have_count(1)
    assert lost >= 1
    assert len(set(of(customer, "ai-je été entendu ?"))) == 1
    await customer.expect_in_step()
    assert [event.get("text") for event in await customer.journal()].count("ai-je été entendu ?") == 1


async def test_message_on_its_way_survives_a_reload(customer: Customer) -> None:
    await customer.open()
    await customer.say("Bonjour")

    async def lose(route: Route) -> None:
        await route.abort()

    await customer.page.route("**/messages", lose)
    await customer.type("pas encore parti")
    await expect(customer.panel.locator(".entry[data-state=failed]")).to_contain_text("Non envoyé")
    await customer.page.unroute("**/messages")
    await customer.reload()
    await customer.panel.wait_for()
    await expect(customer.said("Vous avez écrit", "bot").or_(customer.panel.locator(".from-bot"))).not_to_have_count(0)
    await customer.page.wait_for_function(
        "() => !document.querySelector('guichet-widget').shadowRoot.querySelector('.entry:not([data-seq])')"
    )
    await expect(customer.said("pas encore parti")).to_have_count(1)
    assert len(set(of(customer, "pas encore parti"))) == 1
    await customer.expect_in_step()


async def test_retry_button_sends_at_once_and_once(customer: Customer) -> None:
    await customer.open()
    await customer.say("Bonjour")

    async def lose(route: Route) -> None:
        await route.abort()

    await customer.page.route("**/messages", lose)
    await customer.type("réessayez-moi")
    failed = customer.panel.locator(".entry[data-state=failed]")
    await failed.wait_for()
    await customer.page.unroute("**/messages")
    await failed.get_by_role("button", name="Réessayer").dblclick()
    await expect(customer.panel.locator(".entry:not([data-seq])")).to_have_count(0)
    assert len(set(of(customer, "réessayez-moi"))) == 1
    await customer.expect_in_step()


async def test_refused_message_says_why_and_gives_the_text_back(customer: Customer, peer: Peer) -> None:
    await customer.open()
    await customer.say("Bonjour")
    peer.fail = [(422, {"code": "message_too_long", "message": "Votre message est trop long."})]
    await customer.type("refusé")
    refused = customer.panel.locator(".entry[data-state=refused]")
    await expect(refused).to_contain_text("Votre message est trop long.")
    await refused.get_by_role("button", name="Modifier").click()
    await expect(customer.composer).to_have_value("refusé")
    await expect(refused).to_have_count(0)
    await customer.say("refusé")
    await customer.expect_in_step()


async def test_unsent_text_survives_closing_reload_and_a_lost_connection(
    customer: Customer, context: BrowserContext
) -> None:
    await customer.open()
    await customer.composer.fill("pas fini\nde taper")
    await customer.launcher.click()
    await expect(customer.panel).to_be_hidden()
    await customer.open()
    await expect(customer.composer).to_have_value("pas fini\nde taper")
    await context.set_offline(True)
    await customer.composer.press_sequentially(" hors ligne")
    await context.set_offline(False)
    await customer.reload()
    await expect(customer.composer).to_have_value("pas fini\nde taper hors ligne")
    assert customer.posts == []


async def test_unsent_text_belongs_to_its_conversation(customer: Customer) -> None:
    await customer.open()
    await customer.say("Premier sujet")
    await customer.composer.fill("suite du premier")
    await customer.menu("Nouvelle conversation")
    await expect(customer.composer).to_have_value("")
    await customer.menu("Mes conversations")
    await customer.panel.locator(".past", has_text="Premier sujet").click()
    await expect(customer.composer).to_have_value("suite du premier")


async def test_lost_connection_is_shown_and_made_good(customer: Customer, context: BrowserContext) -> None:
    await customer.open()
    await customer.say("Bonjour")
    await context.set_offline(True)
    await customer.panel.locator(LOST).wait_for()
    await customer.type("pendant la coupure")
    await expect(customer.panel.locator(".entry[data-state=failed]")).to_contain_text("Non envoyé")
    await context.set_offline(False)
    await expect(customer.panel.locator(".banner[data-state=found]")).to_contain_text("Connexion rétablie")
    await expect(customer.panel.locator(".from-bot")).to_have_count(3)
    await expect(customer.panel.locator(".banner[data-state]")).to_have_count(0)
    await customer.expect_in_step()


async def test_what_is_seen_equals_the_journal_after_many_breaks(customer: Customer, context: BrowserContext) -> None:
    seed = random.randrange(2**32)
    chance = random.Random(seed)
    await customer.open()
    await customer.say("Bonjour")
    sent = [f"message {number}" for number in range(8)]
    for text in sent:
        await context.set_offline(chance.random() < 0.5)
        await customer.type(text)
        await asyncio.sleep(chance.random() * 0.3)  # breaks fall anywhere within a turn
    await context.set_offline(False)
    await expect(customer.panel.locator(".entry:not([data-seq])"), f"seed {seed}").to_have_count(0, timeout=30_000)
    for text in sent:
        await expect(customer.said(text)).to_have_count(1)
    await customer.expect_in_step()
    said = [event["text"] for event in await customer.journal() if event["from"] == "customer"]
    assert said == ["Bonjour", *sent], f"seed {seed}"


async def test_second_tab_stays_in_step(customer: Customer, context: BrowserContext) -> None:
    await customer.open()
    await customer.say("dans le premier onglet")
    other = Customer(await context.new_page(), customer.url)
    await other.visit()
    await other.open()
    await expect(other.said("dans le premier onglet")).to_have_count(1)
    await other.say("dans le second onglet")
    await expect(customer.said("dans le second onglet")).to_have_count(1)
    await customer.say("de nouveau dans le premier")
    await expect(other.said("de nouveau dans le premier")).to_have_count(1)
    for tab in (customer, other):
        await tab.expect_in_step()
    texts = [event["text"] for event in await customer.journal() if event["from"] == "customer"]
    assert texts == ["dans le premier onglet", "dans le second onglet", "de nouveau dans le premier"]
    assert other.thrown == []


async def test_one_button_pressed_in_two_tabs_is_one_message(
    customer: Customer, context: BrowserContext, peer: Peer
) -> None:
    await customer.open()
    await customer.say("Bonjour")
    await peer.say(
        peer.last, {"type": "choices", "text": "Alors ?", "buttons": [{"id": "b1", "title": "Choix unique"}]}
    )
    other = Customer(await context.new_page(), customer.url)
    await other.visit()
    await other.open()
    await asyncio.gather(
        *(
            tab.panel.get_by_role("button", name="Choix unique").evaluate("button => button.click()")
            for tab in (customer, other)
        )
    )
    for tab in (customer, other):
        await expect(tab.said("Choix unique")).to_have_count(1)
        await expect(tab.panel.locator(".choice.chosen")).to_have_count(1)
        await tab.expect_in_step()
    assert [event["text"] for event in await customer.journal()].count("Choix unique") == 1


async def test_tab_that_is_late_with_a_message_does_not_show_it_twice(
    customer: Customer, context: BrowserContext, peer: Peer
) -> None:
    await customer.open()
    await customer.say("Bonjour")
    sent = next(event for event in peer.last.events if event["from"] == "customer")
    other = Customer(await context.new_page(), customer.url)
    await other.visit()
    for client_id, text in ((sent["client_id"], "Bonjour"), ("new", "Encore")):
        at = {"conversation": peer.last.id, "at": sent["at"]}
        await other.keep(f"out:{client_id}", {"client_id": client_id, "text": text, **at})
    await expect(customer.said("Encore")).to_have_count(1)  # so the first has been seen as well
    await expect(customer.said("Bonjour")).to_have_count(1)


async def test_expired_conversation_goes_on_in_a_new_one_with_what_was_typed(customer: Customer) -> None:
    await customer.open()
    await customer.say("Bonjour")
    kept = await customer.kept("conversations")
    first = kept["current"]
    kept["items"][0]["token"] = "unknown"
    await customer.composer.fill("gardez ceci")
    await customer.keep("conversations", kept)
    await customer.reload()
    await expect(customer.panel.locator(".toast")).to_contain_text("a expiré")
    await expect(customer.composer).to_have_value("gardez ceci")
    await customer.say("gardez ceci")
    assert (await customer.kept("conversations"))["current"] != first
    await customer.expect_in_step()


async def test_message_to_an_expired_conversation_is_sent_in_the_new_one(customer: Customer, peer: Peer) -> None:
    await customer.open()
    await customer.say("Bonjour")
    peer.conversations.clear()  # the open stream does not notice
    await customer.type("m’entendez-vous ?")
    await customer.panel.locator(".from-bot", has_text="Vous avez écrit : m’entendez-vous ?").wait_for()
    assert len(set(of(customer, "m’entendez-vous ?"))) == 1
    await expect(customer.said("m’entendez-vous ?")).to_have_count(1)
    await customer.expect_in_step()


async def test_polling_takes_over_where_no_stream_passes(customer: Customer, peer: Peer) -> None:
    peer.streaming = False
    await customer.open()
    await customer.type("sans flux")
    await expect(customer.said("Vous avez écrit : sans flux", "bot")).to_have_count(1, timeout=12_000)
    await customer.type("toujours sans flux")
    await expect(customer.said("Vous avez écrit : toujours sans flux", "bot")).to_have_count(1, timeout=12_000)
    await expect(customer.panel.locator(LOST)).to_have_count(0)
    await customer.expect_in_step()


async def test_typing_is_shown_until_the_answer_comes(customer: Customer, peer: Peer) -> None:
    await customer.open()
    await customer.say("Bonjour")
    peer.reply = False
    await customer.type("réfléchissez")
    await customer.panel.locator(".entry[data-seq='4']").wait_for()
    await peer.typing(peer.last)
    await customer.panel.locator(".typing").wait_for()
    await peer.say(peer.last, {"text": "Voilà."})
    await expect(customer.said("Voilà.", "bot")).to_be_visible()
    await expect(customer.panel.locator(".typing")).to_have_count(0)


async def test_counter_warns_and_too_long_text_is_not_sent(customer: Customer) -> None:
    await customer.open()
    await customer.composer.fill("a" * 8_000)
    await expect(customer.panel.locator(".counter")).to_be_hidden()
    await customer.composer.fill("a" * 9_500)
    await expect(customer.panel.locator(".counter")).to_contain_text("500 caractères restants")
    await customer.composer.fill("a" * 10_001)
    await customer.composer.press("Enter")
    assert await customer.composer.get_attribute("aria-invalid") == "true"
    await expect(customer.composer).to_have_value("a" * 10_001)
    assert customer.posts == []
