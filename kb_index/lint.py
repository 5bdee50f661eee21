"""Finds what confuses search: questions that another article steals, near-duplicates, languages that are missing."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from kb_index.corpus import ASKED, Corpus
from kb_index.index import Index
from kb_index.text import fold

SAME = 0.90  # cosine at which two questions are taken for one


@dataclass(frozen=True)
class Finding:
    """`kind` is stable; `where` names the articles; `message` what, and `cure` what to do."""

    kind: str
    where: str
    message: str
    cure: str


def lint(index: Index) -> list[Finding]:
    """All findings, the gravest kinds first."""
    corpus = index.corpus
    return [
        *_same_question(corpus),
        *_stolen(index),
        *_near(index),
        *_missing_languages(corpus),
        *_few_questions(corpus),
    ]


def _name(corpus: Corpus, target: int) -> str:
    found = corpus.targets[target]
    return f"{'topic' if found.topic else 'article'} {found.id}"


def _same_question(corpus: Corpus) -> list[Finding]:
    owners: dict[tuple[str, str], set[int]] = defaultdict(set)
    for entry in corpus.entries:
        if entry.kind == ASKED:
            owners[entry.lang, fold(entry.text)].add(entry.target)
    return [
        Finding(
            "same_question",
            ", ".join(_name(corpus, target) for target in sorted(targets)),
            f"the question « {text} » ({lang}) belongs to {len(targets)} of them",
            "keep it where it is answered, delete it elsewhere",
        )
        for (lang, text), targets in owners.items()
        if len(targets) > 1
    ]


def _stolen(index: Index) -> list[Finding]:
    """Questions that, were they not listed, would be answered by another article."""
    corpus, signals = index.corpus, index.signals
    findings = []
    for row in np.flatnonzero(corpus.entry_kind == ASKED):
        entry = corpus.entries[row]
        own = corpus.rows_of(entry.target)
        same = own[(corpus.entry_kind[own] == ASKED) & (corpus.entry_lang[own] == corpus.entry_lang[row])]
        if len(same) < 3:
            continue
        hidden = np.append(own[corpus.entry_lang[own] != corpus.entry_lang[row]], row)
        vector = signals.vectors.vectors[row]
        measured = signals.measure(entry.text, vector, entry.lang, hidden, None)
        ranked = index.ranking.rank(signals, measured)
        first = int(ranked.targets[0])
        place = np.flatnonzero(ranked.targets == entry.target)
        ahead = float(ranked.scores[0] - ranked.scores[place[0]]) if len(place) else float("inf")
        if corpus.family[first] != corpus.family[entry.target] and ahead > 2.0:
            findings.append(
                Finding(
                    "stolen_question",
                    f"{_name(corpus, entry.target)} ({entry.lang})",
                    f"« {entry.text} » reads like {_name(corpus, first)}",
                    "move it there, name in it what sets the two apart, or add two more questions like it",
                )
            )
    return findings


def _near(index: Index) -> list[Finding]:
    corpus, vectors = index.corpus, index.signals.vectors.vectors
    rows = np.flatnonzero(corpus.entry_kind == ASKED)
    findings: list[Finding] = []
    for start in range(0, len(rows), 256):
        part = rows[start : start + 256]
        close = np.argwhere(vectors[part] @ vectors[rows].T >= SAME)
        for a, b in close:
            one, other = part[a], rows[b]
            first, second = corpus.entries[one], corpus.entries[other]
            distinct = corpus.family[first.target] != corpus.family[second.target]
            if one < other and distinct and first.lang == second.lang and fold(first.text) != fold(second.text):
                findings.append(
                    Finding(
                        "near_duplicate",
                        f"{_name(corpus, first.target)}, {_name(corpus, second.target)} ({first.lang})",
                        f"« {first.text} » and « {second.text} » mean nearly the same",
                        "join the articles, or say in each question what sets it apart",
                    )
                )
    return findings


def _missing_languages(corpus: Corpus) -> list[Finding]:
    usual = {
        lang
        for lang in corpus.langs
        if sum(lang in target.variants for target in corpus.targets) * 2 > len(corpus.targets)
    }
    return [
        Finding(
            "missing_language",
            _name(corpus, place),
            f"not in {', '.join(sorted(usual - set(target.variants)))}, as most others are",
            "translate it; until then the answer is given in another language",
        )
        for place, target in enumerate(corpus.targets)
        if usual - set(target.variants) and (target.topic or _is_faq(corpus, place))
    ]


def _is_faq(corpus: Corpus, place: int) -> bool:
    return any(corpus.articles[at].kind == "faq" for at in corpus.targets[place].variants.values())


def _few_questions(corpus: Corpus) -> list[Finding]:
    return [
        Finding(
            "few_questions",
            f"article {article.id} ({article.lang})",
            f"{len(article.questions)} example questions",
            "add three to six as customers type them: a probability needs them",
        )
        for article in corpus.articles
        if article.kind == "faq" and len(article.questions) < 3
    ]
