"""What is due in live conversations is done once, whoever restarts and whoever else runs."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, select

from bot.gateway.events import text_of
from bot.gateway.tables import conversations
from bot.live.clock import TALKS
from bot.live.tables import desks, live
from bot.live.talks import Talks
from tests.live.studio import NOW, RULES, Studio, later

PROMISE = timedelta(seconds=RULES.promise_seconds)
TIMEOUT = timedelta(seconds=RULES.agent_timeout_seconds)
WAYS = ["/request_ticket", "/request_callback", "/leave_queue"]


# a promise


async def test_a_promise_is_broken_when_its_time_is_over_and_told_once(studio: Studio) -> None:
    anna = await studio.agent()
    talk = await studio.waiting()
    assert await studio.clock(NOW + PROMISE - timedelta(seconds=1)).fire_due() == 0
    assert await studio.clock(NOW + PROMISE).fire_due() == 1
    assert await studio.clock(NOW + PROMISE + timedelta(days=1)).fire_due() == 0
    asked, broken = await studio.said(talk)
    assert asked["live"] == {"state": "waiting", "promised_seconds": RULES.promise_seconds}
    assert broken["live"] == {"state": "waiting", "promised_seconds": None}
    assert broken["from"] == "system"
    assert broken["text"] == studio.say("fr", "live.promise_broken")
    assert await studio.offered(talk) == WAYS
    assert studio.fired == [talk]
    assert await studio.owner(talk) == "waiting"
    await studio.claim(talk, anna)  # it can still be taken
    assert await studio.owner(talk) == anna.id


async def test_several_processes_at_once_break_each_promise_once(studio: Studio) -> None:
    for name in ("Anna", "Bruno", "Chloé"):
        await studio.agent(name)
    talks = [await studio.waiting() for _ in range(5)]
    clocks = [studio.clock(NOW + PROMISE) for _ in range(4)]
    counts = await asyncio.gather(*(clock.fire_due() for clock in clocks))
    assert sum(counts) == len(talks)
    assert sorted(studio.fired) == sorted(talks)
    for talk in talks:
        assert len(await studio.said(talk)) == 2


async def test_a_promise_that_was_kept_or_given_up_is_not_broken(studio: Studio) -> None:
    anna = await studio.agent()
    kept, left = await studio.waiting(), await studio.waiting()
    await studio.claim(kept, anna, later(seconds=30))
    await studio.press(left, "/leave_queue")
    assert await studio.owner(left) == "bot"
    await studio.at_desk(anna, NOW + PROMISE)
    assert await studio.clock(NOW + PROMISE).fire_due() == 0


async def test_who_asks_again_after_the_assistant_is_promised_anew(studio: Studio) -> None:
    anna = await studio.agent()
    talk = await studio.waiting()
    assert await studio.clock(NOW + PROMISE).fire_due() == 1
    await studio.press(talk, "/leave_queue")
    again = NOW + PROMISE + timedelta(seconds=10)
    await studio.at_desk(anna, again)
    assert await studio.ask(talk, again) == RULES.promise_seconds
    assert await studio.clock(again + PROMISE - timedelta(seconds=1)).fire_due() == 0
    assert await studio.clock(again + PROMISE).fire_due() == 1


async def test_asking_twice_is_one_promise_with_the_time_that_is_left(studio: Studio) -> None:
    await studio.agent()
    talk = await studio.waiting()
    assert await studio.ask(talk, later(seconds=20)) == RULES.promise_seconds - 20
    assert await studio.ask(talk, NOW + PROMISE) is None
    assert len(await studio.said(talk)) == 1
    assert await studio.clock(NOW + PROMISE).fire_due() == 1


async def test_a_customer_who_writes_while_waiting_is_told_all_the_same(studio: Studio) -> None:
    await studio.agent()
    talk = await studio.waiting()
    await studio.hear(talk, "C’est urgent")
    assert await studio.clock(NOW + PROMISE).fire_due() == 1


async def test_what_fails_while_firing_is_undone_whole_and_done_the_next_time(studio: Studio) -> None:
    await studio.agent()
    talk = await studio.waiting()

    def broken(lang: str, key: str, **values: object) -> str:
        raise OSError("a disk that is full")

    with pytest.raises(OSError, match="full"):
        await studio.clock(NOW + PROMISE, talks=Talks(broken, studio.rules, studio.hours)).fire_due()
    assert not (await studio.row(talk)).told
    assert await studio.clock(NOW + PROMISE).fire_due() == 1


async def test_one_that_cannot_be_fired_does_not_keep_the_others_from_it(studio: Studio) -> None:
    for name in ("Anna", "Bruno"):
        await studio.agent(name)
    talks = [await studio.waiting() for _ in range(3)]
    calls = 0

    def once_broken(lang: str, key: str, **values: object) -> str:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise OSError("a disk that is full")
        return studio.say(lang, key, **values)

    with pytest.raises(OSError, match="full"):
        await studio.clock(NOW + PROMISE, talks=Talks(once_broken, studio.rules, studio.hours)).fire_due()
    assert len(studio.fired) == len(talks) - 1
    assert await studio.clock(NOW + PROMISE).fire_due() == 1
    assert sorted(studio.fired) == sorted(talks)


async def test_the_next_that_is_due_is_slept_for(studio: Studio) -> None:
    anna = await studio.agent()
    clock = studio.clock(NOW)
    assert await clock._next() is None
    talk = await studio.waiting()
    assert abs((await clock._next() or NOW) - (NOW + PROMISE)) < timedelta(seconds=1)
    await studio.claim(talk, anna)
    assert (await clock._next() or NOW) >= NOW + TIMEOUT - timedelta(seconds=1)


# an agent who has gone


async def test_an_agent_whose_desk_is_closed_and_customer_unanswered_is_lost_to_a_colleague(studio: Studio) -> None:
    anna = await studio.agent()
    talk = await studio.waiting()
    await studio.claim(talk, anna)
    await studio.write(talk, anna)
    await studio.hear(talk)
    gone = datetime.now(UTC) + TIMEOUT + timedelta(seconds=10)  # the journal's own time counts
    await studio.at_desk(await studio.person("Bruno"), gone)
    assert await studio.clock(gone).fire_due() == 1
    assert await studio.owner(talk) == "waiting"
    last = (await studio.said(talk))[-1]
    assert last["live"] == {"state": "waiting", "promised_seconds": RULES.promise_seconds}
    assert "Anna" in last["text"]
    assert await studio.offered(talk) == WAYS
    assert await studio.clock(gone + PROMISE - timedelta(seconds=1)).fire_due() == 0
    assert await studio.clock(gone + PROMISE).fire_due() == 1  # the new promise


async def test_where_nobody_else_is_there_the_customer_goes_on_with_the_assistant_and_the_ways_to_people(
    studio: Studio,
) -> None:
    anna = await studio.agent()
    talk = await studio.waiting()
    await studio.claim(talk, anna)
    await studio.hear(talk)
    assert await studio.clock(later(seconds=RULES.agent_timeout_seconds + 10)).fire_due() == 1
    found = await studio.journal.conversation(talk)
    assert found is not None
    assert (found.owner, found.fresh) == ("bot", True)
    last = (await studio.said(talk))[-1]
    assert last["live"] == {"state": "bot"}
    assert last["text"] == studio.say("fr", "live.agent_gone_nobody", name="Anna")
    assert await studio.offered(talk) == ["/request_ticket", "/request_callback"]


async def test_several_processes_at_once_lose_an_agent_once(studio: Studio) -> None:
    anna = await studio.agent()
    talk = await studio.waiting()
    await studio.claim(talk, anna)
    await studio.hear(talk)
    gone = datetime.now(UTC) + TIMEOUT + timedelta(seconds=10)  # the journal's own time counts
    await studio.at_desk(await studio.person("Bruno"), gone)
    counts = await asyncio.gather(*(studio.clock(gone).fire_due() for _ in range(4)))
    assert sum(counts) == 1
    assert len([event for event in await studio.said(talk) if event["live"]["state"] == "waiting"]) == 2


async def test_an_agent_whose_desk_is_open_may_think_for_long(studio: Studio) -> None:
    anna = await studio.agent()
    talk = await studio.waiting()
    await studio.claim(talk, anna)
    await studio.hear(talk)
    thinking = later(hours=1)
    await studio.at_desk(anna, thinking)
    assert await studio.clock(thinking).fire_due() == 0
    assert await studio.clock(thinking + timedelta(minutes=2)).fire_due() == 1  # then the laptop was shut


async def test_an_agent_who_has_answered_may_leave_the_desk_until_the_customer_writes(studio: Studio) -> None:
    anna = await studio.agent()
    talk = await studio.waiting()
    await studio.claim(talk, anna)
    await studio.hear(talk)
    await studio.write(talk, anna)
    assert await studio.clock(later(days=1)).fire_due() == 0
    await studio.hear(talk)
    assert await studio.clock(later(seconds=RULES.agent_timeout_seconds - 1)).fire_due() == 0
    assert await studio.clock(later(days=1)).fire_due() == 1


async def test_the_time_counts_from_the_first_unanswered_message_not_from_the_last(studio: Studio) -> None:
    anna = await studio.agent()
    talk = await studio.waiting()
    await studio.claim(talk, anna)
    await studio.write(talk, anna)
    first = await studio.hear(talk)
    await studio.hear(talk, "Allô ?")
    events = {event["seq"]: event["at"] for event in await studio.journal.events(talk)}
    async with studio.database.write() as conn:
        await conn.execute(delete(desks))
        gone = await studio.talks.gone_at(conn, await studio.row(talk), anna.id)
    assert gone is not None
    assert text_of(gone - TIMEOUT) == events[first]


async def test_an_agent_who_comes_back_in_the_last_moment_keeps_the_conversation(studio: Studio) -> None:
    """Between a clock's look at what is due and its transaction the agent has answered, or has come back."""
    anna = await studio.agent()
    gone = datetime.now(UTC) + TIMEOUT + timedelta(seconds=10)  # the journal's own time counts
    answered, back = await studio.waiting(), await studio.waiting()
    for talk in (answered, back):
        await studio.claim(talk, anna)
        await studio.hear(talk)
    await studio.write(answered, anna)
    async with studio.database.write() as conn:
        assert not await studio.talks.lose_agent(conn, answered, anna.id, gone)
    await studio.at_desk(anna, gone)
    async with studio.database.write() as conn:
        assert not await studio.talks.lose_agent(conn, back, anna.id, gone)
    assert [await studio.owner(talk) for talk in (answered, back)] == [anna.id, anna.id]


# beside


async def test_a_deleted_conversation_leaves_nothing_that_could_be_due(studio: Studio) -> None:
    await studio.agent()
    talk = await studio.waiting()
    async with studio.database.write() as conn:
        await conn.execute(delete(conversations).where(conversations.c.id == talk))
    async with studio.database.read() as conn:
        assert (await conn.execute(select(live))).all() == []
    assert await studio.clock(NOW + PROMISE).fire_due() == 0


async def test_the_metrics_count_who_waits_and_who_talks(studio: Studio) -> None:
    anna = await studio.agent()
    await studio.waiting()
    await studio.claim(await studio.talk(), anna)
    await studio.talk()
    await studio.clock(NOW)._work()
    counted = {
        sample.labels["state"]: sample.value
        for metric in TALKS.collect()
        for sample in metric.samples
        if sample.name == "guichet_live_conversations"
    }
    assert counted["waiting"] == 1
    assert counted["live"] == 1
