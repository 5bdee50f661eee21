"""`python -m tests.bench publish`: how long an edit takes to be live, and what the check before it takes.

Knowledge bases of synthetic articles (three questions and seven passages each) are saved as published versions with
their files; then articles are changed over HTTP while questions are asked. GUICHET_BENCH_ARTICLES (default
1000,10000) says of how many.
"""

from __future__ import annotations

import asyncio
import json
import os
import platform
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from aiohttp import ClientSession, web

from kb_index.building import index_words
from kb_index.classifier import fit_linear
from kb_index.content import parse_file, read_content
from kb_index.corpus import ASKED
from kb_index.encoder import Encoder, load_encoder
from kb_index.gate import gate
from kb_index.index import Index
from kb_index.publishing import content_folder
from kb_index.service import make_app
from kb_index.settings import Settings, load_settings
from kb_index.signals import Signals
from kb_index.sources import keep
from kb_index.storage import save
from kb_index.vectors import VectorIndex
from kb_index.versions import Versions
from tests.bench.kb import ROOT, build, with_entries
from tests.bench.synthetic import PASSAGES, QUESTIONS, synthetic

TIMES = 5
ASKED_BY_CUSTOMERS = 1_000
NEVER = 1_000_000.0


def source_of(number: int, lang: str, texts: list[str], more: str = "") -> str:
    """The file of a synthetic article; JSON strings are YAML too."""
    questions = "".join(f"  - {json.dumps(text)}\n" for text in texts[1:QUESTIONS])
    parts = "\n\n".join(f"## Part {at}\n\n{text}" for at, text in enumerate(texts[QUESTIONS:]))
    head = f"---\nid: article-{number}\nlang: {lang}\ntitle: {json.dumps(texts[0])}\nquestions:\n{questions}---\n"
    return f"{head}{parts}\n{more}"


def publish_synthetic(real: Index, articles: int, folder: Path, encoder: Encoder) -> list[str]:
    """Write content and a published version of it; returns the articles' paths."""
    faiss.omp_set_num_threads(os.cpu_count() or 1)
    corpus, vectors = synthetic(real, articles * (QUESTIONS + PASSAGES))
    paths = []
    (folder / "content" / "manuals").mkdir(parents=True)
    for number, article in enumerate(corpus.articles):
        own = [entry.text for entry in corpus.entries[number * 10 : number * 10 + 10]]
        paths.append(f"manuals/article-{number}.{article.lang}.md")
        (folder / "content" / paths[-1]).write_text(source_of(number, article.lang, own), encoding="utf-8")
    (folder / "content" / "kb.yml").write_bytes((ROOT / "data" / "kb.yml").read_bytes())
    versions = Versions(folder / "var" / "kb")
    versions.folder.mkdir(parents=True)
    sources = content_folder(versions, folder / "content")
    assert not [one for one in paths[:50] if parse_file(sources, one).id not in one], "the files can be read"
    asked = np.flatnonzero(corpus.entry_kind == ASKED)
    classifier = fit_linear(vectors[asked], corpus.entry_target[asked].astype(np.int64))
    signals = Signals(corpus, VectorIndex.build(vectors), *index_words(corpus), classifier)
    index = Index("0" * 12, signals, real.ranking, real.decider)

    def write(below: Path) -> None:
        keep(below, sources)
        save(index, below, encoder, versions.facts(None))

    versions.add(index.version, write)
    versions.switch(index.version)
    faiss.omp_set_num_threads(1)
    return paths


async def edits(settings: Settings, encoder: Encoder, paths: list[str]) -> tuple[list[float], list[float], float]:
    """(seconds until each edit answers, seconds of the call, slowest question meanwhile)."""
    runner = web.AppRunner(make_app(settings, encoder))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    live, calls, slowest, ended = [], [], 0.0, False
    async with ClientSession() as http:

        async def ask(text: str) -> dict[str, Any]:
            async with http.post(f"{url}/search", json={"text": text, "lang": "fr"}) as response:
                response.raise_for_status()
                found: dict[str, Any] = await response.json()
                return found

        async def ask_on() -> None:
            nonlocal slowest
            while not ended:
                started = time.perf_counter()
                await ask("comment réinitialiser mon mot de passe ?")
                slowest = max(slowest, time.perf_counter() - started)
                await asyncio.sleep(0.05)

        await ask("warm")
        asking = asyncio.create_task(ask_on())
        for number in range(TIMES):
            word = f"quagga{number}x"
            texts = [f"Le {word} {part}" for part in ("un", "deux", "trois", *"abcdefg")]
            body = {"changes": [{"path": paths[number], "source": source_of(number, paths[number][-5:-3], texts)}]}
            started = time.perf_counter()
            async with http.post(f"{url}/publish", json=body) as response:
                done = await response.json()
                assert response.status == 200, done
            calls.append(time.perf_counter() - started)
            found = await ask(f"Le {word} un")
            live.append(time.perf_counter() - started)
            assert (found["version"], found["hits"][0]["article"]) == (done["version"], f"article-{number}")
        ended = True
        await asking
    await runner.cleanup()
    return live, calls, slowest


def checked(settings: Settings, encoder: Encoder, paths: list[str]) -> list[float]:
    """Seconds of the gate for one changed article: the first time, and again."""
    texts = [f"Une nouvelle réponse {part}" for part in ("un", "deux", "trois", *"abcdefg")]
    changes: dict[str, bytes | None] = {paths[-1]: source_of(len(paths) - 1, paths[-1][-5:-3], texts).encode()}
    gold = read_content(ROOT / "data").gold
    questions = [(one.text, one.lang, 1) for one in gold][:ASKED_BY_CUSTOMERS]
    seconds = []
    for _ in range(2):
        started = time.perf_counter()
        gate(settings, encoder, changes, questions)
        seconds.append(time.perf_counter() - started)
    return seconds


def main() -> None:
    sizes = [int(size) for size in os.environ.get("GUICHET_BENCH_ARTICLES", "1000,10000").split(",")]
    encoder = load_encoder()
    print(f"{platform.platform()}, {os.cpu_count()} cores\n")
    print("| articles | edit live, median | slowest | the call alone | slowest question | gate, first | again |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        real = with_entries(build(Path(name) / "kb", encoder)[0])
        for size in sizes:
            folder = Path(name) / str(size)
            paths = publish_synthetic(real, size, folder, encoder)
            settings = load_settings(data_dir=folder / "var", content_dir=folder / "content", fit_after=NEVER)
            live, calls, slowest = asyncio.run(edits(settings, encoder, paths))
            first, again = checked(settings, encoder, paths)
            times = f"{statistics.median(live):.2f} s | {max(live):.2f} s | {statistics.median(calls):.2f} s"
            print(f"| {size:,} | {times} | {slowest * 1000:.0f} ms | {first:.1f} s | {again:.1f} s |", flush=True)
