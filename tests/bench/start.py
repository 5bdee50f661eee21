"""The start: from the command to readiness, everything prepared, Guichet and the bare bot in turns.

Guichet: from `python -m bot run` to its words « ready after », that is all four processes up, the index loaded and the
articles looked through. Bare: from starting `rasa run` and its action server to Rasa's first answer. Beside the seconds
that pass, those of processor time in all processes, which say the same on a busy machine.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterable
from pathlib import Path

import psutil

from tests.bench.bare import running_bare
from tests.running import Guichet

RUNS = 3


def processor_seconds(processes: Iterable[psutil.Process]) -> float:
    """User and system time of the processes and of what they have started and seen end."""
    times = [process.cpu_times() for process in processes]
    return sum(one.user + one.system + one.children_user + one.children_system for one in times)


def measure_starts(bare_folder: Path, guichet: Guichet) -> tuple[float, float]:
    """Medians in seconds: (bare, Guichet). Prints every single one."""
    seconds: dict[str, list[float]] = {"bare Rasa": [], "Guichet": []}
    processor: dict[str, list[float]] = {"bare Rasa": [], "Guichet": []}
    for _ in range(RUNS):
        with running_bare(bare_folder) as bare:
            seconds["bare Rasa"].append(bare.ready_seconds)
            processor["bare Rasa"].append(processor_seconds(psutil.Process(pid) for pid in bare.pids))
        began = time.monotonic()
        guichet.start()
        seconds["Guichet"].append(time.monotonic() - began)
        processor["Guichet"].append(processor_seconds(guichet.processes().values()))
        guichet.stop()
    for name in seconds:
        passed, used = (", ".join(f"{one:.1f}" for one in of[name]) for of in (seconds, processor))
        print(f"  ready after, {name}: {passed} s; processor time {used} s", flush=True)
    return statistics.median(seconds["bare Rasa"]), statistics.median(seconds["Guichet"])
