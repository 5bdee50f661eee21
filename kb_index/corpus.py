"""Articles and topics as what is ranked: targets (one per id, in all languages) and their entries (texts to match)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from kb_index.config import Config
from kb_index.content import Article, Topic
from kb_index.passages import Passage, chunks, passages_of
from kb_index.text import FrameWords, ProductNames, fold, typed

ASKED, TOLD = 0, 1  # questions and title; passages


@dataclass
class Target:
    """One article or topic id. `variants`: language → place in `Corpus.articles` or `Corpus.topics`."""

    id: str
    topic: bool
    variants: dict[str, int] = field(default_factory=dict)
    family: int = 0  # targets that give the same answer share it


@dataclass(frozen=True)
class Limits:
    """To whom an article is shown, and from which day to which (YYYY-MM-DD)."""

    audience: str = "public"
    valid_from: str | None = None
    valid_until: str | None = None

    def allow(self, audience: str, day: str) -> bool:
        """Whether `audience` (public, internal) sees it on `day`."""
        known = self.audience == "public" or audience == self.audience
        return known and (self.valid_from or "") <= day <= (self.valid_until or day)


@dataclass(frozen=True)
class Entry:
    """One text that a question is compared with; `passage` is the passage's number, -1 for questions and titles."""

    text: str
    lang: str
    target: int
    kind: int
    passage: int


@dataclass(frozen=True)
class Rows:
    """What is known of each entry by row; rows are sorted by target, then kind. `lang`: place in `Corpus.langs`."""

    target: NDArray[np.int32]
    kind: NDArray[np.int8]
    lang: NDArray[np.int8]
    passage: NDArray[np.int32]


class Corpus:
    """What is ranked. One that was loaded reads articles when they are asked for, `entries` only for whoever asks."""

    def __init__(
        self,
        articles: Sequence[Article],
        topics: Sequence[Topic],
        config: Config,
        passages: Sequence[Sequence[Passage]],
        targets: list[Target],
        langs: list[str],
        rows: Rows,
        entries: list[Entry] | None = None,
        keys: Sequence[Sequence[str]] = (),
        limits: Mapping[int, Limits] | None = None,
    ) -> None:
        """As stored; `Corpus.of` makes one. `keys`, `limits`: of articles; see `keys_of`, `Limits`.

        A target without variants is not there any more.
        """
        self.articles = articles
        self.topics = list(topics)
        self.config = config
        self.passages = passages
        self.targets = targets
        self.langs = langs
        self._entries = entries
        self.parts: tuple[Corpus, Corpus] | None = None  # that it is joined of, if it is
        self.keys = keys
        self.limits = limits or {}
        self.entry_target, self.entry_kind, self.entry_lang = rows.target, rows.kind, rows.lang
        self.entry_passage = rows.passage
        self.size = len(rows.target)
        self.family = np.array([target.family for target in targets], np.int32)
        self.is_topic = np.array([target.topic for target in targets], bool)
        self.there = np.array([bool(target.variants) for target in targets], bool)
        self.place = {(target.topic, target.id): place for place, target in enumerate(targets) if target.variants}
        self._starts = np.searchsorted(rows.target, np.arange(len(targets) + 1))
        self._names = ProductNames(typed(name) for name in config.product_names)
        self._frame = FrameWords(phrase for phrases in config.frame_words.values() for phrase in phrases)

    @classmethod
    def of(
        cls,
        articles: Sequence[Article],
        topics: Sequence[Topic],
        config: Config,
        first_langs: Sequence[str] = (),
        known: Sequence[Sequence[Passage]] | None = None,
    ) -> Corpus:
        """The corpus of some articles and topics, with its entries.

        `first_langs`: languages that are numbered first, whether anything is in them or not; `known`: the passages.
        """
        names = ProductNames(typed(name) for name in config.product_names)
        passages = [passages_of(article) for article in articles] if known is None else known
        targets: list[Target] = []
        entries: list[Entry] = []
        places: dict[tuple[bool, str], int] = {}
        kinds: tuple[tuple[bool, Sequence[Article | Topic]], ...] = ((False, articles), (True, topics))
        for topic, items in kinds:
            for place, item in enumerate(items):
                target = places.setdefault((topic, item.id), len(targets))
                if target == len(targets):
                    targets.append(Target(item.id, topic))
                targets[target].variants[item.lang] = place
                entries.extend(_entries(item, target, () if topic else passages[place], names))
        entries.sort(key=lambda entry: (entry.target, entry.kind))
        keys = [keys_of(article) for article in articles]
        find_families(targets, keys)
        langs = [*first_langs, *sorted({entry.lang for entry in entries} - set(first_langs))]
        rows = Rows(
            np.array([entry.target for entry in entries], np.int32),
            np.array([entry.kind for entry in entries], np.int8),
            np.array([langs.index(entry.lang) for entry in entries], np.int8),
            np.array([entry.passage for entry in entries], np.int32),
        )
        limits = {at: found for at, article in enumerate(articles) if (found := limits_of(article)) != Limits()}
        return cls(articles, topics, config, passages, targets, langs, rows, entries, keys, limits)

    @property
    def entries(self) -> list[Entry]:
        """By row; those of a target that is not there any more count for nothing, and may have no text."""
        if self._entries is None and self.parts is not None:
            base, layer = self.parts
            shift = len(base.targets)
            self._entries = [*base.entries, *(replace(one, target=one.target + shift) for one in layer.entries)]
        if self._entries is None:
            self._entries = [entry for number in range(len(self.targets)) for entry in self.texts_of(number)]
        return self._entries

    def texts_of(self, number: int) -> list[Entry]:
        """The entries of one target."""
        target, found = self.targets[number], []
        for place in target.variants.values():
            item = self.topics[place] if target.topic else self.articles[place]
            found += _entries(item, number, () if target.topic else self.passages[place], self._names)
        if target.variants:
            return sorted(found, key=lambda entry: entry.kind)
        rows = zip(*(part[slice(*self.span(number))].tolist() for part in vars(self.rows).values()), strict=True)
        return [Entry("", self.langs[lang], owner, kind, passage) for owner, kind, lang, passage in rows]

    def present(self) -> Iterator[int]:
        """The places of the articles that are there, in their order."""
        yield from sorted(place for one in self.targets if not one.topic for place in one.variants.values())

    @property
    def rows(self) -> Rows:
        return Rows(self.entry_target, self.entry_kind, self.entry_lang, self.entry_passage)

    @property
    def stemmers(self) -> dict[str, str]:
        """Of the languages that entries are in, as they are numbered."""
        return {lang: self.config.stemmer(lang) for lang in self.langs}

    def clean(self, text: str) -> str:
        """A question without greetings, politeness and product names."""
        return self._names.remove(self._frame.remove(typed(text)))

    def named(self, text: str) -> str:
        """A question or title as it is compared: without product names."""
        return self._names.remove(typed(text))

    def span(self, target: int) -> tuple[int, int]:
        """The rows of a target: from, to."""
        return int(self._starts[target]), int(self._starts[target + 1])

    def rows_of(self, target: int) -> NDArray[np.int64]:
        """The entries of a target, as a range of rows."""
        return np.arange(*self.span(target))


def _entries(item: Article | Topic, target: int, passages: Sequence[Passage], names: ProductNames) -> list[Entry]:
    asked: dict[str, str] = {}
    for text in (*item.questions, item.title):
        cleaned = names.remove(typed(text))
        asked.setdefault(fold(cleaned), cleaned)
    result = [Entry(text, item.lang, target, ASKED, -1) for text in asked.values() if text.strip()]
    for passage in passages:
        head = f"{passage.heading}. " if passage.heading else ""
        result.extend(
            Entry(names.remove(typed(head + chunk)), item.lang, target, TOLD, passage.number)
            for chunk in chunks(passage.text)
        )
    return result


def limits_of(article: Article) -> Limits:
    return Limits(article.audience, article.valid_from, article.valid_until)


def keys_of(article: Article) -> list[str]:
    """What articles share that give the same answer: a twin's name, a digest of the text."""
    twin = [f"twin {article.twin}"] if article.twin else []
    return [*twin, hashlib.sha256(article.text.encode()).hexdigest()[:24]] if article.text else twin


def find_families(targets: list[Target], keys: Sequence[Sequence[str]]) -> None:
    """Give targets that share a key the same family. `keys`: of each article."""
    numbers: dict[str, int] = {}
    for number, target in enumerate(targets):
        shared = [f"target {number}"]
        if not target.topic:
            shared += [key for place in target.variants.values() for key in keys[place]]
        known = sorted({numbers[key] for key in shared if key in numbers})
        family = known[0] if known else number
        for key in shared:
            numbers.setdefault(key, family)
        for key, old in list(numbers.items()) if len(known) > 1 else ():
            numbers[key] = family if old in known else old
        for other in targets[:number] if len(known) > 1 else ():
            other.family = family if other.family in known else other.family
        target.family = family
