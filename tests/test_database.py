"""One database, durable, written by one at a time, never by an older program after a newer one."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot import migrations, sqlite
from bot.database import Database, DatabaseError, make_engine, prepare

metadata = MetaData()
numbers = Table("numbers", metadata, Column("n", Integer, primary_key=True))


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    engine = make_engine(f"sqlite+aiosqlite:///{tmp_path / 'deep' / 'down' / 'x.db'}")
    await prepare(engine, [metadata])
    yield engine
    await engine.dispose()


async def test_what_is_committed_is_on_disk(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        expected = {
            "journal_mode": "wal",
            "synchronous": 2,
            "foreign_keys": 1,
            "busy_timeout": 10_000,
            "secure_delete": 1,
        }
        for name, value in expected.items():
            assert (await connection.exec_driver_sql(f"PRAGMA {name}")).scalar_one() == value


@pytest.mark.parametrize("first", ["close", "stop"])
async def test_a_connection_that_is_closed_and_stopped_at_once_keeps_nobody_waiting(tmp_path: Path, first: str) -> None:
    """As where a task in the middle of a statement is cancelled twice, when the process ends."""
    connection = await sqlite.connect(str(tmp_path / "x.db"))
    stopped = [connection.stop()] if first == "stop" else []
    closing = asyncio.create_task(connection.close())
    await asyncio.sleep(0)  # it waits for the thread, or finds it stopped
    stopped.append(connection.stop())
    with contextlib.suppress(ValueError):
        await asyncio.wait_for(closing, 10)
    for thread in stopped:
        if thread is not None:
            await asyncio.wait_for(thread, 10)


async def test_preparing_again_keeps_everything(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.execute(insert(numbers).values(n=1))
    await prepare(engine, [metadata])
    async with engine.connect() as connection:
        assert (await connection.execute(select(numbers.c.n))).scalar_one() == 1


async def test_a_newer_database_is_left_alone(engine: AsyncEngine) -> None:
    newer = migrations.head() + 1
    async with engine.begin() as connection:
        await connection.execute(text(f"UPDATE schema SET version = {newer}"))
    with pytest.raises(DatabaseError, match=rf"newer Guichet: schema {newer}"):
        await prepare(engine, [metadata])


async def test_a_file_that_is_no_database_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_bytes(b"This is a text file, and a long one. " * 100)
    engine = make_engine(f"sqlite+aiosqlite:///{tmp_path / 'x.db'}")
    with pytest.raises(DatabaseError, match="file is not a database"):
        await prepare(engine, [metadata])
    await engine.dispose()


async def test_reading_and_then_writing_at_once_loses_nothing(engine: AsyncEngine) -> None:
    """Two connections that both read before they write would fail on SQLite, had they not begun as writers."""
    databases = [Database(engine), Database(engine)]  # as two processes: they share no lock

    async def add(database: Database) -> None:
        async with database.write() as connection:
            highest = (await connection.execute(select(func.max(numbers.c.n)))).scalar_one() or 0
            await connection.execute(insert(numbers).values(n=highest + 1))

    await asyncio.gather(*(add(databases[number % 2]) for number in range(60)))
    async with databases[0].read() as connection:
        assert (await connection.execute(select(func.max(numbers.c.n)))).scalar_one() == 60


async def test_readers_do_not_wait_for_a_writer(engine: AsyncEngine) -> None:
    database = Database(engine)
    async with database.write() as writing:
        await writing.execute(insert(numbers).values(n=7))
        async with asyncio.timeout(1), database.read() as reading:
            assert (await reading.execute(select(func.count()).select_from(numbers))).scalar_one() == 0


async def test_a_failed_transaction_leaves_nothing(engine: AsyncEngine) -> None:
    database = Database(engine)

    async def fail() -> None:
        async with database.write() as connection:
            await connection.execute(insert(numbers).values(n=1))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    async with database.write() as connection:
        assert (await connection.execute(update(numbers).values(n=2))).rowcount == 0


async def test_values_do_not_show_in_errors(engine: AsyncEngine) -> None:
    async with Database(engine).write() as connection:
        await connection.execute(insert(numbers).values(n=424242))
    with pytest.raises(Exception, match="UNIQUE") as caught:
        async with Database(engine).write() as connection:
            await connection.execute(insert(numbers).values(n=424242))
    assert "424242" not in str(caught.value)


async def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(DatabaseError, match="DATABASE_URL: expected a SQLAlchemy URL"):
        make_engine("my database")
