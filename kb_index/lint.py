"""Finds what confuses search and customers: stolen questions, near-duplicates, contradictions, missing languages."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Set
from dataclasses import dataclass

import numpy as np

from kb_index.contradictions import contradictions, opposite_answers, translations
from kb_index.corpus import ASKED, TOLD, Corpus
from kb_index.encoder import Encoder
from kb_index.focus import ALIKE, PART, Focus, asked_rows, question_of
from kb_index.index import Index
from kb_index.text import fold

SAME = 0.90  # cosine at which two questions are taken for one
SAME_ANSWER = 0.96  # the same of two passages
SHORTEST_ANSWER = 60  # characters; shorter passages are alike by chance
AHEAD = 2.0  # lead of another article, in the logarithm of likelihood, at which it steals a question
FEW = 3  # example questions, below which a probability tells little


@dataclass(frozen=True)
class Finding:
    """`kind` is stable; `where` names the articles; `message` what, and `cure` what to do."""

    kind: str
    where: str
    message: str
    cure: str


def lint(index: Index, encoder: Encoder, focus: Focus | None = None) -> list[Finding]:
    """All findings, the gravest kinds first."""
    corpus = index.corpus
    targets = None if focus is None else focus.targets
    return [
        *_contradictions(index, encoder, targets),
        *_same_question(corpus, targets),
        *_stolen(index, focus),
        *_near(index, targets),
        *_missing_languages(corpus, targets),
        *_few_questions(corpus, targets),
    ]


def _name(corpus: Corpus, target: int) -> str:
    found = corpus.targets[target]
    return f"{'topic' if found.topic else 'article'} {found.id}"


def _same_question(corpus: Corpus, focus: Set[int] | None) -> list[Finding]:
    owners: dict[tuple[str, str], set[int]] = defaultdict(set)
    for entry in corpus.entries:
        if entry.kind == ASKED and corpus.there[entry.target]:
            owners[entry.lang, fold(entry.text)].add(entry.target)
    return [
        Finding(
            "same_question",
            ", ".join(_name(corpus, target) for target in sorted(targets)),
            f"the question « {text} » ({lang}) belongs to {len(targets)} of them",
            "keep it where it is answered, delete it elsewhere",
        )
        for (lang, text), targets in owners.items()
        if len(targets) > 1 and (focus is None or targets & focus)
    ]


def _stolen(index: Index, focus: Focus | None) -> list[Finding]:
    """Questions that, were they not listed, would go to another article that has one much like it.

    Between topics of one channel and level nothing is stolen: the same people serve both.
    """
    corpus, signals = index.corpus, index.signals
    findings = []
    for row in asked_rows(corpus):
        entry = corpus.entries[row]
        if focus is not None and question_of(corpus, row) not in focus.questions:
            continue
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
        if corpus.family[first] == corpus.family[entry.target] or ahead <= AHEAD:
            continue
        rival = corpus.rows_of(first)
        rival = rival[(corpus.entry_kind[rival] == ASKED) & (corpus.entry_lang[rival] == corpus.entry_lang[row])]
        alike = float((signals.vectors.vectors[rival] @ vector).max(initial=0)) >= ALIKE
        if alike and _served(corpus, first) != _served(corpus, entry.target):
            findings.append(
                Finding(
                    "stolen_question",
                    f"{_name(corpus, entry.target)} ({entry.lang})",
                    f"« {entry.text} » reads like {_name(corpus, first)}",
                    "move it there, name in it what sets the two apart, or add two more questions like it",
                )
            )
    return findings


def _served(corpus: Corpus, target: int) -> tuple[str, int] | int:
    """Who serves it: channel and level of a topic; an article is served by itself."""
    found = corpus.targets[target]
    if not found.topic:
        return target
    topic = corpus.topics[next(iter(found.variants.values()))]
    return topic.channel, topic.level


def _contradictions(index: Index, encoder: Encoder, focus: Set[int] | None) -> list[Finding]:
    corpus = index.corpus
    found = [
        Finding(
            "contradiction",
            f"{_name(corpus, one.one)}, {_name(corpus, one.other)} ({one.lang})",
            f"« {one.says} » against « {one.against} » ({one.what})",
            "correct the one that is wrong, or say in both what sets them apart",
        )
        for one in contradictions(index, encoder, focus)
    ]
    return found + [
        Finding(
            "translation_differs",
            f"{_name(corpus, one.one)} ({one.lang})",
            f"« {one.says} » against « {one.against} » ({one.what})",
            "correct the translation that is out of date",
        )
        for one in translations(corpus, focus)
    ]


def _near(index: Index, focus: Set[int] | None) -> list[Finding]:
    """Of each two articles, the two questions (or passages) that are nearest."""
    corpus = index.corpus
    findings = []
    for (one, other, lang), (a, b) in _nearest(index, ASKED, SAME, focus).items():
        articles = not corpus.targets[one].topic and not corpus.targets[other].topic
        where = f"{_name(corpus, one)}, {_name(corpus, other)} ({lang})"
        first, second = corpus.entries[a].text, corpus.entries[b].text
        if articles and opposite_answers(index, one, other, lang):
            message = f"« {first} » is answered with yes, « {second} » with no"
            findings.append(
                Finding("contradiction", where, message, "correct the one that is wrong, or tell them apart")
            )
        else:
            message = f"« {first} » and « {second} » mean nearly the same"
            cure = "join the articles, or say in each question what sets it apart"
            findings.append(Finding("near_duplicate", where, message, cure))
    for (one, other, lang), (a, _) in _nearest(index, TOLD, SAME_ANSWER, focus).items():
        where = f"{_name(corpus, one)}, {_name(corpus, other)} ({lang})"
        message = f"both say « {corpus.entries[a].text:.120} »"
        findings.append(Finding("same_answer", where, message, "keep it in one, and link to it from the other"))
    return findings


def _nearest(
    index: Index, kind: int, least: float, focus: Set[int] | None
) -> dict[tuple[int, int, str], tuple[int, int]]:
    """(target, target, language) → the rows of their two nearest texts, where these are near enough."""
    corpus, vectors = index.corpus, index.signals.vectors.vectors
    rows = np.flatnonzero((corpus.entry_kind == kind) & corpus.there[corpus.entry_target])
    family, lang = corpus.family[corpus.entry_target[rows]], corpus.entry_lang[rows]
    places = np.arange(len(rows))
    if focus is not None:
        places = places[np.isin(corpus.entry_target[rows], list(focus))]
    others = np.asarray(vectors[rows])
    best: dict[tuple[int, int, str], tuple[float, int, int]] = {}
    for start in range(0, len(places), PART):
        part = places[start : start + PART]
        cosines = others[part] @ others.T
        near = (cosines >= least) & (family[part, None] != family) & (lang[part, None] == lang)
        for a, b in np.argwhere(near):
            one, other = sorted((int(rows[part[a]]), int(rows[b])))
            first, second = corpus.entries[one], corpus.entries[other]
            listed_twice = kind == ASKED and fold(first.text) == fold(second.text)  # said as same_question
            short = kind == TOLD and min(len(first.text), len(second.text)) < SHORTEST_ANSWER
            if one != other and not listed_twice and not short:
                key = first.target, second.target, first.lang
                best[key] = max(best.get(key, (0.0, 0, 0)), (float(cosines[a, b]), one, other))
    return {key: (one, other) for key, (_, one, other) in best.items()}


def _missing_languages(corpus: Corpus, focus: Set[int] | None) -> list[Finding]:
    usual = {
        lang
        for lang in corpus.langs
        if sum(lang in target.variants for target in corpus.targets) * 2 > len(corpus.place)
    }
    return [
        Finding(
            "missing_language",
            _name(corpus, place),
            f"not in {', '.join(sorted(usual - set(target.variants)))}, as most others are",
            "translate it; until then the answer is given in another language",
        )
        for place, target in enumerate(corpus.targets)
        if (focus is None or place in focus)
        and target.variants
        and usual - set(target.variants)
        and (target.topic or _is_faq(corpus, place))
    ]


def _is_faq(corpus: Corpus, place: int) -> bool:
    return any(corpus.articles[at].kind == "faq" for at in corpus.targets[place].variants.values())


def _few_questions(corpus: Corpus, focus: Set[int] | None) -> list[Finding]:
    return [
        Finding(
            "few_questions",
            f"article {article.id} ({article.lang})",
            f"{len(article.questions)} example questions",
            "add three to six as customers type them: a probability needs them",
        )
        for article in (corpus.articles[place] for place in corpus.present())
        if article.kind == "faq"
        and len(article.questions) < FEW
        and (focus is None or corpus.place[False, article.id] in focus)
    ]
