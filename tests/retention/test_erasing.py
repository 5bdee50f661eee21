"""What is erased is gone from the files too, and comes back neither from a backup nor under another's number."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.cases.tables import case_events
from bot.database import Database, make_engine, prepare
from bot.retention import whose
from bot.retention.erasing import Dialogues, Erasures, delete_rows, failed_mails, leave_no_traces
from bot.retention.whose import Subject
from bot.schema import PARTS
from tests.connect.posting import mail
from tests.retention.filling import THEN, case_of, fill

SECRET = b"mirabelle-tart"
FIRST = Path(__file__).parents[1] / "migrations" / "first_release.sqlite.sql"


def make_dialogues(folder: Path, **senders: float) -> Path:
    """Rasa's file, as its store makes it; `senders` with the moment of their last event."""
    file = folder / "rasa" / "tracker.db"
    file.parent.mkdir(parents=True, exist_ok=True)
    with sqlite3.connect(file, isolation_level=None) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(
            "CREATE TABLE IF NOT EXISTS events (id INTEGER PRIMARY KEY, sender_id VARCHAR(255) NOT NULL, type_name "
            "VARCHAR(255) NOT NULL, timestamp FLOAT, intent_name VARCHAR(255), action_name VARCHAR(255), data TEXT)"
        )
        for sender, at in senders.items():
            data = f'{{"event": "user", "text": "{sender} {SECRET.decode()}"}}'
            connection.execute(
                "INSERT INTO events (sender_id, type_name, timestamp, data) VALUES (?, 'user', ?, ?)",
                (sender, at, data),
            )
    connection.close()
    return file


def in_files(folder: Path, what: bytes) -> list[str]:
    return [file.name for file in sorted(folder.rglob("*")) if file.is_file() and what in file.read_bytes()]


async def test_nothing_is_left_in_the_files_of_the_database(tmp_path: Path) -> None:
    """With the database open, as it is while the web process runs."""
    database = Database(make_engine(f"sqlite+aiosqlite:///{tmp_path / 'guichet.db'}"))
    await prepare(database.engine, PARTS)
    async with database.write() as conn:
        for number in range(1, 40):  # several pages, some of which become free
            await fill(conn, f"{chr(96 + number % 26 + 1)}{number:02}", number)
        await fill(conn, "jeanne", 99)
        long = f"{SECRET.decode()} " * 3000  # on pages of its own
        await conn.execute(
            text("UPDATE cases SET text = :long WHERE ref = :ref"), {"long": long, "ref": case_of("jeanne")}
        )
        await conn.execute(
            text("UPDATE events SET body = :body WHERE seq = 99"), {"body": f'{{"text": "{SECRET.decode()}"}}'}
        )
    assert in_files(tmp_path, SECRET)
    async with database.write() as conn:
        await delete_rows(conn, await whose.of_email(conn, "jeanne@example.fr"))
    assert await leave_no_traces(database.engine)
    assert in_files(tmp_path, SECRET) == []
    assert in_files(tmp_path, b"jeanne") == []
    assert (tmp_path / "guichet.db-wal").stat().st_size == 0
    await database.close()


async def test_a_reader_under_way_is_said_so_and_the_log_is_emptied_afterwards(tmp_path: Path) -> None:
    database = Database(make_engine(f"sqlite+aiosqlite:///{tmp_path / 'guichet.db'}"))
    await prepare(database.engine, PARTS)
    reading = sqlite3.connect(tmp_path / "guichet.db", isolation_level=None)
    reading.execute("BEGIN")
    reading.execute("SELECT count(*) FROM cases").fetchone()
    async with database.write() as conn:
        await fill(conn, "jeanne", 1)
    assert not await leave_no_traces(database.engine, patience=0.1)
    reading.close()
    assert await leave_no_traces(database.engine)
    await database.close()


async def test_dialogues_go_from_rasas_file_while_rasa_has_it_open(tmp_path: Path) -> None:
    file = make_dialogues(tmp_path, jeanne=1.0, paul=2.0)
    rasa = sqlite3.connect(file)
    assert rasa.execute("SELECT count(*) FROM events").fetchone() == (2,)
    dialogues = Dialogues(tmp_path)
    assert await dialogues.forget(["jeanne", "nobody"]) == 1
    assert [event["text"].split()[0] for event in await dialogues.events("paul")] == ["paul"]  # type: ignore[index]
    assert in_files(tmp_path, b"jeanne") == []
    rasa.close()


async def test_without_dialogues_there_is_nothing_to_forget(tmp_path: Path) -> None:
    assert await Dialogues(tmp_path).forget(["jeanne"]) == 0
    (tmp_path / "rasa").mkdir()
    sqlite3.connect(tmp_path / "rasa" / "tracker.db").close()  # Rasa has not begun to write
    assert await Dialogues(tmp_path).forget(["jeanne"]) == 0
    assert await Dialogues(tmp_path).events("jeanne") == []


@pytest.fixture(params=["new", "upgraded"])
async def engine(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    engine = make_engine(f"sqlite+aiosqlite:///{tmp_path / 'guichet.db'}")
    if request.param == "upgraded":
        async with engine.begin() as conn:
            for statement in FIRST.read_text("utf-8").split(";\n"):
                if statement.strip():
                    await conn.exec_driver_sql(statement)
    await prepare(engine, PARTS)
    yield engine
    await engine.dispose()


async def test_no_line_of_history_gets_the_number_of_one_that_was_erased(engine: AsyncEngine) -> None:
    """Open desks ask for what came after the last line that they know."""
    async with engine.begin() as conn:
        await fill(conn, "jeanne", 5000)
        await delete_rows(conn, Subject(cases=frozenset({case_of("jeanne")})))
    async with engine.begin() as conn:
        await fill(conn, "paul", 4000)
        line = {"ref": case_of("paul"), "at": THEN, "event": "case.status", "actor": "anna", "details": {}}
        added = await conn.execute(insert(case_events).values(line))
    assert added.inserted_primary_key is not None
    assert added.inserted_primary_key[0] > 5000


def test_erasures_are_remembered_by_ids_for_nobody_else_to_read(tmp_path: Path) -> None:
    kept = Erasures(tmp_path)
    assert kept.all() == []
    first, second = Subject(cases=frozenset({"T-2222-2222"})), Subject(conversations=frozenset({"c1", "c2"}))
    kept.add(first)
    kept.add(second)
    assert kept.all() == [first, second]
    assert (tmp_path / "erasures.jsonl").stat().st_mode & 0o777 == 0o600


def test_mails_that_could_not_be_taken_are_found_by_their_sender(tmp_path: Path) -> None:
    (tmp_path / "one.eml").write_bytes(mail(sender="Jeanne <Jeanne@Example.fr>"))
    (tmp_path / "two.eml").write_bytes(mail(sender="Paul <paul@example.fr>"))
    (tmp_path / "bad.eml").write_bytes(b"\xff\x00 no mail at all")
    assert failed_mails(tmp_path, "jeanne@example.fr") == ["one.eml"]
