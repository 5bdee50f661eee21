"""Search in everything: the words of a case, and which cases have all the words that somebody types."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from sqlalchemy import ColumnElement, and_, false, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from .desk_tables import LONGEST_WORD, words
from .model import is_reference, read_reference
from .tables import cases

MOST_WORDS = 2_000  # of one text; what follows is not found
MOST_TYPED = 10
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


def found_by(typed: str) -> ColumnElement[bool]:
    """Whether a case is the one of the reference typed, however spelled; else whether it has every word typed, each as
    the beginning of one of its words."""
    ref = read_reference(typed)
    if is_reference(ref):
        return cases.c.ref == ref
    terms = split(typed)[:MOST_TYPED]
    if not terms:
        return false()
    return and_(*(cases.c.ref.in_(select(words.c.ref).where(_begins(term))) for term in terms))


def _begins(term: str) -> ColumnElement[bool]:
    """A range, not LIKE: indexes serve it on every database. The last code point sorts behind every letter."""
    return and_(words.c.word >= term, words.c.word < term + "\U0010ffff")
