"""Who has a conversation, on SQLite and on PostgreSQL, with everybody at it at once."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable
from typing import Any

import pytest
from sqlalchemy import select

from bot.cases import CaseError
from bot.cases.attachments import add_attachment, new_attachment
from bot.cases.tables import attachments
from bot.gateway.events import Button, Draft
from bot.gateway.journal import Message
from bot.gateway.tables import messages
from bot.http import ApiError
from bot.live.errors import LiveError
from bot.live.tables import ratings
from bot.staff.people import Person
from tests.live.studio import NOW, Studio, later

ROUNDS = 8  # of what has to come out right whoever is first


def reply(text: str = "Voici.") -> Draft:
    return Draft(sender="bot", type="text", body={"text": text, "lang": "fr"})


async def turn(studio: Studio, talk: str) -> Message:
    """The turn in flight of what the customer has just written."""
    await studio.hear(talk)
    message = await studio.journal.next_pending(talk)
    assert message is not None
    return message


async def ends(studio: Studio, talk: str) -> list[str]:
    async with studio.database.read() as conn:
        query = select(messages.c.state).where(messages.c.conversation == talk).order_by(messages.c.seq)
        return list((await conn.execute(query)).scalars())


async def release(studio: Studio, talk: str, person: Person) -> None:
    async with studio.database.write() as conn:
        await studio.talks.release(conn, talk, person)


async def finish(studio: Studio, talk: str, state: str = "done") -> None:
    message = await studio.journal.next_pending(talk)
    assert message is not None
    await studio.journal.finish(message, [reply()], state=state)


async def refusal(work: Awaitable[Any]) -> str:
    try:
        await work
    except (ApiError, CaseError) as refused:
        return str(refused.code)
    return "done"


async def test_a_claim_while_a_turn_is_in_flight_ends_it_without_a_word_of_the_bot(studio: Studio) -> None:
    anna, talk = await studio.agent(), await studio.talk()
    message = await turn(studio, talk)
    await studio.claim(talk, anna)
    assert await studio.journal.finish(message, [reply()], state="done", form=("ticket_form", "email")) == "agent"
    events = await studio.journal.events(talk)
    assert [event["from"] for event in events] == ["bot", "customer", "system"]
    assert events[-1]["live"] == {"state": "live", "agent": {"name": "Anna"}}
    found = await studio.journal.conversation(talk)
    assert found is not None
    assert (found.form, found.last_seq) == (None, 3)


async def test_asking_while_a_turn_is_in_flight_ends_it_without_a_word_of_the_bot(studio: Studio) -> None:
    await studio.agent()
    talk = await studio.talk()
    message = await turn(studio, talk)
    await studio.ask(talk)
    assert await studio.journal.finish(message, [reply()], state="done") == "agent"
    assert [event["from"] for event in await studio.journal.events(talk)] == ["bot", "customer", "system"]


async def test_whichever_of_claim_and_reply_is_first_the_bot_never_speaks_after_the_agent_joined(
    studio: Studio,
) -> None:
    anna = await studio.agent()
    for _ in range(ROUNDS):
        talk = await studio.talk()
        message = await turn(studio, talk)
        await asyncio.gather(studio.claim(talk, anna), studio.journal.finish(message, [reply()], state="done"))
        events = await studio.journal.events(talk)
        assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
        assert events[-1]["from"] == "system"
        assert await ends(studio, talk) == (["done"] if len(events) == 4 else ["agent"])


async def test_of_many_who_claim_at_once_one_has_it_and_joins_once(studio: Studio) -> None:
    team = [await studio.agent(name) for name in ("Anna", "Bruno", "Chloé", "David")]
    for _ in range(ROUNDS):
        talk = await studio.talk()
        answers = await asyncio.gather(*(studio.claim(talk, each) for each in team), return_exceptions=True)
        (winner,) = [person for person, answer in zip(team, answers, strict=True) if answer is None]
        refused = [answer for answer in answers if isinstance(answer, LiveError)]
        assert [(each.code, each.values) for each in refused] == [("already_claimed", {"name": winner.name})] * 3
        assert await studio.owner(talk) == winner.id
        assert len(await studio.said(talk)) == 1


async def test_a_claim_and_the_way_back_to_the_assistant_at_once_leave_one_of_both(studio: Studio) -> None:
    anna = await studio.agent()
    for _ in range(ROUNDS):
        talk = await studio.waiting()
        await asyncio.gather(studio.claim(talk, anna), studio.press(talk, "/leave_queue"))
        assert await studio.owner(talk) == anna.id  # before the press, or after it: a bot's may be taken too
        await finish(studio, talk)
        events = await studio.journal.events(talk)
        assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
        assert {event["from"] for event in events[1:]} == {"system", "customer"}
        await release(studio, talk, anna)


async def test_what_both_sides_write_at_once_is_all_there_in_one_order(studio: Studio) -> None:
    anna, talk = await studio.agent(), await studio.talk()
    await studio.claim(talk, anna)
    work = [studio.write(talk, anna, f"a{number}") for number in range(10)]
    work += [studio.hear(talk, f"c{number}") for number in range(10)]
    numbers = await asyncio.gather(*work)
    assert sorted(numbers) == list(range(3, 23))
    events = await studio.journal.events(talk)
    assert [event["seq"] for event in events] == list(range(1, 23))
    assert {event["text"] for event in events[2:]} == {f"{who}{number}" for who in "ac" for number in range(10)}


async def test_the_same_message_posted_many_times_at_once_is_said_once(studio: Studio) -> None:
    anna, talk = await studio.agent(), await studio.talk()
    await studio.claim(talk, anna)

    async def post() -> tuple[int, bool]:
        async with studio.database.write() as conn:
            return await studio.talks.write(conn, talk, anna, "same", "Bonjour", [])

    answers = await asyncio.gather(*(post() for _ in range(10)))
    assert {seq for seq, _ in answers} == {3}
    assert [new for _, new in answers].count(True) == 1
    assert len(await studio.journal.events(talk)) == 3


async def test_only_who_has_the_conversation_writes_hands_back_and_closes(studio: Studio) -> None:
    anna, bruno, talk = await studio.agent(), await studio.agent("Bruno"), await studio.talk()

    async def close(person: Person) -> None:
        async with studio.database.write() as conn:
            await studio.talks.close(conn, talk, person, NOW)

    for work in (studio.write(talk, bruno), release(studio, talk, bruno), close(bruno)):
        assert await refusal(work) == "not_claimed"
    await studio.claim(talk, anna)
    for work in (studio.write(talk, bruno), release(studio, talk, bruno), close(bruno)):
        assert await refusal(work) == "not_yours"
    assert await studio.owner(talk) == anna.id
    assert len(await studio.journal.events(talk)) == 2


async def test_a_conversation_that_is_not_there_is_said_to_be_so(studio: Studio) -> None:
    anna = await studio.agent()
    for work in (studio.claim("none", anna), studio.ask("none"), studio.write("none", anna)):
        with pytest.raises(LookupError):
            await work


@pytest.mark.parametrize("payload", ["/request_ticket", "/request_callback", "/leave_queue"])
async def test_a_way_out_of_the_waiting_is_the_bots_turn(studio: Studio, payload: str) -> None:
    await studio.agent()
    talk = await studio.waiting()
    await studio.press(talk, payload)
    message = await studio.journal.next_pending(talk)
    assert message is not None
    assert (message.owner, message.payload) == ("bot", payload)
    await finish(studio, talk)
    assert (await studio.journal.events(talk))[-1]["from"] == "bot"


async def test_other_buttons_are_words_for_the_person_who_comes(studio: Studio) -> None:
    await studio.agent()
    talk = await studio.talk()
    offered = Draft(sender="bot", type="choices", body={}, buttons=[Button(title="Oui", payload="/affirm")])
    await studio.journal.remark(talk, offered)
    await studio.ask(talk)
    await studio.press(talk, "/affirm")
    assert await studio.owner(talk) == "waiting"
    await finish(studio, talk)
    assert await ends(studio, talk) == ["agent"]
    assert (await studio.journal.events(talk))[-1]["text"] == "Oui"


async def test_once_somebody_has_joined_the_ways_out_are_words_too(studio: Studio) -> None:
    anna = await studio.agent()
    talk = await studio.waiting()
    await studio.claim(talk, anna)
    await studio.press(talk, "/request_ticket")
    assert await studio.owner(talk) == anna.id
    await finish(studio, talk)
    assert await ends(studio, talk) == ["agent"]


async def test_the_turn_after_a_hand_back_is_fresh_until_one_has_come_to_its_end(studio: Studio) -> None:
    anna, talk = await studio.agent(), await studio.talk()
    await studio.claim(talk, anna)
    await release(studio, talk, anna)
    for state in ("failed", "done"):
        assert (await turn(studio, talk)).fresh
        await finish(studio, talk, state)
    assert not (await turn(studio, talk)).fresh


async def test_a_closed_conversation_is_open_again_with_the_customers_next_word(studio: Studio) -> None:
    anna, talk = await studio.agent(), await studio.talk()
    await studio.claim(talk, anna)
    async with studio.database.write() as conn:
        await studio.talks.close(conn, talk, anna, NOW)
    assert (await studio.said(talk))[-1]["live"] == {"state": "closed"}
    assert (await turn(studio, talk)).owner == "bot"


async def test_how_it_was_is_one_rating_of_each_conversation_closed(studio: Studio) -> None:
    anna, talk = await studio.agent(), await studio.talk()

    async def rate(score: int) -> None:
        async with studio.database.write() as conn:
            await studio.talks.rate(conn, talk, score, None, NOW)

    assert await refusal(rate(5)) == "not_closed"
    for score in (2, 4):
        await studio.claim(talk, anna)
        assert await refusal(rate(5)) == "not_closed"
        async with studio.database.write() as conn:
            await studio.talks.close(conn, talk, anna, NOW)
        await rate(1)
        await asyncio.gather(*(rate(score) for _ in range(5)))
    async with studio.database.read() as conn:
        rows = (await conn.execute(select(ratings).order_by(ratings.c.seq))).all()
    assert [(row.score, row.agent) for row in rows] == [(2, anna.id), (4, anna.id)]


async def test_marks_of_reading_go_forward_only(studio: Studio) -> None:
    anna, talk = await studio.agent(), await studio.talk()
    await studio.claim(talk, anna)

    async def read(who: str, seq: int) -> bool:
        async with studio.database.write() as conn:
            return await studio.talks.read(conn, talk, who, seq)

    assert [await read("customer", seq) for seq in (2, 2, 1)] == [True, False, False]
    assert [await read("agent", seq) for seq in (2, 1)] == [True, False]
    row = await studio.row(talk)
    assert (row.customer_read, row.agent_read) == (2, 2)


async def test_a_file_goes_with_one_message_and_with_its_authors_alone(studio: Studio) -> None:
    anna, bruno, talk = await studio.agent(), await studio.agent("Bruno"), await studio.talk()
    await studio.claim(talk, anna)

    async def file(author: str | None) -> str:
        attachment = new_attachment(talk, "facture.pdf", "application/pdf", 10)
        async with studio.database.write() as conn:
            await add_attachment(conn, attachment, NOW, author=author)
        return attachment.id

    async def send(ident: str) -> int:
        async with studio.database.write() as conn:
            return (await studio.talks.write(conn, talk, anna, uuid.uuid4().hex, "", [ident]))[0]

    for foreign in (await file(None), await file(bruno.id), "none"):
        assert await refusal(send(foreign)) == "invalid_attachment"
    own = await file(anna.id)
    answers = await asyncio.gather(*(send(own) for _ in range(4)), return_exceptions=True)
    (seq,) = [answer for answer in answers if isinstance(answer, int)]
    event = (await studio.journal.events(talk))[-1]
    assert (event["seq"], event["from"]) == (seq, "agent")
    shown = {"id": own, "name": "facture.pdf", "type": "application/pdf", "size": 10}
    assert event["attachments"] == [shown]
    async with studio.database.read() as conn:
        assert (await conn.execute(select(attachments.c.seq).where(attachments.c.id == own))).scalar_one() == seq


async def test_who_comes_back_to_a_customer_that_was_given_up_has_taken_up_again(studio: Studio) -> None:
    anna = await studio.agent()
    talk = await studio.waiting()
    await studio.claim(talk, anna)
    await studio.hear(talk)
    gone = later(minutes=10)
    await studio.at_desk(await studio.person("Bruno"), gone)
    assert await studio.clock(gone).fire_due() == 1
    await studio.claim(talk, anna, gone)
    assert (await studio.said(talk))[-1]["text"] == studio.say("fr", "live.joined_again", name="Anna")
