"""The one database: engine, pragmas, schema, and the rule that writers wait for each other in order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import structlog
from sqlalchemy import Column, Integer, MetaData, String, Table, event, func, insert, inspect, select, update
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from bot import migrations, sqlite

BUSY_MS = 10_000
UPGRADE_MS = 600_000
UPGRADE_LOCK = 0x6775696368657401  # PostgreSQL's advisory lock of whoever upgrades

log = structlog.get_logger()

_info = MetaData()
_schema = Table(
    "schema", _info, Column("name", String(20), primary_key=True), Column("version", Integer, nullable=False)
)


class DatabaseError(Exception):
    """The database cannot be used as it is; the message says why and what helps."""


def make_engine(url: str) -> AsyncEngine:
    """Engine for `url`. On SQLite every transaction of `engine` takes the write lock when it begins, so that
    reading first and writing then cannot fail half-way; reads go through `reader(engine)` and never wait."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise DatabaseError(
            "DATABASE_URL: expected a SQLAlchemy URL such as postgresql+asyncpg://user:password@host/name"
        ) from None
    if parsed.get_backend_name() != "sqlite":
        return create_async_engine(parsed, pool_pre_ping=True, hide_parameters=True)
    if parsed.database and parsed.database != ":memory:":
        folder = Path(parsed.database).parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DatabaseError(
                f"the database's folder {folder} cannot be made ({error.strerror}): "
                "check DATABASE_URL or GUICHET_DATA_DIR."
            ) from None
    engine = create_async_engine(
        parsed, connect_args={"timeout": BUSY_MS / 1000, "async_creator_fn": sqlite.connect}, hide_parameters=True
    )

    @event.listens_for(engine.sync_engine, "connect")
    def on_connect(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        connection.isolation_level = None  # the driver must not begin transactions itself
        cursor = connection.cursor()
        wanted = ("journal_mode=WAL", "synchronous=FULL", f"busy_timeout={BUSY_MS}", "foreign_keys=ON")
        for pragma in (*wanted, "secure_delete=ON"):  # what is deleted or changed is overwritten, not only let go
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def on_begin(connection: Connection) -> None:
        if not connection.get_execution_options().get("read_only", False):
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def reader(engine: AsyncEngine) -> AsyncEngine:
    """The same engine for reading: on SQLite each statement sees what is committed then, without a transaction."""
    return engine.execution_options(read_only=True)


class Database:
    """Short write transactions, one after the other; reads at any time."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        self.reader = reader(engine)
        self._writing = asyncio.Lock()

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """A write transaction: committed at the end of the block, rolled back by an exception. Waiting here, in
        order, is fair and costs nothing; SQLite's own busy wait polls."""
        async with self._writing, self.engine.begin() as connection:
            yield connection

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        async with self.reader.connect() as connection:
            yield connection

    async def close(self) -> None:
        await self.engine.dispose()
        await sqlite.stopped()


async def prepare(engine: AsyncEngine, parts: Sequence[MetaData]) -> None:
    """Make the tables of `parts` in an empty database; bring one of an earlier release to this one's. Processes that
    start at once wait for the first. DatabaseError where a newer Guichet has been at work, or it cannot be used."""
    try:
        if await _found(engine) != migrations.head():
            await _bring_up(engine, parts)
    except DatabaseError:
        raise
    except Exception as error:  # driver errors differ by backend; all mean the same here
        cause = str(getattr(error, "orig", error)).splitlines()[0]
        raise DatabaseError(
            f"the database {engine.url.render_as_string(hide_password=True)} cannot be opened: {cause}. "
            "Check DATABASE_URL or GUICHET_DATA_DIR, free space and permissions."
        ) from error


async def _found(engine: AsyncEngine) -> int | None:
    """The revision the database is at; None where it is empty."""
    async with reader(engine).connect() as connection:
        return await connection.run_sync(_version)


def _version(connection: Connection) -> int | None:
    if not inspect(connection).has_table(_schema.name):
        return None
    return connection.execute(select(_schema.c.version)).scalar_one_or_none()


async def _bring_up(engine: AsyncEngine, parts: Sequence[MetaData]) -> None:
    """One transaction, alone: whoever comes second finds the work done."""
    sqlite_used = engine.dialect.name == "sqlite"
    async with engine.connect() as connection:
        if sqlite_used:
            # A table is altered by copying and dropping it, which must not empty those that refer to it; this is
            # ignored inside a transaction. Another process's upgrade may take long.
            await _set(connection, foreign_keys="OFF", busy_timeout=UPGRADE_MS)
        try:
            async with connection.begin():
                if not sqlite_used:
                    await connection.execute(select(func.pg_advisory_xact_lock(UPGRADE_LOCK)))
                await connection.run_sync(_upgrade, parts)
                if sqlite_used:
                    await connection.run_sync(_check_references)
        finally:
            if sqlite_used:
                await _set(connection, foreign_keys="ON", busy_timeout=BUSY_MS)


def _check_references(connection: Connection) -> None:
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").mappings().first()
    if broken is not None:
        raise DatabaseError(
            f"the upgrade would leave a row of {broken['table']} without its row of {broken['parent']}: nothing was "
            "changed. Restore a backup of the database, or repair that row, and start again."
        )


async def _set(connection: AsyncConnection, **pragmas: object) -> None:
    """SQLite's settings of one connection, without a transaction."""
    raw = (await connection.get_raw_connection()).driver_connection
    assert isinstance(raw, sqlite.Connection)
    for name, value in pragmas.items():
        await raw.execute(f"PRAGMA {name}={value}")


def _upgrade(connection: Connection, parts: Sequence[MetaData]) -> None:
    head, found = migrations.head(), _version(connection)
    if found == head:
        return
    if found is None:
        _info.create_all(connection)
        for part in parts:
            part.create_all(connection)
        connection.execute(insert(_schema).values(name="guichet", version=head))
        return
    if found > head:
        raise DatabaseError(
            f"the database was written by a newer Guichet: schema {found}, this release knows "
            f"{head}. Start the newer release again, or restore the backup made before the upgrade."
        )
    migrations.upgrade(connection, found)
    connection.execute(update(_schema).values(version=head))
    log.info("database_upgraded", revision=head, before=found)
