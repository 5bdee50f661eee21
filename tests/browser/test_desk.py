"""The desk as agents meet it: the list, a case, replies and notes, the keys, two people at once, a lost connection."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from argon2 import PasswordHasher
from playwright.async_api import BrowserContext, FilePayload, expect

from bot.staff import passwords
from kb_index.encoder import load_encoder
from tests.browser.console import open_console
from tests.browser.desk import Agent
from tests.cases.asking import callback, sla, ticket
from tests.desk.site import Colleague, DeskSite, open_desk

pytestmark = pytest.mark.asyncio(loop_scope="session")

RECEIPT = {
    "question": "Comment exporter mes factures ?",
    "outcome": "handoff",
    "reason": "low_probability",
    "index_version": "9f3c21aa77bc",
    "candidates": [
        {"article": "export-invoices", "version": "a1", "title": "Exporter des factures", "probability": 0.34},
        {"article": "datev", "version": "b2", "title": "Interface DATEV", "probability": 0.21},
    ],
    "topics": [{"topic": "datev-export", "level": 2, "probability": 0.44}],
}


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real algorithm with the least work."""
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest_asyncio.fixture(loop_scope="session")
async def desk(tmp_path: Path) -> AsyncIterator[DeskSite]:
    async with open_desk(tmp_path) as desk:
        yield desk


@pytest_asyncio.fixture(loop_scope="session")
async def bruno(desk: DeskSite) -> Colleague:
    return await desk.colleague("Bruno")


@pytest_asyncio.fixture(loop_scope="session")
async def anna(desk: DeskSite, context: BrowserContext) -> AsyncIterator[Agent]:
    """Anna at the desk; her page must not have thrown anything in the end."""
    agent = await Agent.arrive(context, desk, await desk.colleague("Anna"), "/desk?view=all")
    yield agent
    assert agent.thrown == []


def kinds(case: dict[str, Any]) -> list[str]:
    return [entry["type"] for entry in case["timeline"]]


async def test_a_reply_is_sent_once_however_often_it_is_pressed(desk: DeskSite, anna: Agent) -> None:
    talk = await desk.site.talk()
    ref = await desk.open(conversation=talk.id)
    await anna.open(ref)
    await anna.text.fill("Bonjour, voici la facture.")
    for _ in range(3):
        await anna.page.keyboard.press("Control+Enter")
    await expect(anna.case.locator(".said.from-agent:not(.unsent)")).to_have_count(1)
    await expect(anna.case.locator(".unsent")).to_have_count(0)
    await expect(anna.text).to_have_value("")
    assert kinds(await anna.colleague.case(ref)).count("reply") == 1
    assert [event["from"] for event in await talk.events()].count("agent") == 1


async def test_send_and_resolve_does_both(desk: DeskSite, anna: Agent) -> None:
    ref = await desk.open()
    await anna.open(ref)
    await anna.text.fill("C’est réglé.")
    await anna.case.get_by_role("button", name="Envoyer et résoudre").click()
    await expect(anna.case.locator(".case-properties .badge").first).to_have_text("Résolue")
    assert (await anna.colleague.case(ref))["status"] == "resolved"


async def test_a_draft_is_kept_per_case_until_it_is_sent(desk: DeskSite, anna: Agent) -> None:
    first, second = await desk.open(), await desk.open(ticket(subject="Une autre"))
    await anna.open(first)
    await anna.text.fill("Presque fini")
    await anna.open(second)
    await expect(anna.text).to_have_value("")
    await anna.visit(f"/desk/cases/{first}?view=all")
    await expect(anna.text).to_have_value("Presque fini")
    await anna.text.press("Control+Enter")
    await expect(anna.case.locator(".said.from-agent:not(.unsent)")).to_have_count(1)
    await anna.visit(f"/desk/cases/{first}?view=all")
    await expect(anna.text).to_have_value("")


async def test_a_reply_that_fails_is_shown_and_sent_again_once(desk: DeskSite, anna: Agent) -> None:
    ref = await desk.open()
    await anna.open(ref)
    await anna.page.route("**/replies", lambda route: route.abort())
    await anna.text.fill("Malgré la panne")
    await anna.text.press("Control+Enter")
    unsent = anna.case.locator(".unsent")
    await expect(unsent.get_by_role("button", name="Réessayer")).to_be_visible()
    await anna.page.unroute("**/replies")
    await anna.page.reload()  # what was not sent outlives the page
    await expect(anna.case.locator(".said.from-agent:not(.unsent)")).to_have_count(1)
    await expect(unsent).to_have_count(0)
    assert kinds(await anna.colleague.case(ref)).count("reply") == 1


async def test_refused_text_can_be_taken_back_into_the_editor(desk: DeskSite, anna: Agent) -> None:
    ref = await desk.open()
    await anna.open(ref)
    await anna.text.fill("x" * 60_000)
    await anna.text.press("Control+Enter")
    await anna.case.get_by_role("button", name="Reprendre le texte").click()
    await expect(anna.text).to_have_value("x" * 60_000)
    await expect(anna.case.locator(".unsent")).to_have_count(0)


async def test_new_cases_appear_by_themselves_and_are_said(desk: DeskSite, anna: Agent) -> None:
    await desk.open()
    await expect(anna.rows).to_have_count(1)
    await desk.open(ticket(subject="Imprimante"))
    await expect(anna.rows).to_have_count(2)
    await expect(anna.page.locator("#news")).to_have_text("Une nouvelle demande est arrivée.")
    await expect(anna.page.locator("[data-view=unassigned] .count")).to_contain_text("2")


async def test_everything_is_done_with_the_keyboard_and_the_focus_is_never_lost(desk: DeskSite, anna: Agent) -> None:
    subjects = ("Facture", "Imprimante", "Licence")
    refs = [await desk.open(ticket(subject=each, email=f"c{n}@example.fr")) for n, each in enumerate(subjects)]
    await expect(anna.rows).to_have_count(3)
    keys = anna.page.keyboard
    order = await anna.rows.evaluate_all(
        "rows => rows.sort((a, b) => a.ariaPosInSet - b.ariaPosInSet).map(row => row.dataset.ref)"
    )
    assert sorted(order) == sorted(refs)
    await keys.press("j")
    await expect(anna.row(order[1])).to_have_class("case-row unread at")
    await keys.press("k")
    await keys.press("Enter")
    await expect(anna.case.locator(".case-ref code")).to_have_text(order[0])
    await keys.press("a")
    await anna.pick("Anna")
    await expect(anna.case.locator("[data-act=owner]")).to_contain_text("Anna")
    await keys.press("p")
    await anna.pick("Urgente")
    await expect(anna.case.locator("[data-act=priority]")).to_contain_text("Urgente")
    await keys.press("t")
    await anna.pick("facture")
    await keys.press("Enter")
    await expect(anna.case.locator("[data-act=tags]")).to_contain_text("facture")
    await keys.press("s")
    await anna.pick("semaine")
    await expect(anna.case.locator("[data-act=snooze]")).to_contain_text("En pause")
    await keys.press("n")
    await keys.type("Une note")
    await keys.press("Control+Enter")
    await expect(anna.case.locator(".note:not(.unsent)")).to_have_count(1)
    await keys.press("Escape")
    await keys.press("e")
    await expect(anna.case.locator(".case-ref code")).not_to_have_text(order[0])
    case = await anna.colleague.case(order[0])
    assert (case["owner"]["name"], case["priority"], case["tags"], case["status"]) == (
        *("Anna", "urgent", ["facture"]),
        "resolved",
    )
    await keys.press("?")
    await expect(anna.page.get_by_role("dialog", name="Raccourcis clavier")).to_be_visible()
    await keys.press("Escape")
    assert await anna.page.evaluate("document.activeElement !== document.body")
    await keys.press("/")
    await keys.type("imprim")
    await expect(anna.rows).to_have_count(1)
    await keys.press("Escape")
    await expect(anna.page.locator("#search")).to_have_value("")
    await keys.press("Escape")
    await keys.press("g")
    await keys.press("u")
    await expect(anna.page.locator("[data-view=unassigned]")).to_have_attribute("aria-current", "page")


async def test_single_keys_can_be_turned_off(desk: DeskSite, anna: Agent) -> None:
    ref = await desk.open()
    await anna.open(ref)
    await anna.page.get_by_role("button", name="Mes réglages").click()
    await anna.page.get_by_label("Raccourcis d’une touche").uncheck()
    await anna.page.get_by_role("button", name="Enregistrer").click()
    await anna.case.focus()
    await anna.page.keyboard.press("e")
    await anna.page.keyboard.press("a")
    await expect(anna.page.locator("dialog[open]")).to_have_count(0)
    assert (await anna.colleague.case(ref))["status"] == "open"


async def test_a_selection_is_changed_at_once_and_refusals_are_named(desk: DeskSite, anna: Agent) -> None:
    refs = [await desk.open(ticket(email=f"c{n}@example.fr")) for n in range(3)]
    waiting = await desk.open(sla(level=4, passed_to="NAS SA", passed_on="Le journal"))
    await expect(anna.rows).to_have_count(4)
    await anna.page.locator("#rows").focus()
    await anna.page.keyboard.press("x")
    for _ in range(3):
        await anna.page.keyboard.press("j")
    await anna.page.keyboard.press("Shift+X")
    await expect(anna.page.locator(".bulk strong")).to_have_text("4 sélectionnées")
    assert await anna.rows.evaluate_all("rows => rows.every(row => row.ariaSelected === 'true')")
    await anna.page.keyboard.press("u")
    await anna.pick("En cours")
    await expect(anna.page.locator(".toast.bad")).to_contain_text(waiting)
    await expect(anna.page.locator(".toast", has_text="3 demandes modifiées")).to_be_visible()
    assert {(await anna.colleague.case(ref))["status"] for ref in refs} == {"in_progress"}


async def test_who_comes_second_is_told_and_may_insist(desk: DeskSite, anna: Agent, bruno: Colleague) -> None:
    ref = await desk.open()
    await anna.open(ref)
    await expect(anna.case.locator(".case-properties .badge").first).to_have_text("Ouverte")
    behind: list[int] = []

    async def late(route: Any) -> None:  # Bruno is faster while Anna's change is on its way
        if route.request.method == "PATCH" and not behind:
            behind.append((await bruno.patch(ref, priority="high"))[0])
        await route.continue_()

    await anna.page.route("**/api/desk/cases/*", late)
    await anna.page.keyboard.press("u")
    await anna.pick("En cours")
    notice = anna.case.locator(".case-notices [role=alert]")
    await expect(notice).to_contain_text("Bruno a modifié cette demande")
    await expect(anna.case.locator("[data-act=priority]")).to_contain_text("Haute")
    await expect(anna.case.locator(".case-properties .badge").first).to_have_text("Ouverte")
    await notice.get_by_role("button", name="Appliquer quand même").click()
    await expect(anna.case.locator(".case-properties .badge").first).to_have_text("En cours")
    await expect(anna.case.locator(".happened.is-status")).to_have_count(1)
    case = await anna.colleague.case(ref)
    assert (case["status"], case["priority"], behind) == ("in_progress", "high", [200])


async def test_ones_own_changes_in_quick_succession_are_no_conflict(desk: DeskSite, anna: Agent) -> None:
    ref = await desk.open()
    await anna.open(ref)
    sent: list[str] = []
    gate = asyncio.Event()

    async def slowly(route: Any) -> None:
        sent.append(route.request.method)
        await gate.wait()
        await route.continue_()

    await anna.page.route("**/api/desk/cases/*", slowly)
    await anna.page.keyboard.press("p")
    await anna.pick("Haute")
    await anna.page.keyboard.press("i")  # while the first is on its way
    await expect(anna.case.locator("[data-act=owner]")).to_contain_text("Anna")
    assert sent.count("PATCH") == 2
    gate.set()
    await expect(anna.case.locator(".happened.is-owner")).to_have_count(1)
    await expect(anna.case.locator(".happened.is-priority")).to_have_count(1)
    await expect(anna.case.locator(".case-notices [role=alert]")).to_have_count(0)
    case = await anna.colleague.case(ref)
    assert (case["priority"], case["owner"]["name"]) == ("high", "Anna")


async def test_colleagues_see_each_other_and_mentions_arrive(
    desk: DeskSite, anna: Agent, bruno: Colleague, context: BrowserContext
) -> None:
    ref = await desk.open()
    await anna.open(ref)
    body = {"ref": ref, "doing": "typing"}
    assert (await bruno.call("POST", "/api/desk/presence", body))[0] == 204
    await expect(anna.case.locator(".present")).to_have_text("BBruno écrit…")
    assert (await bruno.call("POST", "/api/desk/presence", {**body, "doing": "left"}))[0] == 204
    await expect(anna.case.locator(".present")).to_be_hidden()
    await bruno.note(ref, "@Anna, tu peux regarder ?", mentions=[anna.colleague.id])
    await expect(anna.page.locator(".toast")).to_contain_text(ref)
    await expect(anna.case.locator(".note")).to_contain_text("tu peux regarder")


async def test_at_in_a_note_mentions_a_colleague(desk: DeskSite, bruno: Colleague, anna: Agent) -> None:
    ref = await desk.open()
    await anna.visit(f"/desk/cases/{ref}?view=all")
    await anna.case.locator(".editor").get_by_role("button", name="Note interne").click()
    await anna.page.keyboard.type("Voir @")
    await anna.pick("Bru")
    await expect(anna.text).to_have_value("Voir @Bruno ")
    await expect(anna.text).to_be_focused()
    await anna.page.keyboard.press("Control+Enter")
    await expect(anna.case.locator(".note:not(.unsent)")).to_have_count(1)
    (note,) = [entry for entry in (await bruno.case(ref))["timeline"] if entry["type"] == "note"]
    assert note["details"]["mentions"] == [bruno.id]


async def test_a_canned_reply_is_inserted_filled_and_its_macro_done(desk: DeskSite, anna: Agent) -> None:
    ref = await desk.open()
    body = {"title": "Merci", "text": "Bonjour, {agent} suit {ref}.", "actions": {"priority": "high"}}
    assert (await anna.colleague.call("POST", "/api/desk/canned", body))[0] == 201
    await anna.visit(f"/desk/cases/{ref}?view=all")
    await anna.text.focus()
    await anna.page.keyboard.type("/")
    await anna.pick("Merci")
    await expect(anna.text).to_have_value(f"Bonjour, Anna suit {ref}.")
    await expect(anna.case.locator("[data-act=priority]")).to_contain_text("Haute")


async def test_files_are_attached_by_choice_and_shown_with_the_reply(desk: DeskSite, anna: Agent) -> None:
    ref = await desk.open()
    await anna.open(ref)
    file: FilePayload = {"name": "devis.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 x"}
    await anna.case.locator("input[type=file]").set_input_files([file])
    await expect(anna.case.get_by_role("button", name="Retirer devis.pdf")).to_be_visible()
    await anna.text.fill("Voici le devis.")
    await anna.text.press("Control+Enter")
    await expect(anna.case.locator(".said.from-agent:not(.unsent) .files a")).to_contain_text("devis.pdf")
    bad: FilePayload = {"name": "devis.exe", "mimeType": "application/pdf", "buffer": b"MZ\x90\x00"}
    await anna.case.locator("input[type=file]").set_input_files([bad])
    await expect(anna.page.locator(".toast.bad")).to_contain_text("devis.exe")
    await expect(anna.case.locator(".editor .files li")).to_have_count(0)


async def test_the_receipt_says_why_the_bot_did_not_answer(desk: DeskSite, anna: Agent) -> None:
    ref = await desk.open(receipt=RECEIPT)
    await anna.open(ref)
    receipt = anna.case.locator(".receipt")
    await expect(receipt).to_contain_text("Aucun article n’était assez sûr")
    await expect(receipt.locator("tbody").first.locator("tr")).to_have_count(2)
    await expect(receipt).to_contain_text("34\u202f%")
    await receipt.get_by_role("button", name="Répondre avec cet article: Exporter des factures").click()
    dialog = anna.page.get_by_role("dialog")
    await dialog.get_by_role("button", name="Envoyer et apprendre").click()  # there is no kb in this test
    await expect(anna.page.locator(".toast.bad")).to_contain_text("articles ne sont pas disponibles")
    assert kinds(await anna.colleague.case(ref)) == ["created"]


async def test_an_unanswered_call_books_the_next_one(desk: DeskSite, anna: Agent) -> None:
    ref = await desk.open(callback())
    await anna.open(ref)
    await anna.case.get_by_role("button", name="Pas de réponse").click()
    dialog = anna.page.get_by_role("dialog")
    await dialog.get_by_label("Nouvel appel").select_option(index=1)
    await dialog.get_by_role("button", name="Enregistrer le résultat").click()
    await expect(anna.case.locator(".happened.is-callback")).to_contain_text("pas de réponse (appel 1), nouvel appel")
    assert (await anna.colleague.case(ref))["slot"] != "2026-11-26T13:00:00Z"


async def test_escalation_needs_a_reason_and_level_4_waits_for_consent(desk: DeskSite, anna: Agent) -> None:
    ref = await desk.open(sla())
    await anna.open(ref)
    await anna.case.locator("[data-act=level]").click()
    dialog = anna.page.get_by_role("dialog")
    await dialog.get_by_role("button", name="Escalader").click()
    await expect(dialog.locator(".error")).to_be_visible()
    await dialog.get_by_label("Raison").fill("Panne du NAS")
    await dialog.get_by_label("Transmettre à").fill("NAS SA")
    await dialog.get_by_label("Ce qui est transmis").fill("Le journal")
    await dialog.get_by_role("button", name="Escalader").click()
    await expect(anna.case.locator(".consent")).to_contain_text("n’a pas encore donné son accord")
    assert (await anna.colleague.case(ref))["status"] == "waiting_consent"


async def test_two_cases_of_a_customer_are_merged(desk: DeskSite, anna: Agent) -> None:
    ref, other = await desk.open(ticket(subject="Doublon")), await desk.open(ticket(subject="Original"))
    await anna.open(ref)
    await anna.case.locator("[data-act=more]").click()
    await anna.pick("Réunir")
    await anna.pick("Original")
    await anna.page.get_by_role("dialog").get_by_role("button", name="Réunir").click()
    await expect(anna.case.locator(".case-ref code")).to_have_text(other)
    assert (await anna.colleague.case(ref))["merged_into"] == other


async def test_filters_are_chips_that_make_a_view(desk: DeskSite, anna: Agent) -> None:
    await desk.open()
    await desk.open(callback(email="autre@example.fr"))
    await expect(anna.rows).to_have_count(2)
    await anna.page.get_by_role("button", name="Filtrer").click()
    await anna.pick("Canal")
    await anna.pick("Rappel")
    await anna.page.keyboard.press("Control+Enter")
    await expect(anna.rows).to_have_count(1)
    assert "f.kind=callback" in anna.page.url
    await anna.page.get_by_role("button", name="Enregistrer cette vue").click()
    await anna.page.get_by_role("dialog").get_by_label("Nom").fill("Appels")
    await anna.page.get_by_role("dialog").get_by_role("button", name="Enregistrer").click()
    await expect(anna.page.locator(".views [aria-current=page]")).to_contain_text("Appels")
    await expect(anna.rows).to_have_count(1)


async def test_hostile_html_in_names_texts_and_files_is_harmless(desk: DeskSite, anna: Agent) -> None:
    evil = '<img src=x onerror="window.evil = 1"><script>window.evil = 1</script>'
    talk = await desk.site.talk()
    await talk.say(evil)
    await talk.replies(1)
    ref = await desk.open(ticket(subject=evil[:120], text=evil), conversation=talk.id)
    await anna.colleague.note(ref, evil)
    await anna.open(ref)
    await expect(anna.case.locator(".note .bubble")).to_have_text(evil)
    await expect(anna.case.locator(".case-names h2")).to_contain_text("<img src=x")
    assert await anna.page.locator("#desk img, #desk script").count() == 0
    built = await anna.page.evaluate(
        """async () => {
            const { safe } = await import("/desk/assets/safe.js");
            const made = safe('<p onclick="window.evil=1">a<a href="javascript:window.evil=1">b</a>'
                + '<svg onload="window.evil=1"></svg><iframe src="/"></iframe><a href="https://a.example/">c</a></p>');
            document.body.append(made);
            return made.innerHTML;
        }"""
    )
    assert built == (
        '<p>a<span>b</span><a href="https://a.example/" target="_blank" rel="noopener noreferrer">c</a></p>'
    )
    assert await anna.page.evaluate("window.evil") is None


async def test_a_lost_connection_is_said_and_what_was_missed_comes_afterwards(
    desk: DeskSite, anna: Agent, bruno: Colleague, context: BrowserContext
) -> None:
    ref = await desk.open()
    await anna.open(ref)
    await context.set_offline(True)
    await expect(anna.page.locator("#connection")).to_contain_text("Connexion perdue")
    await bruno.reply(ref, "Je m’en occupe.")
    await context.set_offline(False)
    await expect(anna.page.locator("#connection")).to_contain_text("Connexion rétablie")
    await expect(anna.case.locator(".from-agent")).to_contain_text("Je m’en occupe.")
    await expect(anna.row(ref).locator(".row-owner")).to_contain_text("Bruno")


async def test_an_ended_session_leads_to_the_sign_in_and_keeps_place_and_draft(desk: DeskSite, anna: Agent) -> None:
    ref = await desk.open()
    await anna.open(ref)
    await anna.text.fill("À moitié écrit")
    await anna.colleague.call("DELETE", "/api/staff/sessions")
    await anna.page.wait_for_url("**/staff/sign-in?next=**")
    assert f"cases%2F{ref}" in anna.page.url
    drafts = await anna.page.evaluate("Object.entries(localStorage).filter(([name]) => name.includes(':draft:'))")
    assert "À moitié écrit" in drafts[0][1]


async def test_a_long_list_keeps_only_what_is_in_sight(desk: DeskSite, anna: Agent) -> None:
    for n in range(260):
        await desk.open(ticket(subject=f"Demande {n}", email=f"c{n}@example.fr"))
    await anna.visit("/desk?view=all")
    await expect(anna.page.locator("#total .unseen")).to_have_text("260 demandes")
    await anna.page.wait_for_function(  # each stretch loads the next
        """() => {
            const rows = document.querySelector("#rows");
            rows.scrollTop = rows.scrollHeight;
            return document.querySelector("[aria-posinset='260']");
        }""",
        polling=50,
    )
    await expect(anna.page.locator("[aria-posinset='260']")).to_be_visible()
    assert await anna.rows.count() < 40
    assert await anna.rows.first.get_attribute("aria-setsize") == "260"


async def test_of_several_tabs_one_listens_and_tells_the_others(
    desk: DeskSite, anna: Agent, context: BrowserContext
) -> None:
    await desk.open()
    await expect(anna.rows).to_have_count(1)  # her page listens
    streams: list[str] = []
    context.on("request", lambda request: streams.append(request.url) if request.url.endswith("/stream") else None)
    others = [await Agent.arrive(context, desk, anna.colleague, "/desk?view=all") for _ in range(7)]
    await desk.open(ticket(subject="Une autre"))
    for each in (anna, *others):
        await expect(each.rows).to_have_count(2)
    assert streams == []
    await anna.page.close()  # the one that listened
    await desk.open(ticket(subject="Une troisième"))
    for each in others:
        await expect(each.rows).to_have_count(3)
    assert len(streams) == 1


async def test_one_click_answers_with_the_article_and_proposes_the_question(
    tmp_path: Path, context: BrowserContext
) -> None:
    found = [{"article": "export-pdf", "version": "a1", "title": "Exporter en PDF", "probability": 0.34}]
    async with open_console(tmp_path, load_encoder("", 1)) as desk:
        talk = await desk.site.talk()
        ref = await desk.open(conversation=talk.id, receipt={**RECEIPT, "candidates": found})
        anna = await Agent.arrive(context, desk, await desk.colleague("Anna"), f"/desk/cases/{ref}?view=all")
        await anna.case.get_by_role("button", name="Répondre avec cet article: Exporter en PDF").click()
        dialog = anna.page.get_by_role("dialog")
        await expect(dialog.locator(".preview")).to_contain_text("Choisissez Exporter dans le menu.")
        await anna.expect_accessible()
        await dialog.get_by_role("button", name="Envoyer et apprendre").dblclick()
        await expect(anna.case.locator(".said.from-agent")).to_contain_text("Choisissez **Exporter**")
        await expect(anna.case.locator(".happened.is-taught")).to_be_visible()
        (proposal,) = (await anna.colleague.get("/api/desk/proposals"))["proposals"]
        assert (proposal["article"], proposal["question"]) == ("export-pdf", RECEIPT["question"])
        assert [event["from"] for event in await talk.events()].count("agent") == 1
        assert anna.thrown == []
