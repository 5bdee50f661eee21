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


def increment(
    live: Index,
    base: Sources,
    sources: Sources,
    encoder: Encoder,
    known: Known,
    making: str,
    most: int | None = MOST_TEXTS,
) -> tuple[Index, Content] | None:
    """(index of `sources`, what was read for its layer); None where so much has changed that it is no layer.

    `live`: an index over the base whose sources are `base`; `making`: what else the version's name depends on;
    `most`: texts that the layer may have, None: any number, and another kb.yml is left to the next whole build.
    """
    changed = differing(base.digests, sources.digests)
    if most is not None and "kb.yml" in changed:
        return None
    below = base_of(live)
    keys = keys_of(changed, sources)
    content = parse_items(sources, [path for path in sources if path.endswith(".md") and key_of(path) in keys])
    removed = sorted(below.corpus.place[key] for key in keys if key in below.corpus.place)
    langs = below.corpus.langs
    corpus = Corpus.of(content.articles, content.topics, below.corpus.config, langs)
    if most is not None and corpus.size > most:
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
    """A changed target keeps its row. A new one gets one along its questions' centroid, that gives its questions what
    the others' rows give theirs, and 0 to what lies amid all questions."""
    base = below.classifier
    if not base.weights.size:
        return Classifier(np.zeros((0, vectors.shape[1] + 1), np.float32), np.zeros(0, np.int64))
    row_of = {int(target): row for row, target in enumerate(base.targets)}
    rows: list[Floats] = []
    typical: tuple[Floats, float] | None = None
    asking = sorted({entry.target for entry in corpus.entries if entry.kind == ASKED})
    for number in asking:
        target = corpus.targets[number]
        place = row_of.get(below.corpus.place.get((target.topic, target.id), -1))
        if place is not None:
            rows.append(base.weights[place])
            continue
        middle, usual = typical = typical or _typical(below)
        own = corpus.rows_of(number)
        away = vectors[own[corpus.entry_kind[own] == ASKED]].mean(axis=0) - middle
        along = away * np.float32(usual / max(float(away @ away), 1e-6))
        rows.append(np.append(along, np.float32(-along @ middle)))
    weights = np.array(rows, np.float32).reshape(len(rows), vectors.shape[1] + 1)
    return Classifier(weights, np.array(asking, np.int64))


def _typical(below: Signals) -> tuple[Floats, float]:
    """(the middle of all questions, what rows give the centroids of their own questions on average)."""
    asked = np.flatnonzero(below.corpus.entry_kind == ASKED)
    owner = below.corpus.entry_target[asked]
    starts = np.flatnonzero(np.diff(owner, prepend=-1))
    vectors = np.asarray(below.vectors.vectors[asked])
    counts = np.diff(np.append(starts, len(asked))).astype(np.float32)
    centroids = np.add.reduceat(vectors, starts, axis=0) / counts[:, None]
    rows = below.classifier.weights[np.searchsorted(below.classifier.targets, owner[starts])]
    given = np.einsum("td,td->t", centroids, rows[:, :-1]) + rows[:, -1]
    return vectors.mean(axis=0), float(given.mean())
