"""Asking for a person: whether one is there, and what waiting means."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.company import LiveRules
from bot.live import presence
from tests.desk.live_site import BASE, LiveDesk, open_live, settled
from tests.desk.site import Colleague
from tests.gateway.site import Turn, text_reply

SUNDAY = datetime(2026, 11, 29, 10, tzinfo=UTC)  # 11:00 in Paris
MONDAY = datetime(2026, 11, 30, 9, tzinfo=UTC)


async def test_a_customer_who_asks_is_told_how_soon_somebody_comes(live: LiveDesk, agent: Colleague) -> None:
    talk = await live.asked()
    told = (await talk.events())[-1]
    assert told["live"] == {"state": "waiting", "promised_seconds": 120}
    assert "2 minutes" in told["text"]
    assert len(told["buttons"]) == 3
    assert (await talk.get("state"))[1] == {"state": "waiting", "read": 0}
    listed = (await agent.get(f"{BASE}?state=waiting"))["conversations"]
    assert [one["id"] for one in listed] == [talk.id]


async def test_asking_twice_waits_once(live: LiveDesk, agent: Colleague) -> None:
    talk = await live.asked()
    answers = await asyncio.gather(*(talk.post("person", {}) for _ in range(5)))
    assert {status for status, _ in answers} == {202}
    assert all(0 < body["promised_seconds"] <= 120 for _, body in answers)
    assert sum("live" in event for event in await talk.events()) == 1


async def test_where_nobody_has_the_desk_open_it_is_said_before_anybody_waits(live: LiveDesk) -> None:
    away = await live.desk.colleague("Anna")
    await live.desk.presence(away, "online")
    talk = await live.desk.site.talk()
    status, body = await talk.post("person", {})
    assert (status, body["error"]["code"], body["opens_at"]) == (409, "nobody_there", None)
    assert (await talk.get("state"))[1]["state"] == "bot"


async def test_only_people_who_are_online_speak_the_language_and_serve_customers_count(live: LiveDesk) -> None:
    await live.at_desk("Berta", langs=["de"])
    await live.at_desk("Edith", "editor")
    out = await live.at_desk("Olga")
    status, _ = await out.call("PATCH", "/api/staff/me", {"out_until": "2100-01-01T00:00:00Z"})
    assert status == 200
    off = await live.at_desk("Paul")
    await live.desk.presence(off, "away")
    french, german = await live.desk.site.talk("fr"), await live.desk.site.talk("de")
    assert (await french.post("person", {}))[0] == 409
    assert (await german.post("person", {}))[0] == 202


async def test_a_team_at_its_limit_is_busy_and_those_who_wait_count(live: LiveDesk, agent: Colleague) -> None:
    first = await live.taken(agent)
    await live.asked()
    last = await live.desk.site.talk()
    status, body = await last.post("person", {})
    assert (status, body["error"]["code"]) == (409, "nobody_there")
    assert "conversation" in body["error"]["message"]
    assert (await agent.call("POST", f"{BASE}/{first.id}/close", {}))[0] == 200
    assert (await last.post("person", {}))[0] == 202


async def test_of_many_who_ask_at_once_no_more_wait_than_there_is_room_for(live: LiveDesk, agent: Colleague) -> None:
    talks = [await live.desk.site.talk() for _ in range(6)]
    answers = await asyncio.gather(*(talk.post("person", {}) for talk in talks))
    assert sorted(status for status, _ in answers) == [202] * 2 + [409] * 4


async def test_outside_the_opening_hours_it_is_said_when_somebody_is_back(live: LiveDesk, agent: Colleague) -> None:
    gateway, rules = live.desk.site.gateway, LiveRules()
    hours = gateway.policy.hours
    async with gateway.database.write() as conn:
        await presence.sign(conn, agent.id, MONDAY)
        closed = await presence.look(conn, "fr", SUNDAY, rules=rules, hours=hours)
        opened = await presence.look(conn, "fr", MONDAY, rules=rules, hours=hours)
    assert (closed.reason, closed.opens_at) == ("closed", datetime(2026, 11, 30, 8, tzinfo=UTC))
    assert opened.there


async def test_closed_hours_are_told_to_customer_and_dialogue_in_their_language(tmp_path: Path) -> None:
    async with open_live(tmp_path, LiveRules()) as live:
        site = live.desk.site
        talk = await site.talk("de", time_zone="Asia/Tokyo")
        path = f"/internal/person?conversation={talk.id}&lang=de"
        status, body = await site.inside("GET", path)
        assert (status, body["there"], body["released"]) == (200, False, False)
        if body["reason"] == "closed":  # at whatever hour this runs
            assert "Tokio" in body["display"]
            status, refused = await talk.post("person", {})
            assert body["display"] in refused["error"]["message"]


async def test_what_the_customer_writes_while_waiting_is_kept_for_the_person(live: LiveDesk, agent: Colleague) -> None:
    talk = await live.asked()
    seq = await talk.say("Mon écran est noir")
    await live.claim(agent, talk)
    shown = await agent.get(f"{BASE}/{talk.id}")
    assert [event["text"] for event in shown["events"] if event["seq"] == seq] == ["Mon écran est noir"]
    assert live.rasa.turns == []


async def test_a_button_of_the_waiting_gives_the_conversation_back_to_the_bot(live: LiveDesk, agent: Colleague) -> None:
    talk = await live.asked()
    leave = (await talk.events())[-1]["buttons"][-1]["id"]
    await talk.press(leave)
    seen = await talk.until(lambda events: events[-1]["from"] == "bot" and events[-1]["seq"] > 2)
    assert seen[-1]["text"] == "echo: /leave_queue"
    assert (await talk.get("state"))[1]["state"] == "bot"
    assert (await agent.get(f"{BASE}?state=waiting"))["conversations"] == []


async def test_other_buttons_are_words_for_the_person_who_comes(live: LiveDesk, agent: Colleague) -> None:
    async def offer(turn: Turn) -> object:
        return {"messages": [{"text": "Utile ?", "buttons": [{"title": "Oui", "payload": "/affirm"}]}], "state": {}}

    live.rasa.answer = offer
    talk = await live.desk.site.talk()
    await talk.say("Comment faire ?")
    button = (await talk.replies(1))[-1]["buttons"][0]["id"]
    assert (await talk.post("person", {}))[0] == 202
    await talk.press(button)
    await live.claim(agent, talk)
    assert (await talk.get("state"))[1]["state"] == "live"
    assert len(live.rasa.turns) == 1


async def test_the_dialogue_asks_for_a_person_and_its_own_words_give_way(live: LiveDesk, agent: Colleague) -> None:
    site = live.desk.site

    async def ask(turn: Turn) -> object:
        status, body = await site.inside(
            "POST", "/internal/person", json={"conversation": turn["sender"], "question": "Q"}
        )
        assert status == 202, body
        return text_reply("Quelqu’un arrive.")

    live.rasa.answer = ask
    talk = await site.talk()
    await talk.say("une personne")
    seen = await talk.until(lambda events: any("live" in event for event in events))
    await settled(live, talk)
    assert [event["from"] for event in await talk.events()] == ["bot", "customer", "system"]
    assert seen[-1]["live"]["state"] == "waiting"
    listed = (await agent.get(f"{BASE}?state=waiting"))["conversations"]
    assert listed[0]["question"] == "Q"


async def test_a_promise_that_is_not_kept_is_said_once_and_the_place_is_kept(live: LiveDesk, agent: Colleague) -> None:
    talk = await live.asked()
    assert await live.clock(100).fire_due() == 0
    fired = await asyncio.gather(*(live.clock(121).fire_due() for _ in range(3)))
    assert sum(fired) == 1
    told = (await talk.events())[-1]
    assert told["live"] == {"state": "waiting", "promised_seconds": None}
    assert len(told["buttons"]) == 3
    assert (await talk.post("person", {}))[1]["promised_seconds"] is not None  # by this process's own clock
    assert await live.clock(500).fire_due() == 0
    await live.claim(agent, talk)
    assert (await talk.get("state"))[1]["agent"] == {"name": "Anna"}


async def test_the_process_itself_keeps_the_promise_in_mind(tmp_path: Path) -> None:
    async with open_live(tmp_path, LiveRules(promise_seconds=5, around_the_clock=True)) as live:
        await live.at_desk("Anna")
        begun = datetime.now(UTC)
        talk = await live.asked()
        await talk.until(lambda events: sum("live" in event for event in events) == 2)
        assert timedelta(seconds=4) < datetime.now(UTC) - begun < timedelta(seconds=9)
