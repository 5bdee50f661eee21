"""What has served its time goes, once, whoever else is at work; what has not stays."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, insert, select, update

from bot.cases.tables import attachments, cases, idempotency, outbox
from bot.connect.tables import mails
from bot.database import Database, make_engine, prepare
from bot.gateway.events import text_of
from bot.gateway.tables import conversations
from bot.help.tables import article_feedback
from bot.retention import worker
from bot.retention.worker import Retention, Times
from bot.schema import PARTS
from bot.staff import audit
from bot.staff.tables import audit as audit_table
from tests.retention.filling import everything, fill, talk_of
from tests.retention.test_erasing import make_dialogues

NOW = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
TIMES = Times(conversations=100, cases=300, audit=50)


def retention(database: Database, folder: Path, times: Times = TIMES, now: datetime = NOW) -> Retention:
    return Retention(database, times, folder, now=lambda: now)


async def age(database: Database, name: str, *, talked: int, case: int | None, status: str = "closed") -> None:
    """`name` talked so many days ago; their case was changed `case` days ago, or is not there."""
    async with database.write() as conn:
        then = text_of(NOW - timedelta(days=talked))
        await conn.execute(
            update(conversations).where(conversations.c.id == talk_of(name)).values(active_at=then, created_at=then)
        )
        mine = cases.c.conversation == talk_of(name)
        if case is None:
            await conn.execute(cases.delete().where(mine))
        else:
            changed = NOW - timedelta(days=case)
            await conn.execute(update(cases).where(mine).values(status=status, updated_at=changed))


async def left(database: Database) -> tuple[set[str], set[str]]:
    async with database.read() as conn:
        talks = set((await conn.execute(select(conversations.c.id))).scalars())
        return talks, set((await conn.execute(select(cases.c.conversation))).scalars())


async def test_conversations_and_cases_go_by_their_own_times(database: Database, tmp_path: Path) -> None:
    people = {
        "anew": {"talked": 99, "case": None},
        "bold": {"talked": 101, "case": None},
        "case": {"talked": 101, "case": 299},  # the case keeps its conversation
        "done": {"talked": 301, "case": 301},
        "open": {"talked": 999, "case": 999, "status": "open"},  # nobody has finished with it
        "both": {"talked": 99, "case": 301},
    }
    async with database.write() as conn:
        for number, name in enumerate(people, 1):
            await fill(conn, name, number)
    for name, ages in people.items():
        await age(database, name, **ages)  # type: ignore[arg-type]
    work = retention(database, tmp_path)
    await work._work()
    talks, refs = await left(database)
    assert talks == {talk_of(name) for name in ("anew", "case", "open", "both")}
    assert refs == {talk_of(name) for name in ("case", "open")}
    async with database.read() as conn:
        for table, rows in (await everything(conn)).items():
            assert not [row for row in rows if "'bold-" in row or "'done-" in row], table


async def test_nothing_goes_where_it_is_to_be_kept_for_ever(database: Database, tmp_path: Path) -> None:
    async with database.write() as conn:
        await fill(conn, "jeanne", 1)
    await age(database, "jeanne", talked=9999, case=9999)
    await retention(database, tmp_path, Times(conversations=0, cases=0, audit=0))._work()
    assert await left(database) == ({talk_of("jeanne")}, {talk_of("jeanne")})


async def test_rows_of_no_conversation_go_by_their_own_times(database: Database, tmp_path: Path) -> None:
    async with database.write() as conn:
        for days in (40, 60, 110, 310):
            at = NOW - timedelta(days=days)
            await conn.execute(
                insert(idempotency).values(conversation=f"c{days}", key="k", fingerprint="f", created_at=at)
            )
            await conn.execute(insert(mails).values(key=f"{days}", outcome="added", at=at))
            opinion = {"article": f"a{days}", "lang": "fr", "version": "0", "reader": "r", "helpful": False}
            await conn.execute(insert(article_feedback).values(at=at.isoformat(timespec="microseconds"), **opinion))
            await audit.write(conn, at, "signed_in", details={"days": days})
            for status in ("sent", "dead", "pending"):
                letter: dict[str, Any] = {"channel": "plain_mail", "event": "transcript", "payload": {}, "attempts": 1}
                sent = at if status == "sent" else None
                await conn.execute(
                    insert(outbox).values(
                        id=f"{status}{days}", status=status, next_at=at, created_at=at, sent_at=sent, **letter
                    )
                )
    await retention(database, tmp_path)._work()
    async with database.read() as conn:
        keys = set((await conn.execute(select(idempotency.c.conversation))).scalars())
        opinions = set((await conn.execute(select(article_feedback.c.article))).scalars())
        letters = set((await conn.execute(select(outbox.c.id))).scalars())
        taken = set((await conn.execute(select(mails.c.key))).scalars())
        done = {row.details["days"] for row in (await conn.execute(select(audit_table))).all()}
    assert keys == {"c40", "c60"}
    assert opinions == {"a40", "a60"}
    assert letters == {"dead40", "dead60", "pending40", "pending60", "pending110", "pending310"}
    assert taken == {"40", "60", "110"}
    assert done == {40}


async def test_files_go_with_their_rows_and_those_of_nobody_a_day_later(database: Database, tmp_path: Path) -> None:
    folder = tmp_path / "attachments"
    folder.mkdir()
    (tmp_path / "mail").mkdir()
    async with database.write() as conn:
        await fill(conn, "bold", 1)
        await fill(conn, "anew", 2)
    await age(database, "bold", talked=101, case=None)
    await age(database, "anew", talked=1, case=None)
    old = (NOW - timedelta(days=120)).timestamp()
    for name in ("bold-path", "anew-path", "nobodys", "just-written"):
        (folder / name).write_bytes(b"x")
        if name != "just-written":
            os.utime(folder / name, (old, old))
    fresh = (NOW - timedelta(hours=23)).timestamp()
    os.utime(folder / "just-written", (fresh, fresh))
    (tmp_path / "mail" / "failed.eml").write_bytes(b"x")
    os.utime(tmp_path / "mail" / "failed.eml", (old, old))
    await retention(database, tmp_path)._work()
    assert {file.name for file in folder.iterdir()} == {"anew-path", "just-written"}
    assert list((tmp_path / "mail").iterdir()) == []


async def test_dialogues_go_with_their_conversation_and_those_of_nobody_an_hour_later(
    database: Database, tmp_path: Path
) -> None:
    hour, now = NOW.timestamp() - 3601, NOW.timestamp()
    make_dialogues(tmp_path, **{talk_of("bold"): now, talk_of("anew"): hour, "nobody": hour, "begins": now})
    async with database.write() as conn:
        await fill(conn, "bold", 1)
        await fill(conn, "anew", 2)
    await age(database, "bold", talked=101, case=None)
    await age(database, "anew", talked=1, case=None)
    work = retention(database, tmp_path)
    await work._work()
    kept = await work._dialogues.idle_since(NOW + timedelta(days=1))
    assert set(kept) == {talk_of("anew"), "begins"}


async def test_two_processes_at_once_delete_everything_once(
    database_url: str, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "BATCH", 3)
    names = [f"{chr(97 + number)}old" for number in range(20)]
    async with database.write() as conn:
        for number, name in enumerate(names, 1):
            await fill(conn, name, number)
    for name in names:
        await age(database, name, talked=400, case=400)
    other = Database(make_engine(database_url))
    both = retention(database, tmp_path), retention(other, tmp_path)
    await asyncio.gather(*(each._work() for each in both))
    await both[0]._work()  # what one left because the other was at it
    assert await left(database) == (set(), set())
    await other.close()


async def test_what_becomes_active_again_is_left(database_url: str, database: Database, tmp_path: Path) -> None:
    """A customer of another process writes while the choice is made."""
    async with database.write() as conn:
        await fill(conn, "jeanne", 1)
    await age(database, "jeanne", talked=400, case=None)
    other = Database(make_engine(database_url))
    async with other.write() as conn:
        await conn.execute(update(conversations).values(active_at=text_of(NOW)))
        deleting = asyncio.create_task(retention(database, tmp_path)._work())
        await asyncio.wait([deleting], timeout=0.5)  # it has chosen, and waits or has left it
    await deleting
    assert (await left(database))[0] == {talk_of("jeanne")}
    await other.close()


KILLED = """
import asyncio, sys
from datetime import UTC, datetime
from pathlib import Path
from bot.database import Database, make_engine
from bot.retention import worker
from bot.retention.worker import Retention, Times

async def main(folder):
    async def hang(store, files):
        print("committed", flush=True)
        await asyncio.Event().wait()
    worker.delete_files = hang
    database = Database(make_engine(f"sqlite+aiosqlite:///{folder / 'guichet.db'}"))
    now = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
    await Retention(database, Times(conversations=100, cases=300, audit=50), folder, now=lambda: now)._work()

asyncio.run(main(Path(sys.argv[1])))
"""


async def test_a_process_killed_between_rows_and_files_leaves_nothing_for_good(tmp_path: Path) -> None:
    database = Database(make_engine(f"sqlite+aiosqlite:///{tmp_path / 'guichet.db'}"))
    await prepare(database.engine, PARTS)
    async with database.write() as conn:
        await fill(conn, "bold", 1)
    await age(database, "bold", talked=101, case=None)
    make_dialogues(tmp_path, **{talk_of("bold"): NOW.timestamp() - 7200})
    (tmp_path / "attachments").mkdir()
    file = tmp_path / "attachments" / "bold-path"
    file.write_bytes(b"x")
    old = (NOW - timedelta(days=2)).timestamp()
    os.utime(file, (old, old))
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", KILLED, str(tmp_path), stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert await asyncio.wait_for(process.stdout.readline(), 60) == b"committed\n"
    process.send_signal(signal.SIGKILL)
    await process.wait()
    assert (await left(database))[0] == set()
    assert file.exists()
    work = retention(database, tmp_path)
    await work._work()
    assert not file.exists()
    assert await work._dialogues.idle_since(NOW + timedelta(days=1)) == []
    async with database.read() as conn:
        assert (await conn.execute(select(func.count()).select_from(attachments))).scalar_one() == 0
    await database.close()
