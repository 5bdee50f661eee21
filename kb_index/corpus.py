"""Articles and topics as what is ranked: targets (one per id, in all languages) and their entries (texts to match)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

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
class Entry:
    """One text that a question is compared with; `passage` is the passage's number, -1 for questions and titles."""

    text: str
    lang: str
    target: int
    kind: int
    passage: int


class Corpus:
    """`entries` are sorted by target, then kind; arrays beside them hold the same facts by row."""

    def __init__(self, articles: Sequence[Article], topics: Sequence[Topic], config: Config) -> None:
        self.articles = list(articles)
        self.topics = list(topics)
        self.config = config
        self.names = ProductNames(typed(name) for name in config.product_names)
        self._frame = FrameWords(phrase for phrases in config.frame_words.values() for phrase in phrases)
        self.passages: list[list[Passage]] = [passages_of(article) for article in self.articles]
        self.targets: list[Target] = []
        entries: list[Entry] = []
        places: dict[tuple[bool, str], int] = {}
        kinds: tuple[tuple[bool, Sequence[Article | Topic]], ...] = ((False, self.articles), (True, self.topics))
        for topic, items in kinds:
            for place, item in enumerate(items):
                target = places.setdefault((topic, item.id), len(self.targets))
                if target == len(self.targets):
                    self.targets.append(Target(item.id, topic))
                self.targets[target].variants[item.lang] = place
                entries.extend(self._entries(item, target, place))
        self.entries = sorted(entries, key=lambda entry: (entry.target, entry.kind))
        self._families()
        self.langs = sorted({entry.lang for entry in self.entries})
        self.entry_target = np.array([entry.target for entry in self.entries], np.int32)
        self.entry_kind = np.array([entry.kind for entry in self.entries], np.int8)
        self.entry_lang = np.array([self.langs.index(entry.lang) for entry in self.entries], np.int8)
        self.family = np.array([target.family for target in self.targets], np.int32)
        self.is_topic = np.array([target.topic for target in self.targets], bool)

    def clean(self, text: str) -> str:
        """A question without greetings, politeness and product names."""
        return self.names.remove(self._frame.remove(typed(text)))

    def _entries(self, item: Article | Topic, target: int, place: int) -> list[Entry]:
        asked: dict[str, str] = {}
        for text in (*item.questions, item.title):
            cleaned = self.names.remove(typed(text))
            asked.setdefault(fold(cleaned), cleaned)
        result = [Entry(text, item.lang, target, ASKED, -1) for text in asked.values() if text.strip()]
        if isinstance(item, Article):
            for passage in self.passages[place]:
                head = f"{passage.heading}. " if passage.heading else ""
                result.extend(
                    Entry(self.names.remove(typed(head + chunk)), item.lang, target, TOLD, passage.number)
                    for chunk in chunks(passage.text)
                )
        return result

    def _families(self) -> None:
        """Articles that are twins, or whose texts are the same, give the same answer."""
        numbers: dict[str, int] = {}
        for number, target in enumerate(self.targets):
            keys = [f"target {number}"]
            if not target.topic:
                for place in target.variants.values():
                    article = self.articles[place]
                    if article.twin:
                        keys.append(f"twin {article.twin}")
                    if article.text:
                        keys.append("text " + hashlib.sha256(article.text.encode()).hexdigest())
            known = sorted({numbers[key] for key in keys if key in numbers})
            family = known[0] if known else number
            for key in keys:
                numbers.setdefault(key, family)
            for key, old in list(numbers.items()) if len(known) > 1 else ():
                numbers[key] = family if old in known else old
            for other in self.targets[:number] if len(known) > 1 else ():
                other.family = family if other.family in known else other.family
            target.family = family

    def rows_of(self, target: int) -> NDArray[np.int64]:
        """The entries of a target, as a range of rows."""
        start, end = np.searchsorted(self.entry_target, [target, target + 1])
        return np.arange(start, end)
