"""What a turn costs, on the real Rasa with peers: `python -m tests.dialogue.cost` prints turn 5, turn 200, memory."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

import psutil

from tests.dialogue.conftest import RESULTS
from tests.dialogue.running import Bot, Talk

QUESTION = "Comment changer mon mot de passe ?"


def milliseconds(talk: Talk) -> float:
    started = time.perf_counter()
    talk.say(QUESTION)
    return (time.perf_counter() - started) * 1000


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        bot = Bot(Path(folder))
        bot.kb.results = list(RESULTS)
        started = time.monotonic()
        bot.start("rasa")
        print(f"rasa ready after {time.monotonic() - started:.1f} s")
        bot.start("actions")
        try:
            long = Talk(bot)
            for _ in range(195):
                long.say(QUESTION)
            early, late = [], []
            for _ in range(20):  # interleaved, so that both meet the same load of the machine
                fresh = Talk(bot)
                for _ in range(3):
                    fresh.say(QUESTION)
                for _ in range(4):
                    early.append(milliseconds(fresh))
                    late.append(milliseconds(long))
            first, last = statistics.median(early), statistics.median(late)
            print(f"turn 4-7: {first:.1f} ms, turn 196-275: {last:.1f} ms, ratio {last / first:.2f} (medians)")
            print(f"means: {statistics.mean(early):.1f} ms, {statistics.mean(late):.1f} ms")
            for name, process in bot.processes.items():
                memory = psutil.Process(process.pid).memory_full_info()
                print(f"{name}: RSS {memory.rss / 2**20:.0f} MiB, PSS {memory.pss / 2**20:.0f} MiB")
        finally:
            bot.close()


if __name__ == "__main__":
    main()
