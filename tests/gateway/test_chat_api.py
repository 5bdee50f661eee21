"""What clients get before and beside the conversation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from bot.cases.tables import cases
from tests.gateway.site import RasaPeer, Site, Talk, open_site


async def test_clients_are_told_the_limits_that_are_set_and_what_a_contract_number_looks_like(tmp_path: Path) -> None:
    limits = {"message": 500, "attachment_bytes": 2048, "attachment_count": 2}
    async with (
        open_site(tmp_path, RasaPeer(), message_limit=500, attachment_bytes=2048, attachment_count=2) as site,
        site.http.get(f"{site.url}/api/widget?lang=de") as response,
    ):
        body = await response.json()
    assert body["limits"] == limits
    assert body["contract_example"] == site.gateway.company.sla.contract_example
    assert body["transcripts"] is False  # no mail server is set
    assert body["lang"] == "de"


@pytest.mark.parametrize("wanted", ["de", "de-AT", "DE"])
async def test_a_conversation_goes_on_in_the_language_that_was_chosen(site: Site, talk: Talk, wanted: str) -> None:
    await talk.say("Comment changer le mot de passe ?")
    await talk.replies(1)
    assert await talk.patch({"lang": wanted}) == (200, {"id": talk.id, "lang": "de", "time_zone": None})
    await talk.say("Passwort?")  # too short to tell a language
    events = await talk.replies(2)
    assert [event["lang"] for event in events[-2:]] == ["de", "de"]
    assert [turn["lang"] for turn in site.rasa.turns] == ["fr", "de"]


async def test_a_message_clearly_in_another_language_still_switches(talk: Talk) -> None:
    await talk.patch({"lang": "de"})
    await talk.say("Comment puis-je demander mon mot de passe ?")
    assert (await talk.replies(1))[-1]["lang"] == "fr"


@pytest.mark.parametrize("body", [{"lang": "it"}, {"lang": ""}, {"lang": None}, {"lang": 1}, {"lang": ["de"]}, {}])
async def test_an_unknown_language_is_refused_and_changes_nothing(talk: Talk, body: dict[str, Any]) -> None:
    status, answer = await talk.patch(body)
    assert (status, answer["error"]["code"], answer["error"]["field"]) == (422, "unknown_language", "lang")
    assert "fr, de, en" in answer["error"]["message"]
    await talk.say("ok")
    assert (await talk.replies(1))[-1]["lang"] == "fr"


async def test_callback_times_are_on_the_clock_that_the_client_named(site: Site) -> None:
    talk = await site.talk(time_zone="America/Toronto")
    offered = (await talk.get("slots"))[1]
    assert offered["time_zone"] == "America/Toronto"
    inside = {"conversation": talk.id, "lang": "fr"}
    _, told = await site.inside("GET", "/internal/slots", params=inside)
    assert (told["time_zone"], told["slots"][0]) == ("America/Toronto", offered["slots"][0])
    _, checked = await site.inside("POST", "/internal/fields/slot", json=inside | {"value": told["slots"][0]["start"]})
    assert checked["value"] == told["slots"][0]["start"]
    assert checked["display"].endswith(f"{told['slots'][0]['display'][-5:]} (heure locale : Toronto)")
    assert await talk.patch({"time_zone": "Asia/Tokyo"}) == (
        200, {"id": talk.id, "lang": "fr", "time_zone": "Asia/Tokyo"},
    )  # fmt: skip
    assert (await talk.get("slots"))[1]["time_zone"] == "Asia/Tokyo"
    assert (await talk.patch({"lang": "en"}))[1]["time_zone"] == "Asia/Tokyo"


async def test_a_case_keeps_the_clock_for_its_mail_and_its_page(site: Site) -> None:
    talk = await site.talk(time_zone="America/Toronto")
    slot = (await talk.get("slots"))[1]["slots"][0]
    body = {"kind": "callback", "phone": "06 12 34 56 78", "slot": slot["start"], "subject": "Export DATEV"}
    _, answer = await talk.post("cases", body, **{"Idempotency-Key": "k"})
    async with site.gateway.database.read() as connection:
        row = (await connection.execute(select(cases))).one()
    assert row.time_zone == "America/Toronto"
    page = f"{site.url}/cases/{answer['case']['ref']}?key={row.key}"
    async with site.http.get(page, headers={"Accept": "text/html"}) as response:
        assert f"{slot['display'][-5:]} (heure locale : Toronto)" in await response.text()


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../etc/passwd", "posixrules", 1, ["Europe/Paris"], "europe/paris"])
async def test_an_unknown_time_zone_is_refused_and_changes_nothing(site: Site, talk: Talk, zone: Any) -> None:
    status, answer = await talk.patch({"lang": "de", "time_zone": zone})
    assert (status, answer["error"]["code"], answer["error"]["field"]) == (422, "unknown_time_zone", "time_zone")
    async with site.http.post(f"{site.url}/api/conversations", json={"time_zone": zone}) as response:
        assert (response.status, (await response.json())["error"]["code"]) == (422, "unknown_time_zone")
    assert (await talk.patch({"lang": "fr"}))[1] == {"id": talk.id, "lang": "fr", "time_zone": None}
