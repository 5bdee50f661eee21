"""Which findings a change can have brought: those in which it, or what lies near it, has a part."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kb_index.corpus import ASKED, Corpus
from kb_index.index import Index

ALIKE = 0.80  # cosine to one of the thief's questions: a question unlike all others is only lonely
PART = 256  # rows compared at once
Question = tuple[bool, str, str, str]  # whether it is a topic's; whose; language; text


@dataclass(frozen=True)
class Focus:
    """Some targets, and the questions of others that lie near theirs: findings in which neither has a part are left
    out."""

    targets: Set[int]
    questions: Set[Question]


def questions_near(index: Index, targets: Set[int]) -> set[Question]:
    """The questions of these targets, and those of others that are alike."""
    corpus, vectors = index.corpus, index.signals.vectors.vectors
    asked = asked_rows(corpus)
    own = asked[np.isin(corpus.entry_target[asked], list(targets))]
    near = np.zeros(len(asked), bool)
    ours = vectors[own]
    for start in range(0, len(asked), PART):
        near[start : start + PART] = (vectors[asked[start : start + PART]] @ ours.T >= ALIKE).any(axis=1)
    return {question_of(corpus, row) for row in [*own, *asked[near]]}


def question_of(corpus: Corpus, row: int) -> Question:
    entry = corpus.entries[row]
    owner = corpus.targets[entry.target]
    return owner.topic, owner.id, entry.lang, entry.text


def asked_rows(corpus: Corpus) -> NDArray[np.int64]:
    """The rows of questions and titles that are there."""
    return np.flatnonzero((corpus.entry_kind == ASKED) & corpus.there[corpus.entry_target])
