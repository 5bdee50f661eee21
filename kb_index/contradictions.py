"""Finds articles that state the same subject with other numbers, or one what the other denies, also in translations."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Set
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from kb_index.corpus import Corpus
from kb_index.encoder import Encoder, Vectors
from kb_index.facts import Statement, leaning
from kb_index.facts import statement as stated_in
from kb_index.index import Index
from kb_index.text import plain

NEAR = 0.55  # cosine of two sentences of one subject; what they share in words decides
SHARED, SHARED_ONE_WAY = 0.55, 0.75  # of their subjects' rarity: by both, by one of them
SHARED_WHERE_DENIED = 0.75
FEWEST_WORDS = 2
SLACK = 1e-6  # of sums in another order
_SENTENCE = re.compile(r"(?<=[.!?…])[\"»”’)\]]*\s+(?=\S)")


@dataclass(frozen=True)
class Contradiction:
    """Two statements and where they stand; `what` they differ in: numbers, or yes and no."""

    one: int
    other: int
    lang: str
    says: str
    against: str
    what: str


@dataclass(frozen=True)
class _Placed:
    target: int
    lang: str
    stated: Statement


@lru_cache(maxsize=100_000)
def statement(sentence: str, lang: str, stemmer: str) -> Statement:
    """Remembered: two indexes that are compared say nearly the same."""
    return stated_in(sentence, lang, stemmer)


def contradictions(index: Index, encoder: Encoder, focus: Set[int] | None = None) -> list[Contradiction]:
    """Between different articles of one language. `focus`: only where one of these targets has a part in it."""
    corpus = index.corpus
    placed = [one for one in _statements(corpus) if len(one.stated.words) >= FEWEST_WORDS]
    weight = _weights(index)
    found: dict[tuple[int, int, str], Contradiction] = {}
    if focus is None:
        pairs = _pairs(placed, encoder.encode([one.stated.says for one in placed]), corpus)
    else:
        pairs = _near_pairs(placed, _with(placed, corpus, focus), encoder, weight)
    for a, b in pairs:
        one, other = placed[a], placed[b]
        what = _differ(one, other, weight)
        if what:
            key = one.target, other.target, one.lang
            found.setdefault(key, Contradiction(*key, one.stated.says, other.stated.says, what))
    return list(found.values())


def opposite_answers(index: Index, one: int, other: int, lang: str) -> bool:
    """Whether one article's answer begins with yes and the other's with no."""
    corpus = index.corpus
    leans = [leaning(corpus.articles[corpus.targets[target].variants[lang]].text) for target in (one, other)]
    return None not in leans and leans[0] != leans[1]


def translations(corpus: Corpus, focus: Set[int] | None = None) -> list[Contradiction]:
    """Articles whose translations state other numbers of the same kind."""
    found = []
    for number, target in enumerate(corpus.targets):
        if target.topic or (focus is not None and number not in focus) or len(target.variants) < 2:
            continue
        stated = {lang: _all_numbers(corpus, place, lang) for lang, place in target.variants.items()}
        langs = list(stated)
        for at, lang in enumerate(langs):
            for second in langs[at + 1 :]:
                for what in sorted(stated[lang].keys() & stated[second].keys()):
                    ours, theirs = stated[lang][what], stated[second][what]
                    if ours.keys() - theirs.keys() and theirs.keys() - ours.keys():
                        says = ours[min(ours.keys() - theirs.keys())]
                        against = theirs[min(theirs.keys() - ours.keys())]
                        found.append(Contradiction(number, number, f"{lang}, {second}", says, against, what))
    return found


def _all_numbers(corpus: Corpus, place: int, lang: str) -> dict[str, dict[float, str]]:
    """What is measured → value → the sentence. Counts of whatever, as nouns of two languages cannot be compared."""
    result: dict[str, dict[float, str]] = {}
    for sentence in _sentences(corpus.articles[place].text):
        stated = statement(sentence, lang, corpus.config.stemmer(lang))
        for what, values in stated.numbers.items():
            if not what.startswith("count"):
                for value in values:
                    result.setdefault(what, {}).setdefault(value, sentence)
    return result


def _statements(corpus: Corpus) -> Iterator[_Placed]:
    for number, target in enumerate(corpus.targets):
        if target.topic:
            continue
        for lang, place in target.variants.items():
            for sentence in _sentences(corpus.articles[place].text):
                yield _Placed(number, lang, statement(sentence, lang, corpus.config.stemmer(lang)))


def _sentences(markdown: str) -> list[str]:
    lines = plain(markdown).split("\n")
    return [part.strip() for line in lines for part in _SENTENCE.split(line) if part.strip()]


def _pairs(placed: list[_Placed], vectors: Vectors, corpus: Corpus) -> Iterator[tuple[int, int]]:
    """Near sentences of different answers in one language."""
    family = corpus.family[[one.target for one in placed]] if placed else np.zeros(0, np.int32)
    langs = np.array([one.lang for one in placed])
    for start in range(0, len(placed), 256):
        part = slice(start, start + 256)
        near = vectors[part] @ vectors.T >= NEAR
        near &= (langs[part, None] == langs) & (family[part, None] != family)
        for a, b in np.argwhere(near):
            if start + a < b:
                yield start + int(a), int(b)


def _with(placed: list[_Placed], corpus: Corpus, focus: Set[int]) -> Iterator[tuple[int, int]]:
    """Pairs of different answers in one language, of which one at least is of the focus."""
    by_lang: dict[str, list[int]] = {}
    for at, one in enumerate(placed):
        by_lang.setdefault(one.lang, []).append(at)
    for a, one in enumerate(placed):
        if one.target not in focus:
            continue
        for b in by_lang[one.lang]:
            other = placed[b]
            if corpus.family[one.target] != corpus.family[other.target] and not (other.target in focus and b < a):
                yield min(a, b), max(a, b)


def _near_pairs(
    placed: list[_Placed], pairs: Iterable[tuple[int, int]], encoder: Encoder, weight: Callable[[str, str], float]
) -> Iterator[tuple[int, int]]:
    """Of some pairs, those that differ and are near; only what differs is encoded."""
    totals = [sum(weight(one.lang, word) for word in one.stated.words) for one in placed]

    def alike(a: int, b: int) -> bool:
        """What `_differ` asks of both, first: most pairs share too few words for anything else to be looked at."""
        shared = placed[a].stated.words & placed[b].stated.words
        least = SHARED * max(totals[a], totals[b]) - SLACK
        return bool(shared) and sum(weight(placed[a].lang, word) for word in shared) >= least

    chosen = sorted((a, b) for a, b in pairs if alike(a, b) and _differ(placed[a], placed[b], weight))
    rows = {at: row for row, at in enumerate(sorted({at for pair in chosen for at in pair}))}
    vectors = encoder.encode([placed[at].stated.says for at in rows])
    yield from (pair for pair in chosen if float(vectors[rows[pair[0]]] @ vectors[rows[pair[1]]]) >= NEAR)


def _weights(index: Index) -> Callable[[str, str], float]:
    keywords = index.signals.keywords
    rarest = {lang: float(keywords.unknown[at]) for at, lang in enumerate(keywords.stemmers)}

    def weight(lang: str, word: str) -> float:
        term = keywords.vocabulary.get(f"{lang} {word}")
        return rarest[lang] if term is None else float(keywords.idf[term])

    return weight


def _differ(one: _Placed, other: _Placed, weight: Callable[[str, str], float]) -> str | None:
    a, b = one.stated, other.stated
    measured = a.other_numbers(b)
    opposed = a.opposed(b)
    if not measured and not opposed:
        return None
    common = sum(weight(one.lang, word) for word in a.words & b.words)
    shares = sorted(common / max(sum(weight(one.lang, word) for word in words), 1e-9) for words in (a.words, b.words))
    if measured and shares[0] >= SHARED and shares[1] >= SHARED_ONE_WAY:
        return measured
    return "yes and no" if opposed and shares[0] >= SHARED_WHERE_DENIED else None
