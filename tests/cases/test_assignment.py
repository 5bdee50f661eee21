"""Who gets a case: never somebody who is away, full, or cannot; and, with rivals at work, once."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.cases import work
from bot.cases.assignment import Agent, choose
from bot.cases.clocks import Clocks
from bot.cases.model import Status
from bot.cases.tables import cases
from tests.cases.asking import NOW, Desk, ticket

LANGS = ("fr", "de", "en")
agents = st.builds(
    Agent,
    id=st.uuids().map(str),
    name=st.just("A"),
    levels=st.frozensets(st.integers(1, 4)),
    langs=st.frozensets(st.sampled_from(LANGS)),
    capacity=st.integers(1, 5),
    online=st.booleans(),
    out_until=st.sampled_from([None, NOW - timedelta(hours=1), NOW + timedelta(hours=1)]),
    load=st.integers(0, 6),
)


def able(agent: Agent, level: int, lang: str) -> bool:
    here = agent.online and not (agent.out_until and agent.out_until > NOW)
    return here and level in agent.levels and lang in agent.langs and agent.load < agent.capacity


@given(team=st.lists(agents, max_size=8), level=st.integers(1, 4), lang=st.sampled_from(LANGS))
def test_the_choice_is_somebody_who_can_and_carries_least(team: list[Agent], level: int, lang: str) -> None:
    chosen = choose(team, level, lang, NOW)
    possible = [agent for agent in team if able(agent, level, lang)]
    if chosen is None:
        assert possible == []
    else:
        assert chosen in possible
        assert chosen.load / chosen.capacity == min(agent.load / agent.capacity for agent in possible)
        assert choose(reversed(team), level, lang, NOW) == chosen  # whoever is listed first
        assert choose(team, level, lang, NOW, but=chosen.id) != chosen


@given(team=st.lists(agents, max_size=5), wanted=st.lists(st.tuples(st.integers(1, 4), st.sampled_from(LANGS))))
def test_however_many_cases_come_nobody_gets_more_than_they_can_carry(
    team: list[Agent], wanted: list[tuple[int, str]]
) -> None:
    carrying = {agent.id: agent for agent in team}
    for level, lang in wanted:
        chosen = choose(carrying.values(), level, lang, NOW)
        if chosen is not None:
            carrying[chosen.id] = replace(chosen, load=chosen.load + 1)
    for agent in team:
        assert carrying[agent.id].load <= max(agent.capacity, agent.load)
        if not any(able(agent, level, lang) for level in (1, 2, 3, 4) for lang in LANGS):
            assert carrying[agent.id].load == agent.load


def clocks(desk: Desk, team: Sequence[Agent]) -> Clocks:
    async def everybody(_conn: AsyncConnection) -> Sequence[Agent]:
        return team

    policy = replace(desk.policy, automatic_assignment=True)
    return Clocks(desk.engine, policy, fired=lambda: None, team=everybody, now=lambda: NOW)


async def owners(desk: Desk) -> Counter[str | None]:
    async with desk.engine.connect() as conn:
        return Counter((await conn.execute(select(cases.c.owner))).scalars())


async def test_rival_workers_give_each_case_once_and_fill_nobody_beyond_their_room(desk: Desk) -> None:
    for number in range(9):
        await desk.open(ticket(), f"k{number}", f"c{number}")
    team = [Agent(id=name, name=name, langs=frozenset({"fr"}), capacity=room) for name, room in (("a", 3), ("b", 4))]

    async def give_all(worker: Clocks) -> int:
        given = 0
        while await worker.assign():
            given += 1
        return given

    given = await asyncio.gather(*(give_all(clocks(desk, team)) for _ in range(4)))
    assert sum(given) == 7
    assert await owners(desk) == {"a": 3, "b": 4, None: 2}


async def test_the_next_due_is_given_first_and_what_waits_for_the_customer_leaves_room(desk: Desk) -> None:
    later = (await desk.open(ticket(), "k1", "c1", now=NOW - timedelta(hours=1)))["ref"]
    sooner = (await desk.open(ticket(), "k2", "c2", now=NOW - timedelta(days=1)))["ref"]
    worker = clocks(desk, [Agent(id="a", name="a", langs=frozenset({"fr"}), capacity=1)])
    assert await worker.assign()
    assert not await worker.assign()
    async with desk.engine.connect() as conn:
        assert (await conn.execute(select(cases.c.ref).where(cases.c.owner == "a"))).scalars().all() == [sooner]
    async with desk.engine.begin() as conn:
        await work.change(conn, sooner, {"status": Status.WAITING_CUSTOMER}, desk.by("a"))
    assert await worker.assign()
    async with desk.engine.connect() as conn:
        assert set((await conn.execute(select(cases.c.ref).where(cases.c.owner == "a"))).scalars()) == {sooner, later}


async def test_a_case_that_nobody_can_take_holds_up_no_other(desk: Desk) -> None:
    await desk.open(ticket(), "k1", "c1", lang="de")
    french = (await desk.open(ticket(), "k2", "c2", lang="fr"))["ref"]
    worker = clocks(desk, [Agent(id="a", name="a", langs=frozenset({"fr"}))])
    assert await worker.assign()
    assert not await worker.assign()
    async with desk.engine.connect() as conn:
        assert (await conn.execute(select(cases.c.ref).where(cases.c.owner == "a"))).scalars().all() == [french]


async def test_nobody_gets_a_case_where_the_company_gives_them_by_hand(desk: Desk) -> None:
    await desk.open(ticket())

    async def everybody(_conn: AsyncConnection) -> Sequence[Agent]:
        return [Agent(id="a", name="a", langs=frozenset({"fr"}))]

    await Clocks(desk.engine, desk.policy, fired=lambda: None, team=everybody, now=lambda: NOW)._work()
    assert await owners(desk) == {None: 1}
