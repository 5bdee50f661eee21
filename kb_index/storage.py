"""An index as files of one folder, and back. Every file's SHA-256 stands in the manifest and is checked when loaded.

Arrays and articles are mapped, not read: what serves a large knowledge base is in memory only where it is used.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kb_index.classifier import Classifier
from kb_index.config import Config
from kb_index.content import Article, Topic
from kb_index.corpus import Corpus, Rows, Target
from kb_index.decision import Decider
from kb_index.encoder import Encoder
from kb_index.errors import VersionError
from kb_index.index import Index
from kb_index.keywords import Keywords
from kb_index.ngrams import Ngrams
from kb_index.postings import Arrays, Floats
from kb_index.ranking import EVIDENCE, TOPIC_EVIDENCE, Ranking
from kb_index.records import Records, write_records
from kb_index.signals import FEATURES, Signals
from kb_index.vectors import VectorIndex

FORMAT = 4  # of the files; raise it when older ones can no longer be read
MANIFEST = "manifest.json"
_DIGEST = 16  # bytes
FITTED = [*FEATURES, *EVIDENCE, *TOPIC_EVIDENCE]  # what weights and probabilities are fitted for


def save(index: Index, folder: Path, encoder: Encoder, facts: dict[str, Any]) -> None:
    """Write all files, then the manifest; everything is on disk when this returns. `folder` exists and is empty."""
    corpus, signals = index.corpus, index.signals
    write_records(folder, corpus.articles, corpus.passages)
    _write_json(
        folder / "corpus.json",
        {
            "targets": [[one.id, one.topic, one.variants, one.family] for one in corpus.targets],
            "topics": [asdict(topic) for topic in corpus.topics],
            "langs": corpus.langs,
            "config": asdict(corpus.config),
        },
    )
    _write_json(
        folder / "fit.json",
        {"features": FITTED, "weights": index.ranking.weights.tolist(), "decider": index.decider.to_json()},
    )
    signals.vectors.save(folder)
    _write_arrays(folder, "rows", vars(corpus.rows) | {"text": _digests([entry.text for entry in corpus.entries])})
    _write_arrays(folder, "words", signals.keywords.arrays())
    _write_arrays(folder, "ngrams", signals.grams.arrays())
    _write_arrays(folder, "classifier", signals.classifier.arrays())
    files = {path.name: {"bytes": path.stat().st_size, "sha256": checksum(path)} for path in sorted(folder.iterdir())}
    about = {"format": FORMAT, "version": index.version}
    about |= {"encoder": {"name": encoder.name, "fingerprint": encoder.fingerprint, "dim": encoder.dim}}
    about |= {
        "articles": len(corpus.articles),
        "topics": len(corpus.topics),
        "texts": corpus.size,
        "passages": sum(len(passages) for passages in corpus.passages),
        "languages": corpus.langs,
        "vectors": signals.vectors.kind,
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
    if index.signals.vectors.size != index.corpus.size:
        raise other
    return index


def _assemble(folder: Path, version: str) -> Index:
    data = json.loads((folder / "corpus.json").read_text(encoding="utf-8"))
    fitted = json.loads((folder / "fit.json").read_text(encoding="utf-8"))
    if fitted["features"] != FITTED:
        raise ValueError("other features")
    frames = {lang: tuple(phrases) for lang, phrases in data["config"]["frame_words"].items()}
    config = Config(tuple(data["config"]["product_names"]), data["config"]["stemmers"], frames)
    records = Records(folder)
    rows = _read_arrays(folder, "rows")
    corpus = Corpus(
        records.articles,
        [_topic(row) for row in data["topics"]],
        config,
        records.passages,
        [Target(*row) for row in data["targets"]],
        data["langs"],
        Rows(rows["target"], rows["kind"], rows["lang"], rows["passage"]),
    )
    keywords = Keywords.from_arrays(_read_arrays(folder, "words"), corpus.stemmers)
    grams = Ngrams.from_arrays(_read_arrays(folder, "ngrams"))
    classifier = Classifier(**_read_arrays(folder, "classifier"))
    signals = Signals(corpus, VectorIndex.load(folder), keywords, grams, classifier)
    weights: Floats = np.array(fitted["weights"], np.float32)
    return Index(version, signals, Ranking(weights), Decider.from_json(fitted["decider"]))


class KnownVectors:
    """text → vector of the version in `folder`, as far as it can be read and was made with the same encoder."""

    def __init__(self, folder: Path | None, encoder: Encoder) -> None:
        self._row: dict[bytes, int] = {}
        try:
            if folder is None or read_manifest(folder)["encoder"]["fingerprint"] != encoder.fingerprint:
                return
            verify(folder, read_manifest(folder))
            digests = _read_arrays(folder, "rows")["text"].tobytes()
            self._vectors = VectorIndex.load(folder).vectors
        except (VersionError, OSError, ValueError, KeyError):
            return
        self._row = {digests[at : at + _DIGEST]: at // _DIGEST for at in range(0, len(digests), _DIGEST)}

    def __getitem__(self, text: str) -> Floats:
        return np.asarray(self._vectors[self._row[_digest(text)]], np.float32)

    def __contains__(self, text: object) -> bool:
        return isinstance(text, str) and _digest(text) in self._row


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


def older_article(folder: Path, ident: str, lang: str, version: str) -> Article | None:
    """An article's version as an older index holds it."""
    try:
        targets = json.loads((folder / "corpus.json").read_text(encoding="utf-8"))["targets"]
        articles = Records(folder).articles
        for name, topic, variants, _ in targets:
            if name == ident and not topic and lang in variants:
                found = articles[variants[lang]]
                return found if found.version == version else None
    except (OSError, ValueError, KeyError):
        return None
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


def _topic(row: dict[str, Any]) -> Topic:
    return Topic(**row | {"questions": tuple(row["questions"])})


def _write_json(path: Path, data: dict[str, Any]) -> None:
    path.write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=_DIGEST).digest()


def _digests(texts: Sequence[str]) -> NDArray[np.uint8]:
    return np.frombuffer(b"".join(_digest(text) for text in texts), np.uint8).reshape(-1, _DIGEST)


def _write_arrays(folder: Path, name: str, arrays: Mapping[str, NDArray[Any]]) -> None:
    """One file each: several in one file could not be mapped."""
    for key, array in arrays.items():
        np.save(folder / f"{name}-{key}.npy", array, allow_pickle=False)


def _read_arrays(folder: Path, name: str) -> Arrays:
    paths = sorted(folder.glob(f"{name}-*.npy"))
    return {path.stem.removeprefix(f"{name}-"): _mapped(path) for path in paths}


def _mapped(path: Path) -> NDArray[Any]:
    return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
