from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from icalendar import Calendar
from sqlalchemy import select

from bot.cases import Attachment, Channel, messages, store, tables, texts
from bot.cases.mail import Mailer, MailSettings
from bot.cases.model import Say
from bot.cases.outbox import DeliveryError, Outbox
from tests.cases.asking import NOW, Desk, callback, sla, ticket
from tests.cases.conftest import Post

RECEIPT = {
    "question": "Où est ma facture ?",
    "reason": "low_probability",
    "index_version": "9f0a",
    "candidates": [{"article": "a", "version": "1", "title": "Lire une facture", "probability": 0.312}],
    "topics": [],
    "transcript": [{"from": "customer", "at": "t", "text": "Bonjour\nOù est ma facture ?"}],
}


async def letter_of(desk: Desk, channel: Channel, event: str = "case.created") -> Mapping[str, Any]:
    async with desk.engine.connect() as conn:
        query = select(tables.outbox.c.payload).where(
            tables.outbox.c.channel == channel.value, tables.outbox.c.event == event
        )
        letter: Mapping[str, Any] = (await conn.execute(query)).scalar_one()
    return letter


@pytest.fixture
def mailer(mail_settings: MailSettings, say: Say) -> Mailer:
    return Mailer(mail_settings, say)


def body_of(message: Any) -> str:
    part = message.get_body(("plain",))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


@pytest.mark.parametrize(
    ("lang", "subject", "words"),
    [
        ("fr", "Nous avons bien reçu votre demande", "jeudi 26 novembre 2026 à 10:00"),
        ("de", "Ihre Anfrage ist angekommen", "Donnerstag, 26. November 2026 um 10:00 Uhr"),
        ("en", "We have received your request", "Thursday, 26 November 2026 at 10:00"),
    ],
)
async def test_the_customer_is_told_in_their_language_with_reference_and_link(
    desk: Desk, mailer: Mailer, post: Post, lang: str, subject: str, words: str
) -> None:
    ref = (await desk.open(ticket(), lang=lang))["ref"]
    letter = await letter_of(desk, Channel.CUSTOMER_MAIL)
    await mailer.customer(letter)
    (message,) = post.messages
    assert message["To"] == "jeanne@example.fr"
    assert message["From"] == "Archivelle Services <support@archivelle.example>"
    assert message["Reply-To"] == "team@archivelle.example"
    assert message["Subject"] == f"[{ref}] {subject}"
    assert message["Message-ID"] == f"<{letter['id']}@archivelle.example>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Content-Language"] == lang
    assert words in body_of(message)
    async with desk.engine.connect() as conn:
        key = (await store.load_case(conn, ref)).key
    assert f"https://help.archivelle.example/cases/{ref}?key={key}" in body_of(message)


async def test_staff_get_the_case_its_receipt_and_its_files_and_can_answer(
    desk: Desk, mailer: Mailer, post: Post, tmp_path: Path
) -> None:
    (tmp_path / "x1").write_bytes(b"%PDF-1.7 \x00\xff")
    async with desk.engine.begin() as conn:
        for identifier, path in (("a1", "x1"), ("a2", "gone")):
            await store.add_attachment(
                conn,
                Attachment(
                    id=identifier, conversation="c1", name="reçu n°1.pdf", type="application/pdf", size=11, path=path
                ),
                NOW,
            )
    ref = (await desk.open(ticket(), receipt=RECEIPT))["ref"]
    await mailer.staff(await letter_of(desk, Channel.STAFF_MAIL))
    (message,) = post.messages
    assert message["To"] == "team@archivelle.example"
    assert message["Reply-To"] == "jeanne@example.fr"
    assert message["Subject"] == f"[{ref}] Ticket, niveau 1 : Facture de novembre"
    body = body_of(message)
    for words in (
        "jeanne@example.fr",
        ticket()["text"],
        "Où est ma facture ?",
        "aucune réponse assez probable",
        "Lire une facture (0.31)",
        "Client\u00a0: Bonjour",
        "reçu n°1.pdf",
    ):
        assert words in body
    assert "key=" not in body
    (file,) = message.iter_attachments()  # the one that is still there
    assert (file.get_filename(), file.get_content_type()) == ("reçu n°1.pdf", "application/pdf")
    assert file.get_content() == b"%PDF-1.7 \x00\xff"


async def test_a_callback_brings_its_calendar_file_to_both(desk: Desk, mailer: Mailer, post: Post) -> None:
    ref = (await desk.open(callback()))["ref"]
    await mailer.customer(await letter_of(desk, Channel.CUSTOMER_MAIL))
    await mailer.staff(await letter_of(desk, Channel.STAFF_MAIL))
    summaries = []
    for message in post.messages:
        (file,) = message.iter_attachments()
        assert (file.get_filename(), file.get_content_type()) == (f"{ref}.ics", "text/calendar")
        content = file.get_payload(decode=True)
        assert isinstance(content, bytes)
        (event,) = Calendar.from_ical(content).walk("VEVENT")
        assert event.decoded("DTSTART").isoformat() == "2026-11-26T13:00:00+00:00"
        summaries.append(str(event["SUMMARY"]))
    assert summaries == ["Rappel de Archivelle Services", f"Rappeler +33 6 12 34 56 78 ({ref})"]


async def test_consent_is_asked_for_with_what_and_to_whom(desk: Desk, mailer: Mailer, post: Post) -> None:
    ref = (await desk.open(sla(level=4, system="NAS Synology")))["ref"]
    await mailer.customer(await letter_of(desk, Channel.CUSTOMER_MAIL))
    (message,) = post.messages
    assert message["Subject"] == f"[{ref}] Nous avons besoin de votre accord"
    for name in ("passed_to", "passed_on"):
        assert desk.say("fr", f"cases.consent.{name}", system="NAS Synology") in body_of(message)
    assert body_of(message).count(f"/cases/{ref}?key=") == 1


async def test_after_consent_the_customer_is_thanked(desk: Desk, mailer: Mailer, post: Post) -> None:
    ref = (await desk.open(sla(level=4, passed_to="Synology")))["ref"]
    async with desk.engine.begin() as conn:
        case = await store.get_case(conn, ref, conversation="c1")
        statement = texts.consent_statement(case, desk.say)
        assert ref in statement
        assert "Synology" in statement
        await store.record_consent(
            conn, case, agreed=True, statement=statement, actor="c1", policy=desk.policy, now=NOW
        )
    await mailer.customer(await letter_of(desk, Channel.CUSTOMER_MAIL, "case.consented"))
    await mailer.staff(await letter_of(desk, Channel.STAFF_MAIL, "case.consented"))
    assert [message["Subject"] for message in post.messages] == [
        f"[{ref}] Merci pour votre accord",
        f"[{ref}] Accord du client reçu : Base de données",
    ]


async def test_nothing_that_customers_write_becomes_a_header(desk: Desk, mailer: Mailer, post: Post) -> None:
    await desk.open(ticket(subject="Facture\r\nBcc: victim@example.fr\r\n\r\nHi", text="a\r\n.\r\nRCPT TO:<x@y.fr>"))
    await mailer.staff(await letter_of(desk, Channel.STAFF_MAIL))
    (message,) = post.messages
    assert message["Bcc"] is None
    assert str(message["Subject"]).endswith("Facture Bcc: victim@example.fr Hi")
    assert "a\n.\nRCPT TO:<x@y.fr>" in body_of(message)


async def test_braces_in_what_customers_write_stay_as_they_are(desk: Desk, mailer: Mailer, post: Post) -> None:
    await desk.open(ticket(subject="{ref.__class__} {0}", text="{link}"))
    await mailer.staff(await letter_of(desk, Channel.STAFF_MAIL))
    await mailer.customer(await letter_of(desk, Channel.CUSTOMER_MAIL))
    assert "{ref.__class__} {0}" in str(post.messages[0]["Subject"])
    assert all("{link}" in body_of(message) for message in post.messages)


async def test_mail_passes_through_the_outbox_and_survives_a_server_that_is_busy(
    desk: Desk, mailer: Mailer, post: Post
) -> None:
    await desk.open(ticket())
    post.replies = ["451 4.3.0 try again later"]
    box = Outbox(desk.engine, {Channel.STAFF_MAIL: mailer.staff}, now=lambda: NOW, jitter=lambda: 0.0)
    assert await box.deliver_due() == 1
    assert post.messages == []
    later = Outbox(desk.engine, {Channel.STAFF_MAIL: mailer.staff}, now=lambda: NOW.replace(minute=1))
    assert await later.deliver_due() == 1
    assert len(post.messages) == 1


@pytest.mark.parametrize(("reply", "permanent"), [("451 busy", False), ("552 too large", True)])
async def test_a_refused_message_is_final_only_where_the_server_says_so(
    desk: Desk, mailer: Mailer, post: Post, reply: str, permanent: bool
) -> None:
    await desk.open(ticket())
    post.replies = [reply]
    with pytest.raises(DeliveryError, match="message refused") as failed:
        await mailer.staff(await letter_of(desk, Channel.STAFF_MAIL))
    assert failed.value.permanent is permanent


async def test_an_unknown_mailbox_is_final(desk: Desk, mailer: Mailer, post: Post) -> None:
    await desk.open(ticket())
    post.refused = {"jeanne@example.fr"}
    with pytest.raises(DeliveryError, match=r"recipient refused \(550\)") as failed:
        await mailer.customer(await letter_of(desk, Channel.CUSTOMER_MAIL))
    assert failed.value.permanent


async def test_a_server_that_is_away_or_will_not_encrypt_is_tried_again(
    desk: Desk, mail_settings: MailSettings, say: Say
) -> None:
    await desk.open(ticket())
    letter = await letter_of(desk, Channel.STAFF_MAIL)
    for settings in (replace(mail_settings, port=1), replace(mail_settings, security="starttls")):
        with pytest.raises(DeliveryError) as failed:
            await Mailer(settings, say).staff(letter)
        assert not failed.value.permanent


def test_the_password_is_not_shown(mail_settings: MailSettings) -> None:
    assert "hunter2" not in repr(replace(mail_settings, password="hunter2"))


async def test_an_agents_answer_is_a_persons_mail_below_the_customers(
    desk: Desk, mailer: Mailer, post: Post, tmp_path: Path
) -> None:
    (tmp_path / "f1").write_bytes(b"%PDF-1.7 x")
    ref = (await desk.open(ticket()))["ref"]
    async with desk.engine.begin() as conn:
        await messages.add_customer(
            conn, ref, desk.by("customer"), client_id="<m1@example.fr>", text="Alors ?", message_id="<m1@example.fr>"
        )
        file = Attachment(id="f1", conversation="c1", name="a.pdf", type="application/pdf", size=9, path="f1", ref=ref)
        await store.add_attachment(conn, file, NOW, author="anna")
        written = await messages.reply(
            conn,
            ref,
            desk.by("anna"),
            client_id="r",
            text="Voici la facture.\n\nCordialement",
            author_name="Anna <b>",
            files=["f1"],
        )
    await mailer.customer(await letter_of(desk, Channel.CUSTOMER_MAIL, "case.reply"))
    (message,) = post.messages
    assert message["Message-ID"] == f"<{written.letter}@archivelle.example>"
    assert message["In-Reply-To"] == "<m1@example.fr>"
    assert message["References"] == f"<{ref}@archivelle.example> <m1@example.fr>"
    assert message["Subject"] == f"[{ref}] Re: Facture de novembre"
    assert message["Auto-Submitted"] is None
    assert body_of(message).startswith("Voici la facture.\n\nCordialement\n\nAnna <b>\nArchivelle Services\n\n")
    assert [part.get_filename() for part in message.iter_attachments()] == ["a.pdf"]


async def test_a_first_answer_answers_no_mail_but_belongs_to_the_cases_thread(
    desk: Desk, mailer: Mailer, post: Post
) -> None:
    ref = (await desk.open(ticket(subject="Bonjour\r\nBcc: x@example.fr")))["ref"]
    async with desk.engine.begin() as conn:
        await messages.reply(conn, ref, desk.by("anna"), client_id="r", text="Oui.", author_name="Anna")
    await mailer.customer(await letter_of(desk, Channel.CUSTOMER_MAIL, "case.reply"))
    (message,) = post.messages
    assert (message["In-Reply-To"], message["References"]) == (None, f"<{ref}@archivelle.example>")
    assert (message["Subject"], message["Bcc"]) == (f"[{ref}] Re: Bonjour Bcc: x@example.fr", None)


async def test_an_escalation_goes_to_whom_the_rule_names(desk: Desk, mailer: Mailer, post: Post) -> None:
    ref = (await desk.open(ticket()))["ref"]
    letter = await letter_of(desk, Channel.STAFF_MAIL)
    lead = {**letter, "event": "case.escalated", "to": ["lead@archivelle.example"], "reason": "case.breached"}
    await mailer.staff(lead)
    (message,) = post.messages
    assert message["To"] == "lead@archivelle.example"
    assert message["Subject"] == f"[{ref}] Escalade : Facture de novembre"
    assert "première réponse en retard" in body_of(message)
