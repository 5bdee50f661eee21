"""Sources that are imported again and again. What a run would change waits for somebody to take it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Row, func, select, update

from bot.cases.worker import Worker, utc_now
from bot.console import feed, publishing
from bot.console.context import ConsoleError
from bot.console.kb import Kb
from bot.console.tables import sources
from bot.database import Database
from bot.staff.tables import text_of

log = structlog.get_logger(__name__)

POLL = 60.0  # seconds
LONGEST = 3600.0  # seconds of one run
AGAIN = timedelta(minutes=10)  # while kb does not answer


class Resync(Worker):
    name = "console_resync"

    def __init__(self, database: Database, kb: Kb, woken: feed.Feed) -> None:
        super().__init__(database.engine, now=utc_now, longest_wait=POLL, patience=POLL)
        self._database = database
        self._kb = kb
        self._feed = woken

    async def _work(self) -> None:
        while await self.one(self._now()):
            pass

    async def _next(self) -> datetime | None:
        async with self._database.read() as conn:
            at = (await conn.execute(select(func.min(sources.c.next_at)))).scalar_one()
        return datetime.fromisoformat(at) if at else None

    async def one(self, now: datetime) -> bool:
        """Run the source that has waited longest; whether there was one. Its next time is set before: whoever sees it
        next, and whatever happens meanwhile, it runs once."""
        async with self._database.write() as conn:
            due = select(sources).where(sources.c.next_at <= text_of(now)).order_by(sources.c.next_at).limit(1)
            if conn.dialect.name == "postgresql":
                due = due.with_for_update(skip_locked=True)
            row = (await conn.execute(due)).one_or_none()
            if row is None:
                return False
            following = text_of(now + timedelta(hours=row.every_hours))
            await conn.execute(update(sources).where(sources.c.id == row.id).values(next_at=following))
        await self._import(row, now)
        return True

    async def _import(self, row: Row[Any], now: datetime) -> None:
        values: dict[str, Any]
        try:
            begun = await self._kb.call("POST", "/import", {"source": row.address, **row.options})
            subject = {"name": row.address, "options": row.options}
            await publishing.note_job(self._database, str(begun["job"]), "import", None, now, subject, row.id)
            result = (await self._kb.finished(str(begun["job"]), LONGEST))["result"]
            changes = [one for one in result["changes"] if one["state"] != "unchanged"]
            last = {"at": text_of(now), "state": "changed" if changes else "unchanged", "changes": len(changes)}
            last["problems"] = len(result["problems"])
            values = {"last": last, "result": {"changes": changes, "problems": result["problems"]}}
        except ConsoleError as error:
            job = error.more.get("job") or {}
            reason = (job.get("error") or {}).get("message") or error.more.get("reason")
            values = {"last": {"at": text_of(now), "state": "failed", "code": error.code, "reason": reason}}
            if error.status == 503:
                values["next_at"] = text_of(now + AGAIN)
        async with self._database.write() as conn:
            await conn.execute(update(sources).where(sources.c.id == row.id).values(**values))
            await feed.tell(conn, now, "job", {"source": row.id, "state": values["last"]["state"]})
        self._feed.wake()
