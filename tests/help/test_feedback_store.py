"""Opinions on each database: SQLite and PostgreSQL, two processes at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.database import Database, make_engine, prepare
from bot.help.feedback import Opinion, Total, record, totals
from bot.help.tables import metadata

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
ONE = Opinion("x", "fr", "0a", "reader", helpful=False, words="rien")


@pytest.fixture
async def databases(database_url: str) -> AsyncIterator[tuple[Database, Database]]:
    """Two processes on one database."""
    pair = Database(make_engine(database_url)), Database(make_engine(database_url))
    await prepare(pair[0].engine, [metadata])
    yield pair
    for database in pair:
        await database.close()


async def keep(database: Database, opinion: Opinion, now: datetime = NOW) -> None:
    async with database.write() as connection:
        await record(connection, opinion, now)


async def kept(database: Database, since: datetime = NOW - timedelta(days=30)) -> list[Total]:
    async with database.read() as connection:
        return list(await totals(connection, since))


async def test_the_last_opinion_counts(databases: tuple[Database, Database]) -> None:
    one, other = databases
    await keep(one, ONE)
    assert await kept(other) == [Total("x", "fr", "0a", 0, 1, ("rien",))]
    await keep(other, replace(ONE, words=None))
    assert await kept(one) == [Total("x", "fr", "0a", 0, 1, ("rien",))]
    await keep(other, replace(ONE, helpful=True, words=None))
    assert await kept(one) == [Total("x", "fr", "0a", 1, 0, ())]


async def test_readers_versions_and_languages_are_counted_apart(databases: tuple[Database, Database]) -> None:
    for reader, choice in (("a", True), ("b", False), ("c", False)):
        await keep(databases[0], Opinion("x", "fr", "0a", reader, choice))
    await keep(databases[0], Opinion("x", "fr", "0b", "a", False))
    await keep(databases[0], Opinion("x", "de", "0a", "a", True))
    found = [(one.lang, one.version, one.helpful, one.not_helpful) for one in await kept(databases[0])]
    assert found == [("de", "0a", 1, 0), ("fr", "0a", 1, 2), ("fr", "0b", 0, 1)]


async def test_the_same_reader_in_two_processes_at_once_has_one_opinion(databases: tuple[Database, Database]) -> None:
    for version in map(str, range(5)):
        opinion = replace(ONE, version=version)
        await asyncio.gather(*(keep(databases[n % 2], replace(opinion, helpful=n % 3 == 0)) for n in range(6)))
    assert [one.helpful + one.not_helpful for one in await kept(databases[0])] == [1] * 5


async def test_only_opinions_of_the_time_asked_for_are_counted(databases: tuple[Database, Database]) -> None:
    await keep(databases[0], replace(ONE, reader="a", words="alt"), NOW - timedelta(days=40))
    await keep(databases[0], replace(ONE, reader="b", words="neu"), NOW - timedelta(days=1))
    assert await kept(databases[0]) == [Total("x", "fr", "0a", 0, 1, ("neu",))]
