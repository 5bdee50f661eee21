"""What tells an agent who looks elsewhere: notifications and a sound, only where asked for, and only of what concerns
them. The browser's own permission dialog and loudspeaker are replaced by ones that write down what is asked of them."""

from __future__ import annotations

from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import BrowserContext, Page, expect

from tests.browser.desk import Agent
from tests.browser.test_desk import anna, bruno, desk, quick_hashes  # noqa: F401
from tests.cases.asking import ticket
from tests.desk.site import Colleague, DeskSite

pytestmark = pytest.mark.asyncio(loop_scope="session")

WRITES_DOWN = """
window.told = { asked: 0, shown: [], tones: 0 };
window.Notification = class {
  static permission = localStorage.getItem("permission") ?? "default";
  static async requestPermission() {
    told.asked += 1;
    localStorage.setItem("permission", this.permission = localStorage.getItem("answer") ?? "granted");
    return this.permission;
  }
  constructor(text, { tag }) {
    told.shown.push([text, tag]);
    told.last = this;
    document.documentElement.dataset.shown = told.shown.length;
  }
  close() {}
};
const start = OscillatorNode.prototype.start;
OscillatorNode.prototype.start = function (...when) {
  document.documentElement.dataset.tones = told.tones += 1;
  return start.apply(this, when);
};
let hidden = false;
Object.defineProperty(document, "hidden", { get: () => hidden });
window.hide = (value) => { hidden = value; document.dispatchEvent(new Event("visibilitychange")); };
"""


@pytest_asyncio.fixture(loop_scope="session")
async def context(context: BrowserContext) -> BrowserContext:
    await context.add_init_script(WRITES_DOWN)
    return context


async def told(page: Page) -> dict[str, Any]:
    return dict(await page.evaluate("({ asked: told.asked, shown: told.shown, tones: told.tones })"))


async def choose(agent: Agent, **boxes: bool) -> None:
    """One's own settings."""
    await agent.page.get_by_role("button", name="Mes réglages").click()
    dialog = agent.page.get_by_role("dialog")
    for label, wanted in boxes.items():
        await dialog.get_by_label(label.replace("_", " ")).set_checked(wanted)
    await dialog.get_by_role("button", name="Enregistrer").click()
    await expect(dialog).to_have_count(0)


async def test_nothing_asks_or_sounds_unasked(desk: DeskSite, anna: Agent) -> None:  # noqa: F811
    await anna.page.evaluate("hide(true)")
    ref = await desk.open(ticket(subject="Écran noir"))
    await expect(anna.row(ref)).to_have_count(1)
    await expect(anna.page).to_have_title("(1) Demandes – Archivelle Services")
    assert await told(anna.page) == {"asked": 0, "shown": [], "tones": 0}
    await anna.page.evaluate("hide(false)")
    await expect(anna.page).to_have_title("Demandes – Archivelle Services")


async def test_permission_is_asked_by_the_box_and_a_press_opens_the_case(
    desk: DeskSite,  # noqa: F811
    anna: Agent,  # noqa: F811
) -> None:
    await choose(anna, Activer_les_notifications=True)
    assert (await told(anna.page))["asked"] == 1
    await anna.page.get_by_role("button", name="Mes réglages").click()
    await expect(anna.page.get_by_role("dialog").get_by_label("Activer les notifications")).to_have_count(0)
    await anna.page.keyboard.press("Escape")
    await anna.page.evaluate("hide(true)")
    ref = await desk.open(ticket(subject="Écran noir"))
    await expect(anna.page.locator("html")).to_have_attribute("data-shown", "1")
    assert (await told(anna.page))["shown"] == [["Nouvelle demande : Écran noir".replace(" :", "\u00a0:"), ref]]
    await anna.page.evaluate("told.last.onclick()")
    await expect(anna.case.locator(".case-ref code")).to_have_text(ref)


async def test_a_refusal_is_said_with_what_helps(desk: DeskSite, anna: Agent) -> None:  # noqa: F811
    await anna.page.evaluate("localStorage.setItem('answer', 'denied')")
    await choose(anna, Activer_les_notifications=True)
    await expect(anna.page.locator(".toast.bad")).to_contain_text("Votre navigateur bloque les notifications")
    await anna.page.evaluate("hide(true)")
    ref = await desk.open()
    await expect(anna.row(ref)).to_have_count(1)
    assert (await told(anna.page))["shown"] == []


async def test_a_sound_only_where_it_is_on_and_it_stays_on(desk: DeskSite, anna: Agent) -> None:  # noqa: F811
    await choose(anna, Son=True)
    await desk.open(ticket(subject="Premier"))
    await expect(anna.page.locator("html")).to_have_attribute("data-tones", "2")
    await anna.page.reload()
    await anna.page.locator("#desk[aria-busy=false]").wait_for()
    await desk.open(ticket(subject="Deuxième"))
    await expect(anna.page.locator("html")).to_have_attribute("data-tones", "2")
    await choose(anna, Son=False)
    ref = await desk.open(ticket(subject="Troisième"))
    await expect(anna.row(ref)).to_have_count(1)
    assert (await told(anna.page))["tones"] == 2


async def test_only_what_concerns_one_is_told(
    desk: DeskSite,  # noqa: F811
    anna: Agent,  # noqa: F811
    bruno: Colleague,  # noqa: F811
) -> None:
    mine, his = await desk.open(ticket(subject="À moi")), await desk.open(ticket(subject="À lui"))
    await anna.colleague.patch(mine, owner="me")
    await bruno.patch(his, owner="me")
    await choose(anna, Activer_les_notifications=True)
    await anna.page.evaluate("hide(true)")
    await bruno.note(his, "Rien pour Anna.")
    await bruno.note(mine, "Regarde ça.", mentions=[anna.colleague.id])
    await expect(anna.page.locator("html")).to_have_attribute("data-shown", "1")
    assert (await told(anna.page))["shown"] == [[f"On vous a mentionné dans {mine}", mine]]
