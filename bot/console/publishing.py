"""From drafts to what customers are answered: the gate, the publication, the way back."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Row, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.console import asked, drafts, feed
from bot.console.context import ConsoleError
from bot.console.kb import Kb
from bot.console.shelf import Shelf
from bot.console.tables import jobs
from bot.database import Database
from bot.staff import audit
from bot.staff.people import Person
from bot.staff.tables import text_of

log = structlog.get_logger(__name__)

GATE_SECONDS = 300.0  # that a publication waits for a gate of its own
REAL_QUESTIONS = 1_000  # of customers, whose answers are compared before and after
JOBS_KEPT = timedelta(days=7)
MOST_NAMED = 20  # articles in a message


@dataclass(frozen=True, slots=True)
class Batch:
    """The drafts that are published together."""

    rows: Sequence[Row[Any]]

    @property
    def changes(self) -> list[dict[str, Any]]:
        return [{"path": row.path, "source": row.source} for row in self.rows]

    @property
    def digest(self) -> str:
        return hashlib.sha256(json.dumps(self.changes).encode()).hexdigest()

    @property
    def articles(self) -> list[str]:
        return list(dict.fromkeys(f"{row.kind}:{row.article}" for row in self.rows))


class Publisher:
    """One publication at a time in this process; kb refuses what another has overtaken."""

    def __init__(self, database: Database, kb: Kb, shelf: Shelf, woken: feed.Feed, *, review: bool) -> None:
        self.database = database
        self._kb = kb
        self._shelf = shelf
        self._feed = woken
        self._review = review
        self._publishing = asyncio.Lock()

    async def batch(self, articles: list[str] | None = None, *, paths: Sequence[str] | None = None) -> Batch:
        """The drafts of these articles (or of these files; None: all), if they can be published as they are.
        ConsoleError `nothing_to_publish`, `behind`."""
        await self._shelf.look(now=True)
        async with self.database.read() as conn:
            rows = await drafts.changes_of(conn, articles)
        if paths is not None:
            rows = [row for row in rows if row.path in paths]
        if not rows:
            raise ConsoleError(422, "nothing_to_publish")
        _refuse("behind", [row for row in rows if row.base != row.version])
        return Batch(rows)

    def _check_review(self, batch: Batch) -> None:
        if self._review:
            _refuse("review_required", [row for row in batch.rows if row.review != "approved" and row.kind != "golden"])

    async def gate(self, batch: Batch, by: Person | None) -> str:
        """Begin to prove the drafts; the job's id."""
        now = datetime.now(UTC)
        async with self.database.read() as conn:
            questions = await asked.frequent(conn, REAL_QUESTIONS)
        begun = await self._kb.call("POST", "/gate", {"changes": batch.changes, "questions": questions}, long=True)
        job, subject = str(begun["job"]), {"digest": batch.digest, "articles": batch.articles}
        await note_job(self.database, job, "gate", by, now, subject)
        self._feed.wake()
        return job

    async def proved(self, batch: Batch, job: str | None, by: Person | None) -> dict[str, Any]:
        """The report of the gate on exactly these drafts, of `job` or a new one."""
        if job is None:
            job = await self.gate(batch, by)
        else:
            async with self.database.read() as conn:
                known = (await conn.execute(select(jobs).where(jobs.c.id == job))).one_or_none()
            if known is None or known.kind != "gate":
                raise ConsoleError(404, "not_found", "gate")
            if known.subject.get("digest") != batch.digest:
                raise ConsoleError(409, "gate_outdated", "gate")
        report: dict[str, Any] = (await self._kb.finished(job, GATE_SECONDS))["result"]
        return report

    async def publish(
        self, batch: Batch, by: Person, *, note: str = "", job: str | None = None, overrule: str | None = None
    ) -> dict[str, Any]:
        """The gate's report with `version`, `previous`. ConsoleError 409 `gate_blocked` with the report where it does
        not pass, unless an administrator says why it does not matter."""
        self._check_review(batch)
        async with self._publishing:
            report = await self.proved(batch, job, by)
            if not report["passes"]:
                if overrule is None:
                    raise ConsoleError(409, "gate_blocked", more={"report": report})
                if not by.may("administrator"):
                    raise ConsoleError(403, "not_allowed", "overrule", more={"report": report})
            facts = {"by": by.name, "note": note}
            body = {"changes": batch.changes, "base": report["base"], "facts": facts}
            done = await self._kb.call("POST", "/publish", body, long=True)
            await self._note(batch, by, done, report, note, overrule)
        return {**report, "version": done["version"], "previous": done["previous"]}

    async def _note(
        self,
        batch: Batch,
        by: Person,
        done: dict[str, Any],
        report: dict[str, Any],
        note: str,
        overrule: str | None,
    ) -> None:
        """Who published what; then the drafts that are no drafts any more. Where this process dies before, the next
        look at kb clears them."""
        now, target = datetime.now(UTC), ", ".join(batch.articles)[:200]
        details = {"version": done["version"], "previous": done["previous"], "files": [row.path for row in batch.rows]}
        details["note"] = note
        async with self.database.write() as conn:
            if not report["passes"]:
                why = {"reason": overrule, "blocks": report["blocks"][:50]}
                await audit.write(conn, now, "console_overruled", actor=by, target=target, details=details | why)
            else:
                await audit.write(conn, now, "console_published", actor=by, target=target, details=details)
            await feed.tell(conn, now, "published", {"version": done["version"], "by": by.id})
        await self._shelf.look(now=True)
        self._feed.wake()
        log.info("console_published", version=done["version"], files=len(batch.rows), overruled=not report["passes"])

    async def roll_back(self, version: str, by: Person) -> dict[str, Any]:
        """Index and files as they were; what was taken back stays in the history of its articles."""
        async with self._publishing:
            done: dict[str, Any] = await self._kb.call("POST", "/rollback", {"version": version}, long=True)
            now = datetime.now(UTC)
            async with self.database.write() as conn:
                details = {"previous": done["previous"]}
                await audit.write(conn, now, "console_rolled_back", actor=by, target=version, details=details)
                await feed.tell(conn, now, "published", {"version": done["version"], "by": by.id})
            await self._shelf.look(now=True)
            self._feed.wake()
        return done


async def note_job(
    database: Database, job: str, kind: str, by: Person | None, now: datetime, subject: Any, source: str | None = None
) -> None:
    """Remember what a job of kb is about; of old ones nothing is kept."""
    row = {"id": job, "kind": kind, "author": by.id if by else None, "at": text_of(now)}
    async with database.write() as conn:
        await conn.execute(delete(jobs).where(jobs.c.at < text_of(now - JOBS_KEPT)))
        await conn.execute(insert(jobs).values(**row, subject=subject, source=source))
        await feed.tell(conn, now, "job", {"job": job, "kind": kind, "by": row["author"]})


async def known_job(conn: AsyncConnection, job: str) -> Row[Any]:
    """ConsoleError 404 where the console has begun no such job."""
    found = (await conn.execute(select(jobs).where(jobs.c.id == job))).one_or_none()
    if found is None:
        raise ConsoleError(404, "not_found")
    return found


def _refuse(code: str, rows: Sequence[Row[Any]]) -> None:
    if rows:
        names = [f"{row.kind}:{row.article}.{row.lang}" for row in rows]
        shown = ", ".join(names[:MOST_NAMED]) + (" …" if len(names) > MOST_NAMED else "")
        raise ConsoleError(409, code, more={"articles": names}, articles=shown)
