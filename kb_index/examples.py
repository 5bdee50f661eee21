"""Examples to fit from, made of the articles alone: a question left out, with and without its article in the index."""

from __future__ import annotations

import dataclasses
import hashlib
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kb_index.classifier import Trained
from kb_index.corpus import ASKED, TOLD
from kb_index.corruption import corrupt
from kb_index.encoder import Encoder
from kb_index.far_subjects import far_questions
from kb_index.gold import Gold
from kb_index.postings import Floats
from kb_index.ranking import candidates
from kb_index.signals import Measured, Signals

MOST_QUESTIONS = 1500
CORRUPTED_SHARE = 0.35


@dataclass
class Example:
    """A question and its candidates. `truth`: right targets, none: nothing answers it.

    `rivals`: the candidates that weights are fitted to tell apart. Hardly a left-out question is one of a manual, whose
    few questions tell little of what it answers; with manuals among their rivals all would speak against these.
    """

    question: str
    lang: str
    truth: tuple[int, ...]
    targets: NDArray[np.int64]
    features: Floats
    rivals: NDArray[np.bool_]
    far: bool = False
    easy: bool = False  # its own question is in the index: tells nothing about weights, proves nothing about errors


@dataclass(frozen=True)
class _Query:
    row: int
    text: str
    corrupted: bool
    hides_all_asked: bool


def make_examples(signals: Signals, encoder: Encoder, trained: Trained) -> list[Example]:
    """Each question of the articles as a customer might ask it."""
    corpus, vectors = signals.corpus, signals.vectors.vectors
    queries = list(_queries(signals))
    changed = [query for query in queries if query.corrupted]
    far = far_questions(corpus.langs)
    encoded = encoder.encode([query.text for query in changed] + [text for _, text in far])
    vector_of = {id(query): encoded[at] for at, query in enumerate(changed)}
    result: list[Example] = []
    for query in queries:
        entry = corpus.entries[query.row]
        rows = corpus.rows_of(entry.target)
        own_lang = corpus.entry_lang[rows] == corpus.entry_lang[query.row]
        asked = corpus.entry_kind[rows] == ASKED
        single = int((own_lang & asked).sum()) == 1
        hidden = rows[~own_lang]  # twins in other languages would give a translation of the question
        if query.hides_all_asked:
            hidden = rows[~own_lang | asked]
        elif not single:
            hidden = np.append(hidden, query.row)
        leaks = single and not query.hides_all_asked
        unseen = None if leaks else trained.folds[trained.fold[query.row]]
        vector = vector_of.get(id(query), vectors[query.row])
        measured = signals.measure(query.text, vector, entry.lang, hidden, unseen)
        result.append(_example(query.text, entry.lang, (entry.target,), measured, signals.manual, easy=leaks))
        others = corpus.family[measured.targets] != corpus.family[entry.target]
        if others.any():
            negative = dataclasses.replace(measured, features=measured.features * others[:, None])
            result.append(_example(query.text, entry.lang, (), negative, signals.manual))
    for (lang, text), vector in zip(far, encoded[len(changed) :], strict=True):
        measured = signals.measure(text, vector, lang)
        result.append(_example(text, lang, (), measured, signals.manual, far=True))
    return result


def gold_examples(signals: Signals, encoder: Encoder, gold: Sequence[Gold]) -> list[Example]:
    """Golden questions against the whole index. What is expected but not in the index counts as unanswerable."""
    places = signals.corpus.place
    texts = [signals.corpus.clean(one.text) for one in gold]
    result = []
    for one, text, vector in zip(gold, texts, encoder.encode(texts), strict=True):
        wanted = [(False, ident) for ident in one.articles] + ([(True, one.topic)] if one.topic else [])
        truth = tuple(places[key] for key in wanted if key in places)
        measured = signals.measure(text, vector, one.lang)
        result.append(_example(text, one.lang, truth, measured))
    return result


def _example(
    text: str,
    lang: str,
    truth: tuple[int, ...],
    measured: Measured,
    apart: NDArray[np.bool_] | None = None,
    *,
    far: bool = False,
    easy: bool = False,
) -> Example:
    chosen = measured.targets[candidates(measured.features)]
    chosen = np.append(chosen, [target for target in truth if target not in chosen]).astype(np.int64)
    rivals = np.ones(len(chosen), bool) if apart is None else ~apart[chosen] | np.isin(chosen, truth)
    return Example(text, lang, truth, chosen, measured.of(chosen), rivals, far, easy)


def _queries(signals: Signals) -> Iterator[_Query]:
    corpus = signals.corpus
    rows = np.flatnonzero(corpus.entry_kind == ASKED)
    if len(rows) > MOST_QUESTIONS:
        order = sorted(rows, key=lambda row: _coin(corpus.entries[row].text + "sample"))
        rows = np.sort(np.array(order[:MOST_QUESTIONS]))
    told = set(corpus.entry_target[corpus.entry_kind == TOLD].tolist())
    for row in rows.tolist():
        entry = corpus.entries[row]
        chance = random.Random(int(_coin(entry.text) * 2**32))
        own = corpus.rows_of(entry.target)
        same = (corpus.entry_kind[own] == ASKED) & (corpus.entry_lang[own] == corpus.entry_lang[row])
        if same.sum() == 1:  # the only question cannot be left out: a part of it is asked, or the text must answer it
            yield _Query(row, corrupt(entry.text, chance, strong=True), True, False)
            if entry.target in told:
                yield _Query(row, entry.text, False, True)
        elif chance.random() < CORRUPTED_SHARE:
            yield _Query(row, corrupt(entry.text, chance, strong=False), True, False)
        else:
            yield _Query(row, entry.text, False, False)


def _coin(text: str) -> float:
    """0 to 1, the same for the same text on every machine."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6], "big") / 2**48
