"""Less common work on a case and on one's lists: files pasted and dropped, the company's own fields, the same case in
another system, a session that ends in mid-writing, views that get another name."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import BrowserContext, Route, expect

from bot.cases import desk_store
from tests.browser.desk import Agent
from tests.browser.test_desk import anna, desk, quick_hashes  # noqa: F401
from tests.cases.asking import ticket
from tests.desk.site import PASSWORD, DeskSite, open_desk
from tests.gateway.site import content

pytestmark = pytest.mark.asyncio(loop_scope="session")

FIELDS = [
    {
        "key": "edition",
        "type": "choice",
        "choices": ["Base", "Plus"],
        "labels": {"fr": "Édition", "de": "Edition", "en": "Edition"},
    },
    {"key": "seats", "type": "number", "labels": {"fr": "Postes", "de": "Plätze", "en": "Seats"}},
    {"key": "vip", "type": "boolean", "labels": {"fr": "Prioritaire", "de": "Vorrangig", "en": "Priority"}},
]
TRANSFER = """([kind, name]) => {
  const transfer = new DataTransfer();
  transfer.items.add(new File(["Bonjour"], name, { type: "text/plain" }));
  const target = document.querySelector(kind === "paste" ? "#case .editor-text" : "#case .editor");
  if (kind === "paste") {
    const pasted = { clipboardData: transfer, bubbles: true, cancelable: true };
    return !target.dispatchEvent(new ClipboardEvent("paste", pasted));
  }
  const dragged = { dataTransfer: transfer, bubbles: true, cancelable: true };
  const tell = (type) => target.dispatchEvent(new DragEvent(type, dragged));
  tell("dragenter");
  const shown = target.classList.contains("dropping");
  return !tell("dragover") && !tell("drop") && shown && !target.classList.contains("dropping");
}"""


@pytest.mark.parametrize("kind", ["paste", "drop"])
async def test_a_file_comes_by_paste_or_drop_and_goes_with_the_reply(desk: DeskSite, anna: Agent, kind: str) -> None:  # noqa: F811
    ref = await desk.open()
    await anna.open(ref)
    await anna.text.fill("Voici.")
    assert await anna.page.evaluate(TRANSFER, [kind, "journal.txt"])
    await expect(anna.case.get_by_role("button", name="Retirer journal.txt")).to_be_visible()
    await expect(anna.text).to_have_value("Voici.")
    await anna.text.press("Control+Enter")
    await expect(anna.case.locator(".said.from-agent:not(.unsent) .files a")).to_contain_text("journal.txt")


@pytest.mark.parametrize("arrives", [True, False])
async def test_a_file_that_is_settled_after_another_case_was_opened_stays_with_its_own(
    desk: DeskSite,  # noqa: F811
    anna: Agent,  # noqa: F811
    arrives: bool,
) -> None:
    first, second = await desk.open(), await desk.open(ticket(subject="Une autre"))
    await anna.open(first)
    opened = asyncio.Event()

    async def late(route: Route) -> None:
        await opened.wait()
        await (route.continue_() if arrives else route.abort())

    await anna.page.route("**/attachments", late)
    await anna.page.evaluate(TRANSFER, ["paste", "journal.txt"])
    await expect(anna.case.locator(".editor .files li")).to_have_count(1)
    await anna.open(second)
    async with anna.page.expect_event(
        "requestfinished" if arrives else "requestfailed", lambda request: request.url.endswith("/attachments")
    ):
        opened.set()
    await expect(anna.case.locator(".editor .files li")).to_have_count(0)
    await anna.open(first)
    await expect(anna.case.locator(".editor .files li")).to_have_count(1 if arrives else 0)


@pytest_asyncio.fixture(loop_scope="session")
async def fielded(tmp_path: Path, context: BrowserContext) -> AsyncIterator[Agent]:
    """Anna in a company with fields of its own."""
    company, _ = content()
    own = company.model_copy(update={"desk": company.desk.model_validate({"custom_fields": FIELDS})})
    async with open_desk(tmp_path, company=own) as site:
        agent = await Agent.arrive(context, site, await site.colleague("Anna"), "/desk?view=all")
        yield agent
        assert agent.thrown == []


async def test_fields_of_the_company_are_shown_and_edited(fielded: Agent) -> None:
    ref = await fielded.desk.open()
    await fielded.open(ref)
    side = fielded.case.locator("section", has_text="Champs personnalisés")
    await expect(side).to_contain_text("Non renseigné")
    await side.get_by_role("button", name="Modifier les champs").click()
    dialog = fielded.page.get_by_role("dialog")
    await dialog.get_by_label("Édition").select_option("Plus")
    await dialog.get_by_label("Postes").fill("12")
    await dialog.get_by_label("Prioritaire").check()
    await dialog.get_by_role("button", name="Enregistrer").click()
    for shown in ("Plus", "12", "Oui"):
        await expect(side).to_contain_text(shown)
    assert (await fielded.colleague.case(ref))["custom"] == {"edition": "Plus", "seats": 12, "vip": True}
    await side.get_by_role("button", name="Modifier les champs").click()
    await expect(dialog.get_by_label("Postes")).to_have_value("12")
    await dialog.get_by_label("Postes").fill("")
    await dialog.get_by_role("button", name="Enregistrer").click()
    await expect(side).not_to_contain_text("12")
    assert "seats" not in (await fielded.colleague.case(ref))["custom"]
    await fielded.expect_accessible()


async def test_the_same_case_elsewhere_is_linked_with_its_state(desk: DeskSite, anna: Agent) -> None:  # noqa: F811
    ref, gateway = await desk.open(), desk.site.gateway
    async with gateway.database.write() as conn:
        await desk_store.set_external(
            conn,
            ref,
            "zammad",
            identifier="4711",
            url="https://tickets.example/4711",
            state="open",
            now=gateway.now(),
        )
    await anna.visit(f"/desk/cases/{ref}?view=all")
    section = anna.case.locator("section", has_text="Dans d’autres systèmes")
    link = section.get_by_role("link", name="zammad 4711")
    await expect(link).to_have_attribute("href", "https://tickets.example/4711")
    assert "noopener" in str(await link.get_attribute("rel"))
    await expect(section.locator(".badge")).to_have_text("open")


async def test_after_signing_in_again_the_draft_is_where_it_was(desk: DeskSite, anna: Agent) -> None:  # noqa: F811
    ref = await desk.open()
    await anna.open(ref)
    await anna.text.fill("À moitié écrit")
    await anna.colleague.call("DELETE", "/api/staff/sessions")
    await anna.page.wait_for_url("**/staff/sign-in?next=**")
    await anna.page.get_by_label("Adresse e-mail").fill("anna@staff.example")
    await anna.page.locator("#password").fill(PASSWORD)
    await anna.page.keyboard.press("Enter")
    await expect(anna.case.locator(".case-ref code")).to_have_text(ref)
    await expect(anna.text).to_have_value("À moitié écrit")


async def test_a_saved_view_is_renamed_widened_and_deleted(desk: DeskSite, anna: Agent) -> None:  # noqa: F811
    await desk.open()
    created = await anna.colleague.call("POST", "/api/desk/views", {"name": "Tickets", "filters": {"kind": "ticket"}})
    assert created[0] == 201
    view = created[1]["view"]["id"]
    await anna.visit(f"/desk?view={view}&f.level=1")
    views = anna.page.locator(".views")
    await views.get_by_role("button", name="Modifier la vue «\u00a0Tickets\u00a0»").click()
    dialog = anna.page.get_by_role("dialog")
    await expect(dialog.get_by_label("Nom")).to_have_value("Tickets")
    await expect(dialog.get_by_label("Visible par toute l’équipe")).to_have_count(0)
    await anna.expect_accessible()
    await dialog.get_by_label("Nom").fill("  ")
    await dialog.get_by_role("button", name="Enregistrer").click()
    await expect(dialog).to_be_visible()
    await dialog.get_by_label("Nom").fill("Premier niveau")
    await dialog.get_by_label("Enregistrer aussi les filtres ajoutés").check()
    await dialog.get_by_role("button", name="Enregistrer", exact=True).click()
    await expect(views.locator("[aria-current=page]")).to_contain_text("Premier niveau")
    await expect(views.locator(f"[data-view='{view}']")).to_be_focused()
    kept = {each["id"]: each for each in (await anna.colleague.get("/api/desk/views"))["views"]}[view]
    assert kept["filters"] == {"kind": "ticket", "level": "1"}
    await expect(anna.page.locator(".chip")).to_have_count(0)
    await views.get_by_role("button", name="Modifier la vue «\u00a0Premier niveau\u00a0»").press("Enter")
    await dialog.get_by_role("button", name="Supprimer la vue").click()
    await expect(views.get_by_text("Premier niveau")).to_have_count(0)
    await expect(views.locator("[aria-current=page]")).to_contain_text("Mes demandes")
    assert view not in {each["id"] for each in (await anna.colleague.get("/api/desk/views"))["views"]}
