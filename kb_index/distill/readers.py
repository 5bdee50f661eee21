"""Readers of parallel text by format. Each yields (language, English, other, document)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from xml.etree import ElementTree

from .blocks import align, hypertext, markdown, plain, sentences
from .trees import Tree

Row = tuple[str, str, str, str]
Reader = Callable[[dict[str, Tree]], Iterator[Row]]
LANGUAGES = ("fr", "de")


def text_of(tree: Tree, path: str) -> str:
    """A file as text; empty where it cannot be had."""
    try:
        return tree.read(path).decode("utf-8-sig", "replace")
    except OSError:
        return ""


def keyed(english: dict[str, str], other: dict[str, str], lang: str, document: str) -> Iterator[Row]:
    """Rows of two catalogues by their common keys."""
    for key, text in english.items():
        if key in other:
            for left, right in sentences(plain(text), plain(other[key])):
                yield lang, left, right, document


def _unquote(lines: str) -> str:
    parts = re.findall(r'"((?:[^"\\]|\\.)*)"', lines)
    return re.sub(r"\\(.)", lambda c: {"n": "\n", "t": " "}.get(c.group(1), c.group(1)), "".join(parts))


def parse_po(source: str) -> dict[str, str]:
    """msgid → msgstr of a gettext catalogue, fuzzy and obsolete entries left out."""
    found: dict[str, str] = {}
    for entry in re.split(r"\n\s*\n", source):
        if re.search(r"^#,.*fuzzy", entry, re.M):
            continue
        entry = re.sub(r"^#.*\n?", "", entry, flags=re.M)
        match = re.search(
            r'msgid\s+((?:"(?:[^"\\]|\\.)*"\s*)+)(?:msgid_plural.*?)?msgstr(?:\[0\])?\s+((?:"(?:[^"\\]|\\.)*"\s*)+)',
            entry,
            re.S,
        )
        if match and _unquote(match.group(1)):
            found[_unquote(match.group(1))] = _unquote(match.group(2))
    return found


def strip_placeholders(text: str) -> str:
    """Roles, substitutions and format placeholders off."""
    text = re.sub(r"\\u([0-9a-fA-F]{4})", lambda code: chr(int(code.group(1), 16)), text)
    text = re.sub(
        r":\w+:`([^`<]*?)\s*(?:<[^>]*>)?`|`([^`<]*?)\s*<[^>]*>`_+", lambda m: m.group(1) or m.group(2) or "", text
    )
    text = re.sub(r"\|\w+\||``", " ", text)
    return re.sub(r"%\(\w+\)[sd]|%[sd]|\$?\{+[^}]*\}+", " ", text)


def catalogues(pattern: str) -> Reader:
    """gettext: `pattern` has {lang}."""

    def read(trees: dict[str, Tree]) -> Iterator[Row]:
        tree = trees["en"]
        for lang in LANGUAGES:
            for path in tree.paths:
                if re.fullmatch(pattern.replace("{lang}", lang), path):
                    for left, right in parse_po(text_of(tree, path)).items():
                        for one, two in sentences(plain(strip_placeholders(left)), plain(strip_placeholders(right))):
                            yield lang, one, two, path

    return read


def flatten(value: object, prefix: str = "") -> Iterator[tuple[str, str]]:
    """The strings of nested JSON or YAML with their key paths."""
    if isinstance(value, str):
        yield prefix, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from flatten(inner, f"{prefix}.{key}")
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from flatten(inner, f"{prefix}.{number}")


def _strings(source: str, path: str) -> dict[str, str]:
    if path.endswith((".yml", ".yaml")):
        import yaml

        return dict(flatten(next(iter(yaml.safe_load(source).values()), {})))
    if path.endswith(".json"):
        try:
            return dict(flatten(json.loads(source)))
        except ValueError:
            return {}
    try:
        root = ElementTree.fromstring(source.encode())
    except ElementTree.ParseError:
        return {}
    found: dict[str, str] = {}
    for node in root.iter():
        name = node.get("name")
        if name and node.tag in ("string", "data"):
            text = "".join((node.find("value") if node.tag == "data" else node).itertext())  # type: ignore[union-attr]
            found[name] = re.sub(r"\\n", "\n", re.sub(r"\\(['\"@?])", r"\1", text)).strip('"')
        elif name and node.tag in ("plurals", "string-array"):
            for number, item in enumerate(node):
                found[f"{name}.{item.get('quantity', number)}"] = re.sub(
                    r"\\(['\"@?])", r"\1", "".join(item.itertext())
                )
    return found


def resources(english: str, others: dict[str, str]) -> Reader:
    """Keyed string files (JSON, YAML, Android, resw): pattern of the English path, replacement by language."""

    def read(trees: dict[str, Tree]) -> Iterator[Row]:
        tree = trees["en"]
        present = set(tree.paths)
        for path in tree.paths:
            if not re.fullmatch(english, path):
                continue
            base = _strings(text_of(tree, path), path)
            base = {key: strip_placeholders(re.sub(r"%\d?\$?[\d.,]*[sdf]", " ", text)) for key, text in base.items()}
            for lang in LANGUAGES:
                target = re.sub(english, others.get(lang, ""), path)
                if target in present:
                    other = {
                        key: strip_placeholders(re.sub(r"%\d?\$?[\d.,]*[sdf]", " ", text))
                        for key, text in _strings(text_of(tree, target), target).items()
                    }
                    yield from keyed(base, other, lang, path)

    return read


def documents(pattern: str, paths: Callable[[str, str], str], kind: str = "markdown") -> Reader:
    """Translated documents: `paths(english path, lang)` is the translation's path in tree `lang` (or `en`)."""
    parse = markdown if kind == "markdown" else hypertext

    def read(trees: dict[str, Tree]) -> Iterator[Row]:
        for lang in LANGUAGES:
            other = trees.get(lang, trees["en"])
            present = set(other.paths)
            for path in trees["en"].paths:
                target = paths(path, lang)
                if (
                    not re.fullmatch(pattern, path)
                    or target not in present
                    or (other is trees["en"] and target == path)
                ):
                    continue
                left, right = text_of(trees["en"], path), text_of(other, target)
                if len(left) > 400_000 or not left or not right:
                    continue
                for one, two in align(parse(left), parse(right)):
                    for a, b in sentences(one.text, two.text):
                        yield lang, a, b, path

    return read


def lines(files: dict[str, str]) -> Reader:
    """Plain files whose n-th lines translate each other."""

    def read(trees: dict[str, Tree]) -> Iterator[Row]:
        english = text_of(trees["en"], files["en"]).splitlines()
        for lang in LANGUAGES:
            for number, (left, right) in enumerate(
                zip(english, text_of(trees["en"], files[lang]).splitlines(), strict=True)
            ):
                yield lang, left.strip(), right.strip(), f"{number // 30}"

    return read


def treebanks(files: dict[str, str]) -> Reader:
    """Parallel CoNLL-U treebanks, sentences tied by sent_id."""

    def read(trees: dict[str, Tree]) -> Iterator[Row]:
        texts = {
            lang: dict(re.findall(r"# sent_id = (\S+)\n(?:#.*\n)*?# text = (.*)", text_of(trees[lang], path)))
            for lang, path in files.items()
        }
        for lang in LANGUAGES:
            for key, text in texts["en"].items():
                if key in texts[lang]:
                    yield lang, text, texts[lang][key], key[:4]

    return read
