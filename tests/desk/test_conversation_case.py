"""What cannot be settled in a live conversation goes on as a case that carries it."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

from tests.desk.live_site import BASE, LiveDesk
from tests.desk.site import Colleague
from tests.desk.test_live_talking import PNG, sent_by_customer
from tests.gateway.site import Talk

TICKET = {"kind": "ticket", "email": "jeanne@example.fr", "subject": "Facture", "text": "Le montant est faux."}


async def opened(person: Colleague, talk: Talk, client_id: str | None = None, **changes: Any) -> tuple[int, Any]:
    body = {"client_id": client_id or uuid.uuid4().hex, **TICKET, **changes}
    return await person.call("POST", f"{BASE}/{talk.id}/case", body)


async def test_a_case_carries_the_conversation_and_belongs_to_who_opened_it(live: LiveDesk, agent: Colleague) -> None:
    talk = await live.taken(agent)
    await talk.say("Ma facture de novembre est fausse")
    photo = await sent_by_customer(talk)
    await talk.post("messages", {"client_id": "p", "text": "La voici", "attachments": [photo["id"]]})
    await live.say(agent, talk, "Je transmets à la comptabilité.")
    status, body = await opened(agent, talk)
    assert status == 201, body
    case = body["case"]
    assert case["owner"] == {"id": agent.id, "name": "Anna"}
    assert (case["kind"], case["status"], case["conversation"]) == ("ticket", "open", talk.id)
    said = [event["text"] for event in case["transcript"] if event["from"] in ("customer", "agent")]
    assert said == ["Ma facture de novembre est fausse", "La voici", "Je transmets à la comptabilité."]
    assert [file["id"] for file in case["attachments"]] == [photo["id"]]
    path = f"{agent.site.url}/api/desk/cases/{case['ref']}/attachments/{photo['id']}"
    async with agent.http.get(path) as response:
        assert await response.read() == PNG
    told = (await talk.events())[-1]
    assert (told["from"], told["type"], told["case"]["ref"]) == ("system", "case", case["ref"])
    assert (await talk.get("cases"))[1]["cases"][0]["ref"] == case["ref"]
    assert (await agent.get(f"{BASE}/{talk.id}"))["conversation"]["agent"]["id"] == agent.id  # which goes on


async def test_the_same_case_opened_twice_at_once_is_one(live: LiveDesk, agent: Colleague) -> None:
    talk = await live.taken(agent)
    answers = await asyncio.gather(*(opened(agent, talk, "same") for _ in range(4)))
    assert {status for status, _ in answers} == {201}
    assert len({body["case"]["ref"] for _, body in answers}) == 1
    assert len([event for event in await talk.events() if event["type"] == "case"]) == 1
    assert (await opened(agent, talk, "same", subject="Autre"))[1]["error"]["code"] == "key_reused"


async def test_opening_it_again_takes_it_from_nobody(live: LiveDesk, agent: Colleague) -> None:
    talk = await live.taken(agent)
    ref = (await opened(agent, talk, "same"))[1]["case"]["ref"]
    bruno = await live.at_desk("Bruno")
    assert (await agent.patch(ref, owner=bruno.id))[0] == 200
    assert (await opened(agent, talk, "same"))[1]["case"]["owner"]["id"] == bruno.id


async def test_the_address_is_the_one_the_customer_gave_before(live: LiveDesk, agent: Colleague) -> None:
    talk = await live.taken(agent)
    status, body = await opened(agent, talk, email=None)
    assert (status, body["error"]["code"], body["error"]["field"]) == (422, "required", "email")
    assert (await opened(agent, talk))[0] == 201
    status, body = await opened(agent, talk, email=None, subject="Encore une")
    assert (status, body["case"]["customer"]) == (201, "jeanne@example.fr")


async def test_what_is_no_case_is_refused_and_nobody_is_told(live: LiveDesk, agent: Colleague) -> None:
    talk = await live.taken(agent)
    before = await talk.events()
    for changes, code, field in (
        ({"subject": ""}, "required", "subject"),
        ({"kind": "wish"}, "invalid_kind", "kind"),
        ({"colour": "red"}, "unknown_field", "colour"),
        ({"client_id": 7}, "invalid_client_id", "client_id"),
    ):
        status, body = await opened(agent, talk, **changes)
        assert (status, body["error"]["code"], body["error"]["field"]) == (422, code, field)
    assert await talk.events() == before
    status, body = await agent.call("POST", f"{BASE}/nowhere/case", {"client_id": "x", **TICKET})
    assert (status, body["error"]["code"]) == (404, "not_found")
