"""What clients get before and beside the conversation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

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
    assert body["lang"] == "de"


@pytest.mark.parametrize("wanted", ["de", "de-AT", "DE"])
async def test_a_conversation_goes_on_in_the_language_that_was_chosen(site: Site, talk: Talk, wanted: str) -> None:
    await talk.say("Comment changer le mot de passe ?")
    await talk.replies(1)
    assert await talk.patch({"lang": wanted}) == (200, {"id": talk.id, "lang": "de"})
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
