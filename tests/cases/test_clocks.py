from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.cases import Channel, Policy, Status, letters, store, work
from bot.cases.clocks import LONGEST_WAIT, Clocks
from bot.cases.tables import case_events, outbox
from bot.catalogue import Catalogue
from bot.company import Company
from tests.cases.asking import NOW, Desk, callback, sla, ticket

SOON = timedelta(hours=1, minutes=30)  # three quarters of the two hours of severity 1
DUE = timedelta(hours=2)


@pytest.fixture(scope="session")
def case_policy(company: Company, catalogue: Catalogue) -> Policy:
    """The sample company's without what `test_escalation` and `test_callbacks` are about."""
    policy = company.policy(catalogue)
    return replace(
        policy,
        callback=replace(policy.callback, customer_reminder=timedelta()),
        levels={n: replace(terms, resolution=None) for n, terms in policy.levels.items()},
        severities={n: replace(terms, resolution=None) for n, terms in policy.severities.items()},
        escalations=(),
    )


async def fire(desk: Desk, now: datetime, **more: Any) -> int:
    return await Clocks(desk.engine, desk.policy, fired=lambda: None, now=lambda: now, **more).fire_due()


async def told(engine: AsyncEngine) -> list[tuple[str, str]]:
    async with engine.connect() as conn:
        rows = await conn.execute(
            select(outbox.c.channel, outbox.c.event)
            .where(outbox.c.event.in_(("case.due_soon", "case.breached")))
            .order_by(outbox.c.created_at, outbox.c.event)
        )
        return [(row.channel, row.event) for row in rows]


async def test_staff_are_warned_before_and_when_an_answer_is_due_once_each(desk: Desk) -> None:
    body = await desk.open(sla(severity=1))
    assert await fire(desk, NOW + SOON - timedelta(seconds=1)) == 0
    assert await fire(desk, NOW + SOON) == 1
    assert await fire(desk, NOW + DUE - timedelta(seconds=1)) == 0
    assert await fire(desk, NOW + DUE) == 1
    assert await fire(desk, NOW + timedelta(days=400)) == 0
    assert await told(desk.engine) == [("staff_mail", "case.due_soon"), ("staff_mail", "case.breached")]
    async with desk.engine.connect() as conn:
        rows = (await conn.execute(select(case_events).order_by(case_events.c.id))).all()
    assert [(row.event, row.actor) for row in rows[1:]] == [("case.due_soon", "clock"), ("case.breached", "clock")]
    assert rows[2].details == {"due_at": body["due_at"]}


async def test_what_came_due_while_nothing_ran_fires_after_the_restart(desk: Desk) -> None:
    await desk.open(ticket())
    await desk.open(sla(severity=1), "k2")
    assert await fire(desk, NOW + timedelta(days=30)) == 4


async def test_many_workers_fire_a_deadline_once(desk: Desk) -> None:
    for number in range(5):
        await desk.open(sla(severity=1), f"k{number}")
    fired = await asyncio.gather(*(fire(desk, NOW + DUE) for _ in range(4)))
    assert sum(fired) == 10
    assert len(await told(desk.engine)) == 10


async def test_a_failure_while_firing_leaves_the_deadline_to_be_fired(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*arguments: object) -> None:
        raise OSError("disk is full")

    await desk.open(sla(severity=1))
    with monkeypatch.context() as broken:
        broken.setattr(letters, "post", fail)
        with pytest.raises(OSError, match="disk is full"):
            await fire(desk, NOW + SOON)
    assert await told(desk.engine) == []
    assert await fire(desk, NOW + SOON) == 1
    assert await told(desk.engine) == [("staff_mail", "case.due_soon")]


@pytest.mark.parametrize("status", [Status.WAITING_CUSTOMER, Status.RESOLVED, Status.CLOSED])
async def test_nothing_fires_once_nothing_is_owed(desk: Desk, status: Status) -> None:
    body = await desk.open(ticket())
    async with desk.engine.begin() as conn:
        await work.change(conn, body["ref"], {"status": status}, desk.by("agent"))
    assert await fire(desk, NOW + timedelta(days=30)) == 0


async def test_a_callback_is_recalled_before_its_slot_and_missed_after_it(desk: Desk) -> None:
    await desk.open(callback())
    slot = datetime.fromisoformat(callback()["slot"])
    assert await fire(desk, slot - timedelta(minutes=16)) == 0
    assert await fire(desk, slot - timedelta(minutes=15)) == 1
    assert await fire(desk, slot + timedelta(minutes=29)) == 0
    assert await fire(desk, slot + timedelta(minutes=30)) == 1


async def test_deadlines_of_an_external_request_begin_with_the_consent(desk: Desk) -> None:
    body = await desk.open(sla(level=4, severity=1))
    assert await fire(desk, NOW + timedelta(days=3)) == 0
    agreed = NOW + timedelta(days=3)
    async with desk.engine.begin() as conn:
        case = await store.load_case(conn, body["ref"])
        await store.record_consent(conn, case, agreed=True, statement="…", actor="c1", policy=desk.policy, now=agreed)
    assert await fire(desk, agreed + SOON - timedelta(seconds=1)) == 0
    assert await fire(desk, agreed + DUE) == 2


async def test_only_configured_channels_are_told(desk: Desk) -> None:
    await desk.open(ticket())
    assert await fire(desk, NOW + timedelta(days=30), channels={Channel.WEBHOOK}) == 2
    assert await told(desk.engine) == []


async def test_the_running_clock_wakes_the_outbox_and_is_never_a_minute_late(desk: Desk) -> None:
    fired = asyncio.Event()
    clock = Clocks(desk.engine, desk.policy, fired=fired.set, now=lambda: NOW + DUE)
    async with asyncio.timeout(5):
        task = asyncio.create_task(clock.run())
        await desk.open(sla(severity=1))
        clock.wake()
        await fired.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    # without a wake-up (another process has opened the case) it looks again this soon
    assert LONGEST_WAIT < 60


async def test_it_sleeps_until_the_next_deadline_but_no_longer_than_the_bound(desk: Desk) -> None:
    await desk.open(sla(severity=1))

    async def wait_at(now: datetime) -> float:
        return await Clocks(desk.engine, desk.policy, fired=lambda: None, now=lambda: now)._seconds_to_next()

    assert await wait_at(NOW) == LONGEST_WAIT
    assert await wait_at(NOW + SOON - timedelta(seconds=7)) == 7
    assert await wait_at(NOW + DUE) == 0
