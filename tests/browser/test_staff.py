"""Staff in a real browser: signing in, a wrong password, the second factor, links, people, one's own account; with axe,
the keyboard alone, wide and narrow, light and dark, and nothing that the page's own rules refuse."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pyotp
import pytest
import pytest_asyncio
from argon2 import PasswordHasher
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, Page, expect
from structlog.testing import capture_logs

from bot.staff import passwords
from tests.gateway.site import RasaPeer, Site, open_site
from tests.staff.signing_in import ADMIN, OTHER_PASSWORD, PASSWORD

pytestmark = pytest.mark.asyncio(loop_scope="session")

LOOKS: dict[str, dict[str, Any]] = {
    "wide": {"viewport": {"width": 1280, "height": 800}},
    "dark": {"viewport": {"width": 1280, "height": 800}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 375, "height": 740}},
    "dark phone": {"viewport": {"width": 375, "height": 740}, "color_scheme": "dark"},
    "smallest": {"viewport": {"width": 320, "height": 640}},
}


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real algorithm with the least work."""
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest_asyncio.fixture(loop_scope="session")
async def staffed(tmp_path: Path) -> AsyncIterator[Site]:
    """A site with one administrator."""
    async with open_site(tmp_path, RasaPeer(), admin_email=ADMIN, admin_password=PASSWORD) as site:
        yield site


@pytest_asyncio.fixture(loop_scope="session")
async def page(context: BrowserContext) -> AsyncIterator[Page]:
    """A page that throws nothing and asks for nothing that its policy refuses."""
    page, said = await context.new_page(), list[str]()
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("console", lambda line: said.append(line.text) if "Content Security Policy" in line.text else None)
    yield page
    assert said == []


async def sign_in(page: Page, site: Site, path: str = "/staff/account", password: str = PASSWORD) -> None:
    await page.goto(f"{site.url}{path}")
    await page.get_by_label("Adresse e-mail").fill(ADMIN)
    await page.get_by_label("Mot de passe", exact=True).fill(password)
    await page.get_by_role("button", name="Se connecter").click()


async def signed_in(page: Page, site: Site, path: str = "/staff/account") -> None:
    await sign_in(page, site, path)
    await page.locator("#sign-out").wait_for(state="attached")


async def test_signing_in_by_the_keyboard_alone_leads_to_the_page_that_was_wanted(page: Page, staffed: Site) -> None:
    await page.goto(f"{staffed.url}/staff/people")
    await expect(page.get_by_label("Adresse e-mail")).to_be_focused()
    await page.keyboard.type(ADMIN)
    await page.keyboard.press("Tab")
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/staff/people")
    await expect(page.get_by_role("heading", name="Équipe")).to_be_visible()
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Aller au contenu")).to_be_focused()


async def test_a_wrong_password_is_said_and_can_be_put_right(page: Page, staffed: Site) -> None:
    await sign_in(page, staffed, password="a wrong guess")
    await expect(page.get_by_role("alert")).to_have_text("L’adresse ou le mot de passe n’est pas juste.")
    await expect(page.get_by_label("Adresse e-mail")).to_have_value(ADMIN)
    await expect(page.get_by_label("Mot de passe", exact=True)).to_have_value("")
    await page.get_by_label("Mot de passe", exact=True).fill(PASSWORD)
    await page.get_by_role("button", name="Se connecter").click()
    await page.wait_for_url("**/staff/account")


async def test_what_is_missing_is_said_at_its_field(page: Page, staffed: Site) -> None:
    await page.goto(f"{staffed.url}/staff/sign-in")
    await page.get_by_role("button", name="Se connecter").click()
    email = page.get_by_label("Adresse e-mail")
    await expect(email).to_be_focused()
    await expect(email).to_have_attribute("aria-invalid", "true")
    await expect(email).to_have_accessible_description("Remplissez ce champ, s’il vous plaît.")
    await email.fill("ada")
    await page.keyboard.press("Enter")
    await expect(email).to_have_accessible_description("Cette adresse e-mail n’est pas valable.")


async def test_a_server_that_is_away_is_said_and_nothing_typed_is_lost(page: Page, staffed: Site) -> None:
    await page.goto(f"{staffed.url}/staff/sign-in")
    await page.route("**/api/staff/session", lambda route: route.abort())
    await page.get_by_label("Adresse e-mail").fill(ADMIN)
    await page.get_by_label("Mot de passe", exact=True).fill(PASSWORD)
    await page.get_by_role("button", name="Se connecter").click()
    await expect(page.get_by_role("alert")).to_contain_text("Le serveur ne répond pas")
    await expect(page.get_by_label("Mot de passe", exact=True)).to_have_value(PASSWORD)
    await page.unroute("**/api/staff/session")
    await page.get_by_role("button", name="Se connecter").dblclick()  # must not meet the link that is below
    await page.wait_for_url("**/desk")


async def test_the_password_can_be_shown(page: Page, staffed: Site) -> None:
    await page.goto(f"{staffed.url}/staff/sign-in")
    field, button = page.locator("#password"), page.get_by_role("button", name="Afficher le mot de passe")
    await button.click()
    await expect(field).to_have_attribute("type", "text")
    await expect(button).to_have_attribute("aria-pressed", "true")
    await button.click()
    await expect(field).to_have_attribute("type", "password")


async def test_the_second_factor_from_turning_it_on_to_a_recovery_code(
    page: Page, staffed: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    await signed_in(page, staffed)
    await page.get_by_role("button", name="Activer").click()
    await expect(page.get_by_role("img", name="Code QR")).to_be_visible()
    assert await page.locator("#qr").evaluate("image => image.decode().then(() => image.naturalWidth)") > 100
    secret = (await page.locator("#secret").inner_text()).replace(" ", "")
    await page.get_by_label("Code à 6 chiffres").fill("000000")
    await page.get_by_role("button", name="Vérifier et activer").click()
    await expect(page.get_by_role("alert")).to_contain_text("Ce code n’est pas juste")
    await page.get_by_label("Code à 6 chiffres").fill(pyotp.TOTP(secret).now())
    await page.get_by_role("button", name="Vérifier et activer").click()
    await expect(page.locator("#codes li")).to_have_count(10)
    recovery = await page.locator("#codes li").first.inner_text()
    await page.get_by_role("button", name="C’est noté").click()
    await expect(page.locator("#factor-state")).to_have_text("Activée")

    await page.get_by_role("button", name="Se déconnecter", exact=True).click()
    await page.wait_for_url("**/staff/sign-in")
    await sign_in(page, staffed)
    code = page.get_by_label("Code de vérification")
    await expect(code).to_be_focused()
    await expect(page.get_by_role("button", name="Utiliser une autre adresse")).to_be_visible()
    await code.fill("000000")
    await page.keyboard.press("Enter")
    await expect(code).to_have_accessible_description(re.compile("Ce code n’est pas juste"))
    await code.fill(recovery)
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/staff/account")

    await page.get_by_role("button", name="Désactiver").click()
    await page.locator("#off-password").fill(PASSWORD)
    await page.locator("#off").get_by_role("button", name="Désactiver").click()
    await expect(page.locator("#factor-state")).to_have_text("Désactivée")


async def test_the_set_up_link_makes_the_first_account(page: Page, tmp_path: Path) -> None:
    with capture_logs() as log:
        async with open_site(tmp_path / "empty", RasaPeer()) as site:
            (url,) = [line["url"] for line in log if line["event"] == "staff_setup_link"]
            await page.goto(url.replace("http://127.0.0.1:8080", site.url))
            assert "token" not in page.url, "the link leaves the address bar"
            await page.get_by_label("Nom").fill("Ada Lovelace")
            await page.get_by_label("Adresse e-mail").fill(ADMIN)
            password = page.get_by_label("Mot de passe", exact=True)
            await password.fill("motdepasse2026")
            await page.get_by_role("button", name="Créer le compte").click()
            await expect(password).to_have_accessible_description(re.compile("trop facile à deviner"))
            await password.fill(PASSWORD)
            await page.get_by_role("button", name="Créer le compte").dblclick()
            await page.wait_for_url("**/desk")
            await page.goto(f"{site.url}/staff/people")
            await expect(page.locator("tbody tr")).to_have_count(1)
            await page.goto(url.replace("http://127.0.0.1:8080", site.url))
            await expect(page.get_by_role("heading", name="Ce lien n’est plus valable")).to_be_visible()
            await page.goto("about:blank")


async def test_somebody_is_invited_comes_in_is_changed_and_let_go(page: Page, staffed: Site, browser: Browser) -> None:
    await signed_in(page, staffed, "/staff/people")
    await page.get_by_role("button", name="Inviter quelqu’un").click()
    dialog = page.get_by_role("dialog", name="Inviter quelqu’un")
    await dialog.get_by_label("Nom").fill("Bea Bell")
    await dialog.get_by_label("Adresse e-mail").fill(ADMIN)
    await dialog.get_by_role("button", name="Inviter").click()
    await expect(dialog.get_by_role("alert")).to_have_text("Quelqu’un a déjà cette adresse.")
    await dialog.get_by_label("Adresse e-mail").fill("bea@archivelle.example")
    await dialog.get_by_label("Rédacteur").check()
    await dialog.get_by_label("Deutsch").or_(dialog.get_by_label("Allemand")).uncheck()
    await dialog.get_by_role("button", name="Inviter").click()
    link = await page.get_by_role("dialog", name="Invitation prête").locator("#link").input_value()
    await page.get_by_role("button", name="Fermer").last.click()
    row = page.locator("tbody tr", has_text="Bea Bell")
    await expect(row).to_contain_text("Rédacteur")

    theirs = await browser.new_context(locale="fr-FR")
    bea = await theirs.new_page()
    await bea.goto(link.replace("http://127.0.0.1:8080", staffed.url))
    await bea.get_by_label("Nouveau mot de passe").fill(OTHER_PASSWORD)
    await bea.get_by_role("button", name="Enregistrer et se connecter").click()
    await bea.wait_for_url("**/desk")
    await bea.goto(f"{staffed.url}/staff/people")
    await expect(bea.get_by_role("heading", name="Accès réservé")).to_be_visible()

    await row.get_by_role("button", name="Modifier").click()
    await page.get_by_role("button", name="Désactiver").first.click()
    await page.get_by_role("dialog", name="Désactiver Bea Bell").get_by_role("button", name="Désactiver").click()
    await expect(row).to_contain_text("Désactivé")
    await bea.goto(f"{staffed.url}/staff/account")
    await expect(bea.get_by_role("heading", name="Connexion")).to_be_visible()
    await theirs.close()


async def test_ones_own_account(page: Page, staffed: Site) -> None:
    await signed_in(page, staffed)
    await page.get_by_label("Nom").fill("Ada Lovelace")
    await page.get_by_label("Langue").select_option("de")
    await page.locator("#profile").get_by_role("button").click()
    await expect(page.get_by_role("heading", name="Mein Konto")).to_be_visible()
    await expect(page.locator(".who-name")).to_have_text("Ada Lovelace")
    await page.locator("#presence").get_by_text("Online", exact=True).click()
    await page.get_by_label("Abwesend bis").fill("2099-01-01T12:00")
    await page.locator("#presence").get_by_role("button", name="Speichern").click()
    await expect(page.get_by_role("status")).to_contain_text("Gespeichert.")
    await page.reload()
    await expect(page.locator("[name=presence]:checked")).to_have_value("online")
    await expect(page.get_by_label("Abwesend bis")).to_have_value("2099-01-01T12:00")
    await page.get_by_role("button", name="Ich bin wieder da").click()
    await expect(page.get_by_label("Abwesend bis")).to_have_value("")
    await page.get_by_label("Jetziges Passwort").first.fill(PASSWORD)
    await page.get_by_label("Neues Passwort").fill(OTHER_PASSWORD)
    await page.get_by_role("button", name="Passwort ändern").click()
    await expect(page.get_by_role("status")).to_contain_text("Ihr Passwort ist geändert.")


async def test_a_session_that_ended_elsewhere_leads_to_sign_in_and_back(
    page: Page, context: BrowserContext, staffed: Site
) -> None:
    await signed_in(page, staffed)
    other = await context.new_page()
    await other.goto(f"{staffed.url}/staff/account")
    await other.get_by_role("button", name="Se déconnecter partout").click()
    await other.wait_for_url("**/staff/sign-in")
    await page.locator("#presence").get_by_role("button", name="Enregistrer").click()
    await page.wait_for_url("**/staff/sign-in?next=*")
    await sign_in(other, staffed, "/staff/sign-in?next=/staff/account")
    await other.wait_for_url("**/staff/account")


async def test_a_sign_in_in_another_tab_breaks_no_page_that_is_open(
    page: Page, context: BrowserContext, staffed: Site
) -> None:
    await signed_in(page, staffed)
    await page.locator("#presence").get_by_role("button", name="Enregistrer").click()
    await expect(page.get_by_role("status")).to_contain_text("Enregistré.")
    other = await context.new_page()
    await other.goto(f"{staffed.url}/staff/account")
    await other.get_by_role("button", name="Se déconnecter", exact=True).click()
    await other.wait_for_url("**/staff/sign-in")
    await signed_in(other, staffed)
    await page.get_by_label("Nom").fill("Ada Neu")
    await page.locator("#profile").get_by_role("button").click()
    await expect(page.locator(".who-name")).to_have_text("Ada Neu")


async def expect_sound(page: Page, what: str) -> None:
    """Nothing for axe to find, nothing wider than the screen."""
    found = await Axe().run(page)
    assert found.violations_count == 0, f"{what}: {found.generate_report()}"
    over = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert over <= 0, f"{what}: {over} px too wide"


@pytest.mark.parametrize("look", LOOKS)
async def test_every_page_is_accessible_and_fits(browser: Browser, staffed: Site, look: str) -> None:
    context = await browser.new_context(locale="fr-FR", bypass_csp=True, **LOOKS[look])
    page = await context.new_page()
    for path in ("/staff/sign-in", "/staff/reset", "/staff/reset?token=over", "/staff/oidc/callback"):
        await page.goto(f"{staffed.url}{path}")
        await expect_sound(page, path)
    await page.goto(f"{staffed.url}/staff/sign-in")
    await page.get_by_role("button", name="Se connecter").click()
    await expect_sound(page, "sign-in with errors")
    await signed_in(page, staffed)
    await expect_sound(page, "account")
    await page.get_by_role("button", name="Activer").click()
    await page.get_by_role("dialog").wait_for()
    await expect_sound(page, "second factor")
    await page.goto(f"{staffed.url}/staff/people")
    long = {"name": "Un nom qui ne finit pas " * 3, "email": f"{'tres-longue-adresse' * 3}@archivelle.example"}
    await page.evaluate(
        "async body => { const { call } = await import('/staff/assets/api.js');"
        "await call('POST', '/api/staff/people', JSON.parse(body)); }",
        json.dumps({**long, "roles": ["agent", "editor", "administrator"]}),
    )
    await page.reload()
    await expect(page.locator("tbody tr")).to_have_count(2)
    await expect_sound(page, "people")
    await page.get_by_role("button", name=re.compile("Modifier Un nom")).click()
    await expect_sound(page, "a person")
    await page.goto(f"{staffed.url}/staff/audit")
    await page.locator("tbody tr").first.wait_for()
    await expect_sound(page, "activity")
    menu = page.locator("#side-menu summary")
    if await menu.is_visible():
        await menu.press("Enter")
        await expect(page.get_by_role("link", name="Équipe")).to_be_visible()
        await expect_sound(page, "menu")
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("link", name="Équipe")).to_be_hidden()
        await expect(menu).to_be_focused()
    await context.close()
