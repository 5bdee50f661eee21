"""A person has the conversation: the bot is silent, both sides hear each other at once."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import pytest
from aiohttp import FormData

from tests.desk.live_site import BASE, LiveDesk, settled
from tests.desk.site import Colleague
from tests.gateway.site import Talk, Turn, text_reply

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 40


async def upload(person: Colleague, path: str, name: str = "écran.png") -> dict[str, Any]:
    form = FormData()
    form.add_field("file", PNG, filename=name)
    headers = {"X-CSRF-Token": person.csrf}
    async with person.http.post(f"{person.site.url}{path}", data=form, headers=headers) as response:
        assert response.status == 201, await response.text()
        return dict((await response.json())["attachment"])


async def sent_by_customer(talk: Talk) -> dict[str, Any]:
    form = FormData()
    form.add_field("file", PNG, filename="photo.png")
    async with talk.site.http.post(talk.url("attachments"), data=form, headers=talk.headers) as response:
        assert response.status == 201, await response.text()
        return dict((await response.json())["attachment"])


async def test_a_claim_while_a_turn_is_in_flight_leaves_no_bot_words_after_it(live: LiveDesk, agent: Colleague) -> None:
    asked, go = asyncio.Event(), asyncio.Event()

    async def slow(turn: Turn) -> object:
        asked.set()
        await go.wait()
        return text_reply("Trop tard.")

    live.rasa.answer = slow
    talk = await live.desk.site.talk()
    await talk.say("Bonjour ?")
    await asked.wait()
    await live.claim(agent, talk)
    go.set()
    await settled(live, talk)
    events = await talk.events()
    joined = next(event["seq"] for event in events if event.get("live", {}).get("state") == "live")
    assert [event for event in events if event["seq"] > joined] == []
    assert not any(event.get("text") == "Trop tard." for event in events)
    assert [event["text"] for event in events if event["from"] == "customer"] == ["Bonjour ?"]


async def test_the_bot_no_longer_seems_to_type_once_somebody_has_joined(
    live: LiveDesk, agent: Colleague, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.gateway.turns.TYPING_AGAIN", 0.02)
    typed, go, hub = asyncio.Queue[str](), asyncio.Event(), live.desk.site.gateway.hub
    monkeypatch.setattr(hub, "typing", typed.put_nowait)

    async def slow(turn: Turn) -> object:
        await go.wait()
        return text_reply("Trop tard.")

    live.rasa.answer = slow
    talk = await live.desk.site.talk()
    await talk.say("Bonjour ?")
    for _ in range(3):
        assert await asyncio.wait_for(typed.get(), 20) == talk.id
    await live.claim(agent, talk)
    while typed.qsize():
        typed.get_nowait()
    await asyncio.sleep(0.2)  # ten times as long as between two signs
    assert typed.qsize() <= 1  # one may have been under way
    go.set()
    await settled(live, talk)


async def test_of_many_who_claim_at_once_one_wins_and_the_others_are_told_who(live: LiveDesk, agent: Colleague) -> None:
    bruno, clara = await live.at_desk("Bruno"), await live.at_desk("Clara")
    talk = await live.asked()
    path = f"{BASE}/{talk.id}/claim"
    answers = await asyncio.gather(*(person.call("POST", path, {}) for person in (agent, bruno, clara)))
    assert sorted(status for status, _ in answers) == [200, 409, 409]
    winner = next(body for status, body in answers if status == 200)["conversation"]["agent"]["name"]
    for status, body in answers:
        if status == 409:
            assert body["error"]["code"] == "already_claimed"
            assert winner in body["error"]["message"]
    assert sum(event.get("live", {}).get("state") == "live" for event in await talk.events()) == 1


async def test_a_double_click_on_claim_joins_once(live: LiveDesk, agent: Colleague) -> None:
    talk = await live.asked()
    path = f"{BASE}/{talk.id}/claim"
    answers = await asyncio.gather(*(agent.call("POST", path, {}) for _ in range(4)))
    assert {status for status, _ in answers} == {200}
    assert sum(event.get("live", {}).get("state") == "live" for event in await talk.events()) == 1


async def test_the_bot_says_nothing_until_it_is_handed_back(live: LiveDesk, agent: Colleague) -> None:
    talk = await live.taken(agent)
    await talk.say("Il y a quelqu’un ?")
    await live.say(agent, talk, "Oui, je suis là.")
    await settled(live, talk)
    assert live.rasa.turns == []
    status, body = await agent.call("POST", f"{BASE}/{talk.id}/release", {})
    assert (status, body["conversation"]["state"]) == (200, "bot")
    await talk.say("Merci")
    seen = await talk.until(lambda events: events[-1].get("text") == "echo: Merci")
    assert [turn["text"] for turn in live.rasa.turns] == ["Merci"]
    assert next(event for event in seen if event.get("live", {}).get("state") == "bot")["text"]


async def test_after_a_hand_back_the_next_turn_begins_afresh_and_offers_no_person(
    live: LiveDesk, agent: Colleague
) -> None:
    site = live.desk.site
    offers: list[bool] = []

    async def look(turn: Turn) -> object:
        _, body = await site.inside("GET", f"/internal/person?conversation={turn['sender']}&lang=fr")
        offers.append(body["released"])
        return text_reply("Voici.")

    live.rasa.answer = look
    talk = await live.taken(agent)
    assert (await agent.call("POST", f"{BASE}/{talk.id}/release", {}))[0] == 200
    for text in ("un", "deux"):
        await talk.say(text)
        await talk.until(lambda events: events[-1].get("text") == "Voici.")
        await settled(live, talk)
    assert [turn.get("fresh") for turn in live.rasa.turns] == [True, None]
    assert offers == [True, False]


async def test_both_hear_each_other_within_a_second(live: LiveDesk, agent: Colleague) -> None:
    talk = await live.taken(agent)
    async with agent.stream() as news, talk.stream() as heard:
        assert (await anext(news))["event"] == "ready"
        await talk.say("Bonjour")
        async with asyncio.timeout(1.5):
            async for event in news:
                if event["event"] == "conversation":
                    assert event["data"] == {"id": talk.id}
                    break
        await live.say(agent, talk, "Bonjour, Anna à votre service.")
        async with asyncio.timeout(1):
            async for event in heard:
                if event.get("from") == "agent":
                    assert (event["text"], event["agent"]) == ("Bonjour, Anna à votre service.", {"name": "Anna"})
                    break


async def test_what_is_posted_twice_is_said_once(live: LiveDesk, agent: Colleague) -> None:
    talk = await live.taken(agent)
    client = uuid.uuid4().hex
    numbers = await asyncio.gather(*(live.say(agent, talk, "Une fois.", client) for _ in range(5)))
    assert len(set(numbers)) == 1
    assert sum(event.get("text") == "Une fois." for event in await talk.events()) == 1


async def test_signs_of_typing_go_both_ways_and_are_kept_nowhere(live: LiveDesk, agent: Colleague) -> None:
    talk = await live.taken(agent)
    before = len(await talk.events())
    async with agent.stream() as news, talk.stream() as heard:
        await anext(news)
        async with talk.site.http.post(talk.url("typing"), json={}, headers=talk.headers) as response:
            assert response.status == 204
        async with asyncio.timeout(2):
            async for event in news:
                if event["event"] == "typing":
                    assert event["data"] == {"conversation": talk.id}
                    break
        assert (await agent.call("POST", f"{BASE}/{talk.id}/typing", {}))[0] == 204
        async with asyncio.timeout(2):
            async for event in heard:
                if event.get("type") == "typing":
                    assert event == {"from": "agent", "type": "typing", "agent": {"name": "Anna"}}
                    break
    assert len(await talk.events()) == before


async def test_each_side_sees_how_far_the_other_has_read(live: LiveDesk, agent: Colleague) -> None:
    talk = await live.taken(agent)
    said = await talk.say("Lu ?")
    assert (await agent.call("POST", f"{BASE}/{talk.id}/read", {"seq": said}))[0] == 204
    assert (await talk.get("state"))[1]["read"] == said
    told = await live.say(agent, talk, "Oui.")
    async with talk.site.http.post(talk.url("read"), json={"seq": told}, headers=talk.headers) as response:
        assert response.status == 204
    shown = (await agent.get(f"{BASE}/{talk.id}"))["conversation"]
    assert (shown["read"], shown["unread"]) == (told, False)
    async with talk.site.http.post(talk.url("read"), json={"seq": 0}, headers=talk.headers) as response:
        assert response.status == 204
    assert (await agent.get(f"{BASE}/{talk.id}"))["conversation"]["read"] == told


async def test_files_go_both_ways_and_only_to_those_of_the_conversation(live: LiveDesk, agent: Colleague) -> None:
    talk, stranger = await live.taken(agent), await live.desk.site.talk()
    file = await upload(agent, f"{BASE}/{talk.id}/attachments")
    async with talk.site.http.get(talk.url(f"attachments/{file['id']}"), headers=talk.headers) as early:
        assert early.status == 404, "not sent yet"
    await live.say(agent, talk, "", attachments=[file["id"]])
    assert (await talk.events())[-1]["attachments"] == [file]
    async with talk.site.http.get(talk.url(f"attachments/{file['id']}"), headers=talk.headers) as response:
        assert (response.status, await response.read()) == (200, PNG)
        assert response.headers["Content-Disposition"].startswith("attachment;")
    async with stranger.site.http.get(stranger.url(f"attachments/{file['id']}"), headers=stranger.headers) as other:
        assert other.status == 404
    photo = await sent_by_customer(talk)
    body = {"client_id": "c", "text": "", "attachments": [photo["id"]]}
    assert (await talk.post("messages", body))[0] == 202
    assert (await talk.post("messages", body))[0] == 202
    assert (await talk.post("messages", {**body, "client_id": "d"}))[0] == 422, "sent already"
    path = f"{BASE}/{talk.id}/attachments/{photo['id']}"
    async with agent.http.get(f"{agent.site.url}{path}") as response:
        assert await response.read() == PNG


async def test_files_for_nobody_are_refused_with_the_way_that_is_there(live: LiveDesk) -> None:
    talk = await live.desk.site.talk()
    photo = await sent_by_customer(talk)
    status, body = await talk.post("messages", {"client_id": "c", "text": "Voici", "attachments": [photo["id"]]})
    assert (status, body["error"]["code"]) == (409, "no_person")


async def test_only_who_has_the_conversation_writes_in_it(live: LiveDesk, agent: Colleague) -> None:
    bruno = await live.at_desk("Bruno")
    talk = await live.taken(agent)
    for path, body in (("messages", {"client_id": "c", "text": "Moi aussi"}), ("release", {}), ("close", {})):
        status, answer = await bruno.call("POST", f"{BASE}/{talk.id}/{path}", body)
        assert (status, answer["error"]["code"]) == (409, "not_yours")
        assert "Anna" in answer["error"]["message"]
    assert (await bruno.call("POST", f"{BASE}/{talk.id}/typing", {}))[0] == 409
    assert (await bruno.call("POST", f"{BASE}/nowhere/claim", {}))[0] == 404


async def test_an_agent_whose_desk_is_gone_gives_the_customer_to_somebody_else_once(
    live: LiveDesk, agent: Colleague
) -> None:
    bruno = await live.at_desk("Bruno")
    talk = await live.taken(agent)
    await live.say(agent, talk, "Un instant.")
    assert await live.clock(10_000).fire_due() == 0, "the customer waits for nothing"
    await talk.say("Allô ?")
    later = live.clock(400)
    await live.sign(bruno, later._now())
    await live.sign(agent, later._now())
    assert await later.fire_due() == 0, "the desk is open"
    gone = live.clock(900)
    await live.sign(bruno, gone._now())
    assert sum(await asyncio.gather(*(gone.fire_due() for _ in range(3)))) == 1
    told = (await talk.events())[-1]
    assert told["live"] == {"state": "waiting", "promised_seconds": 120}
    assert "Anna" in told["text"]
    await live.claim(bruno, talk)


async def test_where_nobody_else_is_there_the_customer_is_back_at_the_bot_with_the_ways_to_reach_people(
    live: LiveDesk, agent: Colleague
) -> None:
    talk = await live.taken(agent)
    assert await live.clock(900).fire_due() == 1
    told = (await talk.events())[-1]
    assert (told["live"], len(told["buttons"])) == ({"state": "bot"}, 2)
    assert (await talk.get("state"))[1]["state"] == "bot"
    status, body = await agent.call("POST", f"{BASE}/{talk.id}/messages", {"client_id": "c", "text": "Me revoilà"})
    assert (status, body["error"]["code"]) == (409, "not_claimed")


async def test_a_conversation_of_the_bot_can_be_taken_too(live: LiveDesk, agent: Colleague) -> None:
    talk = await live.desk.site.talk()
    await talk.say("Bonjour")
    await talk.replies(1)
    listed = (await agent.get(f"{BASE}?state=bot"))["conversations"]
    assert [one["id"] for one in listed] == [talk.id]
    await live.claim(agent, talk)
    assert [one["id"] for one in (await agent.get(f"{BASE}?state=mine"))["conversations"]] == [talk.id]


async def test_who_took_handed_back_and_ended_what_is_in_the_audit_once(live: LiveDesk, agent: Colleague) -> None:
    ada, talk = await live.desk.colleague("Ada", "administrator"), await live.desk.site.talk()
    for _ in range(2):  # a double click
        await live.claim(agent, talk)
    assert (await ada.call("POST", f"{BASE}/{talk.id}/claim", {}))[0] == 409
    assert (await agent.call("POST", f"{BASE}/{talk.id}/release", {}))[0] == 200
    await live.claim(ada, talk)
    assert (await ada.call("POST", f"{BASE}/{talk.id}/close", {}))[0] == 200
    entries = (await ada.get("/api/staff/audit"))["entries"]
    kept = [(each["actor"]["name"], each["action"], each["target"]) for each in entries if "live_" in each["action"]]
    done = [("Anna", "live_claimed"), ("Anna", "live_released"), ("Ada", "live_claimed"), ("Ada", "live_closed")]
    assert kept[::-1] == [(name, action, talk.id) for name, action in done]
