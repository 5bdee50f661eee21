"""Articles with their passages as lines of a mapped file, each read when it is asked for."""

from __future__ import annotations

import json
import mmap
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar, overload

import numpy as np

from kb_index.captions import Cue
from kb_index.content import Article
from kb_index.passages import Passage

FILES = ("articles.jsonl", "articles.npy")  # one object a line; where each begins
REMEMBERED = 512  # records

T = TypeVar("T")


def write_records(folder: Path, articles: Iterable[Article], passages: Iterable[Sequence[Passage]]) -> None:
    """`passages`: of each article."""
    begins = [0]
    with (folder / FILES[0]).open("wb") as file:
        for article, own in zip(articles, passages, strict=True):
            row = {"article": asdict(article), "passages": [asdict(passage) for passage in own]}
            file.write(json.dumps(row, ensure_ascii=False).encode() + b"\n")
            begins.append(file.tell())
    np.save(folder / FILES[1], np.array(begins, np.int64))


class Records:
    """What `write_records` wrote below `folder`."""

    def __init__(self, folder: Path) -> None:
        self._begins = np.load(folder / FILES[1])
        with (folder / FILES[0]).open("rb") as file:
            self._lines = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if self._begins[-1] else b""
        self._read = lru_cache(REMEMBERED)(self._parse)
        self.articles: Sequence[Article] = _Lazy(len(self._begins) - 1, lambda at: self._read(at)[0])
        self.passages: Sequence[list[Passage]] = _Lazy(len(self._begins) - 1, lambda at: self._read(at)[1])

    def _parse(self, at: int) -> tuple[Article, list[Passage]]:
        row = json.loads(self._lines[int(self._begins[at]) : int(self._begins[at + 1])])
        return article_of(row["article"]), [Passage(**passage) for passage in row["passages"]]


class _Lazy(Sequence[T]):
    """A sequence whose items are made when they are asked for."""

    def __init__(self, length: int, item: Callable[[int], T]) -> None:
        self._length = length
        self._item = item

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, at: int) -> T: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[T]: ...
    def __getitem__(self, at: int | slice) -> T | Sequence[T]:
        if isinstance(at, slice):
            return [self._item(one) for one in range(*at.indices(self._length))]
        if not -self._length <= at < self._length:
            raise IndexError(at)
        return self._item(at % self._length)


def article_of(row: dict[str, Any]) -> Article:
    """An article from its fields as stored."""
    cues = tuple(Cue(**cue) for cue in row["captions"])
    return Article(**row | {"questions": tuple(row["questions"]), "captions": cues})
