"""What fires when nobody answers or solves, once, also with two workers and across a kill."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.cases import Policy, Status, messages, rows, timeline, work
from bot.cases.assignment import Agent
from bot.cases.clocks import Clocks
from bot.cases.model import Case, Event, Priority
from bot.cases.policy import Escalation, Terms
from bot.cases.tables import deadlines, outbox
from bot.database import make_engine
from tests.cases.asking import NOW, Desk, sla
from tests.cases.conftest import ROOT
from tests.cases.test_store import fresh

RULES = (
    Escalation(on=Event.DUE_SOON, priority=Priority.HIGH),
    Escalation(on=Event.BREACHED, reassign=True, mail=("lead@archivelle.example",)),
    Escalation(on=Event.BREACHED, after=timedelta(minutes=30), raise_level=True, webhook=True),
    Escalation(on=Event.RESOLUTION_BREACHED, levels=frozenset({1}), priority=Priority.URGENT),
)
HOUR = timedelta(hours=1)


@pytest.fixture(scope="session")
def case_policy(company: object, catalogue: object) -> Policy:
    """Severity 1: two hours to answer and eight to solve, around the clock."""
    policy: Policy = company.policy(catalogue)  # type: ignore[attr-defined]
    return replace(policy, severities={**policy.severities, 1: Terms(2, 8, True)}, escalations=RULES)


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    async for engine in fresh(make_engine(database_url)):
        yield engine


async def team(_conn: AsyncConnection) -> Sequence[Agent]:
    return [Agent(id=name, name=name, langs=frozenset({"fr"})) for name in ("anna", "bruno")]


async def fire(desk: Desk, after: timedelta) -> int:
    return await Clocks(desk.engine, desk.policy, fired=lambda: None, team=team, now=lambda: NOW + after).fire_due()


async def load(desk: Desk, ref: str) -> Case:
    async with desk.engine.connect() as conn:
        return await rows.load(conn, ref)


async def letters(desk: Desk) -> list[tuple[str, str]]:
    async with desk.engine.connect() as conn:
        found = await conn.execute(select(outbox.c.channel, outbox.c.event).where(outbox.c.event != "case.created"))
        return sorted((row.channel, row.event) for row in found)


async def opened(desk: Desk, owner: str | None = "anna") -> str:
    ref = str((await desk.open(sla(severity=1)))["ref"])
    async with desk.engine.begin() as conn:
        await work.change(conn, ref, {"owner": owner}, desk.by("system"))
    return ref


async def test_a_case_that_nobody_answers_goes_up_step_by_step(desk: Desk) -> None:
    ref = await opened(desk)
    assert await fire(desk, 1.5 * HOUR) == 1
    assert (await load(desk, ref)).priority == Priority.HIGH
    assert await fire(desk, 2 * HOUR) == 1
    case = await load(desk, ref)
    assert (case.owner, case.level, case.news) == ("bruno", 3, case.version)
    assert await fire(desk, 2.5 * HOUR) == 1
    case = await load(desk, ref)
    assert (case.level, case.status) == (4, Status.WAITING_CONSENT)  # and there it waits for the customer
    assert await fire(desk, 400 * HOUR) == 0
    assert await letters(desk) == [
        ("customer_mail", "case.level"),
        ("staff_mail", "case.breached"),
        ("staff_mail", "case.due_soon"),
        ("staff_mail", "case.escalated"),
    ]
    async with desk.engine.connect() as conn:
        told = [(entry.type, entry.actor) for entry in await timeline.of_case(conn, ref)]
    assert told[2:] == [
        *[("deadline", "clock"), ("priority", "clock"), ("escalated", "clock")],
        *[("deadline", "clock"), ("owner", "clock"), ("escalated", "clock")],
        *[("level", "clock"), ("status", "clock"), ("escalated", "clock")],
    ]


async def test_an_answer_in_time_keeps_the_first_clock_from_firing_but_not_the_second(desk: Desk) -> None:
    ref = await opened(desk)
    async with desk.engine.begin() as conn:
        await messages.reply(conn, ref, desk.by("anna", NOW + HOUR), client_id="r", text="Oui.", author_name="Anna")
    assert await fire(desk, 5 * HOUR) == 0
    assert await fire(desk, 8 * HOUR) == 2
    case = await load(desk, ref)
    assert (case.owner, case.level, case.priority) == ("anna", 3, Priority.NORMAL)  # the rule is for level 1
    assert await letters(desk) == [
        ("customer_mail", "case.reply"),
        ("staff_mail", "case.resolution_breached"),
        ("staff_mail", "case.resolution_due_soon"),
    ]


async def test_while_the_customer_has_the_word_nothing_fires_and_afterwards_the_rest_of_the_time_counts(
    desk: Desk,
) -> None:
    ref = await opened(desk)
    async with desk.engine.begin() as conn:
        await work.change(conn, ref, {"status": Status.WAITING_CUSTOMER}, desk.by("anna", NOW + HOUR))
    assert await fire(desk, 100 * HOUR) == 0
    async with desk.engine.begin() as conn:
        await messages.add_customer(conn, ref, desk.by("customer", NOW + 100 * HOUR), client_id="m", text="Voilà.")
    assert (await load(desk, ref)).first_reply_due == NOW + 101 * HOUR
    assert await fire(desk, 100.4 * HOUR) == 0
    assert await fire(desk, 101 * HOUR) == 2


async def test_a_sleeping_case_wakes_at_its_hour(desk: Desk) -> None:
    ref = await opened(desk)
    async with desk.engine.begin() as conn:
        await work.change(conn, ref, {"snoozed_until": NOW + HOUR}, desk.by("anna"))
    assert await fire(desk, HOUR) == 1
    case = await load(desk, ref)
    assert (case.snoozed_until, case.news) == (None, case.version)


async def test_two_workers_on_one_database_fire_everything_once(desk: Desk) -> None:
    for number in range(6):
        await desk.open(sla(severity=1), f"k{number}", f"c{number}")
    fired = await asyncio.gather(*(fire(desk, 2 * HOUR) for _ in range(2)))
    assert sum(fired) == 12
    assert len([letter for letter in await letters(desk) if letter[1] == "case.breached"]) == 6


async def test_an_answer_and_the_deadline_at_once_leave_no_half(desk: Desk) -> None:
    ref = await opened(desk)

    async def answer() -> None:
        async with desk.engine.begin() as conn:
            by = desk.by("anna", NOW + 2 * HOUR)
            await messages.reply(conn, ref, by, client_id="r", text="Oui.", author_name="Anna")

    _, fired = await asyncio.gather(answer(), fire(desk, 2 * HOUR))
    case = await load(desk, ref)
    assert case.first_reply_at == NOW + 2 * HOUR
    told = [event for _, event in await letters(desk)]
    assert told.count("case.breached") <= 1
    assert ("case.breached" in told) == (fired >= 1 and case.owner == "bruno")


async def kill_in_mid_firing(database: Path) -> None:
    """A worker that is killed inside the transaction in which a deadline fires."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.cases.firing", str(database)),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    async with asyncio.timeout(60):
        while (line := await process.stdout.readline()) != b"firing\n":
            assert line, "the process ended before it was killed"
        process.kill()
        assert await process.wait() == -signal.SIGKILL
        await process.stdout.read()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_deadline_whose_worker_is_killed_is_fired_by_the_next_once(desk: Desk, tmp_path: Path) -> None:
    await opened(desk)
    await kill_in_mid_firing(tmp_path / "guichet.db")
    async with desk.engine.connect() as conn:
        assert (await conn.execute(select(deadlines.c.fired_at))).scalars().all() == [None] * 5
    assert await letters(desk) == []
    fired = await asyncio.gather(*(fire(desk, 1.5 * HOUR) for _ in range(2)))
    assert sum(fired) == 1
    assert await letters(desk) == [("staff_mail", "case.due_soon")]
