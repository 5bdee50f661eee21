"""Words as they are compared: lower case, accents folded, stemmed per language, product names left out."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

import Stemmer

WORD = re.compile(r"[^\W_]+")
_LIGATURES = str.maketrans({"œ": "oe", "æ": "ae", "ø": "o", "ł": "l", "đ": "d"})
_DIAERESIS = re.compile("([aou])\u0308")
_TYPED = str.maketrans(
    dict.fromkeys("’‘ʼ´`", "'") | dict.fromkeys("“”„«»", '"') | dict.fromkeys("\u200b\u200c\u200d\ufeff\u00ad")
)
_MARKUP = (
    (re.compile(r"```[^\n]*\n?|`"), ""),
    (re.compile(r"!?\[([^\]]*)\]\([^)]*\)"), r"\1"),
    (re.compile(r"<[^<>\n]{1,200}>"), " "),
    (re.compile(r"^\s{0,3}(?:#{1,6}|>|[-*+]|\d+[.)])\s+", re.M), ""),
    (re.compile(r"[*_~|]{1,3}"), ""),
)


def typed(text: str) -> str:
    """As keyboards write it: composed letters, straight quotes, single plain spaces, nothing invisible."""
    return " ".join(unicodedata.normalize("NFC", text).translate(_TYPED).split())


def fold(text: str) -> str:
    """Lower case without accents: « Éléments » → "elements"."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold().translate(_LIGATURES))
    return "".join(character for character in decomposed if not unicodedata.combining(character)).casefold()


def _fold_but_umlauts(text: str) -> str:
    """As `fold`, but ä, ö, ü stay: the German stemmer also knows them written ae, oe, ue."""
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold().translate(_LIGATURES))
    kept = _DIAERESIS.sub(lambda match: unicodedata.normalize("NFC", match.group()), decomposed)
    return "".join(character for character in kept if not unicodedata.combining(character))


@lru_cache(maxsize=16)
def _stemmer(name: str) -> Stemmer.Stemmer:
    return Stemmer.Stemmer(name)


def words(text: str) -> list[str]:
    """The words of a text as stemmers take them."""
    return WORD.findall(_fold_but_umlauts(text))


def stemmed(split: list[str], stemmer: str) -> list[str]:
    """Words stemmed and folded, in order. `stemmer`: a Snowball name, or empty for none."""
    if stemmer:
        split = _stemmer(stemmer).stemWords(split)
    return [word if word.isascii() else fold(word) for word in split]


def stems(text: str, stemmer: str) -> list[str]:
    """The stemmed words of a text, in order."""
    return stemmed(words(text), stemmer)


def is_stemmer(name: str) -> bool:
    """Whether Snowball has a stemmer of this name."""
    return name in Stemmer.algorithms()


def plain(markdown: str) -> str:
    """Markdown as the words that are read, for search only."""
    for pattern, replacement in _MARKUP:
        markdown = pattern.sub(replacement, markdown)
    return re.sub(r"[ \t]*\n\s*\n+", "\n", markdown).strip()


class ProductNames:
    """Takes names that are said in nearly every question out of a text, as they tell no article from another."""

    def __init__(self, names: Iterable[str]) -> None:
        words = sorted((name.strip() for name in names if name.strip()), key=len, reverse=True)
        joined = "|".join(re.escape(word) for word in words)
        self._pattern = re.compile(rf"(?<!\w)(?:[dlDL]['’])?(?:{joined})(?!\w)", re.I) if words else None

    def remove(self, text: str) -> str:
        """The text without the names, or the text itself where nothing else is left."""
        if self._pattern is None:
            return text
        rest = re.sub(r"\s{2,}", " ", self._pattern.sub(" ", text)).strip()
        return rest if WORD.search(rest) else text


class FrameWords:
    """Takes greetings and politeness out of a question: they say nothing about the subject, but draw vectors along."""

    def __init__(self, phrases: Iterable[str]) -> None:
        known = sorted({typed(phrase) for phrase in phrases} - {""}, key=len, reverse=True)
        joined = "|".join(re.escape(phrase) for phrase in known)
        self._pattern = re.compile(rf"(?<![\w'-])(?:{joined})(?![\w'-])[ ,;:!.]*", re.I) if known else None

    def remove(self, text: str) -> str:
        """`text` is as `typed` gives it; the text itself where no word but these is in it."""
        if self._pattern is None:
            return text
        rest = " ".join(self._pattern.sub(" ", text).split())
        return rest if WORD.search(rest) else text
