"""The articles that customers may read, as the search service lists them; kept until its version or the day changes."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.gateway.articles import KbDown, ask
from bot.gateway.context import Gateway

OTHER = "other"  # the category of what names none
LAST = ("blog", "video")  # kinds that have shelves of their own on the first page


@dataclass(frozen=True, slots=True)
class Entry:
    """One article in one language. `summary`: the beginning of its text, as it is read."""

    article: str
    lang: str
    kind: str
    title: str
    version: str
    category: str
    updated: str
    video: str | None
    summary: str

    @property
    def url(self) -> str:
        return f"/articles/{self.lang}/{self.article}"


class Shelf:
    """All entries of one index version on one day; `mark` changes with either."""

    def __init__(self, mark: str, entries: Sequence[Entry]) -> None:
        self.mark = mark
        self.entries = entries
        self._by_name = {(one.lang, one.article): one for one in entries}
        self._langs: dict[str, list[str]] = {}
        self._of: dict[str, list[Entry]] = {}
        for one in entries:
            self._of.setdefault(one.lang, []).append(one)
            self._langs.setdefault(one.article, []).append(one.lang)

    def get(self, lang: str, article: str) -> Entry | None:
        return self._by_name.get((lang, article))

    def langs_of(self, article: str) -> Sequence[str]:
        return self._langs.get(article, ())

    def of(self, lang: str, *kinds: str, category: str | None = None) -> list[Entry]:
        """Those of a language, of some kinds (none named: all) and a category, in the order of the content."""
        return [
            one
            for one in self._of.get(lang, ())
            if (not kinds or one.kind in kinds) and category in (None, one.category)
        ]

    def categories(self, lang: str) -> dict[str, list[Entry]]:
        """Category → its articles, blog posts left out; the largest category first, what has none last."""
        found: dict[str, list[Entry]] = {}
        for one in self.of(lang):
            if one.kind != "blog":
                found.setdefault(one.category, []).append(one)
        order = sorted(found, key=lambda name: (name == OTHER, -len(found[name]), name))
        return {name: found[name] for name in order}

    def newest(self, lang: str, *kinds: str) -> list[Entry]:
        return sorted(self.of(lang, *kinds), key=lambda one: (one.updated, one.article), reverse=True)


class Shelves:
    """The shelf of now."""

    def __init__(self) -> None:
        self._kept: tuple[str, Shelf] | None = None
        self._asking: asyncio.Task[Shelf] | None = None

    async def now(self, gateway: Gateway) -> Shelf:
        """KbDown where the search service cannot be asked. Requests at the same time ask once."""
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask(gateway))
            self._asking.add_done_callback(
                lambda task: task.cancelled() or task.exception()
            )  # if nobody waits any more
        return await asyncio.shield(self._asking)

    async def _ask(self, gateway: Gateway) -> Shelf:
        known = self._kept
        reply = await ask(gateway, "/articles", known=known[0] if known else None)
        if reply.status == 304 and known:
            return known[1]
        rows = reply.body.get("articles")
        if reply.status != 200 or reply.etag is None or not isinstance(rows, list):
            raise KbDown
        try:
            shelf = await asyncio.to_thread(_made, reply.etag.strip('"'), rows)
        except (KeyError, TypeError) as error:
            raise KbDown from error
        self._kept = (reply.etag, shelf)
        return shelf


def _made(mark: str, rows: Sequence[Mapping[str, Any]]) -> Shelf:
    return Shelf(mark, [_entry(row) for row in rows])


def _entry(row: Mapping[str, Any]) -> Entry:
    return Entry(
        article=str(row["article"]),
        lang=str(row["lang"]),
        kind=str(row["kind"]),
        title=str(row["title"]),
        version=str(row["version"]),
        category=str(row["category"] or OTHER),
        updated=str(row["updated"] or "")[:10],
        video=row["video"],
        summary=str(row["summary"]),
    )
