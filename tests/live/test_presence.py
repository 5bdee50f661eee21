"""Whether a person can be had at once, and why not."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.live.errors import NobodyThere
from bot.live.presence import DESK_LASTS, Presence
from bot.staff.people import Person
from bot.staff.tables import text_of
from tests.live.studio import NOW, RULES, Studio, later

IN_HOURS = RULES.model_copy(update={"around_the_clock": False})


async def test_somebody_who_speaks_the_language_with_the_desk_open_is_there(studio: Studio) -> None:
    assert await studio.look() == Presence("nobody")
    await studio.agent(langs=("fr", "de"))
    assert await studio.look("fr") == await studio.look("de") == Presence()
    assert await studio.look("en") == Presence("nobody")


async def test_an_administrator_who_sits_at_the_desk_is_there_too(studio: Studio) -> None:
    await studio.at_desk(await studio.person("Ada", "administrator"))
    assert (await studio.look()).there


@pytest.mark.parametrize(
    "values",
    [
        {"presence": "away"},
        {"presence": "offline"},
        {"active": False},
        {"out_until": text_of(later(hours=1))},
        {"roles": ["editor"]},
    ],
)
async def test_who_is_not_at_work_does_not_count(studio: Studio, values: dict[str, Any]) -> None:
    await studio.at_desk(await studio.person("Anna", **values))
    assert await studio.look() == Presence("nobody")


async def test_who_was_out_is_back_when_the_hour_has_come(studio: Studio) -> None:
    await studio.at_desk(await studio.person("Anna", out_until=text_of(later(seconds=1))))
    assert not (await studio.look()).there
    assert (await studio.look(now=later(seconds=2))).there


async def test_a_desk_counts_as_open_until_45_seconds_after_its_last_sign(studio: Studio) -> None:
    anna = await studio.person("Anna")
    assert await studio.look() == Presence("nobody")
    await studio.at_desk(anna)
    assert (await studio.look(now=NOW + DESK_LASTS - timedelta(seconds=1))).there
    assert not (await studio.look(now=NOW + DESK_LASTS)).there
    await studio.at_desk(anna, NOW + DESK_LASTS)
    assert (await studio.look(now=NOW + DESK_LASTS)).there


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        (datetime(2026, 11, 25, 7, 59, tzinfo=UTC), datetime(2026, 11, 25, 8, tzinfo=UTC)),  # Paris is an hour ahead
        (datetime(2026, 11, 25, 11, 45, tzinfo=UTC), datetime(2026, 11, 25, 12, 30, tzinfo=UTC)),  # lunch
        (datetime(2026, 11, 27, 16, 0, tzinfo=UTC), datetime(2026, 11, 30, 8, tzinfo=UTC)),  # the weekend has begun
        (datetime(2026, 11, 11, 9, 0, tzinfo=UTC), datetime(2026, 11, 12, 8, tzinfo=UTC)),  # a public holiday
        (datetime(2026, 7, 15, 6, 59, tzinfo=UTC), datetime(2026, 7, 15, 7, tzinfo=UTC)),  # summer time
    ],
)
async def test_outside_opening_hours_nobody_is_there_and_it_is_said_when(
    studio: Studio, now: datetime, opens: datetime
) -> None:
    studio = replace(studio, rules=IN_HOURS)
    await studio.at_desk(await studio.person("Anna"), now)
    assert await studio.look(now=now) == Presence("closed", opens)
    await studio.at_desk(await studio.person("Bruno"), opens)
    assert (await studio.look(now=opens)).there


async def fill(studio: Studio, person: Person, talks: int) -> None:
    for _ in range(talks):
        await studio.claim(await studio.talk(), person)


async def test_a_team_with_no_room_left_is_busy_until_one_conversation_ends(studio: Studio) -> None:
    anna = await studio.agent()
    await fill(studio, anna, RULES.conversations_per_agent - 1)
    last = await studio.talk()
    assert (await studio.look()).there
    await studio.claim(last, anna)
    assert await studio.look() == Presence("busy")
    async with studio.database.write() as conn:
        await studio.talks.release(conn, last, anna)
    assert (await studio.look()).there


async def test_who_waits_already_has_a_place_others_cannot_have(studio: Studio) -> None:
    await studio.agent(langs=("fr",))
    await studio.agent("Bruno", langs=("de",))
    for _ in range(RULES.conversations_per_agent):
        await studio.waiting()
    assert await studio.look("fr") == Presence("busy")
    assert (await studio.look("de")).there
    with pytest.raises(NobodyThere) as refused:
        await studio.ask(await studio.talk())
    assert refused.value.presence == Presence("busy")


async def test_who_has_taken_more_than_their_share_takes_no_place_of_a_colleague(studio: Studio) -> None:
    anna = await studio.agent()
    await fill(studio, anna, RULES.conversations_per_agent + 2)
    assert await studio.look() == Presence("busy")
    await studio.agent("Bruno")
    assert (await studio.look()).there


async def test_two_who_ask_at_once_for_the_last_place_do_not_both_get_it(studio: Studio) -> None:
    await fill(studio, await studio.agent(), RULES.conversations_per_agent - 1)
    talks = [await studio.talk() for _ in range(6)]
    answers = await asyncio.gather(*(studio.ask(talk) for talk in talks), return_exceptions=True)
    refused = [answer for answer in answers if isinstance(answer, NobodyThere)]
    assert len(refused) == len(talks) - 1
    assert [await studio.owner(talk) for talk in talks].count("waiting") == 1


async def test_a_refusal_leaves_no_trace_in_the_conversation(studio: Studio) -> None:
    talk = await studio.talk()
    with pytest.raises(NobodyThere):
        await studio.ask(talk)
    assert await studio.owner(talk) == "bot"
    assert len(await studio.journal.events(talk)) == 1
