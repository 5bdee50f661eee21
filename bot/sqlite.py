"""SQLite off the event loop, with one visit to the connection's thread per statement.

aiosqlite makes four visits for each statement that SQLAlchemy runs (open a cursor, execute, fetch, close); under load
each waits for the interpreter's lock. All rows are fetched at once: what this program reads is small.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Sequence
from threading import Thread
from typing import Any

import aiosqlite.core


class Cursor:
    """The part of a cursor that SQLAlchemy's asynchronous dialects use."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._rows: list[Any] = []
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None
        self.arraysize = 1

    async def __aenter__(self) -> Cursor:
        return self

    async def execute(self, statement: str, values: Any = ()) -> Cursor:
        return await self._visit(sqlite3.Connection.execute, statement, values)

    async def executemany(self, statement: str, values: Sequence[Any]) -> Cursor:
        return await self._visit(sqlite3.Connection.executemany, statement, values)

    async def fetchall(self) -> list[Any]:
        rows, self._rows = self._rows, []
        return rows

    async def close(self) -> None:
        """Nothing is open between statements."""

    async def _visit(self, execute: Any, statement: str, values: Any) -> Cursor:
        found = await self._connection._execute(self._work, execute, statement, values)  # type: ignore[no-untyped-call]
        self._rows, self.description, self.rowcount, self.lastrowid = found
        return self

    def _work(self, execute: Any, statement: str, values: Any) -> tuple[list[Any], Any, int, int | None]:
        cursor = execute(self._connection._conn, statement, values)
        try:
            return cursor.fetchall(), cursor.description, cursor.rowcount, cursor.lastrowid
        finally:
            cursor.close()


_stopping: set[Thread] = set()


class Connection(aiosqlite.Connection):
    _told_to_stop = False

    def cursor(self) -> Any:
        return Cursor(self)

    def stop(self) -> asyncio.Future[Any] | None:
        """Once. Where a task is cancelled twice, SQLAlchemy stops the thread that it is closing gracefully: the second
        stop would never be answered, and the process that waits for it would not end."""
        if self._told_to_stop:
            return None
        self._told_to_stop = True
        _stopping.difference_update([thread for thread in _stopping if not thread.is_alive()])
        _stopping.add(self._thread)
        return super().stop()


async def stopped(seconds: float = 5.0) -> None:
    """Until the threads of connections that were told to stop have: one in the middle of a statement would answer to a
    loop that is closed."""
    for thread in tuple(_stopping):
        if thread.is_alive():
            await asyncio.to_thread(thread.join, seconds)


def connect(database: str, **options: Any) -> Connection:
    """What SQLAlchemy takes as `async_creator_fn`."""
    connection = Connection(lambda: sqlite3.connect(database, **options), 64)
    # A lost connection must not keep the process.
    connection._thread = Thread(target=_until_nobody_listens, args=(connection._tx,), daemon=True)
    return connection


def _until_nobody_listens(statements: Any) -> None:
    """The connection's thread. What fails in a statement is told to who waits for it; a RuntimeError that comes out
    means that the loop of who waited is closed: there is nobody to be told."""
    with contextlib.suppress(RuntimeError):
        aiosqlite.core._connection_worker_thread(statements)
