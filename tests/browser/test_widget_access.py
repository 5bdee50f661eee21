"""For everybody: axe, keyboard alone, small and zoomed screens, dark and light, any accent, any text."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import BrowserContext, expect

from tests.browser.customer import QUESTION, Customer
from tests.browser.peer import Peer

pytestmark = pytest.mark.asyncio(loop_scope="session")

AXE: dict[str, Any] = {"bypass_csp": True}  # axe adds styles of its own, which the page's policy rightly refuses
WIDE: dict[str, Any] = {**AXE, "viewport": {"width": 1280, "height": 860}}
NARROW: dict[str, Any] = {**AXE, "viewport": {"width": 320, "height": 640}}
DARK: dict[str, Any] = {"color_scheme": "dark"}
LOOKS = pytest.mark.parametrize(
    "options", [WIDE, {**WIDE, **DARK}, NARROW, {**NARROW, **DARK}], ids=["wide", "wide-dark", "narrow", "narrow-dark"]
)


@pytest.fixture
def options() -> dict[str, Any]:
    return AXE


@LOOKS
async def test_axe_finds_nothing_in_any_view(customer: Customer) -> None:
    await customer.expect_accessible()  # closed, with the page around it
    await customer.open()
    await customer.expect_accessible()  # greeting
    await customer.expect_no_sideways_scroll()
    await customer.say(QUESTION)
    await customer.choices.last.locator(".choice").first.click()
    await customer.panel.locator(".choice.chosen").wait_for()
    await customer.expect_accessible()  # conversation with source and a used choice
    await customer.expect_no_sideways_scroll()
    await customer.panel.get_by_role("button", name="Menu").click()
    await customer.expect_accessible()
    await customer.page.keyboard.press("Escape")
    for kind in ("ticket", "callback", "sla"):
        form = await customer.form(kind)
        if kind == "callback":
            await form.locator(".slot-day").first.wait_for()
        if kind == "sla":
            await form.get_by_label("Le problème touche un équipement").check()
        await form.locator("[type=submit]").click()
        await expect(form.get_by_role("alert")).not_to_be_empty()
        await customer.expect_accessible()  # form with errors
        await customer.expect_no_sideways_scroll()
    form = await customer.form("ticket")
    await form.get_by_label("Adresse e-mail").fill("lea.martin@example.com")
    await form.get_by_label("Objet").fill("Facture")
    await form.get_by_label("Votre message").fill("Le montant me semble faux.")
    await form.locator("[type=submit]").click()
    await customer.panel.locator(".done-mark").wait_for()
    await customer.expect_accessible()
    await customer.menu("Mes demandes")
    await customer.panel.locator(".cards .case-card").wait_for()
    await customer.expect_accessible()
    await customer.expect_no_sideways_scroll()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("accent", ["#ffd400", "#ffffff", "#000000", "#e4002b", "#7f7f7f", "rebeccapurple"])
async def test_any_accent_keeps_text_readable(customer: Customer, embedding: Any, accent: str, scheme: str) -> None:
    await customer.visit(embedding(f"data-accent='{accent}' data-theme={scheme}"))
    await customer.open()
    await customer.expect_accessible()
    await customer.say(QUESTION)
    await customer.expect_accessible()
    await customer.menu("Nous contacter")
    await customer.expect_accessible()


async def test_failures_are_readable_too(customer: Customer, peer: Peer, context: BrowserContext) -> None:
    await customer.open()
    await customer.say("erreur")
    await context.set_offline(True)
    await customer.type("hors ligne")
    await customer.panel.locator(".banner[data-state=lost]").wait_for()
    await customer.panel.locator(".entry[data-state=failed]").wait_for()
    await customer.expect_accessible()
    await context.set_offline(False)


async def test_everything_by_keyboard_alone(customer: Customer) -> None:
    key = customer.page.keyboard

    async def tab_to(name: str, key_name: str = "Tab") -> None:
        for _ in range(60):
            if name in await customer.focused():
                return
            await key.press(key_name)
        raise AssertionError(f"{name} was not reached by {key_name}")

    await tab_to("launcher")
    await key.press("Enter")
    await customer.panel.wait_for()
    assert await customer.focused() == "guichet-message"
    await key.type(QUESTION)
    await key.press("Enter")
    await customer.choices.last.wait_for()
    assert await customer.focused() == "guichet-message"
    await tab_to("choice", "Shift+Tab")
    await key.press("Space")
    await customer.panel.locator(".choice.chosen").wait_for()
    assert await customer.focused() == "guichet-message"
    await tab_to("close", "Shift+Tab")
    await key.press("Shift+Tab")
    await key.press("Enter")
    await customer.panel.get_by_role("menu").wait_for()
    await key.press("ArrowDown")
    await key.press("ArrowDown")
    await key.press("Enter")
    await customer.panel.locator(".sheet[data-view=cases]").wait_for()
    assert await customer.focused() == "sheet-title"
    await key.press("Escape")
    await expect(customer.panel.locator(".sheet")).to_be_hidden()
    assert await customer.focused() == "guichet-message"
    await key.press("Escape")
    await expect(customer.panel).to_be_hidden()
    assert "launcher" in await customer.focused()


async def test_focus_returns_to_what_opened_the_panel(customer: Customer) -> None:
    opener = customer.page.locator("[data-for=fr] [data-open]").first
    await opener.press("Enter")
    await customer.panel.wait_for()
    await expect(customer.composer).to_be_focused()
    await customer.page.keyboard.press("Escape")
    await expect(opener).to_be_focused()


@pytest.mark.parametrize("options", [NARROW], ids=["narrow"])
async def test_on_a_phone_the_panel_is_a_modal_that_keeps_the_focus(customer: Customer) -> None:
    await customer.open()
    assert await customer.panel.get_attribute("aria-modal") == "true"
    await customer.settle()
    box = await customer.panel.bounding_box()
    assert box == {"x": 0, "y": 0, "width": 320, "height": 640}
    for step in ("Tab", "Shift+Tab"):
        for _ in range(12):
            await customer.page.keyboard.press(step)
            assert await customer.focused() not in ("", "launcher")
    await customer.panel.get_by_role("button", name="Fermer").click()
    assert "launcher" in await customer.focused()
    assert await customer.page.evaluate("() => document.documentElement.style.overflow") == ""


async def test_only_new_messages_are_read_out(customer: Customer) -> None:
    await customer.open()
    await customer.say("Bonjour")
    log = customer.panel.get_by_role("log")
    await expect(log).to_have_attribute("aria-live", "polite")
    await customer.page.add_init_script("""
        window.live = [];
        document.addEventListener("guichet:open", () => {
            const log = document.querySelector("guichet-widget").shadowRoot.querySelector(".log");
            const isEntry = node => node.classList && node.classList.contains("entry");
            new MutationObserver(found => {
                if (found.some(one => [...one.addedNodes].some(isEntry))) live.push(log.getAttribute("aria-live"));
            }).observe(log, { childList: true, subtree: true });
        });
    """)
    await customer.reload()
    await expect(customer.panel.get_by_role("log")).to_have_attribute("aria-live", "polite")
    assert set(await customer.page.evaluate("() => live")) == {"off"}
    await customer.say("Encore")
    assert "polite" in await customer.page.evaluate("() => live")


@pytest.mark.parametrize(
    "options", [NARROW, {"viewport": {"width": 640, "height": 400}}], ids=["320px", "zoomed 200 %"]
)
@pytest.mark.parametrize(
    "text",
    [
        "mot" * 400,
        "https://example.com/" + "a" * 600,
        "שלום עולם " * 20 + "abc",
        "a\u200b\u202etxt.exe\u202c" * 20,
        "👨‍👩‍👧‍👦" * 150,
        "W\n" * 60,
    ],
    ids=["long word", "long address", "right to left", "zero width", "emoji", "lines"],
)
async def test_no_text_breaks_the_layout(customer: Customer, text: str) -> None:
    await customer.open()
    await customer.say(text.strip())
    await customer.expect_no_sideways_scroll()
    for place in (
        customer.composer,
        customer.panel.get_by_role("button", name="Menu"),
        customer.panel.get_by_role("button", name="Fermer"),
    ):
        await expect(place).to_be_in_viewport(ratio=1)


@LOOKS
async def test_everything_to_press_is_at_least_44_px_high(customer: Customer) -> None:
    await customer.open()
    await customer.say(QUESTION)
    await customer.form("callback")
    await customer.panel.locator(".slot-day").first.wait_for()
    await customer.panel.get_by_role("button", name="Menu").click()
    await customer.settle()
    small = await customer.page.evaluate("""() => {
        const root = document.querySelector("guichet-widget").shadowRoot;
        return [...root.querySelectorAll("button:not(.text-button), a.source, input, textarea, .option")]
            .filter(node => node.getClientRects().length && !node.closest(".option:not(:scope)"))
            .map(node => [node.className || node.id, node.getBoundingClientRect().height])
            .filter(([, height]) => height < 43.5);
    }""")
    assert small == []


@pytest.mark.parametrize("options", [{**WIDE, "reduced_motion": "reduce"}], ids=["calm"])
async def test_nothing_moves_for_who_asked_for_that(customer: Customer) -> None:
    await customer.open()
    await customer.say(QUESTION)
    assert (
        await customer.page.evaluate("() => document.querySelector('guichet-widget').shadowRoot.getAnimations().length")
        == 0
    )


@pytest.mark.parametrize("options", [{**WIDE, "forced_colors": "active"}], ids=["forced colours"])
async def test_forced_colours_keep_edges_visible(customer: Customer) -> None:
    await customer.open()
    await customer.say(QUESTION)
    edges = await customer.panel.locator(".bubble, .choice, .source, .field-row").evaluate_all(
        "nodes => nodes.map(node => getComputedStyle(node).borderTopWidth)"
    )
    assert len(edges) > 3
    assert "0px" not in edges
