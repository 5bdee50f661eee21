"""The encoder alone: does a sentence find its translation, do its distances agree with people's?"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kb_index.encoder import Encoder
from tests.quality.measures import Share, spearman

LANGS = ("fr", "de", "en")


@dataclass(frozen=True)
class Encoding:
    """`top1`: "tatoeba fr→en" → share; `sts`: language → (Spearman, pairs)."""

    top1: dict[str, Share]
    sts: dict[str, tuple[float, int]]


def measure(folder: Path, encoder: Encoder) -> tuple[Encoding, list[str]]:
    """(figures, a message for each set that is absent)."""
    top1: dict[str, Share] = {}
    sts: dict[str, tuple[float, int]] = {}
    absent = []
    for lang, name in (("fr", "fra-eng"), ("de", "deu-eng")):
        path = folder / "laser-tatoeba" / f"{name}.tsv"
        if not path.is_file():
            absent.append(f"laser-tatoeba {lang}: skipped, laser-tatoeba/{name}.tsv is not there")
            continue
        rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()[1:]]
        own, english = encoder.encode([row[0] for row in rows]), encoder.encode([row[1] for row in rows])
        top1[f"tatoeba {lang}→en"], top1[f"tatoeba en→{lang}"] = nearest_is_twin(own @ english.T)
    for lang in LANGS:
        path = folder / "stsb-multi-mt" / f"stsb-{lang}-test.csv"
        if not path.is_file():
            absent.append(f"stsb-multi-mt {lang}: skipped, stsb-multi-mt/{path.name} is not there")
            continue
        with path.open(encoding="utf-8", newline="") as file:
            pairs = [row for row in csv.reader(file) if row]
        likeness = (encoder.encode([row[0] for row in pairs]) * encoder.encode([row[1] for row in pairs])).sum(axis=1)
        people = np.array([float(row[2]) for row in pairs])
        sts[lang] = spearman(likeness.astype(np.float64), people), len(pairs)
    return Encoding(top1, sts), absent


def nearest_is_twin(likeness: np.ndarray[tuple[int, int], np.dtype[np.float32]]) -> tuple[Share, Share]:
    """(rows whose nearest column is their own, columns whose nearest row is their own)."""
    own = np.arange(len(likeness))
    return (
        Share(int((likeness.argmax(axis=1) == own).sum()), len(own)),
        Share(int((likeness.argmax(axis=0) == own).sum()), len(own)),
    )
