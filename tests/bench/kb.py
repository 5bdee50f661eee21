"""`python -m tests.bench kb`: what search costs at several sizes, beside the encoder's and FAISS's own time.

Everything is timed on one thread. GUICHET_BENCH_SIZES (default 1000,10000,100000,1000000) are the numbers of texts;
a million take about 12 GiB of memory while they are made. GUICHET_BENCH_TORCH_MODEL (default
sentence-transformers/all-MiniLM-L6-v2) is what the encoder is compared with; where it cannot be loaded, that is said.
"""

from __future__ import annotations

import gc
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import faiss
import numpy as np

from kb_index.building import encode_texts, index_words
from kb_index.classifier import fit_linear
from kb_index.config import load_config
from kb_index.content import read_content
from kb_index.corpus import ASKED, Corpus
from kb_index.encoder import Encoder, Vectors, load_encoder
from kb_index.index import Index
from kb_index.signals import Signals
from kb_index.storage import load, save
from kb_index.vectors import VectorIndex
from kb_index.versions import Versions
from tests.bench.synthetic import synthetic

ROOT = Path(__file__).resolve().parents[2]
PLOT = ROOT / "docs" / "images" / "kb-cost.svg"
QUESTIONS = 200
NEIGHBOURS, RECALL = 10, 0.99
GRAPH_UP_TO = 100_000  # vectors; a graph of more takes longer to build than the whole bench
MIB = 1024 * 1024

MEMORY = """
import sys
from pathlib import Path
from kb_index.encoder import load_encoder
from kb_index.storage import load
encoder = load_encoder()
index = load(Path(sys.argv[1]), encoder)
for question in sys.stdin.read().splitlines():
    index.search(question, index.vector(question, encoder), "fr")
status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
print(*(status[name].split()[0] for name in ("RssAnon", "RssFile")))
"""


@dataclass
class Cost:
    """Medians in milliseconds at one size; `faiss_kind`: the fastest FAISS index of those tried."""

    size: int
    kind: str
    encode: float
    search: float
    faiss: float
    faiss_kind: str
    recall: float
    anonymous_mib: float
    mapped_mib: float

    @property
    def ratio(self) -> float:
        return (self.encode + self.search) / (self.encode + self.faiss)


def median_ms(work: Callable[[Any], object], items: Sequence[Any]) -> float:
    for item in items[:20]:
        work(item)
    times = []
    for item in items:
        started = time.perf_counter()
        work(item)
        times.append(time.perf_counter() - started)
    return statistics.median(times) * 1000


def large(real: Index, size: int, encoder: Encoder, folder: Path) -> Index:
    """An index of `size` synthetic texts with the real one's fitted weights, saved and loaded again."""
    faiss.omp_set_num_threads(os.cpu_count() or 1)
    corpus, vectors = synthetic(real, size)
    asked = np.flatnonzero(corpus.entry_kind == ASKED)
    classifier = fit_linear(vectors[asked], corpus.entry_target[asked].astype(np.int64))
    signals = Signals(corpus, VectorIndex.build(vectors), *index_words(corpus), classifier)
    folder.mkdir()
    save(Index("bench", signals, real.ranking, real.decider), folder, encoder, {"created": "", "problems": []})
    del corpus, vectors, classifier, signals
    gc.collect()
    faiss.omp_set_num_threads(1)
    return load(folder, encoder)


def fastest_faiss(index: VectorIndex, asked: Vectors, truth: np.ndarray) -> tuple[float, str]:
    """(milliseconds, kind) of the fastest FAISS index that finds .99 of the ten nearest."""
    vectors = np.ascontiguousarray(index.vectors)
    count, dim = vectors.shape
    flat = faiss.IndexFlatIP(dim)
    flat.add(vectors)
    few = asked if count < 200_000 else asked[:40]
    tried = [(median_ms(lambda vector: flat.search(vector[None], NEIGHBOURS), few), "flat")]
    kinds: list[tuple[str, Any, Any, str]] = []  # name, index, what holds its knob, the knob
    if not index.exact:
        kinds.append(("HNSW32, SQ8", index.graph, index.graph.hnsw, "efSearch"))
    if 5_000 < count <= GRAPH_UP_TO:
        faiss.omp_set_num_threads(os.cpu_count() or 1)
        graph = faiss.IndexHNSWFlat(dim, 32, faiss.METRIC_INNER_PRODUCT)
        graph.hnsw.efConstruction = 100
        graph.add(vectors)
        lists = faiss.index_factory(
            dim, f"IVF{2 ** round(np.log2(4 * np.sqrt(count)))},SQ8", faiss.METRIC_INNER_PRODUCT
        )
        lists.train(vectors)
        lists.add(vectors)
        faiss.omp_set_num_threads(1)
        kinds += [("HNSW32", graph, graph.hnsw, "efSearch"), ("IVF, SQ8", lists, lists, "nprobe")]
    for name, searched, knobs, knob in kinds:
        before = getattr(knobs, knob)
        setattr(knobs, knob, 4 if knob == "nprobe" else 16)
        while recall(searched.search(asked, NEIGHBOURS)[1], truth) < RECALL and getattr(knobs, knob) < 2048:
            setattr(knobs, knob, getattr(knobs, knob) * 3 // 2)
        if recall(searched.search(asked, NEIGHBOURS)[1], truth) >= RECALL:
            spent = median_ms(lambda vector, one=searched: one.search(vector[None], NEIGHBOURS), asked)
            tried.append((spent, f"{name}, {knob} {getattr(knobs, knob)}"))
        setattr(knobs, knob, before)
    return min(tried)


def recall(found: np.ndarray, truth: np.ndarray) -> float:
    return sum(len(np.intersect1d(one, other)) for one, other in zip(found, truth, strict=True)) / truth.size


def cost(index: Index, folder: Path, questions: list[tuple[str, str]], encoder: Encoder) -> Cost:
    vectors = index.signals.vectors
    asked = np.stack([index.vector(text, encoder) for text, _ in questions])
    faiss.omp_set_num_threads(os.cpu_count() or 1)
    truth = faiss.knn(asked, np.ascontiguousarray(vectors.vectors), NEIGHBOURS, metric=faiss.METRIC_INNER_PRODUCT)[1]
    faiss.omp_set_num_threads(1)
    found = np.stack([vectors.search(vector, NEIGHBOURS)[1] for vector in asked])
    best, kind = fastest_faiss(vectors, asked, truth)
    gc.collect()
    pairs = [(text, lang, vector) for (text, lang), vector in zip(questions, asked, strict=True)]
    encode = median_ms(lambda pair: index.vector(pair[0], encoder), pairs)
    search = median_ms(lambda pair: index.search(pair[0], pair[2], pair[1]), pairs)
    command = [sys.executable, "-c", MEMORY, str(folder)]
    text = "\n".join(one for one, _ in questions)
    shown = subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout.split()
    anonymous, mapped = (float(one) / 1024 for one in shown)
    return Cost(vectors.size, vectors.kind, encode, search, best, kind, recall(found, truth), anonymous, mapped)


def beside_torch(encoder: Encoder, questions: list[str]) -> str:
    name = os.environ.get("GUICHET_BENCH_TORCH_MODEL", "sentence-transformers/all-MiniLM-L6-v2")
    try:
        import torch
        from sentence_transformers import SentenceTransformer

        torch.set_num_threads(1)
        model = SentenceTransformer(name, device="cpu")
    except Exception as error:  # the libraries raise many kinds where no model is at hand
        return f"Not compared with sentence-transformers: {name} cannot be loaded ({type(error).__name__})."
    theirs = median_ms(lambda text: model.encode([text], show_progress_bar=False), questions)
    ours = median_ms(lambda text: encoder.encode([text]), questions)
    return (
        f"One question encoded: {ours:.2f} ms, sentence-transformers on torch {theirs:.2f} ms, "
        f"ratio {ours / theirs:.2f} (goal ≤ 0.35)."
    )


def build(folder: Path, encoder: Encoder) -> tuple[Index, str]:
    """The real content's index, and how its build compares with encoding alone."""
    content, config = read_content(ROOT / "data"), load_config(ROOT / "data")
    versions = Versions(folder)
    started = time.perf_counter()
    version, _ = versions.build(content, config, encoder, 0.1)
    whole = time.perf_counter() - started
    versions.publish(version, encoder)
    texts = [entry.text for entry in Corpus.of(content.articles, content.topics, config).entries]
    started = time.perf_counter()
    encode_texts(texts, encoder, {}, lambda _: None)
    raw = time.perf_counter() - started
    first = content.articles[0]
    content.articles[0] = replace(first, title=first.title + " 2", version="0" * 12)
    started = time.perf_counter()
    versions.build(content, config, encoder, 0.1)
    again = time.perf_counter() - started
    text = (
        f"Build of the sample content, {len(texts)} texts: {whole:.1f} s, of which encoding alone takes {raw:.1f} s: "
        f"{raw / whole:.2f} of the encoder's raw rate (goal ≥ 0.9). After an edit of one article: {again:.1f} s."
    )
    return versions.load_current(encoder), text


def table(costs: list[Cost]) -> str:
    lines = [
        "| texts | index | encode | search | best FAISS index | ratio | recall@10 | memory | mapped |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for one in costs:
        times = f"{one.encode:.2f} ms | {one.search:.2f} ms | {one.faiss:.2f} ms, {one.faiss_kind}"
        memory = f"{one.anonymous_mib:.0f} MiB | {one.mapped_mib:.0f} MiB"
        lines.append(f"| {one.size:,} | {one.kind} | {times} | {one.ratio:.2f} | {one.recall:.3f} | {memory} |")
    return "\n".join(lines)


def plot(costs: list[Cost], path: Path) -> None:
    """Cost against size, as SVG that is the same for the same figures."""
    import matplotlib
    from matplotlib.figure import Figure

    matplotlib.rcParams.update({"svg.hashsalt": "guichet", "svg.fonttype": "path", "font.size": 9})
    figure = Figure(figsize=(6.4, 3.6), layout="constrained")
    axes = figure.subplots()
    sizes = [one.size for one in costs]
    axes.plot(sizes, [one.encode + one.search for one in costs], "o-", color="#0072B2", label="question → answer")
    axes.plot(sizes, [1.2 * (one.encode + one.faiss) for one in costs], "--", color="#999999",
              label="1.2 × (encode + best FAISS index)")  # fmt: skip
    axes.plot(sizes, [one.encode for one in costs], "s-", color="#E69F00", label="encode")
    axes.plot(sizes, [one.faiss for one in costs], "^-", color="#009E73", label="best FAISS index alone")
    axes.set(xscale="log", xlabel="texts in the index", ylabel="milliseconds, median, one thread", ylim=(0, None))
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color="#e6e6e6")
    axes.legend(frameon=False)
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    sizes = [int(size) for size in os.environ.get("GUICHET_BENCH_SIZES", "1000,10000,100000,1000000").split(",")]
    faiss.omp_set_num_threads(1)
    encoder = load_encoder()
    gold = read_content(ROOT / "data").gold
    questions = [(one.text, one.lang) for one in gold][:: max(len(gold) // QUESTIONS, 1)][:QUESTIONS]
    with tempfile.TemporaryDirectory() as name:
        loaded, built = build(Path(name) / "kb", encoder)
        print(f"{platform.platform()}, {os.cpu_count()} cores\n\n{built}\n", flush=True)
        print(beside_torch(encoder, [text for text, _ in questions]), flush=True)
        real = with_entries(loaded)
        costs = []
        for size in sizes:
            folder = Path(name) / str(size)
            costs.append(cost(large(real, size, encoder, folder), folder, questions, encoder))
            print(json.dumps(vars(costs[-1])), flush=True)
            gc.collect()
    plot(costs, PLOT)
    print(f"\n{table(costs)}\n\nplot: {PLOT.relative_to(ROOT)}")


def with_entries(loaded: Index) -> Index:
    """A loaded index has no texts; the synthetic ones are made of them."""
    corpus = loaded.corpus
    loaded.signals.corpus = Corpus.of(list(corpus.articles), corpus.topics, corpus.config)
    return loaded


if __name__ == "__main__":
    main()
