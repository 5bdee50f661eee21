"""What an import found, and how it becomes article files: again the same source updates its own files, no others."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import frontmatter
import yaml

from kb_index.content import FOLDERS, MAX_BYTES, Kind
from kb_index.errors import ContentError
from kb_index.passages import anchor

FOLDER_OF: dict[Kind, str] = {kind: folder for folder, kind in FOLDERS.items()}
MAX_ID = 80
_LANG = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]+)?")


@dataclass(frozen=True)
class Draft:
    """An article to be. `where`, `line`: its place in the source, for messages; `source`: what its file is made from.

    `captions`: WebVTT of a video.
    """

    where: str
    source: str
    id: str
    lang: str
    kind: Kind
    title: str
    text: str
    line: int | None = None
    questions: tuple[str, ...] = ()
    category: str | None = None
    url: str | None = None
    day: str | None = None
    video: str | None = None
    captions: str | None = None

    def error(self, message: str) -> ContentError:
        return ContentError(self.where, self.line, message)


@dataclass
class Parsed:
    """The articles of a source, and what of it cannot be taken."""

    drafts: list[Draft] = field(default_factory=list)
    problems: list[ContentError] = field(default_factory=list)

    def add(self, other: Parsed) -> None:
        self.drafts += other.drafts
        self.problems += other.problems


@dataclass
class Imported:
    """Paths below the content folder, by what became of them; and what could not be taken."""

    written: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    problems: list[ContentError] = field(default_factory=list)


def ident_of(text: str) -> str:
    """An article's id made of any text."""
    return anchor(text)[:MAX_ID].strip("-") or "article"


def write_drafts(drafts: list[Draft], content_dir: Path, overwrite: bool) -> Imported:
    """Write every draft that can be; `overwrite` also replaces files of other origin or edited since."""
    result = Imported()
    lines: dict[Path, Draft] = {}
    for draft in drafts:
        try:
            _check(draft)
            path = content_dir / FOLDER_OF[draft.kind] / f"{draft.id}.{draft.lang}.md"
            first = lines.setdefault(path, draft)
            if first is not draft:
                at = f"line {first.line}" if first.line else first.where
                raise draft.error(f"id {draft.id} in {draft.lang} is already that of {at}; give it another id")
            _write(draft, path, content_dir, overwrite, result)
        except ContentError as problem:
            result.problems.append(problem)
    return result


def _check(draft: Draft) -> None:
    if not draft.title.strip():
        raise draft.error("no title and no question; give it one")
    if not draft.text.strip() and draft.kind != "video":
        raise draft.error("no answer text; write it there")
    if not _LANG.fullmatch(draft.lang):
        raise draft.error(f"lang: expected a code such as fr, got {draft.lang!r:.40}")
    if len(draft.text.encode("utf-8", "replace")) > MAX_BYTES // 2:
        raise draft.error(f"the text is longer than {MAX_BYTES // 2} bytes; divide it into several articles")
    if "\x00" in draft.text + draft.title:
        raise draft.error("holds a zero byte, so it is no text")


def _write(draft: Draft, path: Path, content_dir: Path, overwrite: bool, result: Imported) -> None:
    name = path.relative_to(content_dir).as_posix()
    text = draft.text.strip().replace("\r\n", "\n")
    old: dict[str, Any] = {}
    before = ""
    if path.exists():
        old, before = _read(path)
        ours = old.get("source") == draft.source
        if not ours and not overwrite:
            raise draft.error(f"{name} exists and is of another origin; give another id, or use --overwrite")
        if ours and old.get("imported") != digest(before) and not overwrite:
            raise draft.error(f"{name} was edited here since it was imported; use --overwrite to lose those edits")
        if not ours:
            old = {}
    asked = dict.fromkeys([*draft.questions, *(old.get("questions") or [])])
    meta: dict[str, Any] = {"id": draft.id, "lang": draft.lang, "title": " ".join(draft.title.split())}
    meta["category"] = draft.category or old.get("category")
    meta["questions"] = [" ".join(str(question).split()) for question in asked]
    meta["url"] = draft.url
    meta["date"] = draft.day
    if draft.captions is not None:
        meta |= {"video": draft.video, "captions": f"{draft.id}.{draft.lang}.vtt"}
    meta |= {"source": draft.source, "imported": digest(text), "updated": date.today().isoformat()}
    meta = {key: value for key, value in meta.items() if value is not None}
    captions = path.with_suffix(".vtt")
    same_captions = draft.captions is None or (
        captions.exists() and captions.read_text(encoding="utf-8") == draft.captions
    )
    if old and same_captions and before == text and old | {"updated": ""} == meta | {"updated": ""}:
        result.unchanged.append(name)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    if draft.captions is not None:
        captions.write_text(draft.captions, encoding="utf-8")
    head = yaml.safe_dump(meta, allow_unicode=True, sort_keys=False, width=1000)
    path.write_text(f"---\n{head}---\n{text}\n", encoding="utf-8")
    (result.updated if old else result.written).append(name)


def _read(path: Path) -> tuple[dict[str, Any], str]:
    """Front matter and text of a file of ours; nothing where it cannot be read: then it is of another origin."""
    try:
        meta, text = frontmatter.parse(path.read_text(encoding="utf-8-sig"))
    except (UnicodeDecodeError, yaml.YAMLError):
        return {}, ""
    return {key: value.isoformat() if isinstance(value, date) else value for key, value in meta.items()}, text.strip()


def digest(text: str) -> str:
    """12 hex digits: what the text was when it was imported."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]
