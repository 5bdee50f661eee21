"""Deletes what has served its time, in small batches, so that nobody who writes waits long. Any number of processes may
run one: what is chosen is deleted in the same transaction, alone."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import structlog
from prometheus_client import Counter
from sqlalchemy import ColumnElement, Table, and_, delete, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.cases import sla
from bot.cases.desk_tables import presence
from bot.cases.tables import attachments, cases, idempotency, outbox
from bot.cases.worker import Worker, utc_now
from bot.connect.tables import mails
from bot.database import Database
from bot.gateway.events import text_of as journal_text
from bot.gateway.tables import conversations
from bot.help.tables import article_feedback
from bot.staff import sessions
from bot.staff.tables import audit, links, provider_requests, text_of
from bot.staff.tables import sessions as sessions_table

from .erasing import Dialogues, delete_files, delete_rows, leave_no_traces
from .whose import Subject

log = structlog.get_logger(__name__)

DELETED = Counter("guichet_retention_deleted", "What was deleted because its time was over", ["what"])

EVERY = timedelta(hours=1)
BATCH = 50  # conversations or cases of one transaction
ROWS = 500  # other rows of one
SENT = timedelta(days=7)  # for which a mail of no case is kept once it was sent
LOOSE = timedelta(days=1)  # after which a file that belongs to nothing is no longer about to belong to something
STILL = timedelta(hours=1)  # the same of a dialogue
_LOCK = 0x72657461696E  # PostgreSQL's advisory lock of whoever deletes


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """Days after which something is deleted; 0: never. `conversations` count from the last message, `cases` from the
    last change of one that is resolved or closed."""

    conversations: int
    cases: int
    audit: int


class Retention(Worker):
    """The worker. `data_dir` has `attachments`, `mail` (that failed) and `rasa`."""

    name = "retention"

    def __init__(
        self, database: Database, times: Times, data_dir: Path, *, now: Callable[[], datetime] = utc_now
    ) -> None:
        super().__init__(database.engine, now=now, longest_wait=EVERY.total_seconds(), patience=60.0)
        self._database = database
        self._times = times
        self._data_dir = data_dir
        self._dialogues = Dialogues(data_dir)

    async def _next(self) -> datetime | None:
        return None

    async def _work(self) -> None:
        now, times, deleted = self._now(), self._times, 0
        if times.cases:
            deleted += await self._all("cases", partial(self._old_cases, now - timedelta(days=times.cases)))
        if times.conversations:
            before = now - timedelta(days=times.conversations)
            deleted += await self._all("conversations", partial(self._old_conversations, before))
            deleted += await self._failed_mails(before)
        for table, over in self._over(now):
            deleted += await self._all(table.name, partial(self._rows, table, over))
        deleted += await self._loose_files(now - LOOSE)
        deleted += await self._loose_dialogues(now - STILL)
        if deleted and not await leave_no_traces(self._engine):
            log.warning("retention_log_kept", reason="readers kept the write-ahead log; it is emptied later")

    async def _all(self, what: str, batch: Callable[[], Awaitable[int]]) -> int:
        """Batches until one finds nothing; how much was deleted."""
        deleted = 0
        while count := await batch():
            deleted += count
        if deleted:
            DELETED.labels(what).inc(deleted)
            log.info("retention_deleted", what=what, count=deleted)
        return deleted

    async def _alone(self, conn: AsyncConnection) -> bool:
        """Whether no other process deletes just now (SQLite has one writer anyway)."""
        if conn.dialect.name != "postgresql":
            return True
        return bool((await conn.execute(select(func.pg_try_advisory_xact_lock(_LOCK)))).scalar_one())

    async def _old_cases(self, before: datetime) -> int:
        done = cases.c.status.in_([status.value for status in sla.DONE])
        return await self._batch(cases, cases.c.ref, and_(done, cases.c.updated_at < before), cases.c.updated_at)

    async def _old_conversations(self, before: datetime) -> int:
        """Those that no case refers to: a case keeps its conversation."""
        free = ~exists().where(cases.c.conversation == conversations.c.id)
        old = and_(conversations.c.active_at < journal_text(before), free)
        return await self._batch(conversations, conversations.c.id, old, conversations.c.active_at)

    async def _batch(
        self, table: Table, key: ColumnElement[str], over: ColumnElement[bool], order: ColumnElement[object]
    ) -> int:
        query = select(key).where(over).order_by(order).limit(BATCH)
        async with self._database.read() as conn:
            if (await conn.execute(query)).first() is None:
                return 0
        async with self._database.write() as conn:
            if not await self._alone(conn):
                return 0
            # Locked as they are chosen: what becomes active again just now is left.
            ids = frozenset((await conn.execute(query.with_for_update(skip_locked=True))).scalars())
            who = Subject(conversations=ids) if table is conversations else Subject(cases=ids)
            files = await delete_rows(conn, who)
        await delete_files(self._data_dir / "attachments", files)
        await self._dialogues.forget(who.conversations)
        return len(ids)

    def _over(self, now: datetime) -> list[tuple[Table, ColumnElement[bool]]]:
        """Rows that go by their own time."""
        times = self._times
        sent = and_(outbox.c.status == "sent", outbox.c.sent_at < now - SENT)
        over: list[tuple[Table, ColumnElement[bool]]] = [
            (sessions_table, sessions.over(now)),
            (links, links.c.expires_at < text_of(now)),
            (provider_requests, provider_requests.c.expires_at < text_of(now)),
            (presence, presence.c.until < now),
        ]
        if times.conversations:
            before = now - timedelta(days=times.conversations)
            given_up = and_(outbox.c.status == "dead", outbox.c.created_at < before)
            over.append((idempotency, idempotency.c.created_at < before))
            over.append((article_feedback, article_feedback.c.at < text_of(before)))
            over.append((outbox, and_(outbox.c.ref.is_(None), or_(sent, given_up))))
        if times.cases:
            over.append((mails, mails.c.at < now - timedelta(days=times.cases)))
        if times.audit:
            over.append((audit, audit.c.at < text_of(now - timedelta(days=times.audit))))
        return over

    async def _rows(self, table: Table, over: ColumnElement[bool]) -> int:
        keys = list(table.primary_key.columns)
        query = select(*keys).where(over).limit(ROWS)
        async with self._database.read() as conn:
            found = (await conn.execute(query)).all()
        if not found:
            return 0
        these = or_(*(and_(*(key == value for key, value in zip(keys, row, strict=True))) for row in found))
        async with self._database.write() as conn:
            if not await self._alone(conn):
                return 0
            return (await conn.execute(delete(table).where(these, over))).rowcount

    async def _failed_mails(self, before: datetime) -> int:
        """Mails that we could not read, kept to be looked at."""
        old = await asyncio.to_thread(_older, self._data_dir / "mail", before)
        await delete_files(self._data_dir / "mail", old)
        return len(old)

    async def _loose_files(self, before: datetime) -> int:
        """Files that no row knows: their process was killed before it wrote the row, or after it deleted it."""
        folder, gone = self._data_dir / "attachments", 0
        old = await asyncio.to_thread(_older, folder, before)
        for start in range(0, len(old), ROWS):
            some = old[start : start + ROWS]
            async with self._database.read() as conn:
                query = select(attachments.c.path).where(attachments.c.path.in_(some))
                loose = set(some) - set((await conn.execute(query)).scalars())
            await delete_files(folder, loose)
            gone += len(loose)
        return gone

    async def _loose_dialogues(self, before: datetime) -> int:
        """Dialogues of conversations that are gone; a turn that was under way may have written one once more."""
        still, gone = await self._dialogues.idle_since(before), 0
        for start in range(0, len(still), ROWS):
            some = still[start : start + ROWS]
            async with self._database.read() as conn:
                query = select(conversations.c.id).where(conversations.c.id.in_(some))
                loose = set(some) - set((await conn.execute(query)).scalars())
            gone += await self._dialogues.forget(loose)
        return gone


def _older(folder: Path, before: datetime) -> list[str]:
    """Names of the files of a folder that were last written before a moment."""
    if not folder.is_dir():
        return []
    return [file.name for file in folder.iterdir() if file.is_file() and file.stat().st_mtime < before.timestamp()]
