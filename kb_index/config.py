"""What `kb.yml` says: product names and frame words to ignore, languages and their stemmers."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from kb_index.errors import ContentError
from kb_index.text import is_stemmer


@dataclass(frozen=True)
class Config:
    """`stemmers`: language → Snowball name (empty: words are compared unstemmed); `frame_words`: language → phrases."""

    product_names: tuple[str, ...] = ()
    stemmers: dict[str, str] = field(default_factory=lambda: {"fr": "french", "de": "german", "en": "english"})
    frame_words: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def stemmer(self, lang: str) -> str:
        return self.stemmers.get(lang, "")


def load_config(content_dir: Path) -> Config:
    """Read kb.yml; a missing file means the defaults. ContentError where it cannot be used."""
    path = content_dir / "kb.yml"
    if not path.is_file():
        return Config()
    try:
        data: Any = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        raise ContentError("kb.yml", mark.line + 1 if mark else None, f"not YAML in UTF-8: {error}") from error
    if not isinstance(data, dict):
        raise ContentError("kb.yml", 1, f"expected a mapping, got {type(data).__name__}")
    names = data.get("product_names") or []
    languages = data.get("languages") or {}
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ContentError("kb.yml", None, f"product_names: expected a list of words, got {names!r}")
    if not isinstance(languages, dict):
        raise ContentError("kb.yml", None, f"languages: expected language: {{stemmer: name}}, got {languages!r}")
    stemmers: dict[str, str] = {}
    frames: dict[str, tuple[str, ...]] = {}
    for lang, options in languages.items():
        name = str((options or {}).get("stemmer", "") or "") if isinstance(options, dict | None) else "?"
        if name and not is_stemmer(name):
            raise ContentError(
                "kb.yml",
                None,
                f"languages.{lang}: expected {{stemmer: a Snowball name such as french}}, got {options!r}",
            )
        stemmers[str(lang)] = name
        frame = (options or {}).get("frame_words") or []
        if not isinstance(frame, list) or not all(isinstance(phrase, str) for phrase in frame):
            expected = f"languages.{lang}.frame_words: expected a list of phrases, got {frame!r}"
            raise ContentError("kb.yml", None, expected)
        frames[str(lang)] = tuple(frame)
    return Config(tuple(names), stemmers or Config().stemmers, frames)
