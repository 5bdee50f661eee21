"""Raw sources → one clean table of sentence pairs: `python -m kb_index.distill.corpus RAW OUT [--exclude FOLDER]`.

OUT/pairs.tsv: language, source number, document, English, other (language en: English alone, given twice).
OUT/sources.json: rows kept by source and language.
Sentences that occur in an evaluation set below FOLDER are left out, on either side.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import unicodedata
from collections import Counter
from pathlib import Path

from .sources import SOURCES, rows

WORDS = {
    "en": "the of and to in is for that you with on this are be it as can from or your by an if not when have",
    "fr": "le la les de des du et un une est pour que vous dans sur ce cette sont par ou votre au aux avec pas si",
    "de": "der die das und zu in ist für sie mit auf den dem des ein eine nicht wenn werden kann von im oder es",
}
STOPWORDS = {lang: frozenset(words.split()) for lang, words in WORDS.items()}
MAX_CHARS = 400


def normal(text: str) -> str:
    """Letters and digits only, without case and accents: what counts as the same sentence."""
    text = unicodedata.normalize("NFD", text.casefold())
    return re.sub(r"[^0-9a-z]+", " ", text).strip()


def tidy(text: str) -> str:
    """White space, stray quotes, bullets and shortcut marks off."""
    text = re.sub(r"\s+", " ", text.replace("\u200b", "").replace("\u00ad", "")).strip()
    text = re.sub(r"^[\"“«\s>•*–-]+|[\"”»\s]+$", "", text) if text.count('"') == 1 or text[:1] in "•>*–-" else text
    text = re.sub(r"(?<=\w)[_&~](?=\w)", "", text) if len(text) < 40 else text
    return re.sub(r"^\d+(\.\d+)*\.?\s+(?=[A-ZÀ-Þ])", "", text).strip()


def keeps(lang: str, english: str, other: str) -> bool:
    """Whether a pair looks like a translation of usable text."""
    if not english or not other or max(len(english), len(other)) > MAX_CHARS or english.casefold() == other.casefold():
        return False
    letters = [sum(char.isalpha() for char in text) for text in (english, other)]
    if min(letters) < 2 or letters[0] < 0.55 * len(english) or letters[1] < 0.55 * len(other):
        return False
    ratio = (len(other) + 12) / (len(english) * 1.1 + 12)
    if not 0.45 < ratio < 2.0 or re.search(r"https?:|[{}<>\\]|\w_\w|::", english + other):
        return False
    words = [set(re.findall(r"[^\W\d_]+", text.casefold())) for text in (english, other)]
    if len(words[0] & words[1]) > 0.6 * len(words[1]) and len(words[1]) > 3:
        return False  # left untranslated
    foreign, own = len(words[1] & STOPWORDS["en"] - STOPWORDS[lang]), len(words[1] & STOPWORDS[lang] - STOPWORDS["en"])
    english_own = len(words[0] & STOPWORDS["en"] - STOPWORDS[lang])
    english_foreign = len(words[0] & STOPWORDS[lang] - STOPWORDS["en"])
    return foreign <= own and english_foreign <= english_own + 1


def evaluation_sentences(folder: Path) -> set[bytes]:
    """Digests of every cell and string in the TSV, CSV, JSONL and Markdown files below a folder."""
    found: set[bytes] = set()
    for path in folder.rglob("*"):
        if path.suffix in (".tsv", ".csv", ".jsonl", ".md") and path.name != "README.md":
            for line in path.read_text(encoding="utf-8").splitlines():
                for cell in (line, *re.split(r'\t|","|",|,"|(?<=\D),(?=\d)|": "|\\n', line)):
                    found.add(digest(cell))
    return found


def digest(text: str) -> bytes:
    """A short key of a normalised sentence."""
    return hashlib.blake2b(normal(text).encode(), digest_size=8).digest()


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("raw", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--exclude", type=Path, help="folder of evaluation sets")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    barred = evaluation_sentences(options.exclude) if options.exclude else set()
    seen: set[bytes] = set()
    kept: Counter[tuple[str, str]] = Counter()
    dropped = 0
    with (options.out / "pairs.tsv").open("w", encoding="utf-8") as target:
        for number, source in enumerate(SOURCES):
            for lang, english, other, document in rows(source, options.raw):
                english, other = tidy(english), tidy(other)
                if not (3 < len(english) <= MAX_CHARS if lang == "en" else keeps(lang, english, other)):
                    continue
                key = hashlib.blake2b(f"{lang}|{normal(english)}|{normal(other)}".encode(), digest_size=8).digest()
                if key in seen:
                    continue
                seen.add(key)
                if len(normal(english)) > 12 and (digest(english) in barred or digest(other) in barred):
                    dropped += 1
                    continue
                kept[source.name, lang] += 1
                place = hashlib.blake2b(document.encode(), digest_size=4).hexdigest()
                target.write("\t".join((lang, str(number), place, english, other)) + "\n")
            print(source.name, {lang: kept[source.name, lang] for lang in ("fr", "de", "en")}, flush=True)
    table = [
        {
            "source": source.name,
            "licence": source.licence,
            "from": sorted(set(source.trees.values())),
            **{lang: kept[source.name, lang] for lang in ("fr", "de", "en")},
        }
        for source in SOURCES
    ]
    (options.out / "sources.json").write_text(json.dumps(table, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print("kept", sum(kept.values()), "in an evaluation set", dropped)


if __name__ == "__main__":
    main()
