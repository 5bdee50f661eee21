"""A database of any earlier release becomes this release's, with all that is in it, on SQLite and PostgreSQL."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncEngine

from bot import migrations
from bot.database import DatabaseError, make_engine, prepare
from bot.schema import PARTS

HERE = Path(__file__).parent
TABLES = [table.name for part in PARTS for table in part.sorted_tables]


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    """An empty database."""
    engine = make_engine(database_url)
    yield engine
    await engine.dispose()


@pytest.fixture
async def old(engine: AsyncEngine) -> AsyncEngine:
    """A database as the first release left it."""
    script = (HERE / f"first_release.{engine.dialect.name}.sql").read_text("utf-8")
    async with engine.begin() as connection:
        for statement in script.split(";\n"):
            if statement.strip():
                await connection.exec_driver_sql(statement)
    return engine


def differences(connection: Connection) -> list[Any]:
    """What Alembic finds different between a database and the tables that the program knows."""
    context = MigrationContext.configure(
        connection, opts={"include_object": lambda _o, name, kind, *_: (kind, name) != ("table", "schema")}
    )
    return list(compare_metadata(context, list(PARTS)))


async def contents(engine: AsyncEngine, tables: list[str]) -> dict[str, list[dict[str, Any]]]:
    async with engine.connect() as connection:
        return {
            table: [dict(row) for row in (await connection.execute(text(f'SELECT * FROM "{table}"'))).mappings()]
            for table in tables
        }


async def names(engine: AsyncEngine) -> list[tuple[str, ...]]:
    """Everything that has a name in a database: indexes, triggers and what no metadata describes too."""
    query = {
        "sqlite": "SELECT type, name, tbl_name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'",
        "postgresql": "SELECT 'relation', relname, relkind::text FROM pg_class"
        " WHERE relnamespace = 'public'::regnamespace"
        " UNION SELECT 'constraint', conname, contype::text FROM pg_constraint"
        " WHERE connamespace = 'public'::regnamespace"
        " UNION SELECT 'trigger', tgname, '' FROM pg_trigger WHERE NOT tgisinternal",
    }[engine.dialect.name]
    async with engine.connect() as connection:
        rows = [tuple(row) for row in (await connection.exec_driver_sql(query)).all()]
    return sorted(row for row in rows if not row[1].startswith("alembic_version"))


async def version(engine: AsyncEngine) -> int:
    async with engine.connect() as connection:
        return int((await connection.execute(text("SELECT version FROM schema"))).scalar_one())


async def test_an_old_database_becomes_what_the_program_knows(old: AsyncEngine) -> None:
    await prepare(old, PARTS)
    async with old.connect() as connection:
        assert await connection.run_sync(differences) == []
    assert await version(old) == migrations.head()


async def test_an_upgrade_keeps_every_row(old: AsyncEngine) -> None:
    async with old.connect() as connection:
        tables = [
            name for name in await connection.run_sync(lambda c: inspect(c).get_table_names()) if name != "schema"
        ]
    before = await contents(old, tables)
    assert all(before.values()), "the old database has a row in every table"
    await prepare(old, PARTS)
    after = await contents(old, tables)
    for table, rows in before.items():
        assert len(after[table]) == len(rows), table
        for row, kept in zip(rows, after[table], strict=True):
            assert {name: kept[name] for name in row if name in kept} == row


async def test_a_new_database_is_what_the_program_knows(engine: AsyncEngine) -> None:
    await prepare(engine, PARTS)
    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []
        assert "alembic_version" not in await connection.run_sync(lambda c: inspect(c).get_table_names())
    assert await version(engine) == migrations.head()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_both_ways_lead_to_the_same_names_on_sqlite(old: AsyncEngine, tmp_path: Path) -> None:
    new = make_engine(f"sqlite+aiosqlite:///{tmp_path / 'new.db'}")
    await prepare(old, PARTS)
    await prepare(new, PARTS)
    assert await names(old) == await names(new)
    await new.dispose()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_both_ways_lead_to_the_same_names_on_postgresql(old: AsyncEngine) -> None:
    await prepare(old, PARTS)
    upgraded = await names(old)
    async with old.begin() as connection:
        await connection.exec_driver_sql("DROP SCHEMA public CASCADE")
        await connection.exec_driver_sql("CREATE SCHEMA public")
    await prepare(old, PARTS)
    assert upgraded == await names(old)


async def test_the_whole_history_leads_to_what_the_program_knows(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.run_sync(migrations.upgrade, 0)
        assert await connection.run_sync(differences) == []


async def test_preparing_again_changes_nothing(old: AsyncEngine) -> None:
    await prepare(old, PARTS)
    before = await contents(old, TABLES), await names(old)
    await prepare(old, PARTS)
    assert (await contents(old, TABLES), await names(old)) == before


async def test_processes_that_start_at_once_do_not_collide(old: AsyncEngine) -> None:
    others = [make_engine(old.url.render_as_string(hide_password=False)) for _ in range(3)]
    await asyncio.gather(*(prepare(engine, PARTS) for engine in [old, *others]))
    assert await version(old) == migrations.head()
    async with old.connect() as connection:
        assert await connection.run_sync(differences) == []
    for engine in others:
        await engine.dispose()


async def test_processes_that_start_at_once_make_one_new_database(engine: AsyncEngine) -> None:
    others = [make_engine(engine.url.render_as_string(hide_password=False)) for _ in range(3)]
    await asyncio.gather(*(prepare(each, PARTS) for each in [engine, *others]))
    assert await version(engine) == migrations.head()
    for each in others:
        await each.dispose()


async def test_a_newer_database_is_refused_untouched(old: AsyncEngine) -> None:
    newer = migrations.head() + 1
    async with old.begin() as connection:
        await connection.execute(text(f"UPDATE schema SET version = {newer}"))
    before = await names(old)
    with pytest.raises(DatabaseError, match=f"newer Guichet: schema {newer}, this release knows {newer - 1}"):
        await prepare(old, PARTS)
    assert await names(old) == before


async def test_a_failed_upgrade_leaves_the_database_as_it_was(
    old: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await names(old)
    upgrade = migrations.upgrade

    def interrupted(connection: Connection, found: int) -> None:
        upgrade(connection, found)
        raise OSError("No space left on device")

    monkeypatch.setattr(migrations, "upgrade", interrupted)
    monkeypatch.setattr(migrations, "head", lambda: 9999)  # so that there is something to do
    with pytest.raises(DatabaseError, match="No space left on device"):
        await prepare(old, PARTS)
    assert await names(old) == before
    assert await version(old) == 1


def test_the_first_release_refuses_an_upgraded_database(tmp_path: Path) -> None:
    """It compares `schema.version` with 1: the number must grow with the history."""
    assert migrations.FIRST == 1
    connection = sqlite3.connect(":memory:")
    connection.executescript((HERE / "first_release.sqlite.sql").read_text("utf-8"))
    assert connection.execute("SELECT version FROM schema").fetchone() == (migrations.FIRST,)
    connection.close()


def test_the_history_is_one_line_of_numbers() -> None:
    """Two revisions that were written side by side must be put in order before they are kept."""
    script = ScriptDirectory(str(migrations.FOLDER))
    revisions = list(script.walk_revisions())
    assert [revision.revision for revision in revisions] == [f"{n:04}" for n in range(migrations.head(), 0, -1)]
    assert [Path(revision.path).name[:4] for revision in revisions] == [revision.revision for revision in revisions]
