"""Cases over the public and the internal API, and the page behind the mail's link."""

from __future__ import annotations

import asyncio
import re
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar
from sqlalchemy import select

from bot.cases.tables import cases, outbox
from tests.gateway.site import Event, Site, Talk, Turn

TICKET = {"kind": "ticket", "email": "client@example.org", "subject": "Facture", "text": "Le montant est faux."}
SLA = {
    "kind": "sla",
    "level": 4,
    "email": "client@example.org",
    "contract": "SLA-2026-0042",
    "severity": 1,
    "system": "Serveur NAS",
    "text": "Plus rien ne marche.",
    "passed_to": "le fabricant du NAS",
    "passed_on": "le journal du NAS",
}


async def stored(site: Site, table: Any) -> list[Any]:
    async with site.gateway.database.read() as connection:
        return list((await connection.execute(select(table))).all())


async def open_case(talk: Talk, body: dict[str, Any], key: str = "k") -> dict[str, Any]:
    status, answer = await talk.post("cases", body, **{"Idempotency-Key": key})
    assert status == 201, answer
    return dict(answer["case"])


async def test_one_key_is_one_case_and_one_event_however_often_and_at_once(site: Site, talk: Talk) -> None:
    answers = await asyncio.gather(*(open_case(talk, TICKET) for _ in range(20)))
    assert all(answer == answers[0] for answer in answers)
    assert len(await stored(site, cases)) == 1
    told = [event for event in await talk.events() if event["type"] == "case"]
    assert [event["case"] for event in told] == [answers[0]]
    assert answers[0]["ref"] in told[0]["text"]
    second = await open_case(talk, TICKET, key="another")
    assert second["ref"] != answers[0]["ref"]


async def test_the_same_key_with_other_content_is_refused(talk: Talk) -> None:
    await open_case(talk, TICKET)
    status, body = await talk.post("cases", TICKET | {"subject": "Autre chose"}, **{"Idempotency-Key": "k"})
    assert (status, body["error"]["code"]) == (409, "key_reused")


async def test_without_a_key_no_case(site: Site, talk: Talk) -> None:
    status, body = await talk.post("cases", TICKET)
    assert (status, body["error"]["code"], body["error"]["field"]) == (422, "required", "idempotency_key")
    assert await stored(site, cases) == []


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"kind": "gift"}, "invalid_kind", "kind"),
        ({"kind": None}, "invalid_kind", "kind"),
        ({"email": "nobody"}, "invalid_email", "email"),
        ({"email": ""}, "required", "email"),
        ({"email": ["a@example.org"]}, "invalid_text", "email"),
        ({"text": "x"}, "too_short", "text"),
        ({"subject": "x" * 500}, "too_long", "subject"),
        ({"level": 4}, "invalid_level", "level"),
        ({"attachments": ["nothing"]}, "invalid_attachment", "attachments"),
        ({"attachments": "nothing"}, "invalid_attachment", "attachments"),
    ],
)
async def test_a_wrong_field_is_named_and_nothing_is_kept(
    site: Site, talk: Talk, change: dict[str, Any], code: str, field: str
) -> None:
    status, body = await talk.post("cases", TICKET | change, **{"Idempotency-Key": "k"})
    assert (status, body["error"]["code"], body["error"]["field"]) == (422, code, field)
    assert await stored(site, cases) == []
    assert len(await talk.events()) == 1
    await open_case(talk, TICKET)  # nothing of the failed attempt holds the key


async def test_a_case_belongs_to_its_conversation_alone(site: Site, talk: Talk) -> None:
    case = await open_case(talk, TICKET)
    other = await site.talk()
    assert (await talk.get("cases"))[1]["cases"][0]["ref"] == case["ref"]
    assert await other.get("cases") == (200, {"cases": []})
    for path in (f"cases/{case['ref']}/calendar.ics", f"cases/{case['ref']}/consent"):
        assert (await other.get(path))[0] == 404
    query = {"conversation": other.id, "ref": case["ref"]}
    assert await site.inside("GET", "/internal/cases", params=query) == (200, {"cases": []})
    consent = {"conversation": other.id, "agreed": True, "statement": "all"}
    assert (await site.inside("POST", f"/internal/cases/{case['ref']}/consent", json=consent))[0] == 404


async def test_a_callback_takes_a_free_slot_and_comes_with_a_calendar_file(talk: Talk) -> None:
    _, offered = await talk.get("slots?time_zone=America/Montreal")
    assert offered["time_zone"] == "America/Montreal"
    slot = offered["slots"][0]["start"]
    assert datetime.fromisoformat(slot).utcoffset() == datetime.now(ZoneInfo("America/Montreal")).utcoffset()
    body = {"kind": "callback", "phone": "06 12 34 56 78", "slot": slot, "subject": "Export DATEV"}
    case = await open_case(talk, body)
    assert datetime.fromisoformat(case["due_at"]) == datetime.fromisoformat(slot)
    async with talk.site.http.get(talk.url(f"cases/{case['ref']}/calendar.ics"), headers=talk.headers) as response:
        assert response.status == 200
        assert response.content_type == "text/calendar"
        assert f"{case['ref']}.ics" in response.headers["Content-Disposition"]
        event = Calendar.from_ical(await response.read()).walk("VEVENT")[0]
    assert event["DTSTART"].dt == datetime.fromisoformat(slot)
    assert (await talk.get("slots?time_zone=Nowhere/Else"))[1]["time_zone"] == "Europe/Paris"


async def test_a_ticket_has_no_calendar_file(talk: Talk) -> None:
    case = await open_case(talk, TICKET)
    assert (await talk.get(f"cases/{case['ref']}/calendar.ics"))[0] == 404


async def test_a_level_4_request_waits_for_consent_and_says_to_what(site: Site, talk: Talk) -> None:
    case = await open_case(talk, SLA)
    assert (case["status"], case["due_at"]) == ("waiting_consent", None)
    _, shown = await talk.get(f"cases/{case['ref']}/consent")
    assert "le fabricant du NAS" in shown["statement"]
    for wrong in ({}, {"agreed": "yes"}, {"agreed": None}):
        status, body = await talk.post(f"cases/{case['ref']}/consent", wrong)
        assert (status, body["error"]["code"]) == (422, "invalid_consent")
    for _ in range(2):
        status, body = await talk.post(f"cases/{case['ref']}/consent", {"agreed": True})
        assert (status, body["case"]["status"]) == (200, "open")
    assert body["case"]["due_at"]
    assert (await talk.post(f"cases/{case['ref']}/consent", {"agreed": False}))[0] == 409
    assert [event["type"] for event in await talk.events()] == ["text", "case", "status"]


async def test_a_ticket_needs_no_consent(talk: Talk) -> None:
    case = await open_case(talk, TICKET)
    status, body = await talk.get(f"cases/{case['ref']}/consent")
    assert (status, body["error"]["code"]) == (409, "consent_not_needed")


async def key_of(site: Site, ref: str) -> str:
    async with site.gateway.database.read() as connection:
        return str((await connection.execute(select(cases.c.key).where(cases.c.ref == ref))).scalar_one())


async def test_the_link_of_the_mail_shows_the_status_and_takes_the_consent(site: Site, talk: Talk) -> None:
    case = await open_case(talk, SLA | {"system": "NAS <b>bold</b>"})
    url, key = f"{site.url}/cases/{case['ref']}", await key_of(site, case["ref"])
    async with site.http.get(url, params={"key": key}) as response:
        page = await response.text()
        assert response.status == 200
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["Referrer-Policy"] == "no-referrer"
    assert "le fabricant du NAS" in page
    assert "<b>bold</b>" not in page
    assert '<form class="actions" method="post"' in page
    async with site.http.post(url, data={"key": key, "agreed": "maybe"}) as response:
        assert response.status == 422
    async with site.http.post(url, data={"key": key, "agreed": "yes"}) as response:
        assert response.status == 200  # after the redirect
        assert str(response.url).startswith(url)
        page = await response.text()
    assert "<form" not in page
    assert "votre accord est enregistré" in page
    assert (await talk.events())[-1]["case"]["status"] == "open"
    async with site.http.post(url, data={"key": key, "agreed": "no"}) as response:
        assert "déjà enregistrée" in await response.text()


@pytest.mark.parametrize("key", ["", "x", "k" * 32, "é", "' OR 1=1 --"])
async def test_the_page_of_a_case_opens_with_its_key_only(site: Site, talk: Talk, key: str) -> None:
    case = await open_case(talk, TICKET)
    url = f"{site.url}/cases/{case['ref']}"
    async with site.http.get(url, params={"key": key}) as response:
        assert response.status == 404
    async with site.http.get(url, params={"key": key}, headers={"Accept": "text/html"}) as response:
        assert response.status == 404
        assert "Facture" not in await response.text()
    async with site.http.post(url, data={"key": key, "agreed": "yes"}) as response:
        assert response.status == 404


# the internal API


async def test_the_internal_api_is_for_who_knows_the_token(site: Site) -> None:
    for token in ("", "x", "token-between-the-processe"):
        assert (await site.inside("GET", "/internal/slots", token=token))[0] == 401
    async with site.http.get(f"{site.url}/internal/slots") as response:
        assert response.status == 404  # not on the public port at all


async def test_fields_are_checked_and_normalised(site: Site, talk: Talk) -> None:
    async def check(field: str, value: object, lang: str = "fr") -> tuple[int, Any]:
        body = {"value": value, "lang": lang, "conversation": talk.id}
        return await site.inside("POST", f"/internal/fields/{field}", json=body)

    assert await check("phone", "06 12 34 56 78") == (200, {"value": "+33612345678", "display": "+33 6 12 34 56 78"})
    status, body = await check("email", "nobody", "de")
    assert (status, body["error"]["code"], body["error"]["field"]) == (422, "invalid_email", "email")
    assert "E-Mail" in body["error"]["message"]
    assert (await check("severity", "tout est bloqué"))[1]["value"] == 1
    assert (await check("slot", "n'importe quoi"))[0] == 422
    assert (await check("email", None))[0] == 422
    assert (await check("passed_to", "x"))[0] == 404


async def test_slots_are_offered_to_the_dialogue(site: Site, talk: Talk) -> None:
    query = {"conversation": talk.id, "lang": "en"}
    status, body = await site.inside("GET", "/internal/slots", params=query)
    assert status == 200
    assert 0 < len(body["slots"]) <= 6
    checked = {"value": body["slots"][0]["start"], "lang": "en", "conversation": talk.id}
    assert (await site.inside("POST", "/internal/fields/slot", json=checked))[0] == 200


async def test_a_case_of_the_dialogue_carries_transcript_and_receipt_and_is_told_by_the_dialogue(
    site: Site, talk: Talk
) -> None:
    async def hand_over(_turn: Turn) -> Any:
        receipt = {
            "question": "Où est ma facture ?",
            "outcome": "handoff",
            "reason": "level_topic",
            "index_version": "9f",
            "candidates": [],
            "topics": [],
        }
        return {"messages": [{"custom": {"type": "handoff", "text": "Un ticket ?", "receipt": receipt}}]}

    site.rasa.answer = hand_over
    await talk.say("Où est ma facture ?")
    await talk.replies(1)
    body = TICKET | {"conversation": talk.id, "idempotency_key": "t-1", "lang": "fr", "topic": "invoice-question"}
    answers = [await site.inside("POST", "/internal/cases", json=body) for _ in range(2)]
    assert answers[0] == answers[1]
    assert answers[0][0] == 201
    case = answers[0][1]
    assert "case" not in [event["type"] for event in await talk.events()]
    (row,) = await stored(site, cases)
    assert row.ref == case["case"]["ref"]
    assert row.receipt["reason"] == "level_topic"
    assert "Où est ma facture ?" in [said["text"] for said in row.receipt["transcript"]]
    status, listed = await site.inside(
        "GET", "/internal/cases", params={"conversation": talk.id, "ref": row.ref.lower()}
    )
    assert (status, listed["cases"][0]["subject"]) == (200, "Facture")


async def test_a_case_of_no_conversation_is_refused(site: Site) -> None:
    for conversation in ("nobody", "", None, 7):
        body = TICKET | {"conversation": conversation, "idempotency_key": "t-1"}
        assert (await site.inside("POST", "/internal/cases", json=body))[0] == 404
    assert await stored(site, cases) == []
    assert await stored(site, outbox) == []


async def test_the_dialogue_takes_consent_with_what_it_showed(site: Site, talk: Talk) -> None:
    body = SLA | {"conversation": talk.id, "idempotency_key": "t-1"}
    ref = (await site.inside("POST", "/internal/cases", json=body))[1]["case"]["ref"]
    wrong = {"conversation": talk.id, "agreed": True}
    assert (await site.inside("POST", f"/internal/cases/{ref}/consent", json=wrong))[0] == 422
    right = wrong | {"statement": "Tout au fabricant."}
    status, answer = await site.inside("POST", f"/internal/cases/{ref}/consent", json=right)
    assert (status, answer["case"]["status"]) == (200, "open")


def shown(events: list[Event]) -> list[str]:
    return [re.sub(r"\s+", " ", event.get("text", "")) for event in events]


async def test_the_form_works_while_a_turn_hangs(site: Site, talk: Talk) -> None:
    release = asyncio.Event()

    async def hang(_turn: Turn) -> Any:
        await release.wait()
        return {"messages": [{"text": "enfin"}]}

    site.rasa.answer = hang
    await talk.say("Ma question")
    async with asyncio.timeout(2):
        await open_case(talk, TICKET)
    release.set()
    assert shown(await talk.replies(2))[-1] == "enfin"


async def test_the_dialogue_offers_mornings_and_afternoons_of_several_days(site: Site, talk: Talk) -> None:
    query = {"conversation": talk.id, "lang": "fr"}
    _, body = await site.inside("GET", "/internal/slots", params=query)
    starts = [datetime.fromisoformat(slot["start"]) for slot in body["slots"]]
    assert starts == sorted(starts)
    halves = {(start.date(), start.hour >= 12) for start in starts}
    assert len(halves) == len(starts) == 6
    assert len({day for day, _ in halves}) >= 3
