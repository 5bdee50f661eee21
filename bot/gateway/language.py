"""Which of the company's languages a message is in, and when the conversation follows.

Statistics (lingua's small models, about 12 MB; its large ones would take 130 MB for three languages) are weak on
short texts, so the everyday words of each language, listed in the catalogue, count beside them. What stays doubtful
stays in the conversation's language.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import exp, log

from lingua import IsoCode639_1, Language, LanguageDetector, LanguageDetectorBuilder

_WORD = re.compile(r"[^\W\d_]+[’']?")  # an elided word keeps its apostrophe: n’, qu’
_NO_WORDS = re.compile(r"\S+@\S+|https?://\S+|www\.\S+|\S*[\d_\\/]\S*")  # addresses, numbers, paths say nothing
_READ = 1000  # characters that are looked at
_FLOOR = 0.02
_WORD_WEIGHT = 1.5
_SURE = 0.93
_LIKELY = 0.75


@dataclass(frozen=True, slots=True)
class Verdict:
    """The language to go on in, and another one that a doubtful message leaned to."""

    lang: str
    leaning: str | None


class Languages:
    """`codes` are ISO 639-1, the first is the default; `everyday` lists each language's most frequent words."""

    def __init__(self, codes: Sequence[str], everyday: Mapping[str, str]) -> None:
        self.codes = tuple(codes)
        words = {code: set(everyday.get(code, "").lower().split()) for code in codes}
        # A word that several of the languages share tells nothing.
        self._everyday = {
            code: own.difference(*(words[other] for other in codes if other != code)) for code, own in words.items()
        }
        self._detector: LanguageDetector | None = None
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="language")

    def choose(self, wanted: str | None) -> str:
        """The company's language that fits a tag such as `fr-CH`; the default where none does."""
        return self.named(wanted) or self.codes[0]

    def named(self, wanted: object) -> str | None:
        """The company's language that a tag such as `fr-CH` names; None where it names none of them."""
        code = wanted.replace("_", "-").split("-")[0].strip().lower() if isinstance(wanted, str) else None
        return code if code in self.codes else None

    async def follow(self, text: str, current: str, leaning: str | None, *, in_form: bool) -> Verdict:
        """The conversation's language after this message. A clear text switches at once, a likely one when the
        message before leaned the same way; inside a form nothing switches, since people paste foreign names and
        error messages there."""
        if in_form or len(self.codes) == 1:
            return Verdict(current, None)
        return await asyncio.get_running_loop().run_in_executor(self._executor, self._follow, text, current, leaning)

    def close(self) -> None:
        self._executor.shutdown(wait=False, cancel_futures=True)

    def _follow(self, text: str, current: str, leaning: str | None) -> Verdict:
        words = _WORD.findall(_NO_WORDS.sub(" ", text[:_READ]))
        if len(words) < 2:
            return Verdict(current, leaning)  # one word is a name, a code, a greeting of the world
        shares = self._shares(words)
        best = max(shares, key=lambda code: shares[code])
        if best == current:
            return Verdict(current, None)
        if shares[best] >= _SURE and len(words) >= 3:
            return Verdict(best, None)
        if shares[best] >= _LIKELY:
            return Verdict(best, None) if best == leaning else Verdict(current, best)
        return Verdict(current, leaning)

    def _shares(self, words: Sequence[str]) -> dict[str, float]:
        """Probability of each language: the detector's, times e^1.5 for each different everyday word."""
        if self._detector is None:
            self._detector = (
                LanguageDetectorBuilder.from_languages(*(_language(code) for code in self.codes))
                .with_low_accuracy_mode()
                .build()
            )
        found = {
            value.language.iso_code_639_1.name.lower(): value.value
            for value in self._detector.compute_language_confidence_values(" ".join(words))
        }
        lowered = {word.lower().replace("’", "'") for word in words}
        points = {
            code: log(max(found.get(code, 0.0), _FLOOR)) + _WORD_WEIGHT * len(lowered & self._everyday[code])
            for code in self.codes
        }
        top = max(points.values())
        weights = {code: exp(value - top) for code, value in points.items()}
        total = sum(weights.values())
        return {code: weight / total for code, weight in weights.items()}


def _language(code: str) -> Language:
    try:
        return Language.from_iso_code_639_1(getattr(IsoCode639_1, code.upper()))
    except AttributeError:
        raise ValueError(f"company.yml: languages: expected ISO 639-1 codes such as fr, got {code!r}") from None
