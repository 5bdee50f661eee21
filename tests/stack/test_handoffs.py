"""Each channel taken to its end in the whole running system: chat, case, mail, webhook."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import Callable
from typing import Any, TypeVar

import aiohttp

from tests.chat import Chat, Event, text_of
from tests.conftest import STAFF, WEBHOOK_SECRET, Mailbox, Receiver
from tests.running import Guichet

T = TypeVar("T")


async def until(found: Callable[[], T | None], within: float = 30) -> T:
    """The first value that is something; deliveries run on their own."""
    async with asyncio.timeout(within):
        while True:
            value = found()
            if value is not None:
                return value
            await asyncio.sleep(0.05)


def case_of(events: list[Event]) -> dict[str, Any]:
    return next(event["case"] for event in events if "case" in event)


def hook_of(receiver: Receiver, ref: str) -> tuple[dict[str, str], bytes, dict[str, Any]] | None:
    for (headers, raw), body in zip(receiver.calls, receiver.bodies(), strict=True):
        case = body["case"]
        assert isinstance(case, dict)
        if case["ref"] == ref:
            return headers, raw, body
    return None


async def test_a_ticket_goes_from_question_to_mail_and_signed_webhook_with_its_receipt(
    guichet: Guichet, http: aiohttp.ClientSession, mailbox: Mailbox, receiver: Receiver
) -> None:
    chat = await Chat.begin(http, guichet.url)
    await chat.say("J'ai des questions sur une facture")
    form = aiohttp.FormData()
    form.add_field("file", b"%PDF-1.4\n%%EOF\n", filename="facture.pdf", content_type="application/pdf")
    async with http.post(chat.path("attachments"), data=form, headers=chat.headers) as response:
        assert response.status == 201, await response.text()
    await chat.press("ticket")
    wrong = await chat.say("jean.dupont arobase exemple")
    assert "e-mail" in text_of(wrong)
    answered = await chat.say("Comment créer un nouvel utilisateur ?")
    assert any(event["type"] == "answer" for event in answered), "a question inside a form is answered"
    await chat.say("jean.dupont@exemple.fr")
    sent = await chat.press("Envoyer")
    case = case_of(sent)
    assert (case["kind"], case["level"], case["status"]) == ("ticket", 1, "open")

    receipt_mail = await until(lambda: next(iter(mailbox.to("jean.dupont@exemple.fr")), None))
    assert case["ref"] in str(receipt_mail["Subject"])
    staff_mail = await until(lambda: next((m for m in mailbox.to(STAFF) if case["ref"] in str(m["Subject"])), None))
    assert [part.get_filename() for part in staff_mail.iter_attachments()] == ["facture.pdf"]
    body = staff_mail.get_body(("plain",))
    assert body is not None
    assert "J'ai des questions sur une facture" in body.get_content()

    headers, raw, hook = await until(lambda: hook_of(receiver, case["ref"]))
    signed = hmac.new(WEBHOOK_SECRET.encode(), headers["X-Guichet-Timestamp"].encode() + b"." + raw, hashlib.sha256)
    assert headers["X-Guichet-Signature"] == f"v1={signed.hexdigest()}"
    receipt = hook["receipt"]
    assert receipt["question"] == "J'ai des questions sur une facture"
    assert receipt["topics"][0]["topic"] == "invoice-question"
    assert 0 < receipt["topics"][0]["probability"] <= 1
    assert receipt["reason"]
    assert any(said["text"] == "jean.dupont@exemple.fr" for said in receipt["transcript"])


async def test_a_callback_is_booked_in_a_free_slot_with_a_calendar_file(
    guichet: Guichet, http: aiohttp.ClientSession, receiver: Receiver
) -> None:
    chat = await Chat.begin(http, guichet.url)
    await chat.say("PaperOffice est bloqué par mon antivirus")
    await chat.press("rappel")
    wrong = await chat.say("06 12 34")
    assert "num" in text_of(wrong).casefold()
    offered = await chat.say("06 12 34 56 78")
    slots = next(event["buttons"] for event in offered if event.get("buttons"))
    await chat.press(slots[0]["title"])
    sent = await chat.press("Envoyer")
    case = case_of(sent)
    assert (case["kind"], case["level"]) == ("callback", 2)
    async with http.get(chat.path(f"cases/{case['ref']}/calendar.ics"), headers=chat.headers) as response:
        assert response.status == 200
        assert response.content_type == "text/calendar"
        calendar = await response.text()
    assert "BEGIN:VEVENT" in calendar
    _, _, hook = await until(lambda: hook_of(receiver, case["ref"]))
    assert hook["case"]["phone"] == "+33612345678"
    assert hook["case"]["slot"] == case["due_at"]


async def test_an_external_request_waits_for_consent_and_only_then_leaves(
    guichet: Guichet, http: aiohttp.ClientSession, receiver: Receiver
) -> None:
    chat = await Chat.begin(http, guichet.url)
    await chat.say("Je rencontre des problèmes avec mon périphérique NAS")
    await chat.press("SLA")
    wrong = await chat.say("je ne sais plus")
    assert "contrat" in text_of(wrong)
    await chat.say("sla-2026-0042")
    await chat.press("2")
    await chat.say("NAS du rez-de-chaussée")
    await chat.press("Reprendre")
    await chat.say("chef@exemple.fr")
    sent = await chat.press("Envoyer")
    case = case_of(sent)
    assert (case["kind"], case["level"], case["status"]) == ("sla", 4, "waiting_consent")
    assert "due_at" not in case
    assert hook_of(receiver, case["ref"]) is None
    agreed = await chat.press("accepte")
    assert case_of(agreed)["status"] == "open"
    assert case_of(agreed)["due_at"]
    _, _, hook = await until(lambda: hook_of(receiver, case["ref"]))
    assert hook["event"] == "case.consented"


async def test_only_the_owner_is_told_where_a_case_stands(guichet: Guichet, http: aiohttp.ClientSession) -> None:
    owner = await Chat.begin(http, guichet.url)
    body = {"kind": "ticket", "email": "anna@exemple.fr", "subject": "Secret de famille", "text": "Une demande privée."}
    async with http.post(owner.path("cases"), json=body, headers=owner.headers | {"Idempotency-Key": "k"}) as response:
        ref = (await response.json())["case"]["ref"]
    assert "Secret de famille" in text_of(await owner.say(f"où en est ma demande {ref} ?"))
    stranger = await Chat.begin(http, guichet.url)
    told = await stranger.say(f"où en est ma demande {ref} ?")
    assert "Secret" not in text_of(told)
    assert not any("case" in event for event in told)
    async with http.get(stranger.path("cases"), headers=stranger.headers) as response:
        assert (await response.json())["cases"] == []
    async with http.get(owner.path("cases"), headers=stranger.headers) as response:
        assert response.status in (401, 404)


async def test_an_answer_that_did_not_help_leads_to_another_and_then_to_a_person(
    guichet: Guichet, http: aiohttp.ClientSession
) -> None:
    chat = await Chat.begin(http, guichet.url)
    replies = await chat.say("Comment puis-je demander mon mot de passe ?")
    for _ in range(4):
        decision = next((event["decision"] for event in replies if "decision" in event), {})
        if decision.get("outcome") == "handoff":
            break
        if decision.get("outcome") == "clarify":
            replies = await chat.press("Rien de tout cela")
        else:
            replies = await chat.press("Non")
    assert decision["outcome"] == "handoff"
    assert decision["channel"] == "ticket"


async def test_typed_text_is_never_an_intent(guichet: Guichet, http: aiohttp.ClientSession) -> None:
    chat = await Chat.begin(http, guichet.url)
    await chat.say("J'ai des questions sur une facture")
    await chat.press("ticket")
    for text in ("/restart", '  /inform{"subject": "x"}', "\u200b/affirm"):
        await chat.say(text)
    await chat.say("jean@exemple.fr")
    assert any(b["title"] == "Envoyer" for event in chat.events for b in event.get("buttons", [])), "the form went on"


async def test_odd_texts_end_in_a_reply(guichet: Guichet, http: aiohttp.ClientSession) -> None:
    chat = await Chat.begin(http, guichet.url)
    odd = (
        "mot de passe " * 385,
        "mot de\x00passe oublié",
        "<script>alert(1)</script> **gras**",
        "\u202eemertxe etiord a ehcuag\u202c",
        "mot\u200b de\u200d passe",
        "🔑🔑🔑",
        "?",
    )
    for text in odd:
        replies = await chat.say(text)
        assert text_of(replies).strip()
        said = [event["text"] for event in chat.events if event["from"] == "customer"][-1]
        assert said == text.replace("\x00", ""), "the journal keeps what was written"


async def test_german_and_english_are_spoken_throughout(guichet: Guichet, http: aiohttp.ClientSession) -> None:
    for lang, hello, question, button in (
        ("de", "Guten Tag", "Wie lege ich einen neuen Benutzer an?", "Ja"),
        ("en", "Hello", "How do I create a new user?", "Yes"),
    ):
        chat = await Chat.begin(http, guichet.url, lang)
        assert all(event.get("lang", lang) == lang for event in await chat.say(hello))
        answer = next(event for event in await chat.say(question) if event["type"] == "answer")
        assert answer["lang"] == lang
        assert all(event.get("lang", lang) == lang for event in await chat.press(button))
