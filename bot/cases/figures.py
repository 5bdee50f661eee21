"""Figures for who leads: volumes, times, breaches, backlog, and how many cases were really solved, each with what is
known of its uncertainty."""

from __future__ import annotations

import csv
import io
import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import RowMapping, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from . import sla
from .model import Event, Kind, Status
from .tables import case_events, cases

_Z = 1.959963984540054  # 95 %
_COLUMNS = (
    *("ref", "kind", "level", "status", "created_at", "first_reply_at", "first_reply_due"),
    *("resolved_at", "resolution_due", "confirmed_at", "merged_into", "paused_since"),
)
SILENT_AFTER = timedelta(days=7)  # nobody wrote for so long after the resolution


def wilson(hits: int, of: int) -> tuple[float, float] | None:
    """The 95 % interval of a share (Wilson's score interval); None where nothing was counted."""
    if of == 0:
        return None
    share, z2 = hits / of, _Z * _Z
    middle = (share + z2 / (2 * of)) / (1 + z2 / of)
    half = _Z * math.sqrt(share * (1 - share) / of + z2 / (4 * of * of)) / (1 + z2 / of)
    return max(0.0, middle - half), min(1.0, middle + half)


def share(hits: int, of: int) -> dict[str, Any]:
    """`{"count", "of", "share", "interval": [low, high]}`; share and interval are null where nothing was counted."""
    interval = wilson(hits, of)
    return {
        "count": hits,
        "of": of,
        "share": round(hits / of, 4) if of else None,
        "interval": [round(end, 4) for end in interval] if interval else None,
    }


def times(durations: Iterable[timedelta]) -> dict[str, Any]:
    """`{"count", "median", "p90"}`, hours."""
    hours = sorted(duration.total_seconds() / 3600 for duration in durations)

    def quantile(part: float) -> float | None:
        if not hours:
            return None
        place = part * (len(hours) - 1)
        low = math.floor(place)
        high = min(low + 1, len(hours) - 1)
        return round(hours[low] + (hours[high] - hours[low]) * (place - low), 2)

    return {"count": len(hours), "median": quantile(0.5), "p90": quantile(0.9)}


async def figures(
    conn: AsyncConnection,
    start: datetime,
    end: datetime,
    *,
    now: datetime,
    time_zone: str,
    scores: Sequence[int] = (),
) -> dict[str, Any]:
    """Everything about cases opened from `start` to before `end`, except the backlog, which is of `now`. Times count
    from opening to the first reply or the resolution, nights included. `scores` (1 to 5) are what customers said of
    live conversations in the same time."""
    query = select(*(cases.c[name] for name in _COLUMNS)).where(cases.c.created_at >= start, cases.c.created_at < end)
    found = [row for row in (await conn.execute(query)).mappings() if row["merged_into"] is None]
    reopened = await _reopened(conn, start)
    zone = ZoneInfo(time_zone)
    return {
        "from": start.astimezone(zone).date().isoformat(),
        "to": (end - timedelta(microseconds=1)).astimezone(zone).date().isoformat(),
        "volumes": _volumes(found, start, end, zone),
        "times": _times(found),
        "breaches": _breaches(found, now),
        "backlog": await _backlog(conn, now),
        "satisfaction": _satisfaction(scores),
        "resolution": _resolution(found, reopened, now),
    }


def _volumes(found: Sequence[RowMapping], start: datetime, end: datetime, zone: ZoneInfo) -> dict[str, Any]:
    by_day = Counter((row["created_at"].astimezone(zone).date(), row["kind"]) for row in found)
    return {
        "total": len(found),
        "by_kind": _counted(found, "kind", [kind.value for kind in Kind]),
        "by_level": _counted(found, "level", [1, 2, 3, 4]),
        "by_day": [
            {"day": day.isoformat(), **{kind.value: by_day[day, kind.value] for kind in Kind}}
            for day in _days(start.astimezone(zone).date(), (end - timedelta(microseconds=1)).astimezone(zone).date())
        ],
    }


def _days(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=n) for n in range((last - first).days + 1))


def _counted(found: Sequence[RowMapping], column: str, values: Sequence[Any]) -> dict[str, int]:
    counts = Counter(row[column] for row in found)
    return {str(value): counts[value] for value in values}


def _times(found: Sequence[RowMapping]) -> dict[str, Any]:
    def taken(column: str, rows: Iterable[RowMapping]) -> dict[str, Any]:
        return times(row[column] - row["created_at"] for row in rows if row[column] is not None)

    return {
        name: {
            "all": taken(column, found),
            "by_level": {str(n): taken(column, [row for row in found if row["level"] == n]) for n in (1, 2, 3, 4)},
        }
        for name, column in (("first_reply", "first_reply_at"), ("resolution", "resolved_at"))
    }


def _breaches(found: Sequence[RowMapping], now: datetime) -> dict[str, Any]:
    """Per level, of the cases whose clock has run out or stopped, those where it ran out first."""

    def broken(row: RowMapping, due: str, met: str) -> bool | None:
        stopped = row[met] or row["resolved_at"] or (row["paused_since"] and min(row["paused_since"], now))
        if row[due] is None:
            return None
        if (stopped or now) > row[due]:
            return True
        return False if row[met] or row["resolved_at"] else None

    def of_level(rows: Sequence[RowMapping], due: str, met: str) -> dict[str, Any]:
        judged = [verdict for row in rows if (verdict := broken(row, due, met)) is not None]
        return share(sum(judged), len(judged))

    clocks = (("first_reply", "first_reply_due", "first_reply_at"), ("resolution", "resolution_due", "resolved_at"))
    return {
        str(level): {name: of_level([r for r in found if r["level"] == level], due, met) for name, due, met in clocks}
        for level in (1, 2, 3, 4)
    }


async def _backlog(conn: AsyncConnection, now: datetime) -> dict[str, Any]:
    done = [status.value for status in sla.DONE]
    unresolved = cases.c.status.not_in(done)
    columns = (cases.c.level, cases.c.status, func.count(), func.count().filter(cases.c.due_at <= now))
    query = select(*columns).where(unresolved).group_by(cases.c.level, cases.c.status)
    rows = (await conn.execute(query)).all()
    oldest: datetime | None = (await conn.execute(select(func.min(cases.c.created_at)).where(unresolved))).scalar()
    return {
        "total": sum(row[2] for row in rows),
        "overdue": sum(row[3] for row in rows),
        "by_level": {str(n): sum(row[2] for row in rows if row[0] == n) for n in (1, 2, 3, 4)},
        "by_status": {
            status.value: sum(row[2] for row in rows if row[1] == status.value)
            for status in Status
            if status not in sla.DONE
        },
        "oldest_days": None if oldest is None else (now - oldest).days,
    }


def _satisfaction(scores: Sequence[int]) -> dict[str, Any]:
    """Mean and how many were satisfied (4 or 5 of 5)."""
    return {
        "count": len(scores),
        "mean": round(sum(scores) / len(scores), 2) if scores else None,
        "satisfied": share(sum(score >= 4 for score in scores), len(scores)),
        "by_score": {str(score): scores.count(score) for score in range(1, 6)},
    }


async def _reopened(conn: AsyncConnection, start: datetime) -> set[str]:
    """Cases that went on after they had been resolved."""
    query = select(case_events.c.ref, case_events.c.details).where(
        case_events.c.event == Event.STATUS.value, case_events.c.at >= start
    )
    done = {status.value for status in sla.DONE}
    return {
        row.ref
        for row in await conn.execute(query)
        if row.details.get("before") in done and row.details.get("after") not in done
    }


def _resolution(found: Sequence[RowMapping], reopened: set[str], now: datetime) -> dict[str, Any]:
    """Of the cases that were resolved: confirmed by the customer, reopened, silent (no word for a week since), and too
    recent to tell. Each apart: silence is no consent."""
    resolved = [row for row in found if row["resolved_at"] is not None or row["ref"] in reopened]
    kinds: dict[str, Callable[[RowMapping], bool]] = {
        "reopened": lambda row: row["ref"] in reopened,
        "confirmed": lambda row: row["confirmed_at"] is not None,
        "silent": lambda row: now - row["resolved_at"] >= SILENT_AFTER,
    }
    counts: Counter[str] = Counter()
    for row in resolved:
        counts[next((name for name, holds in kinds.items() if holds(row)), "recent")] += 1
    return {name: share(counts[name], len(resolved)) for name in ("confirmed", "silent", "reopened", "recent")}


def as_csv(data: dict[str, Any]) -> str:
    """The same figures as lines of `figure,value`; names are the keys joined by dots."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(("figure", "value"))
    writer.writerows(_flat("", data))
    return out.getvalue()


def _flat(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(f"{name}.{key}" if name else key, inner)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _flat(f"{name}.{number}", inner)
    else:
        yield name, "" if value is None else value
