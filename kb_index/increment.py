"""A version made of the one before: only articles that have changed since the base are read, encoded and indexed.

Weights, probabilities, the classifier of questions, rarities of words and lengths of texts are the base's, and are
fitted anew in the background. What came since is one layer, made anew with each change, so that nothing adds up.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np

from kb_index.building import Known, encode_texts, index_words
from kb_index.classifier import Classifier
from kb_index.content import Content, parse_items
from kb_index.corpus import ASKED, Corpus
from kb_index.encoder import Encoder, Vectors
from kb_index.index import Index
from kb_index.layers import Layered
from kb_index.postings import Floats
from kb_index.signals import Signals
from kb_index.sources import Sources, differing, key_of, keys_of
from kb_index.storage import base_of
from kb_index.vectors import VectorIndex

MOST_TEXTS = 5_000  # of a layer; more are indexed as quickly in a whole build
RIDGE = 1e-2  # share of the mean square, when rows of the classifier are told from centroids


def increment(
    live: Index, base: Sources, sources: Sources, encoder: Encoder, known: Known, making: str
) -> tuple[Index, Content] | None:
    """(index of `sources`, what was read for its layer); None where so much has changed that it is no layer.

    `live`: an index over the base whose sources are `base`; `making`: what else the version's name depends on.
    """
    changed = differing(base.digests, sources.digests)
    if "kb.yml" in changed:
        return None
    below = base_of(live)
    keys = keys_of(changed, sources)
    content = parse_items(sources, [path for path in sources if path.endswith(".md") and key_of(path) in keys])
    removed = sorted(below.corpus.place[key] for key in keys if key in below.corpus.place)
    langs = below.corpus.langs
    corpus = Corpus.of(content.articles, content.topics, below.corpus.config, langs)
    if corpus.size > MOST_TEXTS:
        return None
    vectors = encode_texts([entry.text for entry in corpus.entries], encoder, known, lambda _: None)
    classifier = _classifier(below, corpus, vectors)
    layer = Signals(corpus, VectorIndex(vectors), *index_words(corpus, below), classifier)
    digest = hashlib.sha256(f"{making} over {live.fitted}\n".encode())
    for path, value in sources.digests.items():
        digest.update(f"{path} {value}\n".encode())
    index = replace(live, version=digest.hexdigest()[:12], signals=Layered(below, layer, removed))
    return index, content


def _classifier(below: Signals, corpus: Corpus, vectors: Vectors) -> Classifier:
    """A changed target keeps its row; a new one gets that which the others' rows suggest of its questions' centroid."""
    base = below.classifier
    if not base.weights.size:
        return Classifier(np.zeros((0, vectors.shape[1] + 1), np.float32), np.zeros(0, np.int64))
    row_of = {int(target): row for row, target in enumerate(base.targets)}
    rows: list[Floats] = []
    suggest: Floats | None = None
    asking = sorted({entry.target for entry in corpus.entries if entry.kind == ASKED})
    for number in asking:
        target = corpus.targets[number]
        place = row_of.get(below.corpus.place.get((target.topic, target.id), -1))
        if place is not None:
            rows.append(base.weights[place])
            continue
        if suggest is None:
            suggest = _from_centroids(below)
        own = corpus.rows_of(number)
        centroid = vectors[own[corpus.entry_kind[own] == ASKED]].mean(axis=0)
        rows.append(np.append(centroid, np.float32(1)) @ suggest)
    weights = np.array(rows, np.float32).reshape(len(rows), vectors.shape[1] + 1)
    return Classifier(weights, np.array(asking, np.int64))


def _from_centroids(below: Signals) -> Floats:
    """(dim + 1, dim + 1) the linear map that tells a target's row best from the centroid of its questions."""
    asked = np.flatnonzero(below.corpus.entry_kind == ASKED)
    owner = below.corpus.entry_target[asked]
    starts = np.flatnonzero(np.diff(owner, prepend=-1))
    sums = np.add.reduceat(np.asarray(below.vectors.vectors[asked]), starts, axis=0)
    counts = np.diff(np.append(starts, len(asked))).astype(np.float32)
    means = np.hstack([sums / counts[:, None], np.ones((len(starts), 1), np.float32)])
    rows = np.searchsorted(below.classifier.targets, owner[starts])
    gram = means.T @ means
    gram += np.eye(len(gram), dtype=np.float32) * np.float32(RIDGE * np.trace(gram) / len(gram))
    return np.asarray(np.linalg.solve(gram, means.T @ below.classifier.weights[rows]), np.float32)
