"""An index as files of one folder, and back. Every file's SHA-256 stands in the manifest and is checked when loaded.

Arrays and articles are mapped, not read: what serves a large knowledge base is in memory only where it is used.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from kb_index.arrays import read_arrays, write_arrays
from kb_index.classifier import Classifier
from kb_index.config import Config
from kb_index.content import Article, Topic
from kb_index.corpus import Corpus, Limits, Rows, Target
from kb_index.decision import Decider
from kb_index.encoder import Encoder
from kb_index.errors import VersionError
from kb_index.index import Index
from kb_index.integrity import FORMAT, MANIFEST, checksum, read_manifest, sync, verify
from kb_index.keywords import Keywords
from kb_index.known import BASE, text_digests
from kb_index.layers import Layered
from kb_index.ngrams import Ngrams
from kb_index.postings import Floats
from kb_index.ranking import EVIDENCE, TOPIC_EVIDENCE, Ranking
from kb_index.records import Records, write_records
from kb_index.signals import FEATURES, Signals
from kb_index.vectors import VectorIndex

LAYER = "layer.json"  # of a version that is a layer over another: what it hides
FITTED = [*FEATURES, *EVIDENCE, *TOPIC_EVIDENCE]  # what weights and probabilities are fitted for


def save(index: Index, folder: Path, encoder: Encoder, facts: dict[str, Any]) -> None:
    """Write all files, then the manifest; everything is on disk when this returns. `folder` exists; what is in it is
    of the version too."""
    _save_parts(index.signals, folder)
    _write_json(
        folder / "fit.json",
        {"features": FITTED, "weights": index.ranking.weights.tolist(), "decider": index.decider.to_json()},
    )
    _seal(index, folder, encoder, {"base": None, "fitted": index.version} | facts, {})


def save_layer(index: Index, base: Path, folder: Path, encoder: Encoder, facts: dict[str, Any]) -> None:
    """The same of a layered index: its layer is written, its base's files (in `base`) are shared by hard links."""
    signals = index.signals
    assert isinstance(signals, Layered)
    _save_parts(signals.layer, folder)
    _write_json(folder / LAYER, {"removed": signals.removed})
    manifest = read_manifest(base)
    (folder / BASE).mkdir()
    files = {MANIFEST: _about(base / MANIFEST)} | manifest["files"]
    for name in files:
        try:
            os.link(base / name, folder / BASE / name)
        except OSError:  # a file system without hard links
            shutil.copy2(base / name, folder / BASE / name)
    shared = {f"{BASE}/{name}": about for name, about in files.items()}
    _seal(index, folder, encoder, {"base": manifest["version"], "fitted": manifest["version"]} | facts, shared)


def _save_parts(signals: Signals, folder: Path) -> None:
    corpus = signals.corpus
    write_records(folder, corpus.articles, corpus.passages)
    _write_json(
        folder / "corpus.json",
        {
            "targets": [[one.id, one.topic, one.variants, one.family] for one in corpus.targets],
            "topics": [asdict(topic) for topic in corpus.topics],
            "langs": corpus.langs,
            "config": asdict(corpus.config),
            "keys": corpus.keys,
            "limits": {place: asdict(limits) for place, limits in corpus.limits.items()},
        },
    )
    signals.vectors.save(folder)
    write_arrays(folder, "rows", vars(corpus.rows) | {"text": text_digests([entry.text for entry in corpus.entries])})
    write_arrays(folder, "words", signals.keywords.arrays())
    write_arrays(folder, "ngrams", signals.grams.arrays())
    write_arrays(folder, "classifier", signals.classifier.arrays())


def _seal(index: Index, folder: Path, encoder: Encoder, facts: dict[str, Any], shared: dict[str, Any]) -> None:
    """Write the manifest. `shared`: what is said of files that were not written here."""
    corpus = index.corpus
    written = sorted(path for path in folder.iterdir() if path.is_file())
    about: dict[str, Any] = {"format": FORMAT, "version": index.version}
    about |= {"encoder": {"name": encoder.name, "fingerprint": encoder.fingerprint, "dim": encoder.dim}}
    about |= {
        "articles": sum(len(one.variants) for one in corpus.targets if not one.topic),
        "topics": sum(len(one.variants) for one in corpus.targets if one.topic),
        "texts": corpus.size,
        "passages": int((corpus.entry_passage == 0).sum()) if shared else sum(len(one) for one in corpus.passages),
        "languages": corpus.langs,
        "vectors": index.signals.vectors.kind,
        "errors": asdict(index.decider.bound),
    }
    files = {path.name: _about(path) for path in written} | shared
    _write_json(folder / MANIFEST, about | facts | {"files": files})
    for path in [*written, folder / MANIFEST, *([folder / BASE] if shared else []), folder]:
        sync(path)


def _about(path: Path) -> dict[str, Any]:
    return {"bytes": path.stat().st_size, "sha256": checksum(path)}


def load(folder: Path, encoder: Encoder, loaded: Index | None = None) -> Index:
    """The index in `folder`. VersionError where it is damaged, or made by another program version or encoder.

    `loaded`: one whose base may be the same; then that is not read again.
    """
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
        base = _base(folder, manifest, loaded)
        if manifest["base"] is None:
            index = base
        else:
            removed = json.loads((folder / LAYER).read_text(encoding="utf-8"))["removed"]
            signals = Layered(base.signals, _read_parts(folder), removed)
            index = Index(manifest["version"], signals, base.ranking, base.decider, base.version)
    except (KeyError, TypeError, ValueError, RuntimeError, OSError) as error:  # whole, as checked above, but read amiss
        raise other from error
    if index.signals.vectors.size != index.corpus.size:
        raise other
    return index


def base_of(index: Index) -> Signals:
    """What lies under an index's layer; of one without, all of it."""
    return index.signals.base if isinstance(index.signals, Layered) else index.signals


def _base(folder: Path, manifest: dict[str, Any], loaded: Index | None) -> Index:
    name = manifest["base"] or manifest["version"]
    if loaded is not None and loaded.fitted == name:
        return Index(name, base_of(loaded), loaded.ranking, loaded.decider, name)
    below = folder / BASE if manifest["base"] else folder
    fitted = json.loads((below / "fit.json").read_text(encoding="utf-8"))
    if fitted["features"] != FITTED:
        raise ValueError("other features")
    weights: Floats = np.array(fitted["weights"], np.float32)
    return Index(name, _read_parts(below), Ranking(weights), Decider.from_json(fitted["decider"]), name)


def _read_parts(folder: Path) -> Signals:
    data = json.loads((folder / "corpus.json").read_text(encoding="utf-8"))
    frames = {lang: tuple(phrases) for lang, phrases in data["config"]["frame_words"].items()}
    config = Config(tuple(data["config"]["product_names"]), data["config"]["stemmers"], frames)
    records = Records(folder)
    rows = read_arrays(folder, "rows")
    corpus = Corpus(
        records.articles,
        [_topic(row) for row in data["topics"]],
        config,
        records.passages,
        [Target(*row) for row in data["targets"]],
        data["langs"],
        Rows(rows["target"], rows["kind"], rows["lang"], rows["passage"]),
        keys=data["keys"],
        limits={int(place): Limits(**limits) for place, limits in data["limits"].items()},
    )
    keywords = Keywords.from_arrays(read_arrays(folder, "words"), corpus.stemmers)
    grams = Ngrams.from_arrays(read_arrays(folder, "ngrams"))
    classifier = Classifier(**read_arrays(folder, "classifier"))
    return Signals(corpus, VectorIndex.load(folder), keywords, grams, classifier)


def older_article(folder: Path, ident: str, lang: str, version: str) -> Article | None:
    """An article's version as an older index holds it."""
    for below in (folder, folder / BASE):
        try:
            targets = json.loads((below / "corpus.json").read_text(encoding="utf-8"))["targets"]
            for name, topic, variants, _ in targets:
                if name == ident and not topic and lang in variants:
                    found: Article = Records(below).articles[variants[lang]]
                    if found.version == version:
                        return found
        except (OSError, ValueError, KeyError):
            continue
    return None


def _topic(row: dict[str, Any]) -> Topic:
    return Topic(**row | {"questions": tuple(row["questions"])})


def _write_json(path: Path, data: dict[str, Any]) -> None:
    path.write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
