"""The one database: engine, pragmas, schema, and the rule that writers wait for each other in order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy import Column, Integer, MetaData, String, Table, event, insert, select
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from bot import sqlite

SCHEMA_VERSION = 1
BUSY_MS = 10_000

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
        for pragma in ("journal_mode=WAL", "synchronous=FULL", f"busy_timeout={BUSY_MS}", "foreign_keys=ON"):
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


async def prepare(engine: AsyncEngine, parts: Sequence[MetaData]) -> None:
    """Create what is missing; DatabaseError where a newer Guichet has been at work or the file is no database."""
    try:
        async with engine.begin() as connection:
            await connection.run_sync(_info.create_all)
            found = (await connection.execute(select(_schema.c.version))).scalar_one_or_none()
            if found is None:
                await connection.execute(insert(_schema).values(name="guichet", version=SCHEMA_VERSION))
            elif found > SCHEMA_VERSION:
                raise DatabaseError(
                    f"the database was written by a newer Guichet: schema {found}, this release knows "
                    f"{SCHEMA_VERSION}. Start the newer release again, or restore the backup made before the upgrade."
                )
            for part in parts:
                await connection.run_sync(part.create_all)
    except DatabaseError:
        raise
    except Exception as error:  # driver errors differ by backend; all mean the same here
        cause = str(getattr(error, "orig", error)).splitlines()[0]
        raise DatabaseError(
            f"the database {engine.url.render_as_string(hide_password=True)} cannot be opened: {cause}. "
            "Check DATABASE_URL or GUICHET_DATA_DIR, free space and permissions."
        ) from error
