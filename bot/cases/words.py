"""Search in everything: the words of a case, and which cases have all the words that somebody types."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable

from sqlalchemy import ColumnElement, and_, false, literal, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from .desk_tables import LONGEST_WORD, words
from .model import is_reference, read_reference
from .tables import cases

MOST_WORDS = 2_000  # of one text; what follows is not found
MOST_TYPED = 10
COMMON = 3_000  # words of cases
_WORD = re.compile(r"\w+")


def split(text: str) -> list[str]:
    """The distinct words of a text in their order: lower case, without accents, at most 40 characters each."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    return list(dict.fromkeys(word[:LONGEST_WORD] for word in _WORD.findall(bare.replace("_", " "))))[:MOST_WORDS]


async def index(conn: AsyncConnection, ref: str, texts: Iterable[str | None]) -> None:
    """Make a case findable by the words of these texts too."""
    found = split(" ".join(text for text in texts if text))
    if not found:
        return
    dialect = postgresql if conn.dialect.name == "postgresql" else sqlite
    rows = [{"word": word, "ref": ref} for word in found]
    await conn.execute(dialect.insert(words).on_conflict_do_nothing(), rows)


async def common(conn: AsyncConnection, typed: str) -> frozenset[str]:
    """Of the words typed, those that begin so many words that cases had better be asked one by one."""
    terms = [] if is_reference(read_reference(typed)) else split(typed)[:MOST_TYPED]
    found = []
    for term in terms:
        query = select(literal(1)).select_from(words).where(_begins(term)).offset(COMMON).limit(1)
        if (await conn.execute(query)).first() is not None:
            found.append(term)
    return frozenset(found)


def found_by(typed: str, frequent: Collection[str] = ()) -> ColumnElement[bool]:
    """Whether a case is the one of the reference typed, however spelled; else whether it has every word typed, each as
    the beginning of one of its words. `frequent` is what `common` says; it changes the time taken alone."""
    ref = read_reference(typed)
    if is_reference(ref):
        return cases.c.ref == ref
    terms = split(typed)[:MOST_TYPED]
    if not terms:
        return false()
    # The rare words first: few cases are left to be asked for the others.
    return and_(*(_has(term, term in frequent) for term in sorted(terms, key=lambda term: term in frequent)))


def _has(term: str, frequent: bool) -> ColumnElement[bool]:
    if not frequent:
        return cases.c.ref.in_(select(words.c.ref).where(_begins(term)))
    # Not EXISTS: PostgreSQL would make of it the list of all cases that the other way makes.
    one = select(literal(1)).where(words.c.ref == cases.c.ref, _begins(term)).limit(1)
    return one.correlate(cases).scalar_subquery().is_not(None)


def _begins(term: str) -> ColumnElement[bool]:
    """A range, not LIKE: indexes serve it on every database. The last code point sorts behind every letter."""
    return and_(words.c.word >= term, words.c.word < term + "\U0010ffff")
