"""Delivery to Rasa: once per message, in order, and always with an end that the customer sees."""

from __future__ import annotations

import asyncio
import uuid
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from bot.gateway.events import Draft
from bot.gateway.journal import Message
from bot.gateway.rasa import NotListening
from bot.gateway.tables import conversations
from tests.gateway.site import RasaPeer, Site, Talk, Turn, open_site, text_reply


async def test_a_message_is_answered_and_the_dialogue_gets_its_id_and_language(site: Site, talk: Talk) -> None:
    await talk.say("Comment changer le mot de passe ?", client_id="abc-1")
    events = await talk.replies(1)
    assert [event["from"] for event in events] == ["bot", "customer", "bot"]
    assert [event["seq"] for event in events] == [1, 2, 3]
    assert events[2]["text"] == "echo: Comment changer le mot de passe ?"
    assert events[2]["decision"] == {"outcome": "chat"}
    assert site.rasa.calls == [
        {"sender": talk.id, "message_id": "abc-1", "lang": "fr", "text": "Comment changer le mot de passe ?"}
    ]


async def test_fifty_concurrent_copies_of_a_message_are_one_turn(site: Site, talk: Talk) -> None:
    seqs = await asyncio.gather(*(talk.say("Bonjour à tous", client_id="same") for _ in range(50)))
    assert set(seqs) == {2}
    await talk.replies(1)
    await talk.say("La suite, s'il vous plaît")
    events = await talk.replies(2)
    assert [event["from"] for event in events] == ["bot", "customer", "bot", "customer", "bot"]
    assert len(site.rasa.turns) == 2


async def test_the_same_client_id_is_another_message_in_another_conversation(site: Site, talk: Talk) -> None:
    other = await site.talk()
    await asyncio.gather(talk.say("Bonjour", client_id="same"), other.say("Bonsoir", client_id="same"))
    assert (await talk.replies(1))[-1]["text"] == "echo: Bonjour"
    assert (await other.replies(1))[-1]["text"] == "echo: Bonsoir"


async def test_messages_of_a_conversation_reach_rasa_one_after_the_other_in_order(site: Site, talk: Talk) -> None:
    at_work = 0
    most = 0

    async def slow(turn: Turn) -> Any:
        nonlocal at_work, most
        at_work += 1
        most = max(most, at_work)
        await asyncio.sleep(0)
        at_work -= 1
        return text_reply(turn["text"])

    site.rasa.answer = slow
    site.rasa._locks = {}  # the order must be ours, not the peer's
    texts = [f"question {number}" for number in range(30)]
    for text in texts:
        await talk.say(text)
    events = await talk.replies(30)
    assert [event["text"] for event in events if event["from"] == "bot"][1:] == texts
    assert most == 1


async def test_a_slow_conversation_does_not_hold_up_another(site: Site, talk: Talk) -> None:
    release = asyncio.Event()

    async def hold_first(turn: Turn) -> Any:
        if turn["sender"] == talk.id:
            await release.wait()
        return text_reply("done")

    site.rasa.answer = hold_first
    await talk.say("Première question")
    other = await site.talk()
    await other.say("Deuxième question")
    assert (await other.replies(1))[-1]["text"] == "done"
    assert len(await talk.events()) == 2
    release.set()
    await talk.replies(1)


async def test_typing_is_shown_but_not_journaled(site: Site, talk: Talk) -> None:
    release = asyncio.Event()

    async def hold(_turn: Turn) -> Any:
        await release.wait()
        return text_reply("done")

    site.rasa.answer = hold
    async with asyncio.timeout(10), talk.stream(after=1) as events:
        await talk.say("Bonjour à vous")
        seen = []
        async for event in events:
            seen.append(event)
            if event["type"] == "typing":
                release.set()
            if event.get("text") == "done":
                break
    assert {"from": "bot", "type": "typing"} in seen
    assert all(event["type"] != "typing" for event in await talk.events())


async def test_rasa_restarting_is_waited_for(site: Site, talk: Talk) -> None:
    assert site.rasa._server is not None
    port = site.rasa._server.port
    await site.rasa.stop()
    seq = await talk.say("Êtes-vous là ?")
    assert len(await talk.events(after=seq)) == 0
    await site.rasa.start(port=port or 0)
    assert (await talk.replies(1))[-1]["text"] == "echo: Êtes-vous là ?"


async def test_a_restart_is_explained_once_and_waited_for_beyond_the_time_to_answer(
    tmp_path: Path, rasa: RasaPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.gateway.turns.ANSWER_SECONDS", 0.5)
    monkeypatch.setattr("bot.gateway.turns.EXPLAIN_AFTER", 1.0)
    async with open_site(tmp_path, rasa, turn_deadline=60.0) as site:
        port = rasa._server.port if rasa._server else None
        await rasa.stop()
        refused: asyncio.Queue[None] = asyncio.Queue()
        deliver = site.gateway.turns._rasa.turn

        async def counted(message: Message, seconds: float) -> Any:
            try:
                return await deliver(message, seconds)
            except NotListening:
                refused.put_nowait(None)
                raise

        monkeypatch.setattr(site.gateway.turns._rasa, "turn", counted)
        talk = await site.talk("de")
        await talk.say("Wie ändere ich mein Passwort?")
        status = (await talk.replies(1))[-1]
        while not refused.empty():
            refused.get_nowait()
        await refused.get()  # and it goes on waiting
        await rasa.start(port=port or 0)
        events = await talk.replies(2)
    assert (status["from"], status["type"], status["lang"]) == ("system", "status", "de")
    assert status["text"] == site.gateway.catalogue.text("de", "system.restarting")
    assert [event["type"] for event in events[1:]] == ["text", "status", "text"]
    assert events[-1]["text"] == "echo: Wie ändere ich mein Passwort?"


async def test_a_rasa_that_listens_but_never_answers_is_given_up_before_the_deadline(
    tmp_path: Path, rasa: RasaPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.gateway.turns.ANSWER_SECONDS", 0.5)
    release = asyncio.Event()

    async def hang(_turn: Turn) -> Any:
        await release.wait()
        return text_reply("too late")

    rasa.answer = hang
    async with open_site(tmp_path, rasa, turn_deadline=300.0) as site:
        talk = await site.talk()
        await talk.say("Bonjour à tous")
        assert [event["type"] for event in await talk.replies(1)] == ["text", "text", "error"]
        release.set()


@pytest.mark.parametrize("status", [500, 502, 503, 429])
async def test_a_failed_turn_is_tried_again_with_the_same_id(site: Site, talk: Talk, status: int) -> None:
    site.rasa.statuses = [status]
    await talk.say("Encore une question", client_id="again")
    assert (await talk.replies(1))[-1]["text"] == "echo: Encore une question"
    assert [call["message_id"] for call in site.rasa.calls] == ["again", "again"]


async def test_a_turn_that_fails_again_and_again_is_given_up_before_the_deadline(tmp_path: Path) -> None:
    rasa = RasaPeer()
    rasa.statuses = [500] * 50
    async with open_site(tmp_path, rasa, turn_deadline=120.0) as site:
        talk = await site.talk()
        await talk.say("Encore une question")
        assert (await talk.replies(1, seconds=60))[-1]["type"] == "error"
    assert len(rasa.calls) == 5


async def test_a_call_that_rasa_refuses_is_not_repeated(site: Site, talk: Talk) -> None:
    site.rasa.statuses = [400]
    await talk.say("Encore une question")
    assert (await talk.replies(1))[-1]["type"] == "error"
    assert len(site.rasa.calls) == 1


@pytest.mark.parametrize(
    "raw",
    [
        "[]",
        "{}",
        "null",
        "not json",
        '{"messages": []}',
        '{"messages": [{}]}',
        '{"messages": [7]}',
        '{"messages": [{"text": "   "}]}',
        '{"messages": [{"text": "x", "buttons": [{"title": "no payload"}]}]}',
        '{"messages": [{"custom": {"type": ["answer"]}}]}',
        '{"messages": [{"custom": {"type": "answer", "text": "no source"}}]}',
    ],
)
async def test_a_reply_that_says_nothing_or_cannot_be_read_ends_in_an_error_with_a_way_on(
    site: Site, talk: Talk, raw: str
) -> None:
    site.rasa.raw = raw
    await talk.say("Bonjour Archivelle")
    error = (await talk.replies(1))[-1]
    assert error["type"] == "error"
    assert error["from"] == "system"
    assert error["decision"]["channel"] == "ticket"
    assert error["text"]
    assert len(error["buttons"]) == 1


async def test_the_retry_button_tries_the_same_turn_again(site: Site, talk: Talk) -> None:
    site.rasa.raw = "[]"
    await talk.say("Ma question importante", client_id="first")
    error = (await talk.replies(1))[-1]
    site.rasa.raw = None
    await talk.press(error["buttons"][0]["id"])
    events = await talk.replies(2)
    assert events[-2]["text"] == error["buttons"][0]["title"]
    assert events[-1]["text"] == "echo: Ma question importante"
    assert [call["message_id"] for call in site.rasa.calls] == ["first", "first"]


async def test_with_rasa_dead_the_customer_gets_an_error_and_can_leave_a_ticket(tmp_path: Path) -> None:
    async with open_site(tmp_path, RasaPeer(), rasa_port=9, turn_deadline=0.5) as site:
        talk = await site.talk("de")
        await talk.say("Wie ändere ich mein Passwort?")
        error = (await talk.replies(1))[-1]
        assert (error["type"], error["lang"]) == ("error", "de")
        ticket = {"kind": "ticket", "email": "kundin@example.org", "subject": "Passwort", "text": "Bitte um Hilfe."}
        status, body = await talk.post("cases", ticket, **{"Idempotency-Key": "k"})
        assert status == 201
        assert body["case"]["status"] == "open"
        assert (await talk.events())[-1]["case"]["ref"] == body["case"]["ref"]


async def test_a_hanging_rasa_is_given_up_at_the_deadline(tmp_path: Path, rasa: RasaPeer) -> None:
    release = asyncio.Event()

    async def hang(_turn: Turn) -> Any:
        await release.wait()
        return text_reply("too late")

    rasa.answer = hang
    async with open_site(tmp_path, rasa, turn_deadline=0.5) as site:
        talk = await site.talk()
        await talk.say("Bonjour à tous")
        assert (await talk.replies(1))[-1]["type"] == "error"
        release.set()


async def test_a_pressed_button_sends_its_payload_and_shows_its_title(site: Site, talk: Talk) -> None:
    async def offer(turn: Turn) -> Any:
        if "payload" in turn:
            return text_reply(f"got {turn['payload']}")
        return {"messages": [{"text": "Oui ou non ?", "buttons": [{"title": "Oui", "payload": '/yes{"a": "b"}'}]}]}

    site.rasa.answer = offer
    await talk.say("Une question, une réponse")
    offered = (await talk.replies(1))[-1]
    assert "payload" not in str(offered)
    await talk.press(offered["buttons"][0]["id"])
    events = await talk.replies(2)
    assert events[-2]["text"] == "Oui"
    assert events[-2]["button"] == offered["buttons"][0]["id"]
    assert "button" not in events[1]
    assert events[-1]["text"] == 'got /yes{"a": "b"}'


async def test_a_button_of_another_conversation_is_unknown(site: Site, talk: Talk) -> None:
    async def offer(_turn: Turn) -> Any:
        return {"messages": [{"text": "?", "buttons": [{"title": "Oui", "payload": "/yes"}]}]}

    site.rasa.answer = offer
    await talk.say("Bonjour à vous")
    button = (await talk.replies(1))[-1]["buttons"][0]["id"]
    other = await site.talk()
    for pressed in (button, "/yes", ""):
        status, body = await other.post("messages", {"client_id": str(uuid.uuid4()), "button": pressed})
        assert (status, body["error"]["code"]) == (422, "unknown_button")
    assert len(await other.events()) == 1


async def test_the_bot_does_not_speak_into_an_agents_conversation(site: Site, talk: Talk) -> None:
    async with site.gateway.database.write() as connection:
        await connection.execute(update(conversations).where(conversations.c.id == talk.id).values(owner="agent"))
    seq = await talk.say("Vous êtes là ?")
    await asyncio.gather(*site.gateway.turns._workers.values())
    assert await site.gateway.journal.conversations_pending() == []
    assert site.rasa.calls == []
    assert await talk.events(after=seq) == []


async def test_what_was_pending_when_the_process_ended_is_answered_once_after_the_start(tmp_path: Path) -> None:
    rasa = RasaPeer()
    async with open_site(tmp_path, rasa, rasa_port=9, turn_deadline=60.0) as site:
        site.gateway.turns._stopping = True  # nothing is delivered any more, as in a process about to end
        talk = await site.talk()
        await talk.say("Première question", client_id="one")
        await talk.say("Deuxième question", client_id="two")
    async with open_site(tmp_path, rasa) as again:
        talk.site = again
        events = await talk.replies(2)
        assert [event["text"] for event in events[3:]] == ["echo: Première question", "echo: Deuxième question"]
        assert [turn["message_id"] for turn in rasa.turns] == ["one", "two"]


async def test_a_form_is_told_by_kind_and_field_and_its_end_too(site: Site, talk: Talk) -> None:
    states: list[dict[str, Any]] = [
        {"active_loop": "ticket_form", "requested_slot": "ticket_email"},
        {"active_loop": None, "requested_slot": None},
    ]

    async def ask(_turn: Turn) -> Any:
        return {"messages": [{"text": "Votre adresse ?"}], "state": states.pop(0)}

    site.rasa.answer = ask
    await talk.say("Je veux un ticket")
    asked = (await talk.replies(1))[-1]
    assert (asked["type"], asked["form"]) == ("form", {"kind": "ticket", "field": "email"})
    await talk.say("client@example.org")
    assert (await talk.replies(2))[-1]["type"] == "text"


async def test_a_forms_choices_name_the_field_too(site: Site, talk: Talk) -> None:
    async def ask(_turn: Turn) -> Any:
        custom = {"type": "choices", "text": "Quand ?", "buttons": [{"title": "Demain", "payload": "/pick"}]}
        state = {"active_loop": "callback_form", "requested_slot": "slot"}
        return {"messages": [{"custom": custom}], "state": state}

    site.rasa.answer = ask
    await talk.say("Rappelez-moi, s'il vous plaît")
    asked = (await talk.replies(1))[-1]
    assert (asked["type"], asked["form"]) == ("choices", {"kind": "callback", "field": "slot"})
    assert asked["decision"] == {"outcome": "chat"}


async def test_custom_messages_become_events_with_known_keys_only_and_receipts_stay_private(
    site: Site, talk: Talk
) -> None:
    source = {"article": "a", "version": "1", "title": "T", "url": "/articles/fr/a", "passage": "a.fr#0"}
    decision = {"outcome": "answer", "probability": 0.8, "level": None, "channel": None}

    async def answer(_turn: Turn) -> Any:
        return {
            "messages": [
                {
                    "custom": {
                        "type": "answer",
                        "text": "Ouvrez **Mon profil**.",
                        "lang": "fr",
                        "source": source | {"secret": "s"},
                        "decision": decision,
                        "receipt": {"question": "q"},
                        "from": "customer",
                        "seq": 99,
                    }
                },
                {
                    "custom": {
                        "type": "handoff",
                        "text": "Un ticket ?",
                        "decision": {"outcome": "handoff", "level": 1, "channel": "ticket"},
                        "buttons": [{"title": "Écrire un ticket", "payload": "/ticket"}],
                        "receipt": {"question": "private words", "outcome": "handoff", "reason": "level_topic"},
                    }
                },
            ]
        }

    site.rasa.answer = answer
    await talk.say("Comment faire ?")
    first, second = (await talk.replies(2))[-2:]
    assert first["source"] == source
    assert (first["from"], first["seq"], first["type"]) == ("bot", 3, "answer")
    assert first["decision"] == {"outcome": "answer", "probability": 0.8}
    assert (second["type"], second["decision"]["channel"]) == ("choices", "ticket")
    assert "private words" not in str(await talk.events())
    background = await site.gateway.journal.background(talk.id)
    assert background.receipt == {"question": "private words", "outcome": "handoff", "reason": "level_topic"}
    assert background.transcript[-1]["text"] == "Un ticket ?"


async def test_a_reply_that_comes_after_a_person_took_over_is_not_said(site: Site, talk: Talk) -> None:
    async def take_over(_turn: Turn) -> Any:
        async with site.gateway.database.write() as connection:
            await connection.execute(update(conversations).where(conversations.c.id == talk.id).values(owner="agent"))
        return text_reply("too late")

    site.rasa.answer = take_over
    seq = await talk.say("Vous êtes là ?")
    await asyncio.gather(*site.gateway.turns._workers.values())
    assert await site.gateway.journal.conversations_pending() == []
    assert await talk.events(after=seq) == []
    conversation = await site.gateway.journal.conversation(talk.id)
    assert conversation is not None
    assert conversation.last_seq == seq


async def test_a_turn_ends_once(site: Site, talk: Talk) -> None:
    site.gateway.turns._stopping = True
    await talk.say("Bonjour à vous")
    message = await site.gateway.journal.next_pending(talk.id)
    assert message is not None
    said = [Draft(sender="bot", type="text", body={"text": "Bonjour"})]
    ends = await asyncio.gather(*(site.gateway.journal.finish(message, said, state="done") for _ in range(5)))
    assert sorted(end or "" for end in ends) == ["", "", "", "", "done"]
    assert [event["seq"] for event in await talk.events()] == [1, 2, 3]
