"""Lines and tables of printed pages; what stands on page after page is furniture."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

MARGIN = 0.12  # of the page's height, above and below
REPEATED = 0.4  # of the pages
_NUMBER = re.compile(r"^(?:(?:page|seite|p\.|s\.)\s*)?[-–—]?\s*(?:\d{1,4}|[ivxlc]{1,6})\s*[-–—]?(?:\s*(?:/|of|von|sur|de)\s*\d{1,4})?$", re.I)  # fmt: skip # noqa: E501


@dataclass(frozen=True)
class Line:
    """`at`: where it begins, as a share of the page's height; `bold`, `mono`: all of it."""

    text: str
    page: int
    top: float
    bottom: float
    x0: float
    x1: float
    size: float
    bold: bool
    mono: bool
    at: float


@dataclass(frozen=True)
class Table:
    top: float
    bottom: float
    x0: float
    x1: float
    rows: list[list[str]]


def without_furniture(pages: list[list[Line | Table]]) -> list[list[Line | Table]]:
    """Without heads, feet and numbers of pages."""
    seen: Counter[tuple[str, int]] = Counter()
    for page in pages:
        seen.update({_mark(line) for line in page if isinstance(line, Line) and _in_margin(line)})
    often = max(3.0, REPEATED * len(pages)) if len(pages) > 3 else 2.0
    return [
        [
            item
            for item in page
            if not (
                isinstance(item, Line)
                and _in_margin(item)
                and ((len(pages) > 1 and seen[_mark(item)] >= often) or _NUMBER.match(item.text.strip()))
            )
        ]
        for page in pages
    ]


def _in_margin(line: Line) -> bool:
    return line.at < MARGIN or line.at > 1 - MARGIN


def _mark(line: Line) -> tuple[str, int]:
    """What makes lines of several pages the same: words without numbers, and height."""
    return re.sub(r"\d+|\b[ivxlc]+\b", "#", line.text.casefold()).strip(), round(line.top / 4)
