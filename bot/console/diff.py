"""What differs between two texts: line by line, and within a line word by word."""

from __future__ import annotations

import difflib
import re
from typing import Any

_WORDS = re.compile(r"\w+|\s+|[^\w\s]")
MOST_WORDS = 400  # of a line whose words are compared
ALIKE = 0.35  # share of words that two lines need in common to be one line changed

Line = dict[str, Any]


def lines(old: str, new: str) -> list[Line]:
    """`{"kind": "same|added|removed", "text", "words": [[start, end]]}`: the parts of a line that are its own, by
    characters; the whole line where nothing of it is elsewhere."""
    before, after = old.splitlines(), new.splitlines()
    found: list[Line] = []
    for kind, a, b, c, d in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind == "equal":
            found += [{"kind": "same", "text": text, "words": []} for text in before[a:b]]
        else:
            found += _replaced(before[a:b], after[c:d])
    return found


def _replaced(removed: list[str], added: list[str]) -> list[Line]:
    """Lines that took the place of others, each beside the one it was made of."""
    found: list[Line] = []
    for number in range(max(len(removed), len(added))):
        old = removed[number] if number < len(removed) else None
        new = added[number] if number < len(added) else None
        own, gained = _own(old, new) if old is not None and new is not None else (_all(old), _all(new))
        if old is not None:
            found.append({"kind": "removed", "text": old, "words": own})
        if new is not None:
            found.append({"kind": "added", "text": new, "words": gained})
    return found


def _all(text: str | None) -> list[list[int]]:
    return [[0, len(text)]] if text else []


def _own(old: str, new: str) -> tuple[list[list[int]], list[list[int]]]:
    one, other = _WORDS.findall(old), _WORDS.findall(new)
    if max(len(one), len(other)) > MOST_WORDS:
        return _all(old), _all(new)
    match = difflib.SequenceMatcher(None, one, other, autojunk=False)
    if match.ratio() < ALIKE:
        return _all(old), _all(new)
    lost: list[list[int]] = []
    gained: list[list[int]] = []
    for kind, a, b, c, d in match.get_opcodes():
        if kind != "equal":
            _mark(lost, one, a, b)
            _mark(gained, other, c, d)
    return lost, gained


def _mark(spans: list[list[int]], words: list[str], first: int, last: int) -> None:
    if first < last:
        start = sum(map(len, words[:first]))
        spans.append([start, start + sum(map(len, words[first:last]))])
