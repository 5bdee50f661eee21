"""The widget as a customer meets it: launcher, conversation, answers, choices, history, languages, the page's API."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Route, expect

from tests.browser.conftest import Site
from tests.browser.customer import QUESTION, Customer
from tests.browser.peer import Peer

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_panel_is_loaded_only_when_it_is_opened(customer: Customer) -> None:
    asked: list[str] = []
    customer.page.on("request", lambda request: asked.append(request.url))
    await customer.reload()
    await customer.page.wait_for_load_state("networkidle")
    assert [url for url in asked if "/widget/panel" in url] == []
    await customer.open()
    assert [url for url in asked if url.endswith("/widget/panel.js")]


async def test_no_conversation_is_begun_before_the_customer_says_something(customer: Customer) -> None:
    await customer.open()
    await expect(customer.panel.get_by_text("Bonjour, comment pouvons-nous vous aider")).to_be_visible()
    assert await customer.kept("conversations") is None
    await customer.say("Bonjour")
    assert len((await customer.kept("conversations"))["items"]) == 1
    await customer.expect_in_step()


async def test_answer_shows_its_source_and_keeps_the_decision_out_of_sight(customer: Customer) -> None:
    await customer.open()
    await customer.say(QUESTION)
    answer = customer.panel.locator(".type-answer").first
    await answer.wait_for()
    source = answer.locator("a.source")
    assert await source.get_attribute("target") == "_blank"
    assert (await source.get_attribute("href") or "").startswith(customer.url)
    assert await answer.get_attribute("data-outcome") == "answer"
    probability = await answer.get_attribute("data-probability")
    assert probability
    assert probability not in await answer.inner_text()


async def test_pressed_choice_is_marked_and_stays_so_after_a_reload(customer: Customer) -> None:
    await customer.open()
    await customer.say(QUESTION)
    choice = customer.choices.last.locator(".choice").last
    title = await choice.inner_text()
    await choice.dblclick()
    await expect(customer.said(title)).to_have_count(1)
    await customer.page.wait_for_function(
        "() => !document.querySelector('guichet-widget').shadowRoot.querySelector('.entry:not([data-seq])')"
    )
    for again in (False, True):
        if again:
            await customer.reload()
            await customer.panel.wait_for()
        chosen = customer.panel.locator(".choice.chosen")
        await expect(chosen).to_have_count(1)
        await expect(chosen).to_contain_text(title)
        others = customer.choices.filter(has=customer.page.locator(".chosen")).locator(".choice")
        assert set(await others.evaluate_all("nodes => nodes.map(node => node.getAttribute('aria-disabled'))")) == {
            "true"
        }
    assert len([post for post in customer.posts if "button" in post]) == 1


async def test_choice_is_marked_in_the_offer_it_was_made_in(customer: Customer, peer: Peer) -> None:
    await customer.open()
    await customer.say(QUESTION)
    await customer.say("Et le mot de passe de ma collègue ?")
    titles = await customer.choices.first.locator(".choice").all_inner_texts()
    assert await customer.choices.last.locator(".choice").all_inner_texts() == titles  # the same words, twice
    await customer.choices.first.locator(".choice").first.click()
    await expect(customer.said(titles[0])).to_have_count(1)
    await customer.page.wait_for_function(
        "() => !document.querySelector('guichet-widget').shadowRoot.querySelector('.entry:not([data-seq])')"
    )
    for again in (False, True):
        if again:
            await customer.reload()
            await customer.panel.wait_for()
        await expect(customer.choices.first.locator(".choice.chosen")).to_have_count(1)
        await expect(customer.choices.last.locator(".choice.chosen")).to_have_count(0)


async def test_history_is_there_after_a_reload(customer: Customer) -> None:
    await customer.open()
    await customer.say(QUESTION)
    await customer.expect_in_step()
    shown = await customer.entries.all_inner_texts()
    await customer.reload()
    await customer.panel.wait_for()
    await expect(customer.entries).to_have_count(len(shown))
    assert await customer.entries.all_inner_texts() == shown
    await customer.expect_in_step()


async def test_answer_that_came_meanwhile_is_counted_on_the_launcher(customer: Customer, peer: Peer) -> None:
    await customer.open()
    await customer.say("Bonjour")
    await customer.page.wait_for_function(
        "url => JSON.parse(localStorage.getItem(`guichet:${url}:conversations`)).items[0].seen >= 3", arg=customer.url
    )
    await customer.launcher.click()
    await peer.say(peer.last, {"from": "agent", "text": "Je reprends votre demande."})
    await expect(customer.launcher.locator(".badge")).to_have_text("1")
    await expect(customer.launcher).to_have_accessible_name("Ouvrir la messagerie (1 non lus)")
    await customer.reload()
    await expect(customer.launcher.locator(".badge")).to_have_text("1")
    await customer.open()
    await expect(customer.launcher.locator(".badge")).to_have_text("")
    await expect(customer.said("Je reprends votre demande.", "agent")).to_be_visible()


async def test_language_switch_changes_every_label_and_keeps_the_conversation(customer: Customer) -> None:
    await customer.open()
    await customer.say("Bonjour")
    await customer.composer.fill("noch nicht fertig")
    await customer.panel.get_by_role("button", name="Menu").click()
    await customer.panel.get_by_role("menuitemradio", name="Deutsch").click()
    await expect(customer.panel.get_by_role("textbox", name="Ihre Nachricht")).to_have_value("noch nicht fertig")
    await expect(customer.said("Bonjour")).to_have_count(1)
    await customer.say("OK")  # too short to tell a language
    assert [event["lang"] for event in await customer.journal()][-1] == "de"
    await customer.reload()
    await expect(customer.launcher).to_have_accessible_name("Chat schließen")
    await customer.visit("/?lang=en")  # a page in another language: its own wins again
    await expect(customer.launcher).to_have_accessible_name("Close chat")


async def test_conversations_are_kept_apart_and_found_again(customer: Customer) -> None:
    await customer.open()
    await customer.say("Premier sujet")
    await customer.menu("Nouvelle conversation")
    await customer.say("Second sujet")
    await expect(customer.said("Premier sujet")).to_have_count(0)
    await customer.menu("Mes conversations")
    await customer.panel.locator(".past", has_text="Premier sujet").click()
    await expect(customer.said("Premier sujet")).to_have_count(1)
    await expect(customer.said("Second sujet")).to_have_count(0)
    await customer.expect_in_step()


async def test_page_can_open_ask_and_close(customer: Customer) -> None:
    await customer.page.evaluate(
        """() => {
            window.seen = [];
            for (const name of ["open", "close", "message"]) Guichet.on(name, () => seen.push(name));
        }"""
    )
    await customer.page.locator("[data-for=fr] [data-ask]").first.click()
    await customer.panel.wait_for()
    await customer.panel.locator(".from-bot[data-seq]").nth(1).wait_for()
    await customer.page.evaluate("() => Guichet.close()")
    await expect(customer.panel).to_be_hidden()
    seen = await customer.page.evaluate("() => seen")
    assert seen[0] == "open"
    assert seen[-1] == "close"
    assert "message" in seen
    assert len(customer.posts) == 1


async def test_first_answer_counts_as_new_however_late_the_journal_is_read(customer: Customer, peer: Peer) -> None:
    answered = asyncio.Event()

    async def late(route: Route) -> None:
        await answered.wait()
        await route.continue_()

    await customer.page.route("**/events?after=0", late)
    await customer.page.evaluate("() => { window.seen = []; Guichet.on('message', (event) => seen.push(event.text)); }")
    await customer.open()
    async with customer.page.expect_response("**/messages"):
        await customer.type("Bonjour")
    async with asyncio.timeout(10), peer.last.bell:
        await peer.last.bell.wait_for(lambda: len(peer.last.events) == 3)  # greeting, question, answer
    answered.set()
    await customer.said("Vous avez écrit", "bot").wait_for()
    assert await customer.page.evaluate("() => seen.at(-1)") == "Vous avez écrit : Bonjour"


async def test_markup_stays_text(customer: Customer) -> None:
    await customer.open()
    markup = "<img src=x onerror='window.hacked=1'><b>gras</b> **pas gras** [a](javascript:alert(1))"
    await customer.say(markup)
    await expect(customer.said(markup)).to_have_count(1)
    assert await customer.panel.locator(".from-customer .bubble").locator("img, b, strong, a").count() == 0
    assert await customer.page.evaluate("() => window.hacked") is None


async def test_markup_in_an_answer_stays_text(customer: Customer, peer: Peer) -> None:
    await customer.open()
    await customer.say("balise")
    answer = customer.panel.locator(".type-answer")
    await expect(answer).to_contain_text("<img src=x onerror")
    await expect(answer).to_contain_text("<script>")
    await expect(answer.locator(".source-title")).to_have_text("<b>Titre</b>")
    await expect(answer.locator("strong")).to_have_text("gras")
    assert await answer.locator("a:not(.recheck), img, script").count() == 0  # javascript: is nowhere a link
    assert await customer.page.evaluate("() => window.hacked") is None


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("un\ndeux\n\ntrois", "<p>un\ndeux</p><p>trois</p>"),
        (
            "**gras** et *italique* et `a*b*c`",
            "<p><strong>gras</strong> et <em>italique</em> et <code>a*b*c</code></p>",
        ),
        (
            "1. un\n2. deux\n   - dedans\n3. trois",
            "<ol><li>un</li><li>deux<ul><li>dedans</li></ul></li><li>trois</li></ol>",
        ),
        ("3. trois\n4. quatre", '<ol start="3"><li>trois</li><li>quatre</li></ol>'),
        ("- a\n\n- b", "<ul><li>a</li><li>b</li></ul>"),
        ("### Titre\ntexte", '<p class="heading">Titre</p><p>texte</p>'),
        (
            "[ici](https://e.org/a_(b))",
            '<p><a href="https://e.org/a_(b)" target="_blank" rel="noopener noreferrer">ici</a></p>',
        ),
        (
            "[écrire](mailto:a@b.fr)",
            '<p><a href="mailto:a@b.fr" target="_blank" rel="noopener noreferrer">écrire</a></p>',
        ),
        ("[x](javascript:alert(1)) [y](data:text/html,1)", "<p>[x](javascript:alert(1)) [y](data:text/html,1)</p>"),
        (
            "voir https://e.org/a, puis",
            '<p>voir <a href="https://e.org/a" target="_blank" rel="noopener noreferrer">https://e.org/a</a>, puis</p>',
        ),
        ("a_b_c et 2 * 3 * 4 et \\*tel quel\\*", "<p>a_b_c et 2 * 3 * 4 et *tel quel*</p>"),
        ("```\n<b>\n  x\n```", '<pre tabindex="0"><code>&lt;b&gt;\n  x</code></pre>'),
        ("<b>non</b> &amp;", "<p>&lt;b&gt;non&lt;/b&gt; &amp;amp;</p>"),
        ("> cité", "<blockquote><p>cité</p></blockquote>"),
    ],
)
async def test_markdown_subset(customer: Customer, source: str, expected: str) -> None:
    html = await customer.page.evaluate(
        """async source => {
            const { markdown } = await import("/widget/markdown.js");
            const box = document.createElement("div");
            box.append(markdown(source, location.origin));
            return box.innerHTML;
        }""",
        source,
    )
    assert html == expected


@pytest.mark.parametrize(
    "text",
    ["*" * 10_000, "[" * 5_000, "**a" * 3_000, "`" * 5_001, "_a" * 4_000, "- " * 3_000, "[a](" * 2_500, "<" * 9_000],
)
async def test_markdown_takes_no_longer_for_hostile_text(customer: Customer, text: str) -> None:
    spent = await customer.page.evaluate(
        "async source => { const { markdown } = await import('/widget/markdown.js'); const from = performance.now();"
        " markdown(source, location.origin); return performance.now() - from; }",
        text,
    )
    assert spent < 1000


async def test_page_of_another_site_embeds_it_and_cannot_break_it(customer: Customer, embedding: Any) -> None:
    await customer.visit(embedding("data-position=left data-accent='#ffd400' data-title='Aide Boutique'"))
    await customer.page.evaluate(
        """() => {
            const sheet = new CSSStyleSheet();
            sheet.replaceSync(`
                body * { display: block !important; position: static !important; transform: rotate(9deg) !important;
                         opacity: .1 !important; font: 40px serif !important; }
                button { width: 300px !important; }`);
            document.adoptedStyleSheets = [sheet];
        }"""
    )
    await customer.open()
    await expect(customer.panel.get_by_role("heading", name="Aide Boutique")).to_be_visible()
    box = await customer.launcher.bounding_box()
    assert box is not None
    assert (round(box["x"]), round(box["width"]), round(box["height"])) == (20, 60, 60)
    assert await customer.panel.locator(".title").evaluate("node => parseFloat(getComputedStyle(node).fontSize)") < 20
    await customer.say("Bonjour de la boutique")
    await customer.expect_in_step()


async def test_strict_page_of_another_site_needs_three_sources(customer: Customer, embedding: Any) -> None:
    """The policy of docs/embedding.md; the customer's page must not report anything that it refuses."""
    document = (Path(__file__).parents[2] / "docs" / "embedding.md").read_text()
    found = re.search(r"Content-Security-Policy: (.*)", document)
    assert found
    policy = found[1].replace("https://support.example.com", customer.url)
    await customer.visit(embedding(policy=f"default-src 'none'; {policy}"))
    await customer.open()
    await customer.say("Bonjour de la boutique")
    await customer.panel.locator("input[type=file]").set_input_files(
        {"name": "capture.txt", "mimeType": "text/plain", "buffer": b"texte"}
    )
    await expect(customer.panel.locator(".tray-place .file")).to_have_count(1)
    await customer.settle()


async def test_open_panel_comes_back_with_the_next_page_of_the_site(customer: Customer, site: Site) -> None:
    await customer.open()
    await customer.visit("/?lang=fr&page=2")
    await customer.panel.wait_for()
    await customer.launcher.click()
    await customer.visit("/?lang=fr&page=3")
    await expect(customer.panel).to_have_count(0)


async def test_data_open_opens_the_panel_without_taking_the_focus(customer: Customer, embedding: Any) -> None:
    await customer.visit(embedding("data-open=true"))
    await customer.panel.wait_for()
    assert await customer.focused() == ""


@pytest.mark.parametrize(("view", "shown"), [("contact", ".ways"), ("callback", ".case-form"), ("cases", ".cards")])
async def test_page_can_open_a_view(customer: Customer, view: str, shown: str) -> None:
    await customer.page.evaluate("view => Guichet.open(view)", view)
    await expect(customer.panel.locator(f".sheet {shown}")).to_be_visible()
