"""What customers write, as the journal keeps it and as the dialogue gets it."""

from __future__ import annotations

import re
import unicodedata

_KEPT_CONTROLS = "\n\t"
# Letters that show nothing although Unicode does not class them as format or space characters.
_BLANK_LETTERS = "\u115f\u1160\u3164\uffa0\u2800\u034f\u17b4\u17b5"
_LEADING = re.compile(r"^[\s/]+")
_LINE_ENDS = re.compile(r"\r\n?|[\u2028\u2029\x0b\x0c\x85]")


def for_journal(text: str) -> str:
    """The text as it was written, without what no database can keep: NUL and halves of surrogate pairs."""
    return text.replace("\0", "").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def is_blank(text: str) -> bool:
    """True where nothing can be seen: empty, spaces, control, zero-width and direction characters only."""
    return all(
        letter in _BLANK_LETTERS
        or unicodedata.category(letter) in ("Cc", "Cf", "Zs", "Zl", "Zp", "Cs")
        or "\ufe00" <= letter <= "\ufe0f"
        for letter in text
    )


def for_dialogue(text: str, limit: int) -> str:
    """The text for Rasa: at most `limit` characters, no control or zero-width characters, never an intent: Rasa
    reads `/name{…}` as one, so leading slashes go. Only slashes become "?", since Rasa needs some text."""
    lines = _LINE_ENDS.sub("\n", text)
    shown = "".join(
        letter for letter in lines if letter in _KEPT_CONTROLS or unicodedata.category(letter) not in ("Cc", "Cf", "Cs")
    )
    return _LEADING.sub("", shown)[:limit].rstrip() or "?"
