"""An index as files of one folder, and back. Every file's SHA-256 stands in the manifest and is checked when loaded."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from kb_index.captions import Cue
from kb_index.classifier import Classifier
from kb_index.config import Config
from kb_index.content import Article, Topic
from kb_index.corpus import Corpus
from kb_index.decision import Decider
from kb_index.encoder import Encoder
from kb_index.errors import VersionError
from kb_index.index import Index
from kb_index.keywords import Keywords
from kb_index.ngrams import Ngrams
from kb_index.postings import Arrays, Floats
from kb_index.ranking import EVIDENCE, TOPIC_EVIDENCE, Ranking
from kb_index.signals import FEATURES, Signals
from kb_index.vectors import VectorIndex

FORMAT = 3  # of the files; raise it when older ones can no longer be read
MANIFEST = "manifest.json"
FITTED = [*FEATURES, *EVIDENCE, *TOPIC_EVIDENCE]  # what weights and probabilities are fitted for


def save(index: Index, folder: Path, encoder: Encoder, facts: dict[str, Any]) -> None:
    """Write all files, then the manifest; everything is on disk when this returns. `folder` exists and is empty."""
    corpus, signals = index.corpus, index.signals
    _write_json(
        folder / "content.json",
        {
            "articles": [asdict(article) for article in corpus.articles],
            "topics": [asdict(topic) for topic in corpus.topics],
            "config": asdict(corpus.config),
        },
    )
    _write_json(
        folder / "fit.json",
        {"features": FITTED, "weights": index.ranking.weights.tolist(), "decider": index.decider.to_json()},
    )
    signals.vectors.save(folder / "vectors.faiss")
    _write_arrays(folder / "ngrams.npz", signals.grams.arrays())
    _write_arrays(folder / "classifier.npz", signals.classifier.arrays())
    for lang, keywords in signals.keywords.items():
        _write_arrays(folder / f"keywords-{lang}.npz", keywords.arrays())
    files = {path.name: {"bytes": path.stat().st_size, "sha256": checksum(path)} for path in sorted(folder.iterdir())}
    about = {"format": FORMAT, "version": index.version}
    about |= {"encoder": {"name": encoder.name, "fingerprint": encoder.fingerprint, "dim": encoder.dim}}
    about |= {
        "articles": len(corpus.articles),
        "topics": len(corpus.topics),
        "texts": len(corpus.entries),
        "passages": sum(len(passages) for passages in corpus.passages),
        "languages": corpus.langs,
        "vectors": "exact" if signals.vectors.exact else "graph",
        "errors": asdict(index.decider.bound),
    }
    _write_json(folder / MANIFEST, about | facts | {"files": files})
    for path in [*folder.iterdir(), folder]:
        sync(path)


def load(folder: Path, encoder: Encoder) -> Index:
    """The index in `folder`. VersionError where it is damaged, or made by another program version or encoder."""
    manifest = read_manifest(folder)
    made = manifest["encoder"]
    if made["fingerprint"] != encoder.fingerprint:
        raise VersionError(
            f"index version {manifest['version']} was made with encoder {made['name']} ({made['fingerprint']}), but "
            f"{encoder.name} ({encoder.fingerprint}) is in use. Build and publish again: python -m kb_index build && "
            "python -m kb_index publish, or set GUICHET_ENCODER back"
        )
    verify(folder, manifest)
    other = VersionError(
        f"index version {manifest['version']} was made by another version of this program; build and publish again"
    )
    try:
        index = _assemble(folder, manifest["version"])
    except (KeyError, TypeError, ValueError, RuntimeError, OSError) as error:  # whole, as checked above, but read amiss
        raise other from error
    if index.signals.vectors.size != len(index.corpus.entries):
        raise other
    return index


def _assemble(folder: Path, version: str) -> Index:
    data = json.loads((folder / "content.json").read_text(encoding="utf-8"))
    fitted = json.loads((folder / "fit.json").read_text(encoding="utf-8"))
    if fitted["features"] != FITTED:
        raise ValueError("other features")
    frames = {lang: tuple(phrases) for lang, phrases in data["config"]["frame_words"].items()}
    config = Config(tuple(data["config"]["product_names"]), data["config"]["stemmers"], frames)
    corpus = Corpus([_article(row) for row in data["articles"]], [_topic(row) for row in data["topics"]], config)
    keywords = {lang: Keywords.from_arrays(_read_arrays(folder / f"keywords-{lang}.npz")) for lang in corpus.langs}
    classifier = Classifier(**_read_arrays(folder / "classifier.npz"))
    grams = Ngrams.from_arrays(_read_arrays(folder / "ngrams.npz"))
    signals = Signals(corpus, VectorIndex.load(folder / "vectors.faiss"), keywords, grams, classifier)
    weights: Floats = np.array(fitted["weights"], np.float32)
    return Index(version, signals, Ranking(weights), Decider.from_json(fitted["decider"]))


def known_vectors(folder: Path, encoder: Encoder) -> dict[str, Floats]:
    """text → vector of a version made with the same encoder; nothing where it was not, or cannot be read."""
    try:
        index = load(folder, encoder)
    except (VersionError, OSError):
        return {}
    vectors = index.signals.vectors.vectors
    # copied: the mapped file is closed with the index
    return {entry.text: vectors[row].copy() for row, entry in enumerate(index.corpus.entries)}


def read_manifest(folder: Path) -> dict[str, Any]:
    """What the folder says of itself. VersionError where that cannot be read."""
    path = folder / MANIFEST
    try:
        manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        form = manifest["format"]
    except OSError as error:
        raise VersionError(f"{path} cannot be read ({error.strerror}); build again or roll back") from error
    except (ValueError, KeyError, TypeError) as error:
        raise VersionError(f"{path} is damaged ({error}); build again or roll back") from error
    if form != FORMAT:
        raise VersionError(f"{path}: format {form}, but this program reads format {FORMAT}; build and publish again")
    return manifest


def verify(folder: Path, manifest: dict[str, Any]) -> None:
    """VersionError names the first file that is missing, truncated or changed."""
    for name, expected in manifest["files"].items():
        path = folder / name
        if not path.is_file():
            raise VersionError(f"{path} is missing; build again or roll back to an older version")
        if path.stat().st_size != expected["bytes"] or checksum(path) != expected["sha256"]:
            raise VersionError(
                f"{path} is truncated or changed: expected {expected['bytes']} bytes with SHA-256 "
                f"{expected['sha256'][:12]}…, got {path.stat().st_size} bytes with {checksum(path)[:12]}…; "
                "build again or roll back to an older version"
            )


def article_of(folder: Path, ident: str, lang: str, version: str) -> Article | None:
    """An article's version as an older index holds it."""
    try:
        rows = json.loads((folder / "content.json").read_text(encoding="utf-8"))["articles"]
    except (OSError, ValueError, KeyError):
        return None
    for row in rows:
        if (row["id"], row["lang"], row["version"]) == (ident, lang, version):
            return _article(row)
    return None


def checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sync(path: Path) -> None:
    """Make sure that a file or folder is on disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _article(row: dict[str, Any]) -> Article:
    cues = tuple(Cue(**cue) for cue in row["captions"])
    return Article(**row | {"questions": tuple(row["questions"]), "captions": cues})


def _topic(row: dict[str, Any]) -> Topic:
    return Topic(**row | {"questions": tuple(row["questions"])})


def _write_json(path: Path, data: dict[str, Any]) -> None:
    path.write_text(json.dumps(data, ensure_ascii=False, indent=1), encoding="utf-8")


def _write_arrays(path: Path, arrays: Arrays) -> None:
    with path.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)


def _read_arrays(path: Path) -> Arrays:
    with np.load(path, allow_pickle=False) as data:
        return {name: data[name] for name in data.files}
