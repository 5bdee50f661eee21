"""`kill -9` at the worst moments: what was committed is delivered after the restart, under the same id."""

from __future__ import annotations

import asyncio
import signal
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from bot.cases import Channel
from bot.cases.mail import Mailer
from bot.cases.model import Say
from bot.cases.outbox import Outbox
from bot.cases.tables import cases
from bot.database import make_engine
from tests.cases.asking import NOW
from tests.cases.conftest import Post
from tests.cases.crashing import ROOT, settings


async def kill_when(word: str, database: Path, port: int) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.cases.crashing",
        word,
        str(database),
        str(port),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    said = ""
    async with asyncio.timeout(60):
        while said != word:
            line = await process.stdout.readline()
            assert line, "the process ended before it was killed"
            said = line.decode().strip()
        process.kill()
        assert await process.wait() == -signal.SIGKILL
        await process.stdout.read()  # to its end, so that the pipe is closed


@pytest.mark.parametrize(
    ("word", "stored", "mails"),
    [("uncommitted", 0, 0), ("committed", 1, 1), ("sent", 1, 2)],
)
async def test_what_was_committed_is_delivered_after_a_kill(
    word: str, stored: int, mails: int, post: Post, say: Say, tmp_path: Path
) -> None:
    await kill_when(word, tmp_path / "cases.db", post.port)
    engine = make_engine(f"sqlite+aiosqlite:///{tmp_path}/cases.db")
    async with engine.connect() as conn:
        assert (await conn.execute(select(func.count()).select_from(cases))).scalar_one() == stored
    mailer = Mailer(settings(post.port, tmp_path), say)
    box = Outbox(engine, {Channel.STAFF_MAIL: mailer.staff}, now=lambda: NOW + timedelta(minutes=5))
    await box.deliver_due()
    await box.deliver_due()
    await engine.dispose()
    assert len(post.messages) == mails
    assert len({message["Message-ID"] for message in post.messages}) == min(mails, 1)  # a receiver drops the second
