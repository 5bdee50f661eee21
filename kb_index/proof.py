"""Whether words stand in an article, so that anyone can recheck an answer."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from typing import Any

from kb_index.content import Article
from kb_index.passages import passages_of

_WORD = re.compile(r"(?:[^\W_][\u0300-\u036f]*)+")  # letters with accents of their own too
# What is written for the layout and not read: where links lead, marks of lists, headings and quotations.
_LAYOUT = re.compile(r"\]\([^()\s]*(?:\s+\"[^\"\n]*\")?\)|^[ \t]*(?:\d{1,9}[.)]|[-*+]|#{1,6}|>)[ \t]+", re.M)


@dataclass(frozen=True)
class _Words:
    """The words of a text in order, with where each begins and ends in it."""

    words: list[str]
    spans: list[tuple[int, int]]

    @classmethod
    def of(cls, text: str) -> _Words:
        shown = _LAYOUT.sub(lambda match: " " * len(match.group()), text)
        found = list(_WORD.finditer(shown))
        return cls([unicodedata.normalize("NFC", one.group()) for one in found], [one.span() for one in found])

    def find(self, sought: list[str]) -> tuple[int, int] | None:
        """Where these words begin and end, one directly after the other; the first place."""
        if not sought:
            return None
        first, count = sought[0], len(sought)
        for at in range(len(self.words) - count + 1):
            if self.words[at] == first and self.words[at : at + count] == sought:
                return self.spans[at][0], self.spans[at + count - 1][1]
        return None


def words_of(text: str) -> list[str]:
    """The words that `proof` looks for; none in a text of signs alone."""
    return _Words.of(text).words


def proof(article: Article, text: str) -> dict[str, Any]:
    """Whether `text` stands in the article: in its text or, of a video, in its captions.

    `exact`: to the letter; otherwise every word, in order, whatever stands between them. `start`, `end`: characters of
    `whole` (null where it does not stand there); `passages`: numbers of those that hold a part of it; `digest`:
    SHA-256 of `whole` in UTF-8."""
    spoken = " ".join(cue.text for cue in article.captions)
    for part, whole in (("text", article.text), ("captions", spoken)):
        place, exact = _exact(whole, text.strip()), True
        if place is None:
            place, exact = _Words.of(whole).find(words_of(text)), False
        if place is not None:
            held = _passages(article, part, whole, place)
            return _report(part, whole) | {
                "stands": True,
                "exact": exact,
                "passages": held,
                "start": place[0],
                "end": place[1],
            }
    return _report("text", article.text) | {
        "stands": False,
        "exact": False,
        "passages": [],
        "start": None,
        "end": None,
    }


def _report(part: str, whole: str) -> dict[str, Any]:
    return {"part": part, "whole": whole, "digest": hashlib.sha256(whole.encode()).hexdigest()}


def _exact(whole: str, text: str) -> tuple[int, int] | None:
    """Where `text` stands to the letter, from the border of a word to the border of a word."""
    at = whole.find(text) if text else -1
    while at >= 0:
        end = at + len(text)
        cut_before = at > 0 and whole[at - 1].isalnum() and text[0].isalnum()
        cut_after = end < len(whole) and whole[end].isalnum() and text[-1].isalnum()
        if not cut_before and not cut_after:
            return at, end
        at = whole.find(text, at + 1)
    return None


def _passages(article: Article, part: str, whole: str, place: tuple[int, int]) -> list[int]:
    found, begin = [], 0
    for passage in passages_of(article):
        if (passage.second is not None) != (part == "captions"):
            continue
        at = whole.find(passage.text, begin)
        if at < 0:
            continue
        begin = at + len(passage.text)
        if at < place[1] and begin > place[0]:
            found.append(passage.number)
    return found
