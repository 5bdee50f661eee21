"""Deletes what is somebody's: rows in one transaction, then files, then dialogues. Who is killed in between leaves
files and dialogues that belong to nothing, which the worker's next round deletes."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sqlite3
from collections.abc import Iterable
from datetime import UTC, datetime
from email.parser import BytesHeaderParser
from email.policy import default
from email.utils import parseaddr
from pathlib import Path

from sqlalchemy import ColumnElement, Table, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.cases import words
from bot.cases.desk_tables import messages
from bot.cases.desk_tables import words as words_table
from bot.cases.store import SEARCHED
from bot.cases.tables import attachments, cases
from bot.gateway.tables import conversations

from .whose import FORGOTTEN, Subject, rows_of, tables

PATIENCE = 10.0  # seconds that readers may keep the write-ahead log from being emptied


async def counted(conn: AsyncConnection, who: Subject) -> dict[str, int]:
    """How many rows are theirs, by table, where there are any."""
    found = {}
    for table in tables():
        query = select(func.count()).select_from(table).where(_theirs(table, who))
        if count := (await conn.execute(query)).scalar_one():
            found[table.name] = count
    return found


async def delete_rows(conn: AsyncConnection, who: Subject) -> list[str]:
    """Delete everything of theirs in this transaction; the paths of files, for `delete_files` once it is committed."""
    for table, column, ids in ((conversations, "id", who.conversations), (cases, "ref", who.cases)):
        # Always in one order: whoever writes to them just now is waited for, and finds them gone.
        key = table.c[column]
        await conn.execute(select(key).where(key.in_(ids)).order_by(key).with_for_update())
    files = await _paths(conn, who)
    touched = select(messages.c.ref).where(messages.c.id.in_(who.messages), messages.c.ref.not_in(who.cases)).distinct()
    left = list((await conn.execute(touched)).scalars())
    await conn.execute(update(cases).where(cases.c.merged_into.in_(who.cases)).values(merged_into=None))
    for table in tables():
        if table is FORGOTTEN:
            await conn.execute(update(table).where(_theirs(table, who)).values(ref=None))
        else:
            await conn.execute(delete(table).where(_theirs(table, who)))
    for ref in left:
        await _index_anew(conn, ref)
    return files


def _theirs(table: Table, who: Subject) -> ColumnElement[bool]:
    rule = rows_of(table, who)
    if rule is None:
        raise LookupError(f"nothing says whose the rows of {table} are: see bot/retention/whose.py")
    return rule


async def _paths(conn: AsyncConnection, who: Subject) -> list[str]:
    query = select(attachments.c.path).where(_theirs(attachments, who))
    return list((await conn.execute(query)).scalars())


async def _index_anew(conn: AsyncConnection, ref: str) -> None:
    """A case of somebody else's is no longer found by words that were erased."""
    await conn.execute(delete(words_table).where(words_table.c.ref == ref))
    its = (
        (await conn.execute(select(cases).where(or_(cases.c.ref == ref, cases.c.merged_into == ref)))).mappings().all()
    )
    said = select(messages.c.text).where(messages.c.ref.in_([case["ref"] for case in its]))
    texts = [str(case[name] or "") for case in its for name in ("ref", *SEARCHED)]
    await words.index(conn, ref, [*texts, *(await conn.execute(said)).scalars()])


async def delete_files(folder: Path, paths: Iterable[str]) -> None:
    """Files of the attachments folder; those that are gone already are no matter."""
    await asyncio.to_thread(_unlink, [folder / path for path in paths])


def _unlink(paths: list[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)


def failed_mails(folder: Path, email: str) -> list[str]:
    """Names of the mails from an address that could not be taken and are kept to be looked at."""
    found = []
    for file in sorted(folder.glob("*.eml")):
        with file.open("rb") as raw:
            sender = str(BytesHeaderParser(policy=default).parse(raw).get("From", ""))
        if parseaddr(sender)[1].lower() == email.strip().lower():
            found.append(file.name)
    return found


class Dialogues:
    """Rasa's dialogue states, in a SQLite file of its own (`bot.engine.tracker_store`) that Rasa has open as well."""

    def __init__(self, data_dir: Path) -> None:
        self._file = data_dir / "rasa" / "tracker.db"

    async def forget(self, senders: Iterable[str]) -> int:
        """Delete the dialogues of these conversations; how many events that were."""
        return await asyncio.to_thread(self._forget, sorted(senders))

    async def idle_since(self, before: datetime) -> list[str]:
        """Conversations whose dialogue has stood still since a moment."""
        query = "SELECT sender_id FROM events GROUP BY sender_id HAVING max(timestamp) < ?"
        return [sender for (sender,) in await asyncio.to_thread(self._read, query, before.timestamp())]

    async def events(self, sender: str) -> list[object]:
        """What the dialogue engine knows of one conversation."""
        query = "SELECT data FROM events WHERE sender_id = ? ORDER BY id"
        return [json.loads(data) for (data,) in await asyncio.to_thread(self._read, query, sender)]

    def _open(self) -> contextlib.closing[sqlite3.Connection] | None:
        if not self._file.is_file():
            return None
        connection = sqlite3.connect(self._file, timeout=PATIENCE, isolation_level=None)
        connection.execute("PRAGMA secure_delete=ON")
        return contextlib.closing(connection)

    def _read(self, query: str, value: object) -> list[tuple[str]]:
        opened = self._open()
        if opened is None:
            return []
        with opened as connection:
            if not _has_events(connection):
                return []
            return connection.execute(query, (value,)).fetchall()

    def _forget(self, senders: list[str]) -> int:
        opened = self._open()
        if opened is None or not senders:
            return 0
        with opened as connection:
            if not _has_events(connection):
                return 0
            gone = 0
            for sender in senders:
                gone += connection.execute("DELETE FROM events WHERE sender_id = ?", (sender,)).rowcount
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            return gone


def _has_events(connection: sqlite3.Connection) -> bool:
    return bool(connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'events'").fetchone())


async def leave_no_traces(engine: AsyncEngine, patience: float = PATIENCE) -> bool:
    """SQLite overwrites what was deleted (`secure_delete`, see `bot.database`); here the write-ahead log is emptied,
    which still has it. False where readers kept it from that for `patience` seconds. Elsewhere nothing is to do."""
    if engine.dialect.name != "sqlite":
        return True
    async with engine.execution_options(read_only=True).connect() as conn:
        for _ in range(max(1, int(patience / 0.2))):
            if (await conn.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")).one()[0] == 0:
                return True
            await asyncio.sleep(0.2)
    return False


class Erasures:
    """What was erased, by ids alone, beside the database: a backup that is restored has it all again."""

    def __init__(self, data_dir: Path) -> None:
        self._file = data_dir / "erasures.jsonl"

    def add(self, who: Subject) -> None:
        """Before the rows are deleted: who is killed in between has it done again by `erase --again`."""
        at = datetime.now(UTC).isoformat(timespec="seconds")
        line = {"at": at, **{name: sorted(getattr(who, name)) for name in _IDS}}
        self._file.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def all(self) -> list[Subject]:
        """Everything that was ever erased on request, one request each."""
        lines = self._file.read_text("utf-8").splitlines() if self._file.is_file() else []
        return [Subject(**{name: frozenset(json.loads(line)[name]) for name in _IDS}) for line in lines if line.strip()]


_IDS = ("conversations", "cases", "messages", "letters")
