"""The editors' console as they meet it: the list, writing, two at once, a lost connection, history, languages."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from argon2 import PasswordHasher
from playwright.async_api import BrowserContext, expect

from bot.staff import passwords
from kb_index.encoder import Encoder, load_encoder
from tests.browser.console import Editor, open_console
from tests.desk.site import DeskSite

pytestmark = pytest.mark.asyncio(loop_scope="session")

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360f8cfc0000003010100"
    "c9fe92ef0000000049454e44ae426082"
)


IMAGE = re.compile(r"!\[écran\]\(/files/[0-9a-f]{32}/[^)]+\)")


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real algorithm with the least work."""
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture(scope="session")
def encoder() -> Encoder:
    return load_encoder("", 1)


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def console(tmp_path_factory: pytest.TempPathFactory, encoder: Encoder) -> AsyncIterator[DeskSite]:
    """One for all tests of a module: each writes an article of its own."""
    async with open_console(tmp_path_factory.mktemp("console"), encoder) as desk:
        yield desk


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """Of the editor, who is another in each test."""
    return f"claire-{abs(hash(request.node.name)) % 10**8}"


@pytest_asyncio.fixture(loop_scope="session")
async def claire(console: DeskSite, context: BrowserContext, name: str) -> AsyncIterator[Editor]:
    """At the list; her page must not have thrown anything in the end."""
    person = await console.colleague(name, "editor", "administrator")
    editor = await Editor.arrive(context, console, person)
    yield editor
    assert editor.thrown == []
    await editor.page.close()


async def written(editor: Editor, title: str, **values: Any) -> str:
    """A new article by API, its page opened; its key."""
    body = {"kind": "faq", "lang": "fr", "title": title, "text": "Un texte.", "questions": ["Une question ?"], **values}
    status, answer = await editor.colleague.call("POST", "/api/console/articles", body)
    assert status == 201, answer
    key = f"{answer['article']['kind']}:{answer['article']['id']}"
    await editor.visit(f"/console/articles/{key}?lang={body['lang']}")
    await editor.text.wait_for()
    return key


async def test_the_list_is_searched_and_filtered_and_says_so_in_its_address(claire: Editor) -> None:
    page, rows = claire.page, claire.page.locator(".article-row")
    await expect(rows.filter(has_text="export-pdf")).to_have_count(1)
    await page.keyboard.press("/")
    await page.keyboard.type("mot de passe")
    await expect(rows).to_have_count(1)
    await expect(rows.locator(".row-title")).to_have_text("Réinitialiser votre mot de passe")
    assert "q=mot+de+passe" in page.url
    await page.reload()
    await expect(rows).to_have_count(1)
    await page.get_by_role("button", name="Effacer les filtres").click()
    await page.get_by_label("État").select_option("outdated")
    await expect(rows).to_have_count(1)
    await expect(rows.get_by_title("Anglais")).to_have_attribute("title", "Anglais : Publié, À mettre à jour")
    await page.get_by_label("État").select_option("expired")
    await expect(page.locator("#articles")).to_contain_text("Rien ne correspond.")


async def test_an_article_is_made_and_written_by_keyboard_and_saves_itself(claire: Editor) -> None:
    page = claire.page
    await page.keyboard.press("c")
    await page.keyboard.type("Changer de langue")
    await page.keyboard.press("Enter")
    await page.keyboard.press("Enter")  # a second time: one article all the same
    await expect(page).to_have_url(re.compile(r"/console/articles/faq%3Achanger-de-langue\?lang=fr$"))
    await claire.text.wait_for()
    await page.keyboard.press("e")
    await page.keyboard.type("Ouvrez les **réglages**.")
    await claire.expect_saved()
    await expect(claire.saved).to_contain_text("Enregistré à")
    await expect(page.locator(".bubble-host strong")).to_have_text("réglages")
    assert (await claire.article("faq:changer-de-langue"))["langs"]["fr"]["text"] == "Ouvrez les **réglages**."
    await page.reload()
    await expect(claire.text).to_have_value("Ouvrez les **réglages**.")
    await claire.visit("/console?state=draft&q=changer")
    await expect(page.locator(".article-row")).to_have_count(1)


async def test_the_toolbar_marks_and_the_browser_takes_back(claire: Editor) -> None:
    await written(claire, "Barre", text="un mot important")
    await claire.text.focus()
    await claire.page.evaluate("document.getElementById('text').setSelectionRange(7, 16)")
    await claire.page.get_by_role("button", name="Gras").click()
    await expect(claire.text).to_have_value("un mot **important**")
    await claire.page.keyboard.press("Control+z")
    await expect(claire.text).to_have_value("un mot important")
    await claire.page.keyboard.press("Control+End")
    await claire.page.keyboard.type("\n- une\ndeux\n\nfin")
    await expect(claire.text).to_have_value("un mot important\n- une\n- deux\nfin")


async def test_questions_are_added_pasted_moved_and_warned_of(claire: Editor) -> None:
    page = claire.page
    key = await written(claire, "Questions", questions=[])
    fresh = page.get_by_placeholder("Ajouter une question")
    await fresh.fill("Comment faire ?")
    await fresh.press("Enter")
    await expect(fresh).to_be_focused()
    await page.evaluate("""() => {
        const data = new DataTransfer();
        data.setData("text/plain", "- Et ceci ?\\n2. Et cela ?\\n\\n comment FAIRE");
        document.querySelector(".asked.fresh input")
            .dispatchEvent(new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true}));
    }""")
    items = page.locator(".questions input")
    await expect(items).to_have_count(4)
    await expect(page.locator(".questions [aria-invalid=true]")).to_have_count(1)
    await expect(page.locator(".question-box")).to_contain_text("1 y figure deux fois.")
    await items.nth(3).focus()
    await page.keyboard.press("Alt+ArrowUp")
    await page.keyboard.press("Alt+ArrowUp")
    await expect(items.nth(1)).to_be_focused()
    await page.keyboard.press("Control+s")
    await claire.expect_saved()
    questions = ["Comment faire ?", "comment FAIRE", "Et ceci ?", "Et cela ?"]
    assert (await claire.article(key))["langs"]["fr"]["questions"] == questions
    await page.get_by_role("button", name="Supprimer la question").nth(1).click()
    await expect(page.locator(".questions [aria-invalid=true]")).to_have_count(0)


async def test_without_connection_the_text_is_kept_and_sent_later(claire: Editor, context: BrowserContext) -> None:
    key = await written(claire, "Hors ligne")
    address = f"**/api/console/articles/{key.replace(':', '%3A')}"
    await context.route(address, lambda route: route.abort() if route.request.method == "PUT" else route.continue_())
    await claire.text.fill("Écrit dans le train.")
    await expect(claire.saved).to_have_attribute("data-state", "offline")
    await claire.page.reload()
    await expect(claire.text).to_have_value("Écrit dans le train.")
    assert (await claire.article(key))["langs"]["fr"]["text"] == "Un texte."
    await context.unroute(address)
    await claire.page.evaluate("dispatchEvent(new Event('online'))")
    await claire.expect_saved()
    assert (await claire.article(key))["langs"]["fr"]["text"] == "Écrit dans le train."


@pytest.mark.parametrize("choice", ["mine", "theirs"])
async def test_of_two_writers_the_second_sees_both_texts_and_chooses(
    claire: Editor, console: DeskSite, choice: str
) -> None:
    key = await written(claire, f"À deux {choice}")
    other = await console.colleague(f"Denis {choice}", "editor")
    await claire.page.route("**/api/console/stream", lambda route: route.abort())
    revision = (await claire.article(key))["langs"]["fr"]["draft"]["revision"]
    body = {"lang": "fr", "revision": revision, "text": "Le texte de Denis."}
    await claire.text.fill("Le texte de Claire.")
    assert (await other.call("PUT", f"/api/console/articles/{key}", body))[0] == 200
    dialog = claire.page.get_by_role("dialog", name="Ce texte a été modifié")
    await expect(dialog.locator(".side-text").first).to_contain_text("Le texte de Claire.")
    await expect(dialog.locator(".side-text").last).to_contain_text("Le texte de Denis.")
    await claire.expect_accessible()
    await dialog.get_by_role("button", name="Garder le mien" if choice == "mine" else "Prendre celui").click()
    left = "Le texte de Claire." if choice == "mine" else "Le texte de Denis."
    await expect(claire.text).to_have_value(left)
    await expect(claire.saved).to_have_attribute("data-state", "saved" if choice == "mine" else "clean")
    assert (await claire.article(key))["langs"]["fr"]["text"] == left


async def test_who_else_has_it_open_is_said_and_their_text_arrives(
    claire: Editor, console: DeskSite, context: BrowserContext
) -> None:
    key = await written(claire, "Ensemble")
    other = await console.colleague("Denise", "editor")
    assert (await other.call("POST", f"/api/console/articles/{key}/presence", {"doing": "typing"}))[0] == 200
    await expect(claire.page.locator(".people")).to_contain_text("Denise écrit")
    revision = (await claire.article(key))["langs"]["fr"]["draft"]["revision"]
    body = {"lang": "fr", "revision": revision, "text": "De Denise."}
    assert (await other.call("PUT", f"/api/console/articles/{key}", body))[0] == 200
    await expect(claire.text).to_have_value("De Denise.")
    assert (await other.call("POST", f"/api/console/articles/{key}/presence", {"doing": "left"}))[0] == 200
    await expect(claire.page.locator(".people")).to_be_empty()


async def test_an_image_is_dropped_into_the_text_and_served(claire: Editor) -> None:
    key = await written(claire, "Image", text="Avant")
    async with claire.page.expect_file_chooser() as choosing:
        await claire.page.get_by_role("button", name="Image ou fichier").click()
    await (await choosing.value).set_files({"name": "écran.png", "mimeType": "image/png", "buffer": PNG})
    await expect(claire.text).to_have_value(IMAGE)
    await claire.expect_saved()
    address = (await claire.article(key))["langs"]["fr"]["text"].rpartition("(")[2].rstrip(")")
    served = await claire.page.request.get(f"{claire.desk.site.url}{address}")
    assert (served.status, served.headers["content-type"]) == (200, "image/png")
    async with claire.page.expect_file_chooser() as choosing:
        await claire.page.get_by_role("button", name="Image ou fichier").click()
    await (await choosing.value).set_files({"name": "x.svg", "mimeType": "image/svg+xml", "buffer": b"<svg></svg>"})
    await expect(claire.page.locator(".toast.bad")).to_contain_text("x.svg")
    await expect(claire.text).not_to_have_value("envoi de")


async def test_comments_are_written_and_settled(claire: Editor) -> None:
    key = await written(claire, "Commenté")
    await claire.side("Commentaires")
    await claire.page.locator("#comment").fill("Est-ce encore vrai ?")
    await claire.page.keyboard.press("Control+Enter")
    await expect(claire.page.locator(".comment")).to_have_count(1)
    await expect(claire.page.get_by_role("tab", name="Commentaires")).to_contain_text("1")
    await claire.page.get_by_role("button", name="Marquer comme réglé").click()
    await expect(claire.page.get_by_text("1 réglé")).to_be_visible()
    assert [each["resolved"] for each in (await claire.article(key))["comments"]] == [True]


async def test_an_older_text_is_compared_restored_and_the_restoring_undone(claire: Editor) -> None:
    await claire.visit("/console/articles/faq:dark-theme?lang=fr")
    await claire.text.fill("Choisissez **Clair** dans votre profil.")
    await claire.expect_saved()
    await claire.side("Historique")
    entries = claire.page.locator(".revision")
    await expect(entries).to_have_count(2)
    await entries.first.get_by_role("button", name="Voir les changements").click()
    await expect(claire.page.locator(".diff ins").last).to_have_text("Clair")
    await expect(claire.page.locator(".diff del").last).to_have_text("Sombre")
    await claire.expect_accessible()
    await claire.page.keyboard.press("Escape")
    await entries.last.get_by_role("button", name="Restaurer").click()
    await expect(claire.text).to_have_value("Choisissez **Sombre** dans votre profil.")
    await expect(claire.page.locator(".states")).to_contain_text("Publié")
    await claire.page.locator(".toast").get_by_role("button", name="Annuler").click()
    await expect(claire.text).to_have_value("Choisissez **Clair** dans votre profil.")


async def test_what_is_deleted_comes_back_by_one_press(claire: Editor) -> None:
    await claire.visit("/console/articles/faq:scan-document?lang=fr")
    await claire.page.get_by_role("button", name="Supprimer", exact=True).click()
    await expect(claire.page.locator(".states")).to_contain_text("Sera supprimé")
    await expect(claire.text).to_be_disabled()
    await claire.page.locator(".toast").get_by_role("button", name="Annuler").click()
    await expect(claire.page.locator(".states")).to_contain_text("Publié")
    await expect(claire.text).to_be_enabled()


async def test_another_language_starts_from_the_first_and_stands_beside_it(claire: Editor) -> None:
    await claire.visit("/console/articles/faq:reset-password?lang=de")
    await claire.page.get_by_role("button", name="Partir de").click()
    await expect(claire.page.locator(".title")).to_have_value("Réinitialiser votre mot de passe")
    await claire.page.locator(".title").fill("Passwort zurücksetzen")
    await claire.expect_saved()
    article = await claire.article("faq:reset-password")
    assert article["langs"]["de"]["state"] == "new"
    assert article["langs"]["de"]["title"] == "Passwort zurücksetzen"
    await claire.page.locator("[data-lang=en]").click()
    await expect(claire.page.locator(".notices")).to_contain_text("plus récente")
    await claire.page.get_by_role("button", name="Comparer").click()
    await expect(claire.page.locator(".other-lang")).to_contain_text("mot de passe oublié")


async def test_the_file_itself_can_be_written(claire: Editor) -> None:
    key = await written(claire, "Fichier brut")
    await claire.page.get_by_role("button", name="Fichier", exact=True).click()
    source = claire.page.locator("textarea.source")
    await source.fill((await source.input_value()).replace("title: Fichier brut", "title: Fichier net"))
    await claire.expect_saved()
    await claire.page.get_by_role("button", name="Champs", exact=True).click()
    await expect(claire.page.locator(".title")).to_have_value("Fichier net")
    assert (await claire.article(key))["title"] == "Fichier net"


async def test_a_draft_is_reviewed_and_refused_with_a_reason(claire: Editor) -> None:
    key = await written(claire, "À relire")
    await claire.page.get_by_role("button", name="Demander une relecture").click()
    await expect(claire.page.locator(".states")).to_contain_text("Relecture demandée")
    await claire.page.get_by_role("button", name="À reprendre").click()
    await claire.page.get_by_label("Ce qui doit changer").fill("Trop court.")
    await claire.page.get_by_role("dialog").get_by_role("button", name="À reprendre").click()
    await expect(claire.page.locator(".notices")).to_contain_text("Trop court.")
    assert (await claire.article(key))["langs"]["fr"]["review"] == "refused"
    await claire.text.fill("Un texte plus long.")
    await claire.expect_saved()
    await expect(claire.page.locator(".notices")).not_to_contain_text("Trop court.")
