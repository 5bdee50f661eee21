"""Figures of an encoder on the outside sets: `python -m kb_index.distill.evaluate BENCHMARKS BUNDLE`.

BUNDLE is a folder with model.onnx and tokenizer.json. Sets that are absent are left out.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Tokenizer

Vectors = NDArray[np.float32]
Encode = Callable[[list[str]], Vectors]


def bundle_encoder(folder: Path, batch: int = 32) -> Encode:
    """An encode function (texts → unit vectors) for model.onnx and tokenizer.json, one thread."""
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(folder / "model.onnx", options)

    def encode(texts: list[str]) -> Vectors:
        order = sorted(range(len(texts)), key=lambda number: len(texts[number]))
        out: Vectors | None = None
        for start in range(0, len(order), batch):
            chosen = order[start : start + batch]
            encoded = tokenizer.encode_batch([texts[number] for number in chosen])
            feed = {
                "input_ids": np.array([one.ids for one in encoded], np.int64),
                "attention_mask": np.array([one.attention_mask for one in encoded], np.int64),
            }
            (vectors,) = session.run(["embedding"], feed)
            if out is None:
                out = np.zeros((len(texts), vectors.shape[1]), np.float32)
            out[chosen] = vectors
        return np.zeros((0, 0), np.float32) if out is None else out

    return encode


def top1(queries: Vectors, targets: Vectors) -> float:
    """Share of queries whose own row is the nearest target."""
    return float(((queries @ targets.T).argmax(1) == np.arange(len(queries))).mean())


def ranks(values: NDArray[Any]) -> NDArray[np.float64]:
    """Ranks with ties averaged."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    averaged: NDArray[np.float64] = (ends - (counts - 1) / 2)[inverse]
    return averaged


def auroc(positive: NDArray[np.float32], negative: NDArray[np.float32]) -> float:
    """Probability that a positive scores above a negative."""
    order = ranks(np.concatenate([positive, negative]))
    total = order[: len(positive)].sum() - len(positive) * (len(positive) + 1) / 2
    return float(total / (len(positive) * len(negative)))


def records(path: Path) -> list[dict[str, Any]]:
    """A JSONL file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]


def figures(encode: Encode, folder: Path) -> dict[str, float]:
    """Every figure that the sets below `folder` allow, by name."""
    found: dict[str, float] = {}
    for code, lang in (("fra", "fr"), ("deu", "de")):
        path = folder / "laser-tatoeba" / f"{code}-eng.tsv"
        if path.exists():
            rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()[1:]]
            other, english = encode([row[0] for row in rows]), encode([row[1] for row in rows])
            found[f"tatoeba {lang}→en"], found[f"tatoeba en→{lang}"] = top1(other, english), top1(english, other)
    for lang in ("fr", "de", "en"):
        for part in ("dev", "test"):
            path = folder / "stsb-multi-mt" / f"stsb-{lang}-{part}.csv"
            if path.exists():
                with path.open(encoding="utf-8", newline="") as lines:
                    table = list(csv.reader(lines))
                scores = (encode([row[0] for row in table]) * encode([row[1] for row in table])).sum(1)
                gold = np.array([float(row[2]) for row in table])
                found[f"sts {lang} {part}"] = float(np.corrcoef(ranks(scores), ranks(gold))[0, 1])
    shop = folder / "hint3-sofmattress"
    if shop.exists():
        asked = records(shop / "questions.jsonl")
        vectors = encode([row["text"] for row in asked])
        answerable = np.array([bool(row["expected"]) for row in asked])
        for part, file in (("full", "articles.jsonl"), ("subset", "articles_subset.jsonl")):
            known = encode([text for row in records(shop / file) for text in row["questions"]])
            nearest = (vectors @ known.T).max(1)
            found[f"hint3 AUROC {part}"] = auroc(nearest[answerable], nearest[~answerable])
    swiss = folder / "swiss-covid-faq" / "articles.jsonl"
    if swiss.exists():
        by_lang: dict[str, dict[str, str]] = {}
        for row in records(swiss):
            by_lang.setdefault(row["lang"], {})[row["translation_of"]] = row["title"]
        for one, two in (("fr", "en"), ("de", "en"), ("en", "fr"), ("de", "fr")):
            shared = [key for key in by_lang[one] if key in by_lang[two]]
            found[f"swiss {one}→{two}"] = top1(
                encode([by_lang[one][key] for key in shared]), encode([by_lang[two][key] for key in shared])
            )
        for lang in ("fr", "de", "en"):
            rows = [row for row in records(swiss) if row["lang"] == lang]
            found[f"swiss {lang} question→answer"] = top1(
                encode([row["title"] for row in rows]), encode([row["answer"] for row in rows])
            )
    crpa = folder / "crpa-fr" / "articles.jsonl"
    if crpa.exists():
        rows = records(crpa)
        found["crpa fr question→answer"] = top1(encode([r["title"] for r in rows]), encode([r["answer"] for r in rows]))
    return found


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("benchmarks", type=Path)
    parser.add_argument("bundle", type=Path)
    options = parser.parse_args()
    for name, value in figures(bundle_encoder(options.bundle), options.benchmarks).items():
        print(f"{name:28} {value:.3f}")


if __name__ == "__main__":
    main()
