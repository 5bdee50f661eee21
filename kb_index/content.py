"""Markdown with front matter → articles and level topics. A bad file is reported; the others go on."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from kb_index.captions import Cue, parse_captions
from kb_index.errors import ContentError
from kb_index.fields import Fields, shown, split, text_of
from kb_index.gold import Gold, parse_gold
from kb_index.sources import MAX_BYTES as MAX_BYTES
from kb_index.sources import Folder

Kind = Literal["faq", "blog", "manual", "video"]
FOLDERS: dict[str, Kind] = {"faq": "faq", "blog": "blog", "manuals": "manual", "videos": "video"}
CHANNELS = ("ticket", "callback", "sla")
AUDIENCES = ("public", "internal")
_ID = re.compile(r"[a-z0-9][a-z0-9_.-]{0,99}", re.I)
_LANG = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]+)?")


@dataclass(frozen=True)
class Article:
    """One article in one language. `text`: verbatim Markdown. `twin`: articles that say the same share it.

    `audience`: "internal" is for agents only; `valid_from`, `valid_until`: days (YYYY-MM-DD) outside which it is not
    searched; `topic`: the level topic whose people know more.
    """

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
    audience: str = "public"
    valid_from: str | None = None
    valid_until: str | None = None
    topic: str | None = None


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
    found = Folder(folder)
    content = parse_content(found)
    content.problems[:0] = found.problems
    return content


def parse_content(sources: Mapping[str, bytes]) -> Content:
    """What `sources` (path → file) hold; in their order."""
    content = parse_items(sources, (path for path in sources if path.endswith(".md")))
    content.gold, problems = parse_gold(sources)
    content.problems += problems
    return content


def parse_items(sources: Mapping[str, bytes], paths: Iterable[str]) -> Content:
    """The articles and topics of some paths; of two with one id and language, the first."""
    content = Content()
    seen: dict[tuple[str, str, str], str] = {}
    for path in paths:
        try:
            item = parse_file(sources, path)
            space = "topic" if isinstance(item, Topic) else "article"
            first = seen.setdefault((space, item.id, item.lang), path)
            if first != path:
                raise ContentError(path, None, f"id {item.id} in {item.lang} is taken by {first}; give it another id")
        except ContentError as problem:
            content.problems.append(problem)
            continue
        if isinstance(item, Topic):
            content.topics.append(item)
        else:
            content.articles.append(item)
    return content


def read_file(path: Path, name: str) -> Article | Topic:
    """One file; `name` is its path below the content folder, as errors show it. ContentError says file, line, cure."""
    return parse_file(_Beside(path, name), name)


class _Beside(Mapping[str, bytes]):
    """A file under another name, and those that lie beside it."""

    def __init__(self, path: Path, name: str) -> None:
        self._path, self._name = path, name

    def __getitem__(self, name: str) -> bytes:
        path = self._path if name == self._name else self._path.parent / name.rpartition("/")[2]
        try:
            if path.stat().st_size > MAX_BYTES:
                raise ContentError(name, None, f"more than {MAX_BYTES} bytes. Divide it into several articles")
            return path.read_bytes()
        except FileNotFoundError as error:
            raise KeyError(name) from error
        except OSError as error:
            raise ContentError(name, None, f"cannot be read: {error.strerror}") from error

    def __iter__(self) -> Iterator[str]:
        return iter((self._name,))

    def __len__(self) -> int:
        return 1


def parse_file(sources: Mapping[str, bytes], name: str) -> Article | Topic:
    """The article or topic at the path `name`; a video's captions are taken from beside it."""
    source = text_of(sources[name], name)
    meta, text = split(source, name)
    fields = Fields(meta, name, source)
    version = hashlib.sha256(source.encode()).hexdigest()[:12]
    ident, lang, title = fields.text("id", _ID), fields.text("lang", _LANG), fields.text("title")
    below, _, file = name.rpartition("/")
    if file != f"{ident}.{lang}.md":
        raise ContentError(name, fields.line("id"), f"file name: expected {ident}.{lang}.md by id and lang; rename one")
    folder = name.split("/")[0]
    questions = fields.questions()
    if folder == "levels":
        return _topic(fields, ident, lang, title, questions, text, version)
    if not text and folder != "videos":
        raise ContentError(name, None, "the article has no text below its front matter; write the answer there")
    captions: tuple[Cue, ...] = ()
    if folder == "videos":
        captions = _captions(sources, below, fields.text("captions"), name)
        version = hashlib.sha256((source + "".join(cue.text for cue in captions)).encode()).hexdigest()[:12]
    audience = fields.optional("audience") or "public"
    if audience not in AUDIENCES:
        raise fields.error("audience", f"expected {' or '.join(AUDIENCES)}, got {audience!r:.80}")
    valid_from, valid_until = fields.day("valid_from"), fields.day("valid_until")
    if valid_from and valid_until and valid_until < valid_from:
        raise fields.error("valid_until", f"{valid_until} is before valid_from {valid_from}; correct one of them")
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
        audience=audience,
        valid_from=valid_from,
        valid_until=valid_until,
        topic=fields.optional("topic", _ID),
    )


def _captions(sources: Mapping[str, bytes], below: str, file: str, name: str) -> tuple[Cue, ...]:
    try:
        source = sources[f"{below}/{file}"] if "/" not in file else None
    except KeyError:
        source = None
    if source is None:
        raise ContentError(name, None, f"captions: {file} is not beside the article; put it there or correct the name")
    return parse_captions(source, file, name)


def _topic(
    fields: Fields, ident: str, lang: str, title: str, questions: tuple[str, ...], text: str, version: str
) -> Topic:
    level, channel, urgent = fields.meta.get("level"), fields.meta.get("channel"), fields.meta.get("urgent", False)
    if not isinstance(level, int) or level not in (1, 2, 3, 4):
        raise fields.error("level", f"expected 1, 2, 3 or 4, got {shown(level)}")
    if channel not in CHANNELS:
        raise fields.error("channel", f"expected one of {', '.join(CHANNELS)}, got {shown(channel)}")
    if not isinstance(urgent, bool):
        raise fields.error("urgent", f"expected true or false, got {shown(urgent)}")
    if not text:
        raise ContentError(fields.name, None, "the words the bot says are missing; write them below the front matter")
    passed = (fields.text("passed_to"), fields.text("passed_on")) if level == 4 else (None, None)
    return Topic(ident, lang, level, channel, title, text, questions, version, urgent, *passed)
