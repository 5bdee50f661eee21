"""Every mail can be written in every language."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar
from sqlalchemy import select

from bot.cases import Channel, Status, store, tables, texts
from bot.cases import sla as sla_clocks
from bot.cases.model import Event
from bot.catalogue import load_catalogue
from bot.company import load_company
from tests.cases.asking import NOW, Desk, callback, sla, ticket
from tests.cases.conftest import ROOT

LANGUAGES = load_catalogue(
    ROOT / "data" / "messages", load_company(ROOT / "data" / "company.yml").first_language
).languages
RECEIPT = {
    "question": "?",
    "reason": "a_new_reason",
    "candidates": [],
    "topics": [{"topic": "nas", "level": 4, "probability": 0.8}],
    "transcript": [{"from": "somebody", "at": "t", "text": "Bonjour"}],
}


async def letter_for(desk: Desk, data: dict[str, Any], lang: str, **more: Any) -> dict[str, Any]:
    body = await desk.open(data, lang=lang, receipt=RECEIPT, **more)
    async with desk.engine.connect() as conn:
        query = select(tables.outbox.c.payload).where(
            tables.outbox.c.ref == body["ref"], tables.outbox.c.channel == Channel.CUSTOMER_MAIL.value
        )
        letter: dict[str, Any] = (await conn.execute(query)).scalar_one()
    return letter


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(
    "data", [ticket(), callback(), sla(), sla(level=4)], ids=["ticket", "callback", "sla", "external"]
)
async def test_every_event_can_be_told_in_every_language(desk: Desk, data: dict[str, Any], lang: str) -> None:
    created = await letter_for(desk, data, lang)
    letters = [created]
    if data.get("level") == 4:
        agreed = {**created["case"], "status": Status.OPEN.value, "due_at": "2026-11-25T14:00:00Z"}
        letters.append({**created, "event": Event.CONSENTED.value, "case": agreed})
    for letter in letters:
        subject, body = texts.customer_mail(
            letter, say=desk.say, company="Archivelle", time_zone="Europe/Paris", link="https://x.example/L"
        )
        assert letter["case"]["ref"] in subject
        assert "https://x.example/L" in body
        assert "{" not in subject + body
    told = (Event.CREATED, Event.CONSENTED, *sla_clocks.FIRST_REPLY, *sla_clocks.RESOLUTION, Event.ESCALATED)
    for event in told:
        letter = {**letters[-1], "event": event.value, "reason": Event.RESOLUTION_BREACHED.value}
        subject, body = texts.staff_mail(letter, say=desk.say, lang=lang, time_zone="Europe/Paris")
        assert letter["case"]["ref"] in subject
        assert "a_new_reason" in body  # codes that the catalogue does not know yet are shown as they are
        assert "nas (0.80)" in body
        assert "{" not in subject + body


async def test_the_customers_mail_is_on_the_customers_clock_and_the_staffs_on_the_companys(desk: Desk) -> None:
    letter = await letter_for(desk, callback(), "fr", time_zone="America/Toronto")
    _, body = texts.customer_mail(letter, say=desk.say, company="Archivelle", time_zone="Europe/Paris", link="L")
    hour = datetime.fromisoformat(letter["case"]["slot"]).astimezone(ZoneInfo("America/Toronto")).hour
    assert f"à {hour:02}:" in body
    assert "(heure locale : Toronto)" in body
    assert "Toronto" not in texts.staff_mail(letter, say=desk.say, lang="fr", time_zone="Europe/Paris")[1]


@pytest.mark.parametrize("lang", LANGUAGES)
async def test_what_is_agreed_to_says_to_whom_and_what_also_where_the_topic_does_not(desk: Desk, lang: str) -> None:
    plain = await desk.open(sla(level=4, system="NAS 7"), "k1", lang=lang)
    said = await desk.open(sla(level=4, passed_to="Synology.", passed_on="le journal."), "k2", lang=lang)
    async with desk.engine.connect() as conn:
        general = texts.consent_statement(await store.load_case(conn, plain["ref"]), desk.say)
        exact = texts.consent_statement(await store.load_case(conn, said["ref"]), desk.say)
    assert plain["ref"] in general
    assert "NAS 7" in general
    assert "Synology" in exact
    assert "le journal." in exact
    assert ".." not in exact


async def test_the_calendar_file_for_download_is_the_customers(desk: Desk) -> None:
    body = await desk.open(callback())
    async with desk.engine.connect() as conn:
        case = await store.load_case(conn, body["ref"])
    content = texts.calendar(case, desk.say, "Archivelle", "support@x.example")
    (event,) = Calendar.from_ical(content).walk("VEVENT")
    assert event["UID"] == f"{body['ref']}@x.example"
    assert event.decoded("DTSTAMP") == NOW
    assert str(event["SUMMARY"]) == "Rappel de Archivelle"
    assert "+33 6 12 34 56 78" in str(event["DESCRIPTION"])
