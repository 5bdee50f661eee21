"""Markdown with front matter → articles and level topics. A bad file is reported; the others go on."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import frontmatter
import yaml

from kb_index.captions import Cue, read_captions
from kb_index.errors import ContentError
from kb_index.gold import Gold, read_gold

Kind = Literal["faq", "blog", "manual", "video"]
FOLDERS: dict[str, Kind] = {"faq": "faq", "blog": "blog", "manuals": "manual", "videos": "video"}
CHANNELS = ("ticket", "callback", "sla")
MAX_BYTES = 4 * 1024 * 1024
MAX_QUESTION = 500
_ID = re.compile(r"[a-z0-9][a-z0-9_.-]{0,99}", re.I)
_LANG = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]+)?")


@dataclass(frozen=True)
class Article:
    """One article in one language. `text`: verbatim Markdown. `twin`: articles that say the same share it."""

    id: str
    lang: str
    kind: Kind
    title: str
    questions: tuple[str, ...]
    text: str
    version: str
    category: str | None = None
    updated: str | None = None
    url: str | None = None
    video: str | None = None
    captions: tuple[Cue, ...] = ()
    twin: str | None = None


@dataclass(frozen=True)
class Topic:
    """A subject that people serve, in one language. `text`: what the bot says when it offers the channel."""

    id: str
    lang: str
    level: int
    channel: str
    title: str
    text: str
    questions: tuple[str, ...]
    version: str
    urgent: bool = False
    passed_to: str | None = None
    passed_on: str | None = None


@dataclass
class Content:
    """All that could be read, and what could not."""

    articles: list[Article] = field(default_factory=list)
    topics: list[Topic] = field(default_factory=list)
    gold: list[Gold] = field(default_factory=list)
    problems: list[ContentError] = field(default_factory=list)


def read_content(folder: Path) -> Content:
    """Read faq, blog, manuals, videos, levels and golden questions below `folder`, in a fixed order."""
    content = Content()
    seen: dict[tuple[str, str, str], str] = {}
    for path in _files(folder):
        name = path.relative_to(folder).as_posix()
        try:
            item = read_file(path, name)
            space = "topic" if isinstance(item, Topic) else "article"
            first = seen.setdefault((space, item.id, item.lang), name)
            if first != name:
                raise ContentError(name, None, f"id {item.id} in {item.lang} is taken by {first}; give it another id")
        except ContentError as problem:
            content.problems.append(problem)
            continue
        if isinstance(item, Topic):
            content.topics.append(item)
        else:
            content.articles.append(item)
    content.gold, problems = read_gold(folder)
    content.problems += problems
    return content


def _files(folder: Path) -> Iterator[Path]:
    for kind in (*FOLDERS, "levels"):
        yield from sorted((folder / kind).glob("**/*.md"))


def read_file(path: Path, name: str) -> Article | Topic:
    """One file; `name` is its path below the content folder, as errors show it. ContentError says file, line, cure."""
    source = _source(path, name)
    meta, text = _split(source, name)
    fields = _Fields(meta, name, source)
    version = hashlib.sha256(source.encode()).hexdigest()[:12]
    ident, lang, title = fields.text("id", _ID), fields.text("lang", _LANG), fields.text("title")
    if path.name != f"{ident}.{lang}.md":
        raise ContentError(name, fields.line("id"), f"file name: expected {ident}.{lang}.md by id and lang; rename one")
    folder = name.split("/")[0]
    questions = fields.questions()
    if folder == "levels":
        return _topic(fields, ident, lang, title, questions, text, version)
    if not text and folder != "videos":
        raise ContentError(name, None, "the article has no text below its front matter; write the answer there")
    captions: tuple[Cue, ...] = ()
    if folder == "videos":
        captions = read_captions(path.parent, fields.text("captions"), name)
        version = hashlib.sha256((source + "".join(cue.text for cue in captions)).encode()).hexdigest()[:12]
    return Article(
        id=ident,
        lang=lang,
        kind=FOLDERS[folder],
        title=title,
        questions=questions,
        text=text,
        version=version,
        category=fields.optional("category"),
        updated=fields.optional("updated") or fields.optional("date"),
        url=fields.optional("url"),
        video=fields.text("video") if folder == "videos" else None,
        captions=captions,
    )


def _topic(
    fields: _Fields, ident: str, lang: str, title: str, questions: tuple[str, ...], text: str, version: str
) -> Topic:
    level, channel, urgent = fields.meta.get("level"), fields.meta.get("channel"), fields.meta.get("urgent", False)
    if level not in (1, 2, 3, 4):
        raise fields.error("level", f"expected 1, 2, 3 or 4, got {level!r}")
    if channel not in CHANNELS:
        raise fields.error("channel", f"expected one of {', '.join(CHANNELS)}, got {channel!r}")
    if not isinstance(urgent, bool):
        raise fields.error("urgent", f"expected true or false, got {urgent!r}")
    if not text:
        raise ContentError(fields.name, None, "the words the bot says are missing; write them below the front matter")
    passed = (fields.text("passed_to"), fields.text("passed_on")) if level == 4 else (None, None)
    return Topic(ident, lang, level, channel, title, text, questions, version, urgent, *passed)


def _source(path: Path, name: str) -> str:
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise ContentError(
                name, None, f"{size} bytes; at most {MAX_BYTES} are read. Divide it into several articles"
            )
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise ContentError(name, line, "not UTF-8; save it as UTF-8") from error
    except OSError as error:
        raise ContentError(name, None, f"cannot be read: {error.strerror}") from error


def _split(source: str, name: str) -> tuple[dict[str, Any], str]:
    if not source.startswith("---"):
        raise ContentError(name, 1, "no front matter: expected a first line --- and the fields id, lang, title")
    try:
        meta, text = frontmatter.parse(source)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error)
        hint = "put values that contain a colon or begin with a sign in quotes"
        raise ContentError(
            name, mark.line + 1 if mark else None, f"front matter is not YAML: {problem}; {hint}"
        ) from error
    if not meta:
        raise ContentError(name, 1, "front matter is empty or not closed by a line ---")
    return dict(meta), str(text).strip()


@dataclass(frozen=True)
class _Fields:
    meta: dict[str, Any]
    name: str
    source: str

    def line(self, key: str) -> int | None:
        for number, line in enumerate(self.source.splitlines(), 1):
            if line.startswith(f"{key}:"):
                return number
        return None

    def error(self, key: str, message: str) -> ContentError:
        return ContentError(self.name, self.line(key) or 1, f"{key}: {message}")

    def text(self, key: str, pattern: re.Pattern[str] | None = None) -> str:
        value = self.meta.get(key)
        if value is None or not str(value).strip():
            raise self.error(key, f"missing; add a line {key}: …")
        result = str(value).strip()
        if isinstance(value, dict | list) or (pattern and not pattern.fullmatch(result)):
            raise self.error(key, f"cannot be used: {value!r}")
        return result

    def optional(self, key: str) -> str | None:
        return None if self.meta.get(key) in (None, "") else self.text(key)

    def questions(self) -> tuple[str, ...]:
        value = self.meta.get("questions") or []
        if not isinstance(value, list) or not all(isinstance(question, str) for question in value):
            raise self.error("questions", f"expected a list of texts, got {value!r:.80}; quote entries with a colon")
        kept = dict.fromkeys(" ".join(question.split())[:MAX_QUESTION] for question in value)
        return tuple(question for question in kept if question)
