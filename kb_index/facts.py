"""What a sentence states that another can deny: numbers with units, times of day, yes or no. French, German, English.

A language whose words are not known here has numbers of the units that are written alike (MB, %, €), and no more.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from kb_index.common_words import common_words
from kb_index.text import WORD, fold, stems

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
# unit → (what it measures, how much of it); words as `fold` leaves them, plurals beside
_UNITS: dict[str, tuple[str, float]] = {
    **dict.fromkeys(("s", "sec", "seconde", "secondes", "sekunde", "sekunden", "second", "seconds"), ("time", 1.0)),
    **dict.fromkeys(("min", "minute", "minutes", "minuten"), ("time", MINUTE)),
    **dict.fromkeys(("h", "heure", "heures", "std", "stunde", "stunden", "hour", "hours", "hrs"), ("time", HOUR)),
    **dict.fromkeys(("j", "jour", "jours", "tag", "tage", "tagen", "day", "days"), ("time", DAY)),
    **dict.fromkeys(("semaine", "semaines", "woche", "wochen", "week", "weeks"), ("time", 7 * DAY)),
    **dict.fromkeys(("mois", "monat", "monate", "monaten", "month", "months"), ("time", 30 * DAY)),
    **dict.fromkeys(("an", "ans", "annee", "annees", "jahr", "jahre", "jahren", "year", "years"), ("time", 365 * DAY)),
    **dict.fromkeys(("werktag", "werktage", "werktagen"), ("workdays", 1.0)),
    **dict.fromkeys(("arbeitstag", "arbeitstage", "arbeitstagen"), ("workdays", 1.0)),
    **dict.fromkeys(("ko", "kb", "kib"), ("size", 1e3)),
    **dict.fromkeys(("mo", "mb", "mib"), ("size", 1e6)),
    **dict.fromkeys(("go", "gb", "gib"), ("size", 1e9)),
    **dict.fromkeys(("to", "tb", "tib"), ("size", 1e12)),
    **dict.fromkeys(("%", "prozent", "percent"), ("share", 1.0)),
    **dict.fromkeys(("€", "euro", "euros", "eur"), ("euros", 1.0)),
    **dict.fromkeys(("dpi", "ppp"), ("dots", 1.0)),
    **dict.fromkeys(("px", "pixel", "pixels"), ("pixels", 1.0)),
}  # fmt: skip
_WORKING = re.compile(r"ouvr|working|business")
_NUMBER_WORDS = {
    word: float(value)
    for value, words in enumerate(
        ("un une ein eine einen einem einer one", "deux zwei two", "trois drei three", "quatre vier four",
         "cinq funf five", "six sechs", "sept sieben seven", "huit acht eight", "neuf neun nine", "dix zehn ten",
         "onze elf eleven", "douze zwolf twelve"), 1,
    )
    for word in words.split()
}  # fmt: skip
_CLOCK = re.compile(
    r"\b(?P<h>[01]?\d|2[0-4])(?:\s?h\s?(?P<m>[0-5]\d)|:(?P<m2>[0-5]\d))\b(?!:\d)"
    r"|\b(?P<uhr>[01]?\d|2[0-4])\s?uhr\b"
    r"|\b(?P<ap>1[0-2]|0?[1-9])(?:[:.](?P<m3>[0-5]\d))?\s?(?P<half>[ap])\.?m\b"
    r"|\b(?:a|des|de|jusqu'a|entre|et)\s(?P<fr>[01]?\d|2[0-4])\s?h(?:eures)?\b(?!\s?\d)"
)
_NUMBER = re.compile(r"(?<![\w.,/-])(\d{1,3}(?:[ .,]\d{3})+|\d+(?:[.,]\d{1,2})?)(?![.,/-]?\d)\s?(%|€|[a-z]{1,30})?")
_WORD_NUMBER = re.compile(rf"\b({'|'.join(_NUMBER_WORDS)})\s([a-z]{{1,30}})")
_NEGATION = {
    "fr": re.compile(r"\b(?:ne|n')\s?\w.*?\b(?:pas|jamais|plus|aucune?|point)\b|\bimpossible\b|^non\b"),
    "de": re.compile(r"\b(?:nicht|kein\w*|niemals|nie|unmoglich)\b|^nein\b"),
    "en": re.compile(r"\b(?:not|cannot|never|impossible|no longer)\b|n't\b|^no\b"),
}
_CONDITION = re.compile(
    r"\b(?:si|s'il|s'ils|lorsque|quand|tant que|sauf|sinon|wenn|falls|sofern|solange|ausser|sonst|if|when|unless|until|"
    r"except|otherwise|while)\b"
)
_OPPOSITES = [
    (re.compile(one), re.compile(other))
    for one, other in (
        (r"\bgratuit", r"\bpayant"), (r"\bobligatoire", r"\bfacultati|\boptionnel"), (r"\bautomatique", r"\bmanuel"),
        (r"\bkostenlos", r"\bkostenpflichtig"), (r"\bverpflichtend|\bpflicht\b", r"\bfreiwillig|\boptional"),
        (r"\bautomatisch", r"\bmanuell"), (r"\bfree\b", r"\bpaid\b|\bcharged\b"),
        (r"\bmandatory|\brequired|\bcompulsory", r"\boptional"), (r"\bautomatic", r"\bmanual"),
    )
]  # fmt: skip
_NAMELESS = re.compile(  # words that say how much or whether, not what of
    "|".join(
        [rf"\b(?:{'|'.join(_NUMBER_WORDS)})\b", *(rf"(?:{part.pattern})\w*" for pair in _OPPOSITES for part in pair)]
    )
)
_YES, _NO = re.compile(r"(?:oui|ja|yes)\b"), re.compile(r"(?:non|nein|no)\b(?! (?:longer|matter))")


@dataclass(frozen=True)
class Statement:
    """`numbers`: what is measured → how much; `words`: stems that name the subject; `says`: the sentence."""

    says: str
    numbers: dict[str, frozenset[float]]
    words: frozenset[str]
    denies: bool
    conditional: bool

    def other_numbers(self, other: Statement) -> str | None:
        """What both measure, with no value in common."""
        shared = sorted(self.numbers.keys() & other.numbers.keys())
        return next((what for what in shared if not self.numbers[what] & other.numbers[what]), None)

    def opposed(self, other: Statement) -> bool:
        """One denies what the other says, or says its opposite."""
        if self.conditional or other.conditional:
            return False
        one, two = fold(self.says), fold(other.says)
        turned = any(
            (a.search(one) and b.search(two) and not b.search(one) and not a.search(two))
            or (b.search(one) and a.search(two) and not a.search(one) and not b.search(two))
            for a, b in _OPPOSITES
        )
        return turned != (self.denies != other.denies)


def statement(sentence: str, lang: str, stemmer: str) -> Statement:
    """What one sentence states."""
    folded = _spaced(sentence)
    numbers, rest = _numbers(folded, lang, stemmer)
    negation = _NEGATION.get(lang)
    denies = bool(negation and negation.search(folded))
    ignored = common_words(lang, stemmer) | {"pas", "jamais", "nicht", "kein", "nie", "not", "never", "cannot"}
    naming = " ".join(word for word in WORD.findall(_NAMELESS.sub(" ", rest)) if word not in _UNITS)
    words = frozenset(word for word in stems(naming, stemmer) if not word.isdigit() and len(word) > 1) - ignored
    return Statement(
        sentence, numbers, words, denies, bool(_CONDITION.search(folded)) or sentence.rstrip().endswith("?")
    )


def leaning(text: str) -> bool | None:
    """Whether an answer begins with yes or with no."""
    begin = fold(text.lstrip("*_ >"))[:12]
    return True if _YES.match(begin) else False if _NO.match(begin) else None


def _spaced(text: str) -> str:
    """Folded, one kind of space and apostrophe."""
    return re.sub(r"\s+", " ", fold(text).replace("’", "'"))


def _numbers(folded: str, lang: str, stemmer: str) -> tuple[dict[str, frozenset[float]], str]:
    """(what → values, the text without times of day)."""
    found: dict[str, set[float]] = {}

    def clock(match: re.Match[str]) -> str:
        part = match.groupdict()
        hour = int(next(part[name] for name in ("h", "uhr", "ap", "fr") if part[name]))
        if part["half"]:
            hour = hour % 12 + (12 if part["half"] == "p" else 0)
        minute = int(part["m"] or part["m2"] or part["m3"] or 0)
        found.setdefault("clock", set()).add(hour * 60.0 + minute)
        return " "

    rest = _CLOCK.sub(clock, folded)
    for match in _NUMBER.finditer(rest):
        digits = re.sub(r"[ .,](?=\d{3}(?:\D|$))", "", match.group(1)).replace(",", ".")
        _take(found, float(digits.replace(" ", "")), match.group(2), rest[match.end() :], lang, stemmer, True)
    for match in _WORD_NUMBER.finditer(rest):
        value = _NUMBER_WORDS[match.group(1)]
        _take(found, value, match.group(2), rest[match.end() :], lang, stemmer, value > 1)
    return {what: frozenset(values) for what, values in found.items()}, rest


def _take(
    found: dict[str, set[float]], value: float, unit: str | None, after: str, lang: str, stemmer: str, counts: bool
) -> None:
    if unit is None:
        return
    what, factor = _UNITS.get(unit, ("", 1.0))
    if _WORKING.match(unit) or (what == "time" and factor == DAY and _WORKING.match(after.lstrip())):
        what, factor = "workdays", 1.0
    if not what and counts and len(unit) > 2:
        named = [word for word in stems(unit, stemmer) if word not in common_words(lang, stemmer)]
        what = f"count {named[0]}" if named else ""
    if what:
        found.setdefault(what, set()).add(value * factor)
