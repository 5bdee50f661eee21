"""`make bench`: the figures of docs/benchmarks.md, Guichet and a bare Rasa bot measured in one run.

GUICHET_BENCH_MINUTES (default 10) is how long the sustained load lasts. `python -m tests.bench start` measures the
start alone, `desk` the desk, `kb` search at several sizes, `publish` edits of the articles.
"""

from __future__ import annotations

import asyncio
import os
import platform
import statistics
import sys
import tempfile
from pathlib import Path

import aiohttp

from tests.bench import desk, kb, publish
from tests.bench.bare import Bare, prepare_bare, running_bare
from tests.bench.start import measure_starts
from tests.bench.turns import BareTalker, GuichetTalker, Talker, sustained, throughput, turn_times
from tests.running import Guichet

MIB = 1024 * 1024
WARM_UP = 3


def milliseconds(values: list[float]) -> float:
    return statistics.median(values) * 1000


def around(times: list[list[float]], turn: int) -> float:
    """Median time of the turns near `turn` (1 = first), milliseconds."""
    return milliseconds([value for row in times for value in row[turn - 3 : turn + 2]])


async def measure_bare(bare: Bare) -> dict[str, float]:
    async with aiohttp.ClientSession() as session:

        async def begin() -> Talker:
            return BareTalker(session, bare)

        await turn_times(begin, 8, WARM_UP)
        short = await turn_times(begin, 8, 30)
        long = await turn_times(begin, 202, 3)
        rate = await throughput(begin, 8, 30)
    return {"turn 5": around(short, 5), "turn 200": around(long, 200), "rate": rate}


async def measure_guichet(guichet: Guichet, minutes: float) -> dict[str, float]:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def begin() -> Talker:
            return await GuichetTalker.begin(session, guichet.url)

        await turn_times(begin, 8, WARM_UP)
        short = await turn_times(begin, 8, 30)
        long = await turn_times(begin, 202, 3)
        rate = await throughput(begin, 8, 30)
        times, lost = await sustained(begin, 20, minutes * 60)
    memory = guichet.memory_bytes()
    for name, size in sorted(memory.items()):
        print(f"  memory of {name}: {size / MIB:.0f} MiB")
    return {
        "turn 5": around(short, 5),
        "turn 200": around(long, 200),
        "rate": rate,
        "memory": sum(memory.values()) / MIB,
        "sustained p50": milliseconds(times),
        "sustained p95": statistics.quantiles(times, n=20)[-1] * 1000,
        "sustained lost": lost,
        "sustained answered": len(times),
    }


def report(bare: dict[str, float], ours: dict[str, float]) -> None:
    rows = [
        ("full answered turn, p50 at turn 5", "ms", bare["turn 5"], ours["turn 5"], "≤ 1.5 ×"),
        ("the same at turn 200", "ms", bare["turn 200"], ours["turn 200"], ""),
        ("questions per second, 8 customers at once", "1/s", bare["rate"], ours["rate"], "≥ 0.8 ×"),
        ("ready after start", "s", bare["ready"], ours["ready"], "≤ 1.2 ×"),
    ]
    print(f"\n{platform.platform()}, {os.cpu_count()} cores\n")
    print("| what | unit | bare Rasa | Guichet | ratio | goal |\n|---|---|---|---|---|---|")
    for what, unit, theirs, mine, goal in rows:
        print(f"| {what} | {unit} | {theirs:.1f} | {mine:.1f} | {mine / theirs:.2f} | {goal} |")
    for name, values in (("bare Rasa", bare), ("Guichet", ours)):
        print(f"| turn 200 ÷ turn 5, {name} | × | | | {values['turn 200'] / values['turn 5']:.2f} | ≤ 1.1 (Guichet) |")
    print(f"| memory of all processes (PSS) | MiB | | {ours['memory']:.0f} | | ≤ 1,200 MB |")
    print(
        f"\n20 questions/s: {ours['sustained answered']:.0f} answered, {ours['sustained lost']:.0f} lost, "
        f"p50 {ours['sustained p50']:.0f} ms, p95 {ours['sustained p95']:.0f} ms"
    )


def prepared(folder: Path) -> Guichet:
    """Guichet after its first start, which builds the index and trains the model."""
    guichet = Guichet(folder, {"GUICHET_LIMIT_CONVERSATIONS": "", "GUICHET_LIMIT_MESSAGES": ""})
    guichet.start(within=900)
    guichet.stop()
    return guichet


def main() -> None:
    alone = {"desk": desk.main, "kb": kb.main, "publish": publish.main}
    if len(sys.argv) == 2 and sys.argv[1] in alone:
        alone[sys.argv[1]]()
        return
    only_start = sys.argv[1:] == ["start"]
    if sys.argv[1:] and not only_start:
        sys.exit(f"expected nothing, `start`, `desk`, `kb` or `publish`, got {' '.join(sys.argv[1:])}")
    minutes = float(os.environ.get("GUICHET_BENCH_MINUTES", "10"))
    with tempfile.TemporaryDirectory() as name:
        bare_folder = Path(name) / "bare"
        prepare_bare(bare_folder)
        guichet = prepared(Path(name) / "guichet")
        bare_start, our_start = measure_starts(bare_folder, guichet)
        if only_start:
            ratio = our_start / bare_start
            print(f"ready after start: bare {bare_start:.1f} s, Guichet {our_start:.1f} s, ratio {ratio:.2f}")
            return
        with running_bare(bare_folder) as bare:
            bare_figures = asyncio.run(measure_bare(bare))
        print("bare Rasa measured", flush=True)
        guichet.start()
        try:
            our_figures = asyncio.run(measure_guichet(guichet, minutes))
        finally:
            guichet.stop()
    report(bare_figures | {"ready": bare_start}, our_figures | {"ready": our_start})
    desk.main()
    kb.main()
    publish.main()


if __name__ == "__main__":
    main()
