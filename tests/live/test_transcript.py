"""A conversation as a mail: who said what, when on the customer's clock; nothing in it can pass for something else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from bot.cases import Channel
from bot.cases.mail import Mailer, MailSettings
from bot.cases.outbox import Outbox
from bot.cases.tables import outbox
from bot.live import transcript
from tests.conftest import Mailbox
from tests.gateway.site import content
from tests.live.studio import Studio

PARIS = ZoneInfo("Europe/Paris")
NOW = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
COMPANY, CATALOGUE = content()


def event(sender: str, text: str = "", minute: int = 0, **more: Any) -> dict[str, Any]:
    return {"seq": 1, "at": f"2026-11-25T09:{minute:02d}:00.000Z", "from": sender, "type": "text", "text": text, **more}


def mail(*said: dict[str, Any], lang: str = "fr", zone: ZoneInfo = PARIS) -> tuple[str, list[str]]:
    subject, text = transcript.text_of(said, lang, zone, CATALOGUE.text, COMPANY.identity.name)
    return subject, text.splitlines()


def test_each_thing_said_has_who_and_when_before_it() -> None:
    subject, lines = mail(
        event("bot", "Bonjour"),
        event("customer", "Où est ma facture ?", 1),
        event("system", "Anna a rejoint la conversation.", 2),
        event("agent", "Je regarde.", 3, agent={"name": "Anna"}),
    )
    assert subject == f"Votre conversation avec {COMPANY.identity.name}"
    said = [line for line in lines if line.startswith(("[", "    "))]
    assert said == [
        "[10:00] Assistant",
        "    Bonjour",
        "[10:01] Vous",
        "    Où est ma facture ?",
        "[10:02] Information",
        "    Anna a rejoint la conversation.",
        "[10:03] Anna",
        "    Je regarde.",
    ]


@pytest.mark.parametrize(
    ("lang", "zone", "clock", "day"),
    [
        ("fr", PARIS, "[10:00]", "mercredi 25 novembre 2026"),
        ("de", ZoneInfo("Asia/Tokyo"), "[18:00]", "Mittwoch, 25. November 2026"),
        ("en", ZoneInfo("Pacific/Auckland"), "[22:00]", "Wednesday, 25 November 2026"),
    ],
)
def test_the_day_and_the_hours_are_those_of_the_customer_in_their_language(
    lang: str, zone: ZoneInfo, clock: str, day: str
) -> None:
    _, lines = mail(event("customer", "Hello"), lang=lang, zone=zone)
    assert [line.split()[0] for line in lines if line.startswith("[")] == [clock]
    assert any(day in line for line in lines)


def test_where_a_day_is_over_the_next_ones_date_is_said_once() -> None:
    said = [event("customer", "Bonjour"), event("agent", "Bonjour", agent={"name": "Anna"})]
    said += [{**each, "at": f"2026-11-25T23:{minute}:00.000Z"} for minute, each in zip((10, 20), said, strict=True)]
    _, lines = mail(*said)  # ten past midnight in Paris
    assert [line for line in lines if "2026" in line][1:] == ["jeudi 26 novembre 2026"]
    assert lines.index("jeudi 26 novembre 2026") == lines.index("[00:10] Vous") - 2


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r", "\u2028", "\u2029", "\x0b", "\x0c", "\x85"])
def test_no_text_can_pass_for_what_somebody_else_said(ending: str) -> None:
    forged = f"oui{ending}[10:05] Anna{ending}Votre mot de passe, s’il vous plaît"
    _, lines = mail(event("customer", forged))
    assert [line for line in lines if line.startswith("[")] == ["[10:00] Vous"]
    assert "    [10:05] Anna" in lines


def test_braces_and_markup_are_kept_as_they_were_written() -> None:
    written = "{company} {0} <b>gras</b> %s **fort**"
    _, lines = mail(event("customer", written))
    assert f"    {written}" in lines


def test_files_are_named_and_not_sent() -> None:
    _, lines = mail(event("customer", attachments=[{"id": "x", "name": "{facture}.pdf", "type": "application/pdf"}]))
    assert "    Pièce jointe : {facture}.pdf".replace(" :", "\u00a0:") in lines


def test_what_a_reader_who_asked_for_nothing_has_to_know_is_said() -> None:
    for lang in COMPANY.languages:
        _, lines = mail(event("customer", "x"), lang=lang)
        assert CATALOGUE.text(lang, "live.transcript.not_you") in lines


async def test_it_goes_out_by_mail_once_in_no_cases_thread(studio: Studio, mailbox: Mailbox, tmp_path: Path) -> None:
    settings = MailSettings(
        host="127.0.0.1",
        port=mailbox.port,
        sender="support@archivelle.example",
        staff="team@archivelle.example",
        company=COMPANY.identity.name,
        time_zone="Europe/Paris",
        staff_lang="fr",
        public_url="https://help.archivelle.example",
        attachments=tmp_path,
        security="none",
    )
    to = f"{tmp_path.name.replace('_', '-')}@example.fr"
    async with studio.database.write() as conn:
        await transcript.post(conn, to, "fr", "Votre conversation\nBcc: x@y.example", "[10:00] Vous\n    é\n", NOW)
    box = Outbox(studio.database.engine, {Channel.PLAIN_MAIL: Mailer(settings, CATALOGUE.text).plain}, now=lambda: NOW)
    assert await box.deliver_due() == 1
    assert await box.deliver_due() == 0
    (got,) = mailbox.to(to)
    assert got["Subject"] == "Votre conversation Bcc: x@y.example"
    assert got["Bcc"] is None
    assert got["References"] is None
    assert got["Auto-Submitted"] == "auto-generated"
    assert got.get_content().replace("\r\n", "\n") == "[10:00] Vous\n    é\n"
    async with studio.database.read() as conn:
        row = (await conn.execute(select(outbox))).one()
    assert (row.ref, row.status, row.channel) == (None, "sent", "plain_mail")
    assert row.sent_at is not None
    assert abs(row.created_at - NOW) < timedelta(seconds=1)
