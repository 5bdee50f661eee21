"""What an import found, and what it would change: again the same source updates its own files, no others."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Literal

import frontmatter
import yaml

from kb_index.content import FOLDERS, MAX_BYTES, Kind, parse_file
from kb_index.errors import ContentError
from kb_index.passages import anchor

FOLDER_OF: dict[Kind, str] = {kind: folder for folder, kind in FOLDERS.items()}
MAX_ID = 80
MAX_TEXT = MAX_BYTES // 2
State = Literal["new", "updated", "unchanged", "conflict", "vanished"]
_LANG = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]+)?")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ufeff\ufffe\uffff]")
_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)  # ten times as fast where libyaml is there
_KEPT = {"audience", "valid_from", "valid_until", "topic"}  # what editors add, and no source says


@dataclass(frozen=True)
class Draft:
    """An article to be. `where`, `line`: its place in the source, for messages; `source`: what its file is made from.

    `captions`: WebVTT of a video; `day`: of a blog post; `updated`: day when its source was changed, if that says so;
    `notes`: what was left out of its text.
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
    updated: str | None = None
    video: str | None = None
    captions: str | None = None
    audience: str | None = None
    notes: tuple[str, ...] = ()

    def error(self, message: str) -> ContentError:
        return ContentError(self.where, self.line, message)

    @property
    def path(self) -> str:
        return f"{FOLDER_OF[self.kind]}/{self.id}.{self.lang}.md"


@dataclass
class Parsed:
    """The articles of a source, and what of it cannot be taken.

    `targets`: what links within the source mean: file, or file#anchor → article, language, anchor.
    `columns`: those of a table, as `Proposal` has them.
    """

    drafts: list[Draft] = field(default_factory=list)
    problems: list[ContentError] = field(default_factory=list)
    targets: dict[str, tuple[str, str, str | None]] = field(default_factory=dict)
    columns: list[dict[str, Any]] | None = None

    def add(self, other: Parsed) -> None:
        self.drafts += other.drafts
        self.problems += other.problems
        self.targets |= other.targets
        self.columns = self.columns or other.columns


@dataclass(frozen=True)
class Change:
    """What an import would do to a file of the content folder. `source`: the file after, None: deleted; `before`: now.

    conflict: the file is of another origin, or was edited since it was imported. vanished: its source has it no more.
    """

    path: str
    state: State
    source: str | None
    before: str | None
    title: str
    message: str | None = None


@dataclass
class Proposal:
    """`columns`: of a table, each {"name", "field": what it was taken for, or None, "samples": [first values]}."""

    changes: list[Change] = field(default_factory=list)
    problems: list[ContentError] = field(default_factory=list)
    columns: list[dict[str, Any]] | None = None

    def of(self, state: State) -> list[Change]:
        return [change for change in self.changes if change.state == state]

    def as_json(self) -> dict[str, Any]:
        """As the service answers."""
        problems = [{"where": one.file, "line": one.line, "message": one.message} for one in self.problems]
        result: dict[str, Any] = {"changes": [asdict(one) for one in self.changes], "problems": problems}
        return result | ({"columns": self.columns} if self.columns is not None else {})


def ident_of(text: str) -> str:
    """An article's id made of any text: ASCII; what is written in other letters is told apart by a digest."""
    name = anchor(text.encode("utf-8", "replace").decode())
    kept = re.sub(r"-+", "-", re.sub(r"[^a-z0-9-]", "", name))[:MAX_ID].strip("-")
    if any(not letter.isascii() for letter in name):
        kept = f"{kept[: MAX_ID - 9]}-{digest(name)[:8]}".strip("-")
    return kept or "article"


def cleaned(text: str) -> str:
    """Without control characters and halves of characters; lines end with \\n."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").encode("utf-8", "replace").decode()
    return unicodedata.normalize("NFC", _CONTROL.sub("", text))


def one_line(text: object) -> str:
    return " ".join(cleaned(str(text)).split())


def propose_drafts(drafts: Iterable[Draft], content_dir: Path, told: Callable[[int], None]) -> Proposal:
    """What would become of each draft that can be an article; the others are problems. `told`: how many are done."""
    result = Proposal()
    first_of: dict[str, Draft] = {}
    for number, draft in enumerate(drafts):
        told(number)
        try:
            _check(draft)
            first = first_of.setdefault(draft.path, draft)
            if first is not draft:
                at = f"line {first.line}" if first.line else first.where
                raise draft.error(f"id {draft.id} in {draft.lang} is already that of {at}; give it another id")
            result.changes += _changes(draft, content_dir)
        except ContentError as problem:
            result.problems.append(problem)
    return result


def _check(draft: Draft) -> None:
    if not one_line(draft.title):
        raise draft.error("no title and no question; give it one")
    if not cleaned(draft.text).strip() and draft.kind != "video":
        raise draft.error("no answer text; write it there")
    if not _LANG.fullmatch(draft.lang):
        raise draft.error(f"lang: expected a code such as fr, got {draft.lang!r:.40}")
    if len(draft.text.encode("utf-8", "replace")) > MAX_TEXT:
        raise draft.error(f"the text is longer than {MAX_TEXT} bytes; divide it into several articles")


def _changes(draft: Draft, content_dir: Path) -> Iterator[Change]:
    path, text = draft.path, cleaned(draft.text).strip()
    old, old_text, before = read_front(content_dir / path)
    ours = before is not None and old.get("source") == draft.source
    state: State = "new" if before is None else "updated"
    message = "; ".join(draft.notes) or None
    if before is not None and not ours:
        state, message, old = "conflict", "it exists and is of another origin; give another id", {}
    elif ours and old.get("imported") != digest(old_text):
        state, message = "conflict", "it was edited here since it was imported"
    meta = _meta(draft, old, text)
    same_meta = {**old, "updated": ""} == {**meta, "updated": ""}
    captions = draft.captions and cleaned(draft.captions)
    captions_before = text_in(content_dir / Path(path).with_suffix(".vtt")) if captions else None
    if ours and same_meta and old_text == text:
        if captions == captions_before or not captions:
            yield Change(path, "unchanged", before, before, meta["title"], message)
            return
        meta["updated"] = old.get("updated", meta["updated"])
    head = yaml.dump(meta, Dumper=_DUMPER, allow_unicode=True, sort_keys=False, width=1000)
    source = f"---\n{head}---\n{text}\n"
    changes = [Change(path, state, source, before, meta["title"], message)]
    if captions:
        beside = str(Path(path).with_suffix(".vtt"))
        beside_state: State = (
            "unchanged" if captions == captions_before else "new" if captions_before is None else state
        )
        changes.append(Change(beside, beside_state, captions, captions_before, meta["title"], message))
    try:
        parse_file({change.path: (change.source or "").encode() for change in changes}, path)
    except ContentError as error:
        raise draft.error(f"cannot be an article: {error.message}") from error
    yield from changes


def _meta(draft: Draft, old: dict[str, Any], text: str) -> dict[str, Any]:
    asked = dict.fromkeys(one_line(one) for one in [*draft.questions, *(old.get("questions") or [])])
    meta: dict[str, Any] = {"id": draft.id, "lang": draft.lang, "title": one_line(draft.title)}
    meta["category"] = one_line(draft.category or old.get("category") or "") or None
    meta["questions"] = [question for question in asked if question]
    meta["url"] = one_line(draft.url or "") or None
    meta["date"] = draft.day
    if draft.captions is not None:
        meta |= {"video": draft.video, "captions": f"{draft.id}.{draft.lang}.vtt"}
    meta["audience"] = draft.audience
    meta |= {key: old[key] for key in old if key in _KEPT}
    meta |= {"source": one_line(draft.source), "imported": digest(text)}
    meta["updated"] = draft.updated or date.today().isoformat()
    return {key: value for key, value in meta.items() if value is not None}


def read_front(path: Path) -> tuple[dict[str, Any], str, str | None]:
    """Front matter (days as text), text, and the whole of a file; (…, None) where there is none.

    A file that cannot be understood has no front matter: it is of another origin.
    """
    whole = text_in(path)
    if whole is None:
        return {}, "", None
    try:
        meta, text = frontmatter.parse(whole)
    except (yaml.YAMLError, ValueError):
        return {}, "", whole
    shown = {key: one.isoformat() if isinstance(one, date) else one for key, one in meta.items()}
    return shown, text.strip(), whole


def text_in(path: Path) -> str | None:
    """As UTF-8, line ends kept; None where there is no file."""
    try:
        return path.read_bytes().decode("utf-8-sig", "replace")
    except (FileNotFoundError, NotADirectoryError):
        return None


def digest(text: str) -> str:
    """12 hex digits: what the text was when it was imported."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:12]
