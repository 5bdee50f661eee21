"""Mails over a real IMAP server, from the mailbox to the case."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from bot.connect import imap
from bot.connect.imap import ImapReader, ImapSettings
from bot.connect.inbox import Outcome, Taken
from bot.database import Database
from tests.connect.conftest import Post, open_post
from tests.connect.dovecot import PASSWORD, PROGRAM, Dovecot, dovecot
from tests.connect.posting import mail

pytestmark = pytest.mark.skipif(
    not os.access(PROGRAM, os.X_OK), reason="Dovecot is not installed (Debian: apt install dovecot-imapd)"
)
# The reader's ways with a database are those of the inbox, which runs on both.
SECONDS = 30


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    return f"sqlite+aiosqlite:///{tmp_path / 'guichet.db'}"


@pytest.fixture
def server() -> Iterator[Dovecot]:
    with dovecot() as server:
        yield server


def settings_of(server: Dovecot, **changes: object) -> ImapSettings:
    values = {"host": "127.0.0.1", "port": server.port, "user": "support@archivelle.example", "password": PASSWORD}
    return ImapSettings(**{**values, "security": "none", "timeout": 10, **changes})  # type: ignore[arg-type]


class Watched:
    """The inbox's outcomes in the order in which they come."""

    def __init__(self, post: Post) -> None:
        self.post = post
        self.taken: asyncio.Queue[Taken] = asyncio.Queue()
        self._take = post.inbox.take
        post.inbox.take = self.take  # type: ignore[method-assign]

    async def take(self, raw: bytes, *, size: int | None = None) -> Taken:
        taken = await self._take(raw, size=size)
        self.taken.put_nowait(taken)
        return taken

    async def next(self) -> Taken:
        return await asyncio.wait_for(self.taken.get(), SECONDS)


@contextlib.asynccontextmanager
async def reading(post: Post, settings: ImapSettings) -> AsyncIterator[ImapReader]:
    reader = ImapReader(post.database, post.inbox, settings, backoff=(0.05, 0.2))
    task = asyncio.create_task(reader.run())
    try:
        yield reader
    finally:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(task, 10)


@pytest.mark.parametrize("idle", [True, False])
async def test_new_mails_reach_their_case_at_once_and_the_mailbox_stays_as_it_was(post: Post, idle: bool) -> None:
    more = "" if idle else "imap_capability = IMAP4rev1 SASL-IR LITERAL+"
    with dovecot(more) as server:
        ref, watched = await post.open(), Watched(post)
        async with reading(post, settings_of(server, poll=0.1)):
            await asyncio.to_thread(server.put, mail("Erster.", message_id="<1@x>", subject=f"[{ref}]"))
            assert (await watched.next()).ref == ref
            await asyncio.to_thread(server.put, mail("Neu.", message_id="<2@x>"))
            assert (await watched.next()).outcome == Outcome.OPENED
        assert not any(rb"\Seen" in flags for flags in server.flags())


async def test_the_first_time_only_unseen_mails_are_read_and_later_everything_newer(
    post: Post, server: Dovecot
) -> None:
    server.put(mail("Alt und gelesen.", message_id="<old@x>"), seen=True)
    server.put(mail("Alt und neu.", message_id="<unseen@x>"))
    watched = Watched(post)
    async with reading(post, settings_of(server)):
        assert (await watched.next()).outcome == Outcome.OPENED
        await asyncio.to_thread(server.put, mail("Danach.", message_id="<a@x>"), seen=True)
        assert (await watched.next()).outcome == Outcome.OPENED
    assert len(await post.refs()) == 2
    server.put(mail("Während wir nicht liefen.", message_id="<b@x>"), seen=True)
    again = Watched(open_post(post.database, post.folder))
    async with reading(again.post, settings_of(server)):
        # The reader may have been stopped between a mail and the note of its place: that mail is known.
        while (taken := await again.next()).outcome == Outcome.KNOWN:
            pass
        assert taken.outcome == Outcome.OPENED
    assert len(await post.refs()) == 3


async def test_two_workers_take_each_mail_once(post: Post, server: Dovecot, tmp_path: Path) -> None:
    first, second = Watched(post), Watched(open_post(Database(post.database.engine), tmp_path))
    async with reading(first.post, settings_of(server)), reading(second.post, settings_of(server)):
        await asyncio.to_thread(server.put, *(mail(f"Nr. {n}", message_id=f"<{n}@x>") for n in range(5)))
        outcomes = [(await watched.next()).outcome for watched in (first, second) for _ in range(5)]
    assert sorted(outcomes) == [Outcome.KNOWN] * 5 + [Outcome.OPENED] * 5
    assert len(await post.refs()) == 5


async def test_a_server_that_goes_away_is_found_again_and_nothing_is_lost(post: Post, server: Dovecot) -> None:
    watched = Watched(post)
    async with reading(post, settings_of(server)):
        await asyncio.to_thread(server.put, mail("Vorher.", message_id="<1@x>"))
        await watched.next()
        await asyncio.to_thread(server.stop)
        await asyncio.to_thread(server.start)
        await asyncio.to_thread(server.put, mail("Nachher.", message_id="<2@x>"))
        assert (await watched.next()).outcome == Outcome.OPENED
    assert watched.taken.empty()


async def test_a_mail_over_the_limit_is_not_fetched(post: Post, server: Dovecot) -> None:
    post = open_post(post.database, post.folder, mail_bytes=100_000)
    ref, watched = await post.open(), Watched(post)
    server.put(mail("x", subject=f"[{ref}]", files=(("big.bin", os.urandom(200_000)),)))
    async with reading(post, settings_of(server)):
        assert (await watched.next()).ref == ref
    (entry,) = await post.written(ref, "customer")
    assert entry.text is not None
    assert "dépasse la limite" in entry.text


async def test_a_hostile_mail_does_not_keep_the_next_from_being_read(post: Post, server: Dovecot) -> None:
    nested = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(500))
    watched = Watched(post)
    server.put(b"From: eve@example.org\r\n" + nested, mail("Gut."))
    async with reading(post, settings_of(server)):
        assert (await watched.next()).outcome == Outcome.UNREADABLE
        assert (await watched.next()).outcome == Outcome.OPENED


async def test_a_wrong_password_is_tried_ever_later_and_never_logged(
    post: Post, server: Dovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: asyncio.Queue[str] = asyncio.Queue()

    class Log:
        def warning(self, event: str, **values: object) -> None:
            told.put_nowait(f"{event} {values}")

    monkeypatch.setattr(imap, "log", Log())
    async with reading(post, settings_of(server, password="wrong-secret")) as reader:
        for _ in range(2):
            line = await asyncio.wait_for(told.get(), SECONDS)
            assert line.startswith("imap_failed")
            assert "wrong-secret" not in line
        assert not reader.connected
    assert "wrong-secret" not in repr(settings_of(server, password="wrong-secret"))
