"""Reads data/messages/<lang>/*.yml: every sentence for people that Rasa's domain does not own.

Each file is one section named after it: key `title` of `page.yml` is `page.title`. A language is a folder; what it
lacks is said in the first language.
"""

from __future__ import annotations

import string
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

Leaf = str | tuple[str, ...]
# libyaml reads ten times as fast as Python where PyYAML was built with it.
SAFE_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class CatalogueError(ValueError):
    """A message file that cannot be used: says which, what was expected, what was found, and the cure."""


class Catalogue:
    """Sentences by language and dotted key. A leaf is a sentence or a list of words."""

    def __init__(self, messages: Mapping[str, Mapping[str, Any]], first: str) -> None:
        if first not in messages:
            raise CatalogueError(
                f"messages: expected a folder for the first language {first!r}, "
                f"got {', '.join(sorted(messages)) or 'none'}: add the folder or change `languages` in company.yml"
            )
        self.first = first
        self.languages = (first, *sorted(set(messages) - {first}))
        self._sections = messages
        self._leaves: dict[str, dict[str, Leaf]] = {lang: dict(_flat(tree, lang)) for lang, tree in messages.items()}

    def text(self, lang: str, key: str, /, **values: object) -> str:
        """The sentence, its `{placeholders}` filled. KeyError: no language has the key, or a value is missing."""
        leaf = self._leaf(lang, key)
        if not isinstance(leaf, str):
            raise KeyError(f"{key}: expected a sentence, got a list")
        return leaf.format_map(values) if values or "{" in leaf else leaf

    def words(self, lang: str, key: str, /) -> tuple[str, ...]:
        """A list of words of this language alone: words of another language are no fallback."""
        leaf = self._leaves.get(lang, {}).get(key, ())
        return (leaf,) if isinstance(leaf, str) else leaf

    def section(self, lang: str, name: str, /) -> dict[str, Any]:
        """A whole section, nested as in its file, completed from the first language."""
        return _merged(self._sections[self.first].get(name, {}), self._sections.get(lang, {}).get(name, {}))

    def differences(self) -> list[str]:
        """Keys and placeholders in which a language differs from the first; empty when translations are complete."""
        found = []
        expected = self._leaves[self.first]
        for lang in self.languages[1:]:
            leaves = self._leaves[lang]
            found += [f"{lang}: {key} is missing" for key in sorted(expected.keys() - leaves.keys())]
            found += [f"{lang}: {key} is unknown in {self.first}" for key in sorted(leaves.keys() - expected.keys())]
            for key in sorted(expected.keys() & leaves.keys()):
                ours, theirs = placeholders(leaves[key]), placeholders(expected[key])
                if ours != theirs:
                    found.append(f"{lang}: {key} has placeholders {sorted(ours)}, expected {sorted(theirs)}")
        return found

    def _leaf(self, lang: str, key: str) -> Leaf:
        for candidate in (lang, self.first):
            leaf = self._leaves.get(candidate, {}).get(key)
            if leaf is not None:
                return leaf
        raise KeyError(f"no message {key!r} in {lang} or {self.first}")


def placeholders(leaf: Leaf) -> frozenset[str]:
    """Names in braces of a sentence; of lists, whether it is one (its words are a language's own)."""
    if not isinstance(leaf, str):
        return frozenset({"[]"})
    return frozenset(name for _, name, _, _ in string.Formatter().parse(leaf) if name is not None)


def load_catalogue(folder: Path, first: str) -> Catalogue:
    """The catalogue of a folder with one folder per language. Raises CatalogueError."""
    if not folder.is_dir():
        raise CatalogueError(
            f"{folder}: expected a folder with one folder per language, got none: create {folder}/{first}"
        )
    return Catalogue(
        {
            language.name: {file.stem: _read(file) for file in sorted(language.glob("*.yml"))}
            for language in sorted(folder.iterdir())
            if language.is_dir()
        },
        first,
    )


def _read(file: Path) -> dict[str, Any]:
    try:
        tree = yaml.load(file.read_text("utf-8"), SAFE_LOADER)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise CatalogueError(f"{file}: expected YAML in UTF-8, got {error}: correct the line it names") from error
    if not isinstance(tree, dict):
        raise CatalogueError(
            f"{file}: expected keys with sentences, got {type(tree).__name__}: see another language's file"
        )
    return tree


def _flat(tree: Mapping[Any, Any], lang: str, prefix: str = "") -> Iterator[tuple[str, Leaf]]:
    for name, value in tree.items():
        key = f"{prefix}{name}"
        if isinstance(value, Mapping):
            yield from _flat(value, lang, f"{key}.")
        elif isinstance(value, Sequence) and not isinstance(value, str) and all(isinstance(v, str) for v in value):
            yield key, tuple(value)
        elif isinstance(value, str):
            _check_placeholders(lang, key, value)
            yield key, value.removesuffix("\n")
        else:
            raise CatalogueError(
                f"messages/{lang}: {key}: expected a sentence or a list of words, got {value!r}: put it in quotes"
            )


def _check_placeholders(lang: str, key: str, value: str) -> None:
    try:
        names = placeholders(value)
    except ValueError as error:
        raise CatalogueError(
            f"messages/{lang}: {key}: expected {{names}} in braces, got {value!r} ({error}): double a literal brace"
        ) from None
    for name in names:
        if not name.isidentifier():
            raise CatalogueError(
                f"messages/{lang}: {key}: expected a plain name in braces, got {{{name}}}: double a literal brace"
            )


def _merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for name, value in over.items():
        known = merged.get(name)
        merged[name] = _merged(known, value) if isinstance(known, Mapping) and isinstance(value, Mapping) else value
    return merged
