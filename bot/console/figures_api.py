"""What another threshold would have done, and whether stated probabilities keep their word."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from aiohttp import web
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.cases.tables import cases
from bot.console import alarm, golden, marks, source, stats
from bot.console.context import CONSOLE, Console, ConsoleError, answered, number_of
from bot.console.tables import asked
from bot.gateway.context import GATEWAY
from bot.http import read_json
from bot.staff.guard import require
from bot.staff.tables import text_of

STEPS = 50  # thresholds that are replayed
BINS = 10
MOST_GOLDEN = 300  # golden questions that are asked
KINDS = {"ticket": "tickets", "callback": "callbacks", "sla": "sla"}
_GOLDEN = "golden_results"


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as it went: `probability` of its best article; `people`: a level topic, whatever the threshold."""

    probability: float
    people: bool


@dataclass(frozen=True, slots=True)
class Judged:
    """An answer of which it is known whether it was right: `source` feedback or golden."""

    probability: float
    right: bool
    source: str


@answered
async def get_simulate(request: web.Request) -> web.StreamResponse:
    """Receipts of the last days at other thresholds. `wrong` is judged by feedback and golden questions; requests grow
    with the questions that are not answered, as they did. Below the threshold of now only golden questions judge: what
    was not answered got no opinion."""
    await require(request, "editor")
    gateway, console = request.app[GATEWAY], request.app[CONSOLE]
    days = number_of(request.query.get("days", 30), "days", least=1, most=366)
    await console.upkeep.once()
    careful = await console.kb.call("GET", "/careful")
    since = gateway.now() - timedelta(days=days)
    judged = await _golden(request, console, careful["version"])
    async with gateway.database.read() as conn:
        questions = await _asked(conn, text_of(since))
        judged += [Judged(p, right, "feedback") for p, right in await alarm.opinions(conn, text_of(since))]
        opened = await _opened(conn, since)
    fitted = (careful["fitted"] or {}).get("threshold", 0.0)
    now = max(fitted, careful["threshold"])
    steps = sorted({*(step / STEPS for step in range(STEPS + 1)), round(now, 4)})
    points = [point(step, questions, judged, opened, now) for step in steps]
    body = {"points": points, "now": {"threshold": round(now, 4), "fitted": fitted}, "asked": len(questions)}
    return web.json_response({**body, "judged": dict(Counter(one.source for one in judged))})


def point(
    threshold: float, questions: Sequence[Asked], judged: Sequence[Judged], opened: Counter[str], now: float
) -> dict[str, Any]:
    """One threshold. Requests: as many of each kind as were opened per question that was not answered."""
    left = sum(_left(one, threshold) for one in questions)
    left_now = sum(_left(one, now) for one in questions)
    given = [one.right for one in judged if one.probability >= threshold]
    load = {name: round(opened[kind] * left / left_now) if left_now else 0 for kind, name in KINDS.items()}
    return {
        "threshold": round(threshold, 4),
        "asked": len(questions),
        "answered": len(questions) - left,
        "wrong": stats.share(given.count(False), len(given)),
        **load,
    }


def _left(one: Asked, threshold: float) -> bool:
    return one.people or one.probability < threshold


async def _asked(conn: AsyncConnection, since: str) -> list[Asked]:
    query = select(asked.c.probability, asked.c.reason).where(asked.c.at >= since, asked.c.reason != "not_helpful")
    rows = (await conn.execute(query)).all()
    return [Asked(float(row.probability or 0.0), row.reason == "level_topic") for row in rows]


async def _opened(conn: AsyncConnection, since: datetime) -> Counter[str]:
    query = select(cases.c.kind, func.count()).where(cases.c.created_at >= since).group_by(cases.c.kind)
    return Counter({str(kind): int(count) for kind, count in await conn.execute(query)})


async def _golden(request: web.Request, console: Console, version: str | None) -> list[Judged]:
    """The console's golden questions against what serves; asked once per version and kept."""
    database = request.app[GATEWAY].database
    async with database.read() as conn:
        questions = (await golden.both(conn))[0][:MOST_GOLDEN]
        known = await marks.get(conn, _GOLDEN) or {}
    key = f"{version}:{source.digest(golden.written(questions) or '')}"
    if known.get("key") != key:
        results: list[dict[str, Any]] = []
        if questions:
            body = [{"text": one["text"], "lang": one["lang"]} for one in questions]
            tried = {"questions": body, "changes": [], "limit": 1}
            results = (await console.kb.call("POST", "/try", tried, long=True))["results"]
        rows = []
        for one, result in zip(questions, results, strict=True):
            hits = result["live"]["hits"]
            if hits:
                rows.append([hits[0]["probability"], hits[0]["article"] in one.get("expected", [])])
        known = {"key": key, "rows": rows}
        async with database.write() as conn:
            await marks.put(conn, _GOLDEN, known)
    return [Judged(float(probability), bool(right), "golden") for probability, right in known["rows"]]


@answered
async def get_calibration(request: web.Request) -> web.StreamResponse:
    """All opinions on answers by the probability that was stated; `observed`: how much of what is answered is wrong."""
    await require(request, "editor")
    gateway, console = request.app[GATEWAY], request.app[CONSOLE]
    await console.upkeep.once()
    try:
        careful = await console.kb.call("GET", "/careful")
    except ConsoleError:
        careful = {"threshold": 0.0, "fitted": None}
    async with gateway.database.read() as conn:
        told = await alarm.opinions(conn, "")
        state = await marks.get(conn, alarm.MARK) or {"alarm": None}
    fitted = careful["fitted"] or {"threshold": 0.0, "risk": None, "stated": False}
    threshold = max(fitted["threshold"], careful["threshold"])
    given = [helped for probability, helped in told if probability >= threshold]
    body = {
        "bins": [_bin(number, told) for number in range(BINS)],
        "stated": fitted["risk"],
        "guaranteed": fitted["stated"],
        "threshold": threshold,
        "observed": stats.share(given.count(False), len(given)),
        "alarm": state["alarm"],
    }
    return web.json_response(body)


def _bin(number: int, told: Sequence[alarm.Opinion]) -> dict[str, Any]:
    low, high = number / BINS, (number + 1) / BINS
    inside = [(p, helped) for p, helped in told if low <= p < high or (number == BINS - 1 and p >= high)]
    mean = sum(p for p, _ in inside) / len(inside) if inside else None
    return {"from": low, "to": high, "mean": mean, **stats.share(sum(good for _, good in inside), len(inside))}


@answered
async def post_calibration(request: web.Request) -> web.StreamResponse:
    """An administrator takes the alarm back."""
    person = await require(request, "administrator")
    body = await read_json(request)
    if body.get("state") != "reset":
        raise ConsoleError(422, "invalid_choice", "state", possible="reset")
    await request.app[CONSOLE].alarm.reset(person)
    return web.json_response({"alarm": None})


def add_routes(app: web.Application) -> None:
    app.router.add_get("/api/console/simulate", get_simulate)
    app.router.add_get("/api/console/calibration", get_calibration)
    app.router.add_post("/api/console/calibration", post_calibration)
