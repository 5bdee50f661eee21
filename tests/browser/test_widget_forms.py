"""The widget's own forms, files, and the customer's cases. They need the web process alone."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.async_api import Locator, Route, expect

from tests.browser.customer import Customer
from tests.browser.peer import Peer

pytestmark = pytest.mark.asyncio(loop_scope="session")


def file(name: str, data: bytes) -> Any:
    return {"name": name, "mimeType": "text/plain", "buffer": data}


async def fill_ticket(form: Locator) -> None:
    await form.get_by_label("Adresse e-mail").fill("lea.martin@example.com")
    await form.get_by_label("Objet").fill("Facture de mars")
    await form.get_by_label("Votre message").fill("Le montant me semble faux.")


async def send(form: Locator) -> None:
    await form.locator("[type=submit]").click()


async def test_ticket_is_taken_and_shown_with_its_reference(customer: Customer) -> None:
    await customer.open()
    form = await customer.form("ticket")
    await fill_ticket(form)
    await send(form)
    card = customer.panel.locator(".sheet .case-card")
    await expect(card.locator(".ref")).to_have_text(re.compile(r"^T-\w{4}-\w{4}$"))
    reference = await card.locator(".ref").inner_text()
    await expect(card).to_contain_text("Première réponse au plus tard")
    await customer.panel.get_by_role("button", name="Retour à la conversation").click()
    await expect(customer.panel.locator(f".log .case-card[data-ref={reference}]")).to_have_count(1)
    await customer.menu("Mes demandes")
    mine = customer.panel.locator(".cards .case-card")
    await expect(mine).to_have_count(1)
    await expect(mine).to_contain_text("Facture de mars")
    await customer.expect_in_step()


async def test_submit_pressed_twice_and_a_lost_answer_make_one_case(customer: Customer) -> None:
    await customer.open()
    form = await customer.form("ticket")
    keys: list[str] = []

    async def lose(route: Route) -> None:
        keys.append(route.request.headers["idempotency-key"])
        await route.fetch()
        await route.abort()

    async def note(route: Route) -> None:
        if route.request.method == "POST":
            keys.append(route.request.headers["idempotency-key"])
        await route.continue_()

    await customer.page.route("**/cases", note)
    await customer.page.route("**/cases", lose, times=1)
    await fill_ticket(form)
    await form.locator("[type=submit]").dblclick()
    await customer.panel.locator(".done-mark").wait_for()
    assert len(keys) == 2
    assert len(set(keys)) == 1
    await customer.page.unroute("**/cases")
    await customer.menu("Mes demandes")
    await expect(customer.panel.locator(".cards .case-card")).to_have_count(1)


async def test_missing_fields_are_named_and_the_first_has_the_focus(customer: Customer) -> None:
    await customer.open()
    form = await customer.form("ticket")
    await send(form)
    await expect(form.get_by_role("alert")).to_have_text("3 champs sont à corriger.")
    assert await customer.focused() == "guichet-email"
    email = form.get_by_label("Adresse e-mail")
    assert await email.get_attribute("aria-invalid") == "true"
    await expect(email).to_have_accessible_description("Ce champ est nécessaire.")
    await email.fill("léa@exemple")
    await send(form)
    await expect(email).to_have_accessible_description(re.compile("ne semble pas complète"))


async def test_what_the_server_refuses_is_said_at_its_field(customer: Customer, peer: Peer) -> None:
    await customer.open()
    form = await customer.form("ticket")
    await fill_ticket(form)
    peer.case_fault = {
        "code": "invalid_email",
        "message": "Cette adresse e-mail ne semble pas valide.",
        "field": "email",
    }
    await send(form)
    await expect(form.get_by_label("Adresse e-mail")).to_have_accessible_description(
        "Cette adresse e-mail ne semble pas valide."
    )
    assert await customer.focused() == "guichet-email"
    peer.case_fault = None
    await send(form)
    await customer.panel.locator(".done-mark").wait_for()


async def test_half_filled_form_survives_a_reload_and_the_way_back(customer: Customer) -> None:
    await customer.open()
    form = await customer.form("ticket")
    await fill_ticket(form)
    await customer.panel.get_by_role("button", name="Retour").click()
    await customer.panel.locator(".way[data-kind=callback]").click()
    await customer.panel.locator(".slot-day").first.wait_for()  # a conversation has been begun for the free slots
    await customer.reload()
    form = await customer.form("ticket")
    await expect(form.get_by_label("Objet")).to_have_value("Facture de mars")
    await expect(form.get_by_label("Votre message")).to_have_value("Le montant me semble faux.")
    await expect(form.get_by_label("Adresse e-mail")).to_have_value("lea.martin@example.com")


async def test_callback_offers_free_slots_by_day_and_a_calendar_file(customer: Customer) -> None:
    await customer.open()
    form = await customer.form("callback")
    await form.locator(".slot-day").nth(1).wait_for()
    slot = form.get_by_role("radio").first
    await slot.check(force=True)
    start = await slot.get_attribute("value")
    await form.get_by_label("Téléphone").fill("01 23 45 67 89")
    await form.get_by_label("Objet").fill("Antivirus")
    await send(form)
    card = customer.panel.locator(".sheet .case-card")
    await card.wait_for()
    due = await card.locator("time").get_attribute("datetime")
    assert await customer.page.evaluate("([a, b]) => new Date(a).getTime() === new Date(b).getTime()", [start, due])
    async with customer.page.expect_download() as download:
        await card.get_by_role("button", name="Ajouter à mon agenda").click()
    saved = await download.value
    assert saved.suggested_filename.endswith(".ics")
    assert "BEGIN:VCALENDAR" in (await saved.path()).read_text("utf-8")


async def fill_sla(form: Locator) -> None:
    await form.get_by_label("Adresse e-mail").fill("lea.martin@example.com")
    await form.get_by_label("Numéro de contrat").fill("SLA-2026-0042")
    await form.get_by_label("Une fonction importante ne marche plus").check()
    await form.get_by_label("Système concerné").fill("NAS")
    await form.get_by_label("Votre message").fill("Le NAS ne répond plus.")


async def test_sla_request_of_level_3_is_open_at_once(customer: Customer) -> None:
    await customer.open()
    form = await customer.form("sla")
    await fill_sla(form)
    await send(form)
    await expect(customer.panel.locator(".sheet .case-card")).to_contain_text("Ouverte")


async def test_sla_form_shows_what_a_contract_number_looks_like(customer: Customer) -> None:
    example = (await (await customer.page.request.get(f"{customer.url}/api/widget?lang=fr")).json())["contract_example"]
    await customer.open()
    form = await customer.form("sla")
    await expect(form.get_by_label("Numéro de contrat")).to_have_accessible_description(re.compile(re.escape(example)))


async def test_level_4_waits_for_consent_to_what_is_shown_word_for_word(customer: Customer) -> None:
    await customer.open()
    form = await customer.form("sla")
    await fill_sla(form)
    await form.get_by_label("Le problème touche un équipement").check()
    await send(form)
    card = customer.panel.locator(".sheet .case-card")
    await expect(card).to_contain_text("En attente de votre accord")
    reference = await card.locator(".ref").inner_text()
    await expect(card.locator(".statement")).to_contain_text(f"J’accepte que ma demande {reference} soit transmise")
    await customer.reload()
    card = customer.panel.locator(f".log .case-card[data-ref={reference}]")
    await card.get_by_role("button", name="J’accepte").dblclick()
    await expect(card).to_contain_text("Ouverte")
    await expect(customer.panel.locator(".type-status")).to_have_count(1)
    await customer.reload()
    await expect(customer.panel.locator(".case-card")).to_contain_text("Ouverte")
    await expect(customer.panel.get_by_role("button", name="J’accepte")).to_have_count(0)
    await customer.menu("Mes demandes")
    await expect(customer.panel.locator(".cards .case-card")).to_contain_text("Ouverte")


async def test_failed_turn_offers_retry_and_the_form(customer: Customer, peer: Peer) -> None:
    await customer.open()
    await customer.say("erreur")
    failed = customer.panel.locator(".type-error")
    await failed.get_by_role("button", name="Réessayer").click()
    await expect(customer.said("Réessayer")).to_have_count(1)
    await failed.first.get_by_role("button", name="Écrire un ticket avec le formulaire").click()
    await expect(customer.panel.locator(".case-form")).to_be_visible()


async def test_handoff_opens_the_form_of_its_channel(customer: Customer, peer: Peer) -> None:
    await customer.open()
    await customer.say("bloqué par mon antivirus")
    await customer.panel.get_by_role("button", name="Choisir un créneau de rappel").click()
    await customer.panel.locator(".case-form .slot-day").first.wait_for()


async def test_files_are_uploaded_removed_and_taken_along(customer: Customer, peer: Peer) -> None:
    await customer.open()
    picker = customer.panel.locator("input[type=file]")
    await picker.set_input_files([file("garder.txt", b"a"), file("retirer.txt", b"b")])
    await customer.panel.get_by_role("button", name="Retirer retirer.txt").click()
    await expect(customer.panel.locator(".file")).to_have_count(1)
    await customer.reload()
    await expect(customer.panel.locator(".tray-place .file-name")).to_have_text("garder.txt")
    form = await customer.form("ticket")
    await expect(form.locator(".file-name")).to_have_text("garder.txt")
    await fill_ticket(form)
    await send(form)
    await customer.panel.locator(".done-mark").wait_for()
    assert [one["name"] for one in peer.last.files.values()] == ["garder.txt"]
    assert peer.last.cases[0]["sent"]["attachments"] == list(peer.last.files)
    await expect(customer.panel.locator(".file")).to_have_count(0)


async def test_file_that_cannot_be_taken_says_why(customer: Customer, peer: Peer) -> None:
    await customer.open()
    picker = customer.panel.locator("input[type=file]")
    await picker.set_input_files(
        [file("gros.txt", b"a" * (5 * 1024 * 1024 + 1)), file("vide.txt", b""), file("refus.txt", b"REFUSE")]
    )
    failed = customer.panel.locator(".file.failed")
    await expect(failed).to_have_count(3)
    await expect(failed.nth(0)).to_contain_text("Trop volumineux")
    await expect(failed.nth(1)).to_contain_text("vide")
    await expect(failed.nth(2)).to_contain_text("n’est pas accepté")
    await failed.nth(0).get_by_role("button", name="Retirer gros.txt").click()
    await expect(failed).to_have_count(2)


async def test_limits_of_the_server_are_those_of_the_page(customer: Customer, peer: Peer) -> None:
    peer.limits = {"message": 200, "attachment_bytes": 1024, "attachment_count": 1}
    await customer.visit()
    await customer.open()
    picker = customer.panel.locator("input[type=file]")
    await picker.set_input_files([file("gros.txt", b"a" * 1025), file("un.txt", b"a"), file("deux.txt", b"a")])
    failed = customer.panel.locator(".file.failed")
    await expect(failed).to_have_count(2)
    await expect(failed.nth(0)).to_contain_text("1 ko")
    await expect(failed.nth(1)).to_contain_text("1 fichier au maximum")
    await customer.type("a" * 201)
    await expect(customer.composer).to_have_value("a" * 201)
    assert customer.posts == []


@pytest.mark.parametrize("way", ["drop", "paste"])
async def test_files_are_taken_by_drop_and_paste(customer: Customer, way: str) -> None:
    await customer.open()
    await customer.composer.evaluate(
        """(box, way) => {
            const data = new DataTransfer();
            data.items.add(new File(["contenu"], "capture.txt", { type: "text/plain" }));
            const options = { bubbles: true, composed: true, cancelable: true };
            box.dispatchEvent(way === "drop"
                ? new DragEvent("drop", { ...options, dataTransfer: data })
                : new ClipboardEvent("paste", { ...options, clipboardData: data }));
        }""",
        way,
    )
    await expect(customer.panel.locator(".tray-place .file-name")).to_have_text("capture.txt")
    await expect(customer.panel.locator(".tray-place .file progress")).to_have_count(0)


async def test_reference_is_copied(customer: Customer) -> None:
    await customer.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await customer.open()
    form = await customer.form("ticket")
    await fill_ticket(form)
    await send(form)
    card = customer.panel.locator(".sheet .case-card")
    reference = await card.locator(".ref").inner_text()
    await card.get_by_role("button", name=f"Copier la référence {reference}").click()
    await expect(customer.panel.locator(".toast")).to_contain_text("Référence copiée")
    assert await customer.page.evaluate("() => navigator.clipboard.readText()") == reference
