"""A session's token changes every hour without signing anybody out, ends by rest and by age, and its end is noticed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from bot.database import Database, make_engine, prepare
from bot.schema import PARTS
from bot.staff import people, sessions
from bot.staff.people import Person
from bot.staff.sessions import Sessions


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 3, 2, 9, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def on(self, **span: float) -> None:
        self.now += timedelta(**span)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    engine = make_engine(database_url)
    await prepare(engine, PARTS)
    yield Database(engine)
    await engine.dispose()


@pytest.fixture
def kept(database: Database, clock: Clock) -> Sessions:
    return Sessions(database, clock)


@pytest.fixture
async def person(database: Database, clock: Clock) -> Person:
    async with database.write() as conn:
        return await people.create(
            conn, clock(), name="Ada", email="Ada@Example.org", roles=["agent"], lang="fr", langs=["fr"]
        )


async def opened(database: Database, kept: Sessions, person: Person) -> tuple[str, str]:
    """(id, token) of a new session."""
    async with database.write() as conn:
        session = await kept.open(conn, person)
    assert session.new_token is not None
    return session.id, session.new_token


async def test_a_token_opens_its_session_alone(database: Database, kept: Sessions, person: Person) -> None:
    identifier, token = await opened(database, kept, person)
    found = await kept.find(token)
    assert found is not None
    assert (found.id, found.person, found.new_token) == (identifier, person, None)
    for other in ("", "x", token[:-1], token.swapcase()):
        assert await kept.find(other) is None


async def test_the_token_is_replaced_every_hour(
    database: Database, kept: Sessions, person: Person, clock: Clock
) -> None:
    identifier, old = await opened(database, kept, person)
    clock.on(minutes=59)
    assert (await kept.find(old)).new_token is None  # type: ignore[union-attr]
    clock.on(minutes=1)
    found = await kept.find(old)
    assert found is not None
    assert found.new_token is not None
    assert found.new_token != old
    renewed = await kept.find(found.new_token)
    assert renewed is not None
    assert (renewed.id, renewed.csrf, renewed.new_token) == (identifier, found.csrf, None)
    clock.on(seconds=59)
    assert await kept.find(old) is not None, "requests under way still count"
    clock.on(seconds=2)
    assert await kept.find(old) is None
    assert await kept.find(found.new_token) is not None


async def test_an_answer_lost_on_the_way_signs_nobody_out(
    database: Database, kept: Sessions, person: Person, clock: Clock
) -> None:
    _, old = await opened(database, kept, person)
    clock.on(hours=1)
    lost = await kept.find(old)
    assert lost is not None
    clock.on(hours=2)
    again = await kept.find(old)
    assert again is not None
    assert again.new_token not in (None, lost.new_token)
    assert await kept.find(str(lost.new_token)) is None
    assert await kept.find(str(again.new_token)) is not None


async def test_two_tabs_at_once_get_one_new_token(
    database: Database, kept: Sessions, person: Person, clock: Clock
) -> None:
    _, old = await opened(database, kept, person)
    clock.on(hours=1)
    found = await asyncio.gather(*(kept.find(old) for _ in range(6)))
    tokens = [session.new_token for session in found if session is not None and session.new_token is not None]
    assert len(found) == 6
    assert None not in found
    assert len(tokens) == 1
    assert await kept.find(tokens[0]) is not None


async def test_a_session_ends_after_twelve_hours_of_rest(
    database: Database, kept: Sessions, person: Person, clock: Clock
) -> None:
    _, token = await opened(database, kept, person)
    clock.on(hours=11, minutes=58)
    found = await kept.find(token)
    assert found is not None
    clock.on(hours=11, minutes=58)
    assert await kept.find(token) is not None
    clock.on(hours=12)
    assert await kept.find(token) is None


async def test_a_session_ends_after_seven_days_of_use(
    database: Database, kept: Sessions, person: Person, clock: Clock
) -> None:
    _, token = await opened(database, kept, person)
    for _ in range(7 * 24 - 1):
        clock.on(hours=1)
        found = await kept.find(token)
        assert found is not None
        token = found.new_token or token
    clock.on(hours=1)
    assert await kept.find(token) is None


async def test_streams_learn_at_once_that_their_session_ended(
    database: Database, kept: Sessions, person: Person
) -> None:
    first, _ = await opened(database, kept, person)
    second, token = await opened(database, kept, person)
    waiting = {name: asyncio.create_task(kept.ended(name)) for name in (first, second)}
    await asyncio.sleep(0)  # both have begun to wait
    async with database.write() as conn:
        ended = await kept.end_all(conn, person.id, but=second)
    kept.tell(ended)
    async with asyncio.timeout(5):
        await waiting[first]
    assert not waiting[second].done()
    assert await kept.find(token) is not None
    waiting[second].cancel()
    await asyncio.gather(waiting[second], return_exceptions=True)
    assert not kept._watched, "nobody is left to be told"


async def test_a_session_that_another_process_ended_is_noticed(
    database: Database, kept: Sessions, person: Person, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "RECHECK", 0.01)
    identifier, _ = await opened(database, kept, person)
    waiting = asyncio.create_task(kept.ended(identifier))
    async with database.write() as conn:
        await Sessions(database, clock).end(conn, identifier)
    async with asyncio.timeout(5):
        await waiting


async def test_a_session_that_is_over_already_is_said_to_be(kept: Sessions) -> None:
    async with asyncio.timeout(5):
        await kept.ended("nothing")
