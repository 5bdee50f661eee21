"""What readers think of articles: kept by the version they read, one opinion per browser, changed as often as they
change their mind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.help.tables import article_feedback as table


@dataclass(frozen=True, slots=True)
class Opinion:
    """Of one reader on one version. `words` None: what was said before stays, unless it helped after all."""

    article: str
    lang: str
    version: str
    reader: str
    helpful: bool
    words: str | None = None


@dataclass(frozen=True, slots=True)
class Total:
    """Opinions on one version of an article; `words`: what was missing, the newest first."""

    article: str
    lang: str
    version: str
    helpful: int
    not_helpful: int
    words: tuple[str, ...]


async def record(conn: AsyncConnection, one: Opinion, now: datetime) -> None:
    """Keep an opinion in place of the reader's earlier one on the same version."""
    values: dict[str, object] = {"helpful": one.helpful, "at": now.astimezone(UTC).isoformat(timespec="microseconds")}
    if one.helpful or one.words is not None:
        values["words"] = None if one.helpful else one.words
    keys = {"article": one.article, "lang": one.lang, "version": one.version, "reader": one.reader}
    change = update(table).where(*(table.c[name] == value for name, value in keys.items())).values(values)
    if (await conn.execute(change)).rowcount:
        return
    try:
        async with conn.begin_nested():
            await conn.execute(insert(table).values(keys | values))
    except IntegrityError:  # the same reader's other tab was quicker
        await conn.execute(change)


async def totals(conn: AsyncConnection, since: datetime) -> Sequence[Total]:
    """All opinions since then by article, language and version."""
    from_then = table.c.at >= since.astimezone(UTC).isoformat(timespec="microseconds")
    names = (table.c.article, table.c.lang, table.c.version)
    counted = select(*names, table.c.helpful, func.count()).where(from_then).group_by(*names, table.c.helpful)
    counts: dict[tuple[str, str, str], list[int]] = {}
    for article, lang, version, helpful, count in await conn.execute(counted):
        counts.setdefault((article, lang, version), [0, 0])[0 if helpful else 1] = count
    said = select(*names, table.c.words).where(from_then, table.c.words.is_not(None)).order_by(table.c.at.desc())
    words: dict[tuple[str, str, str], list[str]] = {}
    for article, lang, version, text in await conn.execute(said):
        words.setdefault((article, lang, version), []).append(text)
    return [
        Total(article, lang, version, yes, no, tuple(words.get((article, lang, version), ())))
        for (article, lang, version), (yes, no) in sorted(counts.items())
    ]
