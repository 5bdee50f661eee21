"""Readers of single sources that have a format of their own. Each yields (language, English, other, document)."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import tempfile
import zipfile
from collections.abc import Iterator

from .blocks import plain, sentences
from .readers import LANGUAGES, Reader, Row, flatten, keyed, strip_placeholders, text_of
from .trees import Tree


def dictionaries(trees: dict[str, Tree]) -> Iterator[Row]:
    """Wiktionary extracts: English headwords with translations, French headwords with English glosses."""
    tree = trees["en"]

    def words(text: str) -> list[str]:
        text = re.sub(r"\{[^}]*\}|\[[^\]]*\]|\([^)]*\)|<[^>]*>", " ", text)
        return [word.strip() for word in re.split(r"[,;]", text) if 0 < len(word.strip()) < 50]

    for path, lang, flip in (("src/en-de-enwiktionary.txt", "de", False), ("src/fr-en-enwiktionary.txt", "fr", True)):
        for line in text_of(tree, path).splitlines():
            head, _, tail = line.partition("::")
            if not line.startswith("#") and "SEE:" not in line:
                for left in words(head)[:1]:
                    for right in words(tail)[:3]:
                        yield (lang, right, left, "word") if flip else (lang, left, right, "word")
    data = gzip.GzipFile(fileobj=io.BytesIO(tree.read("dsl/oneway/en-fr-enwiktionary.dsl.dz"))).read().decode("utf-16")
    head = ""
    for line in data.splitlines():
        if line and line[0] not in "\t #":
            head = line.strip()
        elif "[m1]" in line:
            body = re.sub(r"\[p\].*?\[/p\]", " ", line.split("[m1]", 1)[1])
            for right in words(re.sub(r"\[/?[^\]]*\]", " ", body))[:3]:
                yield "fr", head, right, "word"


def bibles(english: list[str], others: dict[str, list[str]]) -> Reader:
    """Public-domain Bibles (SWORD modules in zips; all in one versification), verse by verse."""

    def verses(tree: Tree, path: str) -> dict[str, str]:
        from pysword.modules import SwordModules

        with tempfile.TemporaryDirectory() as scratch:
            zipfile.ZipFile(io.BytesIO(tree.read(path))).extractall(scratch)
            modules = SwordModules(scratch)
            (name,) = modules.parse_modules()
            bible = modules.get_bible_from_module(name)
            found: dict[str, str] = {}
            for books in bible.get_structure().get_books().values():
                for book in books:
                    for chapter in range(1, book.num_chapters + 1):
                        for verse in range(1, book.chapter_lengths[chapter - 1] + 1):
                            try:
                                text = bible.get(books=[book.name], chapters=[chapter], verses=[verse], clean=True)
                            except Exception:
                                continue
                            found[f"{book.name} {chapter}:{verse}"] = re.sub(r"\s+", " ", text).strip()
            return found

    def read(trees: dict[str, Tree]) -> Iterator[Row]:
        bases = [verses(trees["en"], path) for path in english]
        for lang, paths in others.items():
            for turn, path in enumerate(paths):
                for number, (key, text) in enumerate(verses(trees["en"], path).items()):
                    base = bases[(number + turn) % len(bases)]
                    if base.get(key):
                        yield lang, base[key], text, key.partition(":")[0]

    return read


def annotations(trees: dict[str, Tree]) -> Iterator[Row]:
    """CLDR: names and keywords of emoji and symbols; names of languages and territories."""
    for name, kind in (("cldr-annotations", "annotations"), ("cldr-annotations-derived", "annotationsDerived")):
        files = {
            lang: json.loads(trees[name].read(f"{kind}/{lang}/annotations.json"))[kind]["annotations"]
            for lang in ("en", *LANGUAGES)
        }
        for lang in LANGUAGES:
            for sign, entry in files["en"].items():
                other = files[lang].get(sign, {})
                if "tts" in entry and "tts" in other:
                    yield lang, entry["tts"][0], other["tts"][0], kind
                if "default" in entry and "default" in other:
                    yield lang, ", ".join(entry["default"]), ", ".join(other["default"]), kind
    for file in ("languages", "territories"):
        names = {
            lang: dict(flatten(json.loads(trees["cldr-localenames"].read(f"main/{lang}/{file}.json"))["main"][lang]))
            for lang in ("en", *LANGUAGES)
        }
        for lang in LANGUAGES:
            yield from keyed(names["en"], names[lang], lang, file)


def squad(trees: dict[str, Tree]) -> Iterator[Row]:
    """XQuAD: German questions and paragraphs of the English ones."""
    english, german = (json.loads(trees["en"].read(f"xquad.{lang}.json"))["data"] for lang in ("en", "de"))
    for left, right in zip(english, german, strict=True):
        for one, two in zip(left["paragraphs"], right["paragraphs"], strict=True):
            for a, b in sentences(one["context"], two["context"]):
                yield "de", a, b, left["title"]
            for a, b in zip(one["qas"], two["qas"], strict=True):
                yield "de", a["question"], b["question"], left["title"]


def storybooks(trees: dict[str, Tree]) -> Iterator[Row]:
    """African Storybook tales, page by page; only those under CC BY."""

    def pages(text: str) -> list[str]:
        story, _, about = text.partition("\n##\n* License")
        return (
            []
            if "CC-BY-NC" in about or "CC BY-NC" in about or "by-nc" in about.lower()
            else [plain(page) for page in re.split(r"^##?\s*", story, flags=re.M)]
        )

    def number(path: str) -> str:
        return path.rsplit("/", 1)[-1][:4]

    english = {number(p): p for p in trees["en"].paths if p.startswith("en/")}
    for lang, name in (("fr", "en"), ("de", "global")):
        for path in trees[name].paths:
            if path.startswith(lang + "/") and number(path) in english:
                left, right = pages(text_of(trees["en"], english[number(path)])), pages(text_of(trees[name], path))
                if len(left) == len(right):
                    for one, two in zip(left, right, strict=True):
                        for a, b in sentences(one, two):
                            yield lang, a, b, path


def preset_terms(trees: dict[str, Tree]) -> Iterator[Row]:
    """OpenStreetMap tagging presets: names of places and things, with their search words."""

    def entries(lang: str) -> dict[str, str]:
        data = json.loads(trees["en"].read(f"dist/translations/{lang}.json"))[lang]["presets"]
        return dict(flatten(data))

    english = entries("en")
    for lang in LANGUAGES:
        other = entries(lang)
        for key, text in english.items():
            if key in other and not text.startswith("<"):
                yield lang, text.replace(",", ", "), other[key].replace(",", ", "), "presets"


def plain_dialogs(trees: dict[str, Tree]) -> Iterator[Row]:
    """Mycroft: one utterance a line, files of the same name; only where both have as many lines."""
    tree = trees["en"]
    present = set(tree.paths)
    for path in tree.paths:
        if "/en-us/" in path and path.endswith((".dialog", ".voc", ".intent")):
            for lang in LANGUAGES:
                target = path.replace("/en-us/", f"/{lang}-{lang}/")
                if target in present:
                    left, right = text_of(tree, path).splitlines(), text_of(tree, target).splitlines()
                    if len(left) == len(right):
                        for a, b in zip(left, right, strict=True):
                            yield lang, strip_placeholders(a), strip_placeholders(b), path


def banking_questions(trees: dict[str, Tree]) -> Iterator[Row]:
    """Banking77: customers' questions to a bank (English alone)."""
    for path in ("banking_data/train.csv", "banking_data/test.csv"):
        for row in csv.DictReader(text_of(trees["en"], path).splitlines()):
            yield "en", row["text"], row["text"], row["category"]


def assistant_questions(trees: dict[str, Tree]) -> Iterator[Row]:
    """CLINC150: requests to an assistant, in and out of scope (English alone)."""
    for rows in json.loads(trees["en"].read("data/data_full.json")).values():
        for text, intent in rows:
            yield "en", text, text, intent


def home_questions(trees: dict[str, Tree]) -> Iterator[Row]:
    """NLU Evaluation Data: requests to a home robot (English alone)."""
    for path in trees["en"].paths:
        if re.search(r"/KFold_1/(testset/csv|trainset)/\w+\.csv$", path):
            for row in csv.DictReader(text_of(trees["en"], path).splitlines(), delimiter=";"):
                text = row.get("answer_from_anno") or row.get("answer") or ""
                text = re.sub(r"\[\w+ : ([^\]]*)\]", r"\1", text)
                yield "en", text, text, path.rsplit("/", 1)[-1]
