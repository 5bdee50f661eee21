"""Times of the desk's list and search on many cases, on SQLite and on PostgreSQL: the figures of docs/benchmarks.md.

GUICHET_BENCH_CASES (default 10,000) is how many cases there are, GUICHET_BENCH_ROUNDS (default 40) how often each
question is asked.
"""

from __future__ import annotations

import asyncio
import os
import platform
import random
import statistics
import tempfile
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bot.cases import Policy, listing, rows, sla, tables
from bot.cases.desk_tables import words
from bot.cases.model import Case, Kind, Priority, Status, new_reference
from bot.cases.words import split
from bot.catalogue import load_catalogue
from bot.company import load_company
from bot.database import make_engine, prepare
from bot.schema import PARTS
from tests.postgres import cluster, programs

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
VOCABULARY = 6_000
GOAL = 200  # milliseconds, p95
QUESTIONS: Mapping[str, Mapping[str, str]] = {
    "all open, by due time": {},
    "mine": {"owner": "me"},
    "unassigned, level 1, tickets": {"owner": "none", "level": "1", "kind": "ticket"},
    "breached": {"due": "breached"},
    "tag": {"tag": "tag3"},
    "search: one rare word": {"q": "mot4321"},
    "search: beginning of many words": {"q": "mot1"},
    "search: three words": {"q": "mot12 mot7 mot1"},
    "search: an address": {"q": "client77@example.fr"},
    "search: nothing found": {"q": "introuvable"},
}


def cases(count: int, policy: Policy) -> list[tuple[Case, list[str]]]:
    """Cases of half a year with texts of 40 to 200 words, frequent ones often: (case, its words)."""
    dice = random.Random(7)  # the same ones every time
    vocabulary = [f"mot{number}" for number in range(VOCABULARY)]
    weights = [1 / (rank + 1) for rank in range(VOCABULARY)]
    statuses = [Status.OPEN] * 4 + [Status.IN_PROGRESS] * 3 + [Status.WAITING_CUSTOMER] + [Status.RESOLVED] * 2
    made = []
    for number in range(count):
        created = NOW - timedelta(minutes=dice.randrange(60 * 24 * 180))
        kind = dice.choice([Kind.TICKET, Kind.TICKET, Kind.CALLBACK, Kind.SLA])
        said = " ".join(dice.choices(vocabulary, weights, k=dice.randrange(40, 200)))
        case = Case(
            ref=new_reference(kind),
            key="k",
            conversation=f"c{number}",
            kind=kind,
            level={Kind.TICKET: 1, Kind.CALLBACK: 2, Kind.SLA: 3}[kind],
            status=Status.OPEN,
            lang="fr",
            subject=" ".join(dice.choices(vocabulary, weights, k=6)),
            text=said,
            topic=None,
            email=f"client{number % 3000}@example.fr",
            phone=None,
            slot=None,
            slot_end=None,
            contract=None,
            severity=dice.randrange(1, 5) if kind == Kind.SLA else None,
            system=None,
            passed_to=None,
            passed_on=None,
            due_at=None,
            created_at=created,
            updated_at=created,
            receipt={"candidates": [], "transcript": [{"from": "customer", "text": said}]},
            owner=dice.choice([None, "me", *(f"agent{n}" for n in range(10))]),
            priority=Priority(dice.randrange(4)),
        )
        case = sla.followed(case, policy, created)
        case = sla.followed(case.with_(status=dice.choice(statuses)), policy, created + timedelta(hours=2))
        made.append((case, split(f"{case.subject} {said} {case.email}")))
    return made


async def fill(engine: AsyncEngine, made: list[tuple[Case, list[str]]]) -> None:
    await prepare(engine, PARTS)
    async with engine.begin() as conn:
        for start in range(0, len(made), 500):
            part = made[start : start + 500]
            await conn.execute(insert(tables.cases), [rows.to_row(case) for case, _ in part])
            await conn.execute(insert(words), [{"word": w, "ref": case.ref} for case, found in part for w in found])
            tagged = [{"ref": case.ref, "tag": f"tag{n % 20}"} for n, (case, _) in enumerate(part)]
            await conn.execute(insert(rows.desk_tables.tags), tagged)
    vacuum = "VACUUM ANALYZE" if engine.dialect.name == "postgresql" else "ANALYZE"  # as autovacuum does in a minute
    async with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as conn:
        await conn.execute(text(vacuum))


async def measure(engine: AsyncEngine, rounds: int) -> dict[str, list[float]]:
    """Milliseconds of each question: the first page with its total, as the desk asks for it."""
    found: dict[str, list[float]] = {name: [] for name in (*QUESTIONS, "counts of all views")}
    reader = engine.execution_options(read_only=True)
    for _ in range(rounds):
        for name, filters in QUESTIONS.items():
            begun = time.perf_counter()
            async with reader.connect() as conn:
                await listing.page(conn, filters, me="me", now=NOW)
            found[name].append((time.perf_counter() - begun) * 1000)
        begun = time.perf_counter()
        async with reader.connect() as conn:
            await listing.count(conn, list(listing.BUILT_IN.values()), "me", NOW)
        found["counts of all views"].append((time.perf_counter() - begun) * 1000)
    return found


async def on(url: str, made: list[tuple[Case, list[str]]], rounds: int) -> dict[str, list[float]]:
    engine = make_engine(url)
    try:
        await fill(engine, made)
        await measure(engine, 2)  # warm
        return await measure(engine, rounds)
    finally:
        await engine.dispose()


async def _created(server: str) -> str:
    engine = create_async_engine(f"{server}/postgres", isolation_level="AUTOCOMMIT")
    async with engine.connect() as conn:
        await conn.execute(text("CREATE DATABASE desk"))
    await engine.dispose()
    return f"{server}/desk"


def main() -> None:
    count, rounds = (int(os.environ.get(f"GUICHET_BENCH_{name}", n)) for name, n in (("CASES", 10_000), ("ROUNDS", 40)))
    company = load_company(ROOT / "data" / "company.yml")
    policy = company.policy(load_catalogue(ROOT / "data" / "messages", company.first_language))
    made = cases(count, policy)
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        results["SQLite"] = asyncio.run(on(f"sqlite+aiosqlite:///{folder}/desk.db", made, rounds))
        size = Path(folder, "desk.db").stat().st_size / 1024 / 1024
    if found := programs():
        with cluster(found) as server:
            results["PostgreSQL"] = asyncio.run(on(asyncio.run(_created(server)), made, rounds))
    print(f"\n{platform.platform()}, {os.cpu_count()} cores; {count:,} cases ({size:.0f} MiB on SQLite)\n")
    print("| list and search, ms | " + " | ".join(f"{name} p50 | p95" for name in results) + " |")
    print("|---|" + "---|---|" * len(results))
    for question in next(iter(results.values())):
        figures = [
            (statistics.median(r[question]), statistics.quantiles(r[question], n=20)[-1]) for r in results.values()
        ]
        print(f"| {question} | " + " | ".join(f"{p50:.1f} | {p95:.1f}" for p50, p95 in figures) + " |")
    print(f"\nGoal: p95 < {GOAL} ms.")


if __name__ == "__main__":
    main()
