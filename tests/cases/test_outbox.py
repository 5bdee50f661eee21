from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.cases import Channel
from bot.cases.outbox import DeliveryError, Outbox, Retry, Sender, counts, retry_dead, waiting
from bot.cases.tables import outbox as table
from tests.cases.asking import NOW, Desk, ticket

RETRY = Retry(first=10, longest=100, attempts=4, send_timeout=5, lease=60)


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class Recipient:
    """A sender that keeps what it is given, after failing as often as told."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.letters: list[Mapping[str, Any]] = []
        self.attempts = 0

    async def __call__(self, letter: Mapping[str, Any]) -> None:
        self.attempts += 1
        if self.failures:
            raise self.failures.pop(0)
        self.letters.append(letter)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def worker(engine: AsyncEngine, clock: Clock, sender: Sender, **more: Any) -> Outbox:
    return Outbox(engine, {Channel.WEBHOOK: sender}, retry=RETRY, now=clock, jitter=lambda: 1.0, **more)


async def state(engine: AsyncEngine) -> Any:
    async with engine.connect() as conn:
        return (await conn.execute(select(table).where(table.c.channel == "webhook"))).one()


async def test_a_letter_is_sent_once(desk: Desk, clock: Clock) -> None:
    await desk.open(ticket())
    recipient = Recipient()
    box = worker(desk.engine, clock, recipient)
    assert [await box.deliver_due(), await box.deliver_due()] == [1, 0]
    assert [letter["event"] for letter in recipient.letters] == ["case.created"]
    sent = await state(desk.engine)
    assert (sent.status, sent.sent_at, sent.attempts, sent.last_error) == ("sent", NOW, 1, None)


async def test_letters_without_a_sender_wait_for_one(desk: Desk, clock: Clock) -> None:
    await desk.open(ticket())
    await worker(desk.engine, clock, Recipient()).deliver_due()
    async with desk.engine.connect() as conn:
        assert await counts(conn) == {"pending": 2, "sending": 0, "sent": 1, "dead": 0}
        assert {row["channel"] for row in await waiting(conn)} == {"customer_mail", "staff_mail"}


async def test_failures_are_retried_ever_later_with_the_same_id_until_given_up(desk: Desk, clock: Clock) -> None:
    await desk.open(ticket())
    recipient = Recipient(*[DeliveryError("answered 500")] * 3)
    box = worker(desk.engine, clock, recipient)
    for wait in (10, 20, 40):
        assert await box.deliver_due() == 1
        failed = await state(desk.engine)
        assert (failed.status, failed.last_error) == ("pending", "answered 500")
        assert failed.next_at == clock.now + timedelta(seconds=wait)
        clock.forward(wait - 1)
        assert await box.deliver_due() == 0  # not before its time
        clock.forward(1)
    assert await box.deliver_due() == 1
    sent = await state(desk.engine)
    assert (sent.status, sent.attempts) == ("sent", 4)
    assert recipient.letters[0]["id"] == sent.id


def test_back_off_doubles_to_a_bound_and_jitter_takes_off_up_to_half() -> None:
    retry = Retry(first=5, longest=3600)
    assert [retry.delay(n, 1.0).total_seconds() for n in (1, 2, 3, 11, 1000)] == [5, 10, 20, 3600, 3600]
    assert retry.delay(1, 0.0).total_seconds() == 2.5


async def test_after_the_last_attempt_a_letter_is_dead_until_somebody_retries_it(desk: Desk, clock: Clock) -> None:
    await desk.open(ticket())
    recipient = Recipient(*[ConnectionError("refused")] * RETRY.attempts)
    box = worker(desk.engine, clock, recipient)
    for _ in range(RETRY.attempts):
        await box.deliver_due()
        clock.forward(1000)
    dead = await state(desk.engine)
    assert (dead.status, dead.attempts, dead.last_error) == ("dead", RETRY.attempts, "ConnectionError: refused")
    assert await box.deliver_due() == 0
    async with desk.engine.begin() as conn:
        assert [row["id"] for row in await waiting(conn, dead_only=True)] == [dead.id]
        assert await retry_dead(conn, clock.now, "no-such-id") == 0
        assert await retry_dead(conn, clock.now, dead.id[:8]) == 1
    assert await box.deliver_due() == 1
    assert (await state(desk.engine)).status == "sent"


async def test_a_permanent_failure_is_dead_at_once(desk: Desk, clock: Clock) -> None:
    await desk.open(ticket())
    await worker(desk.engine, clock, Recipient(DeliveryError("no such mailbox", permanent=True))).deliver_due()
    dead = await state(desk.engine)
    assert (dead.status, dead.attempts, dead.last_error) == ("dead", 1, "no such mailbox")


async def test_a_hanging_recipient_is_cut_off_and_others_are_served_meanwhile(desk: Desk, clock: Clock) -> None:
    hung: list[Mapping[str, Any]] = []

    async def hang(letter: Mapping[str, Any]) -> None:
        hung.append(letter)
        await asyncio.Event().wait()

    recipient = Recipient()
    await desk.open(ticket())
    box = Outbox(
        desk.engine,
        {Channel.WEBHOOK: hang, Channel.STAFF_MAIL: recipient},
        retry=Retry(send_timeout=0.2),
        now=clock,
    )
    assert await box.deliver_due() == 2
    assert (len(hung), len(recipient.letters)) == (1, 1)
    failed = await state(desk.engine)
    assert (failed.status, failed.last_error) == ("pending", "no result within 0.2 s")


async def test_two_workers_never_send_the_same_letter(desk: Desk, clock: Clock) -> None:
    for number in range(12):
        await desk.open(ticket(), key=f"k{number}")
    recipient = Recipient()
    boxes = [worker(desk.engine, clock, recipient) for _ in range(4)]
    for _ in range(2):  # all four see the same ten, then the same two
        await asyncio.gather(*(box.deliver_due(limit=10) for box in boxes))
    ids = [letter["id"] for letter in recipient.letters]
    assert len(ids) == len(set(ids)) == 12


async def test_a_letter_of_a_dead_worker_is_taken_over_when_its_lease_ends(desk: Desk, clock: Clock) -> None:
    await desk.open(ticket())
    dying = worker(desk.engine, clock, Recipient())
    await dying._claim(10)  # and then its process is gone
    recipient = Recipient()
    box = worker(desk.engine, clock, recipient)
    clock.forward(RETRY.lease - 1)
    assert await box.deliver_due() == 0
    clock.forward(1)
    assert await box.deliver_due() == 1
    assert (await state(desk.engine)).attempts == 2


async def test_a_letter_whose_every_sender_dies_ends_as_a_dead_letter(desk: Desk, clock: Clock) -> None:
    await desk.open(ticket())
    box = worker(desk.engine, clock, recipient := Recipient())
    for _ in range(RETRY.attempts):
        await box._claim(10)
        clock.forward(RETRY.lease)
    assert await box.deliver_due() == 1
    assert recipient.attempts == 0
    assert (await state(desk.engine)).status == "dead"


async def test_the_late_result_of_a_lost_lease_changes_nothing(desk: Desk, clock: Clock) -> None:
    await desk.open(ticket())
    late = worker(desk.engine, clock, Recipient(DeliveryError("too late", permanent=True)))
    (letter,) = await late._claim(10)
    clock.forward(RETRY.lease)
    assert await worker(desk.engine, clock, Recipient()).deliver_due() == 1
    await late._deliver(letter)
    assert (await state(desk.engine)).status == "sent"


async def test_stopping_frees_what_was_being_sent(desk: Desk, clock: Clock) -> None:
    started = asyncio.Event()

    async def slow(letter: Mapping[str, Any]) -> None:
        started.set()
        await asyncio.Event().wait()

    await desk.open(ticket())
    task = asyncio.create_task(worker(desk.engine, clock, slow).run())
    await asyncio.wait_for(started.wait(), 5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    freed = await state(desk.engine)
    assert (freed.status, freed.next_at, freed.lease) == ("pending", NOW, None)
    assert await worker(desk.engine, clock, Recipient()).deliver_due() == 1


async def test_a_wake_up_delivers_without_waiting_for_the_next_look(desk: Desk, clock: Clock) -> None:
    got = asyncio.Event()

    async def tell(letter: Mapping[str, Any]) -> None:
        got.set()

    box = Outbox(desk.engine, {Channel.WEBHOOK: tell}, retry=Retry(poll=3600), now=clock)
    async with asyncio.timeout(5):
        task = asyncio.create_task(box.run())
        await desk.open(ticket(), "k1")
        box.wake()
        await got.wait()
        got.clear()
        await desk.open(ticket(), "k2")
        box.wake()
        await got.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_database_that_fails_does_not_end_the_worker(desk: Desk, clock: Clock) -> None:
    got = asyncio.Event()

    async def tell(letter: Mapping[str, Any]) -> None:
        got.set()

    calls = 0

    def now() -> datetime:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise ConnectionError("the database is away")
        return NOW

    await desk.open(ticket())
    box = Outbox(desk.engine, {Channel.WEBHOOK: tell}, retry=Retry(first=0.01), now=now)
    task = asyncio.create_task(box.run())
    async with asyncio.timeout(5):
        await got.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
