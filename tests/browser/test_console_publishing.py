"""From drafts to answers as editors meet it: tried, stopped by the gate, published, taken back, imported, golden."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from playwright.async_api import FilePayload, Page, expect
from sqlalchemy import insert

from bot.console.tables import asked
from bot.staff.tables import text_of
from tests.browser.console import Editor
from tests.browser.test_console import claire, console, encoder, name, quick_hashes  # noqa: F401

pytestmark = pytest.mark.asyncio(loop_scope="session")

TABLE = """Betreff;Was man sagt;Sparte
Export nach DATEV;Wählen Sie **DATEV** im Menü.;Buchhaltung
Drucken;Wählen Sie **Drucken**.;Dokumente
;Ohne Frage;Dokumente
Kaputt;eins;zwei;drei
"""


async def proved(page: Page) -> None:
    await page.locator(".verdict, .published-now").first.wait_for(timeout=60_000)


async def change(editor: Editor, key: str, **fields: object) -> None:
    """Of the French text, by API."""
    draft = (await editor.article(key))["langs"]["fr"]["draft"]
    body = {"lang": "fr", "revision": draft and draft["revision"], **fields}
    status, answer = await editor.colleague.call("PUT", f"/api/console/articles/{key}", body)
    assert status == 200, answer


async def test_a_question_is_tried_against_the_draft_beside_what_is_published(claire: Editor) -> None:  # noqa: F811
    page = claire.page
    await claire.visit("/console/articles/faq:export-pdf?lang=fr")
    await claire.text.fill("Appuyez sur **Partager**.")
    await page.keyboard.press("Control+Enter")
    await expect(page.locator("#try-text")).to_be_focused()
    await page.keyboard.type("Comment faire un PDF ?")
    await page.keyboard.press("Enter")
    answer = page.locator(".answer")
    await expect(answer.locator(".bubble-host .from-bot strong")).to_have_text("Partager")
    await expect(answer.locator(".hit.here .sure")).to_contain_text("%")
    await expect(page.locator(".change")).to_have_text("Même article, autre passage ou autre texte")
    await page.get_by_role("button", name="Publié", exact=True).click()
    await expect(answer.locator(".bubble-host .from-bot strong").first).to_have_text("Exporter")
    await expect(answer.locator(".hit")).not_to_have_count(0)
    await answer.locator(".hit summary").nth(1).click()
    await expect(answer.locator(".why-not").first).to_contain_text("Pourquoi pas celui-ci")


async def test_many_questions_are_asked_from_a_file(claire: Editor) -> None:  # noqa: F811
    page = claire.page
    await claire.visit("/console/try")
    async with page.expect_file_chooser() as choosing:
        await page.get_by_role("button", name="Choisir un fichier").click()
    content = "note;question\n1;mode nuit\n2;enregistrer en PDF\n3;quel temps fait-il\n"
    await (await choosing.value).set_files({"name": "q.csv", "mimeType": "text/csv", "buffer": content.encode()})
    rows = page.locator(".table tbody tr")
    await expect(rows).to_have_count(3)
    await expect(rows.nth(0)).to_contain_text("Thème sombre")
    await rows.nth(1).get_by_role("button").click()
    await expect(page.get_by_role("dialog").locator(".seen")).to_be_visible()


async def test_what_loses_a_golden_question_is_stopped_and_an_administrator_may_overrule(
    claire: Editor,  # noqa: F811
) -> None:
    page = claire.page
    for lang in ("fr", "en"):
        assert (await claire.colleague.call("DELETE", f"/api/console/articles/faq:reset-password?lang={lang}"))[
            0
        ] == 200
    await claire.visit("/console/publish?article=faq:reset-password")
    await page.get_by_role("button", name="Vérifier et publier").click()
    await proved(page)
    await expect(page.locator(".verdict")).to_contain_text("La publication est arrêtée.")
    await expect(page.locator(".reasons.bad")).to_contain_text("je ne sais plus mon mot de passe")
    pair = page.locator(".pair").first
    await expect(pair.locator("section").first).to_contain_text("Réinitialiser votre mot de passe")
    await expect(pair.get_by_role("link", name="reset-password")).to_be_visible()
    await claire.expect_accessible()
    versions = (await claire.colleague.get("/api/console/versions"))["versions"]
    await page.get_by_role("button", name="Publier quand même").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("button", name="Publier malgré tout").click()
    await expect(dialog.locator(".error")).to_be_visible()  # not without a reason
    await dialog.get_by_label("Raison").fill("Le portail change de connexion.")
    await dialog.get_by_role("button", name="Publier malgré tout").click()
    await expect(page.locator(".published-now")).to_be_visible(timeout=30_000)
    kept = await claire.colleague.get("/api/staff/audit")
    assert "Le portail change de connexion." in str(kept)
    assert len((await claire.colleague.get("/api/console/versions"))["versions"]) == len(versions) + 1
    await page.get_by_role("button", name="Revenir à la précédente").click()
    await expect(page.locator("#outcome")).to_contain_text("La version choisie est en service.")
    await claire.visit("/console?q=mot de passe")
    await expect(page.locator(".article-row")).to_have_count(1)


async def test_editors_without_the_right_see_no_way_around_the_gate(claire: Editor) -> None:  # noqa: F811
    person = await claire.desk.colleague("Émile", "editor")
    await change(claire, "faq:scan-document", text="Voir [ici](/articles/fr/nulle-part).")
    editor = await Editor.arrive(claire.page.context, claire.desk, person, "/console/publish?article=faq:scan-document")
    await editor.page.get_by_role("button", name="Vérifier et publier").click()
    await proved(editor.page)
    await expect(editor.page.locator(".reasons.bad")).to_contain_text("Lien mort. /articles/fr/nulle-part")
    await expect(editor.page.get_by_role("button", name="Publier quand même")).to_have_count(0)
    await claire.colleague.call("DELETE", "/api/console/articles/faq:scan-document/draft?lang=fr")
    assert editor.thrown == []


async def test_what_passes_is_published_and_a_version_comes_back_by_one_press(claire: Editor) -> None:  # noqa: F811
    page = claire.page
    await change(claire, "faq:dark-theme", text="Choisissez **Nuit** dans votre profil.")
    await claire.visit("/console/publish?article=faq:dark-theme")
    await page.locator(".change-item", has_text="Thème sombre").get_by_text("Voir les changements").click()
    await expect(page.locator(".diff ins").last).to_have_text("Nuit")
    await page.get_by_label("Note pour l’historique").fill("Le bouton a changé de nom")
    await page.get_by_role("button", name="Vérifier et publier").dblclick()
    await expect(page.locator(".published-now")).to_be_visible(timeout=60_000)
    assert (await claire.article("faq:dark-theme"))["langs"]["fr"]["state"] == "published"
    await claire.visit("/console/versions")
    entries = page.locator(".version")
    await expect(entries.first).to_contain_text("Le bouton a changé de nom")
    await expect(entries.first.get_by_role("link", name="dark-theme")).to_be_visible()
    await entries.nth(1).get_by_role("button", name="Revenir à cette version").click()
    await page.get_by_role("dialog").get_by_role("button", name="Revenir à cette version").click()
    await expect(page.locator(".version.live")).not_to_contain_text("Le bouton a changé de nom")
    assert "Sombre" in (await claire.article("faq:dark-theme"))["langs"]["fr"]["text"]
    await page.locator(".toast").get_by_role("button", name="Annuler").click()
    await expect(page.locator(".version.live")).to_contain_text("Le bouton a changé de nom")


async def test_a_table_with_faults_is_mapped_previewed_and_taken(claire: Editor) -> None:  # noqa: F811
    page = claire.page
    await claire.visit("/console/import")
    file = FilePayload(name="wissen.csv", mimeType="text/csv", buffer=TABLE.encode())
    await page.locator("#file").set_input_files(file)
    await page.get_by_label("Langue").select_option("de")
    await page.get_by_role("button", name="Lire", exact=True).click()
    column = page.get_by_label("Contenu de la colonne Was man sagt")
    await column.wait_for(timeout=60_000)
    await expect(page.get_by_label("Contenu de la colonne Betreff")).to_have_value("title")
    await claire.expect_accessible()
    await column.select_option("text")
    await page.get_by_label("Contenu de la colonne Sparte").select_option("category")
    await page.get_by_role("button", name="Relire avec ces colonnes").click()
    items = page.locator(".change-item")
    await expect(items).to_have_count(2, timeout=60_000)
    problems = page.locator(".group.bad tbody tr")
    await expect(problems).to_have_count(2)
    await expect(problems.first).to_contain_text("wissen.csv")
    await items.filter(has_text="Drucken").get_by_role("checkbox").uncheck()
    await items.first.get_by_text("Voir les changements").click()
    await expect(items.first.locator(".diff .added")).not_to_have_count(0)
    await page.get_by_role("button", name="Prendre comme brouillons").click()
    await expect(page.locator("#outcome")).to_contain_text("1 brouillon")
    await expect(page.locator("#drafts")).to_be_visible()
    found = (await claire.colleague.get("/api/console/articles?q=DATEV"))["articles"]
    assert [(each["title"], each["category"], each["langs"]["de"]["state"]) for each in found] == [
        ("Export nach DATEV", "Buchhaltung", "new")
    ]


async def test_a_golden_question_is_added_and_its_removal_undone(claire: Editor) -> None:  # noqa: F811
    page = claire.page
    await claire.visit("/console/golden")
    await page.keyboard.press("c")
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Question").fill("écran tout noir la nuit")
    await dialog.get_by_label("Article", exact=True).select_option("dark-theme")
    await page.keyboard.press("Tab")
    await dialog.get_by_role("button", name="Ajouter").click()
    row = page.locator(".table tbody tr")
    await expect(row).to_have_count(1)
    await expect(row).to_contain_text("dark-theme")
    await row.get_by_role("button", name="Supprimer").click()
    await expect(row).to_have_count(0)
    await page.locator(".toast").get_by_role("button", name="Annuler").click()
    await expect(row).to_have_count(1)
    await claire.visit("/console/publish?article=golden:console")
    await expect(
        page.locator(".change-item", has_text="Questions de référence").get_by_role("checkbox")
    ).to_be_checked()


async def test_a_gap_becomes_a_draft_in_the_customers_words_and_may_be_dismissed(claire: Editor) -> None:  # noqa: F811
    page, gateway = claire.page, claire.desk.site.gateway
    now = gateway.now()
    rows = [
        ("Puis-je payer par chèque ?", "handoff", "low_probability"),
        ("Puis-je payer par chèque ?", "handoff", "low_probability"),
        ("paiement par chèque possible ?", "handoff", "low_probability"),
        ("Livrez-vous des fleurs ?", "handoff", "low_probability"),
    ]
    async with gateway.database.write() as conn:
        for number, (text, outcome, reason) in enumerate(rows):
            at = text_of(now - timedelta(days=number))
            row = {"seq": number, "at": at, "text": text, "lang": "fr", "outcome": outcome, "reason": reason}
            await conn.execute(insert(asked).values(conversation=f"c{number}", **row))
    await claire.visit("/console/gaps")
    gap = page.locator(".gap", has_text="Puis-je payer par chèque ?").first
    await expect(gap.locator(".spark")).to_have_attribute("aria-label", re.compile("Par semaine"))
    await claire.expect_accessible()
    flowers = page.locator(".gap", has_text="fleurs")
    await flowers.get_by_role("button", name="Écarter").click()
    await expect(flowers).to_have_count(0)
    await page.locator(".toast").get_by_role("button", name="Annuler").click()
    await expect(flowers).to_have_count(1)
    await gap.get_by_role("button", name="Écrire l’article").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_label("Titre")).to_have_value("Puis-je payer par chèque ?")
    await dialog.get_by_role("button", name="Créer et écrire").click()
    await expect(page.locator(".questions input").first).to_have_value("Puis-je payer par chèque ?")


async def test_a_source_that_is_read_again_is_listed_and_its_removal_undone(claire: Editor) -> None:  # noqa: F811
    page = claire.page
    body = {"address": "https://example.org/aide/feed.xml", "options": {"lang": "fr"}, "every_hours": 168}
    assert (await claire.colleague.call("POST", "/api/console/sources", body))[0] == 201
    await claire.visit("/console/import")
    row = page.locator("#sources tbody tr")
    await expect(row).to_contain_text("https://example.org/aide/feed.xml")
    await row.get_by_role("button", name="Ne plus relire").click()
    await expect(row).to_have_count(0)
    await page.locator(".toast").get_by_role("button", name="Annuler").click()
    await expect(row).to_have_count(1)
