"""The rows of content files: what is published, taken over from kb, and the drafts over it.

Whoever changes files by hand, or publishes from the command line, is seen at the next look: what was there becomes a
revision, so that it can be compared and restored, and drafts keep the version that they were begun on.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import structlog
from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.console import feed, source
from bot.console.kb import Kb
from bot.console.tables import files, revisions
from bot.database import Database
from bot.staff.tables import text_of

log = structlog.get_logger(__name__)

BATCH = 200  # files per transaction
AT_ONCE = 8  # files that kb is asked for
GOLDEN = "golden/console.jsonl"
SOON = 2.0  # seconds for which a look is fresh enough
NO_DRAFT = {
    "draft": None,
    "deleted": False,
    "base": None,
    "review": None,
    "review_by": None,
    "review_note": None,
    "publish_at": None,
    "publish_by": None,
    "publish_error": None,
    "leased_until": None,
}


class Shelf:
    """Looks at what kb has; one look at a time."""

    def __init__(self, database: Database, kb: Kb) -> None:
        self._database = database
        self._kb = kb
        self._looking = asyncio.Lock()
        self._tag: str | None = None
        self._at: float | None = None

    @property
    def seen(self) -> bool:
        """Whether kb was ever asked."""
        return self._at is not None

    async def look(self, *, now: bool = False) -> int:
        """Take over what has changed; how many files. Not `now`: a look of a moment ago will do, and nobody waits for
        one that is under way but the first. ConsoleError where kb cannot be asked."""
        if not now and self.seen and self._looking.locked():
            return 0
        async with self._looking:
            if not now and self._at is not None and time.monotonic() - self._at < SOON:
                return 0
            content, tag = await self._kb.tagged("GET", "/content", long=True, tag=self._tag)
            self._at = time.monotonic()
            if content is None:
                return 0
            there = {str(one["path"]): one for one in content["files"]}
            async with self._database.read() as conn:
                rows = await conn.execute(select(files.c.path, files.c.version))
                known: dict[str, str | None] = {row.path: row.version for row in rows}
            new = [path for path, one in there.items() if known.get(path) != one["version"]]
            gone = [path for path in known if known[path] and path not in there and path.endswith(".md")]
            for start in range(0, len(new), BATCH):
                await self._take(new[start : start + BATCH])
            gone += await self._beside(known, now=now or bool(new))
            if gone:
                async with self._database.write() as conn:
                    await removed(conn, gone, datetime.now(UTC))
            if new or gone:
                log.info("console_content_seen", changed=len(new), gone=len(gone))
            self._tag = tag
            return len(new) + len(gone)

    async def _beside(self, known: Mapping[str, str | None], *, now: bool) -> list[str]:
        """Look at files that kb does not list: golden questions, captions that are drafts; those that are gone."""
        async with self._database.read() as conn:
            drafted = files.c.path.endswith(".vtt") & files.c.draft.is_not(None)
            paths = list((await conn.execute(select(files.c.path).where(drafted))).scalars()) if now else []
        sources, gone = {}, []
        for path in (GOLDEN, *paths):
            found = await self._kb.source(path)
            if found is not None and known.get(path) != found[1]:
                sources[path] = found
            elif found is None and known.get(path):
                gone.append(path)
        if sources:
            async with self._database.write() as conn:
                await published(conn, sources, datetime.now(UTC))
        return gone

    async def _sources(self, paths: list[str]) -> list[tuple[str, str] | None]:
        """Several at once, but not so many that kb answers nobody else."""
        found: list[tuple[str, str] | None] = []
        for start in range(0, len(paths), AT_ONCE):
            found += await asyncio.gather(*(self._kb.source(path) for path in paths[start : start + AT_ONCE]))
        return found

    async def _take(self, paths: list[str]) -> None:
        """Sources are read before the transaction: nobody waits for files."""
        sources: dict[str, tuple[str, str]] = {}
        for path, found in zip(paths, await self._sources(paths), strict=True):
            if found is not None:
                sources[path] = found
                captions = source.read(found[0]).meta.get("captions") if path.startswith("videos/") else None
                if isinstance(captions, str) and (beside := f"{path.rpartition('/')[0]}/{captions}").endswith(".vtt"):
                    also = await self._kb.source(beside)
                    if also is not None:
                        sources[beside] = also
        async with self._database.write() as conn:
            await published(conn, sources, datetime.now(UTC))


async def published(conn: AsyncConnection, sources: Mapping[str, tuple[str, str]], now: datetime) -> None:
    """Note that these files (path → source, version) are what is published; drafts that say the same are done."""
    rows = await conn.execute(select(files).where(files.c.path.in_(sources)))
    known = {row.path: row for row in rows}
    for path, (text, version) in sources.items():
        row = known.get(path)
        if row is not None and row.version == version:
            continue
        revision, own = await _revision(conn, path, text, version, now)
        values: dict[str, Any] = {"version": version, "published": revision, "changed_at": text_of(now)}
        draft = await _source(conn, row.draft) if row is not None and row.draft is not None else None
        if row is None:
            kind = source.kind_of(path)
            if kind is not None:
                await conn.execute(insert(files).values(path=path, kind=kind, **described(path, text), **values))
        elif row.draft is not None and not row.deleted and draft == text:
            await conn.execute(update(files).where(files.c.path == path).values(**values, **NO_DRAFT))
        elif row.draft is None:
            await conn.execute(update(files).where(files.c.path == path).values(**values, **described(path, text)))
        else:
            if own and revision > (row.published or 0):  # the draft goes on from what was published
                values["base"] = version
            await conn.execute(update(files).where(files.c.path == path).values(**values))
        await feed.tell(conn, now, "article", told(path))


async def removed(conn: AsyncConnection, paths: Iterable[str], now: datetime) -> None:
    """Note that these files are published no more; drafts of their deletion are done, other drafts are of new files."""
    for path in paths:
        row = (await conn.execute(select(files).where(files.c.path == path))).one_or_none()
        if row is None:
            continue
        if row.draft is None or row.deleted:
            await conn.execute(delete(files).where(files.c.path == path))
        else:
            await conn.execute(update(files).where(files.c.path == path).values(version=None, published=None))
        await feed.tell(conn, now, "article", told(path))


async def _revision(conn: AsyncConnection, path: str, text: str, version: str, now: datetime) -> tuple[int, bool]:
    """The revision that this published source is, and whether an editor wrote it; made where the console has none."""
    newest = (
        select(revisions).where(revisions.c.path == path, revisions.c.source == text).order_by(revisions.c.id.desc())
    )
    found = (await conn.execute(newest.limit(1))).one_or_none()
    at = text_of(now)
    if found is not None:
        values = {"version": version, "published_at": at}
        await conn.execute(update(revisions).where(revisions.c.id == found.id).values(**values))
        return int(found.id), found.author is not None
    row = {"path": path, "version": version, "source": text, "started_at": at, "at": at, "published_at": at}
    made = await conn.execute(insert(revisions).values(**row).returning(revisions.c.id))
    return int(made.scalar_one()), False


async def _source(conn: AsyncConnection, revision: int) -> str | None:
    return (await conn.execute(select(revisions.c.source).where(revisions.c.id == revision))).scalar_one_or_none()


def described(path: str, text: str) -> dict[str, Any]:
    """The columns that describe a file, from its source."""
    name = path.rpartition("/")[2].rpartition(".")[0]
    article, _, lang = name.rpartition(".")
    if source.kind_of(path) == "golden":
        return {**dict.fromkeys(_COLUMNS), "article": name, "lang": "", "title": name, "audience": "", "words": ""}
    shown = source.read(text).public()
    words = " ".join([article, shown["title"], shown["category"] or "", *shown["questions"], shown["text"]])
    return {
        "article": article or name,
        "lang": lang,
        "title": shown["title"][:1000],
        "category": shown["category"],
        "audience": shown["audience"][:10],
        "updated": (shown["updated"] or "")[:10] or None,
        "valid_from": (shown["valid_from"] or "")[:10] or None,
        "valid_until": (shown["valid_until"] or "")[:10] or None,
        "words": source.fold(words)[:100_000],
    }


_COLUMNS = ("category", "updated", "valid_from", "valid_until")


def told(path: str, *, by: str | None = None) -> dict[str, Any]:
    """What open consoles are told of a file that has changed."""
    kind, name = source.kind_of(path), path.rpartition("/")[2].rpartition(".")[0]
    article, _, lang = name.rpartition(".")
    return {"article": f"{kind}:{article or name}", "lang": lang, **({"by": by} if by else {})}
