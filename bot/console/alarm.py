"""The calibration alarm: where customers' opinions contradict what is stated of errors, the bot answers less by itself
until they agree again.

An answer that did not help counts as wrong. The test may be looked at after every opinion (`stats.evidence`): of bots
that keep their word, one in twenty is ever raised.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.console import feed, marks, stats
from bot.console.kb import Kb
from bot.console.tables import asked
from bot.database import Database
from bot.staff import audit, people
from bot.staff.mail import Mail
from bot.staff.people import Person
from bot.staff.tables import text_of

log = structlog.get_logger(__name__)

MARK = "calibration"
OF_ONE = 3  # opinions of one conversation that count: nobody raises or lowers it alone
ENOUGH = 20  # opinions that a raised threshold is chosen by
HIGHEST = 0.99

Opinion = tuple[float, bool]  # probability that was stated, whether it helped


class Alarm:
    """`mail` is None where no mail server is set; the page and the audit log say it all the same."""

    def __init__(self, database: Database, kb: Kb, mail: Mail | None) -> None:
        self._database = database
        self._kb = kb
        self._mail = mail

    async def once(self) -> None:
        """Look at the opinions; raise, take back, or leave; see that kb does as decided. ConsoleError where kb cannot
        be asked."""
        careful = await self._kb.call("GET", "/careful")
        fitted = careful["fitted"]
        if fitted is None:
            return
        async with self._database.read() as conn:
            state = await marks.get(conn, MARK) or {"since": "", "alarm": None}
            told = await opinions(conn, state["since"])
        alarm = decided(state["alarm"], told, fitted["threshold"], fitted["risk"])
        wanted = alarm["threshold"] if alarm else 0.0
        if alarm != state["alarm"]:
            await self._settle(alarm, state["alarm"], None)
        if careful["threshold"] != wanted:
            await self._kb.call("PUT", "/careful", {"threshold": wanted})

    async def reset(self, by: Person) -> None:
        """An administrator takes the alarm back; opinions count anew."""
        async with self._database.read() as conn:
            state = await marks.get(conn, MARK)
        await self._settle(None, state["alarm"] if state else None, by)
        await self._kb.call("PUT", "/careful", {"threshold": 0.0})

    async def _settle(self, alarm: dict[str, Any] | None, before: dict[str, Any] | None, by: Person | None) -> None:
        now = datetime.now(UTC)
        if alarm is not None:
            alarm["since"] = text_of(now)
        async with self._database.write() as conn:
            known = await marks.get(conn, MARK)
            if (known["alarm"] if known else None) != before:
                return  # another process was faster
            await marks.put(conn, MARK, {"since": text_of(now), "alarm": alarm})
            details = {"alarm": alarm, "before": before}
            await audit.write(conn, now, "console_calibration", actor=by, details=details)
            await feed.tell(conn, now, "calibration", {"alarm": alarm})
            if self._mail is not None:
                purpose = "calibration_alarm" if alarm else "calibration_calm"
                for person in await people.list(conn, active_only=True):
                    if "administrator" in person.roles:
                        await self._mail.ask(conn, purpose, person.email)
        if self._mail is not None:
            self._mail.wake()
        log.warning("console_calibration", alarm=alarm is not None, threshold=alarm and alarm["threshold"])


async def opinions(conn: AsyncConnection, since: str) -> list[Opinion]:
    """What customers said of answers given since, oldest first; a few of each conversation."""
    query = (
        select(asked.c.conversation, asked.c.probability, asked.c.helpful)
        .where(asked.c.at >= since, asked.c.outcome == "answer", asked.c.helpful.is_not(None))
        .where(asked.c.probability.is_not(None))
        .order_by(asked.c.id)
    )
    seen: Counter[str] = Counter()
    found = []
    for row in await conn.execute(query):
        if row.conversation:
            seen[row.conversation] += 1
        if not row.conversation or seen[row.conversation] <= OF_ONE:
            found.append((float(row.probability), bool(row.helpful)))
    return found


def decided(alarm: dict[str, Any] | None, told: Sequence[Opinion], fitted: float, risk: float) -> dict[str, Any] | None:
    """The alarm that should be: as it is, a new one or a higher threshold, or None: all is well (again). `told`: since
    it began."""
    threshold = max(fitted, alarm["threshold"]) if alarm else fitted
    if alarm and fitted >= alarm["threshold"]:
        return None  # fitted anew, and as careful by itself
    given = [helped for probability, helped in told if probability >= threshold]
    wrong, right = given.count(False), given.count(True)
    against = stats.evidence(wrong, right, risk, above=True)
    if against >= stats.SURE:
        raised = raised_to(told, threshold, risk)
        counted = {"wrong": wrong, "right": right, "bound": risk, "evidence": round(min(against, 1e9), 1)}
        return {"threshold": raised, "fitted": fitted, **counted}
    if alarm and stats.evidence(wrong, right, risk, above=False) >= stats.SURE:
        return None
    return alarm


def raised_to(told: Sequence[Opinion], threshold: float, risk: float) -> float:
    """The lowest threshold above from which the opinions keep the bound; where none does, half-way to certainty."""
    for least in sorted({probability for probability, _ in told if probability > threshold}):
        given = [helped for probability, helped in told if probability >= least]
        if len(given) < ENOUGH:
            break
        if given.count(False) / len(given) <= risk:
            return min(round(least, 4), HIGHEST)
    return min(round((1 + threshold) / 2, 4), HIGHEST)
