"""The start: seconds from the command to readiness, everything prepared, Guichet and the bare bot in turns.

Guichet: from `python -m bot run` to its words « ready after », that is all four processes up, the index loaded and the
articles looked through. Bare: from starting `rasa run` and its action server to Rasa's first answer.
"""

from __future__ import annotations

import statistics
import time
from pathlib import Path

from tests.bench.bare import running_bare
from tests.running import Guichet

RUNS = 3


def measure_starts(bare_folder: Path, guichet: Guichet) -> tuple[float, float]:
    """Medians in seconds: (bare, Guichet). Prints every single one."""
    bare_seconds, our_seconds = [], []
    for _ in range(RUNS):
        with running_bare(bare_folder) as bare:
            bare_seconds.append(bare.ready_seconds)
        began = time.monotonic()
        guichet.start()
        our_seconds.append(time.monotonic() - began)
        guichet.stop()
    for name, seconds in (("bare Rasa", bare_seconds), ("Guichet", our_seconds)):
        print(f"  ready after, {name}: {', '.join(f'{one:.1f}' for one in seconds)} s", flush=True)
    return statistics.median(bare_seconds), statistics.median(our_seconds)
