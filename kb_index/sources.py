"""The content folder as files: which of them are content, what they hold, and how they differ from others.

A source is a file's bytes; its digest is the first 12 hex digits of their SHA-256. Paths are below the content folder,
with slashes.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from kb_index.errors import ContentError

MAX_BYTES = 4 * 1024 * 1024
FOLDERS = ("faq", "blog", "manuals", "videos", "levels", "golden")
TEXTS, TABLE = "sources.bin", "sources.json"  # all sources; path → digest, from, to
Key = tuple[bool, str]  # of an article or topic: whether it is a topic; its id
_SEGMENT = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,119}"
_PATH = re.compile(
    rf"kb\.yml|(?:faq|blog|manuals|levels)/(?:{_SEGMENT}/){{0,4}}{_SEGMENT}\.md"
    rf"|videos/(?:{_SEGMENT}/){{0,4}}{_SEGMENT}\.(?:md|vtt)|golden/{_SEGMENT}\.jsonl"
)
_SUFFIXES = {"videos": (".md", ".vtt"), "golden": (".jsonl",)}


def digest(source: bytes) -> str:
    return hashlib.sha256(source).hexdigest()[:12]


def in_order(path: str) -> tuple[int, list[str]]:
    """Sorts paths as content is read: by kind, then by path."""
    folder, *rest = path.split("/")
    return FOLDERS.index(folder) if folder in FOLDERS else len(FOLDERS), rest


def checked_path(path: object) -> str:
    """The path of a change; ContentError where it is not one of a content file."""
    if not isinstance(path, str) or not _PATH.fullmatch(path) or path == "kb.yml":
        expected = "faq/…, blog/…, manuals/…, videos/… or levels/<id>.<lang>.md, a video's .vtt, or golden/<name>.jsonl"
        raise ContentError(f"{path!s:.200}", None, f"not the path of a content file; expected {expected}")
    return path


class Sources(Mapping[str, bytes]):
    """path → source, iterated in the order in which content is read. `digests`: of each, in any order; `problems`:
    what is none of them."""

    digests: dict[str, str]
    problems: list[ContentError]

    def __iter__(self) -> Iterator[str]:
        return iter(self.digests)

    def __len__(self) -> int:
        return len(self.digests)


class Folder(Sources):
    """The content files of a folder with their digests. `seen`: a file that remembers digests of unchanged files.

    Files larger than `MAX_BYTES` are no content; they are in `problems`.
    """

    def __init__(self, folder: Path, seen: Path | None = None) -> None:
        self.folder = folder
        self.problems: list[ContentError] = []
        self.digests: dict[str, str] = {}
        known = _seen(seen)
        found: dict[str, list[int | str]] = {}
        below = str(folder)
        for path in sorted(_files(folder), key=in_order):
            try:
                stat = os.stat(f"{below}/{path}")  # a Path for each takes ten times as long
                if stat.st_size > MAX_BYTES:
                    cure = f"{stat.st_size} bytes; at most {MAX_BYTES} are read. Divide it into several articles"
                    raise ContentError(path, None, cure)
                size, changed, value = known.get(path, (0, 0, ""))
                if (size, changed) != (stat.st_size, stat.st_mtime_ns):
                    value = digest((folder / path).read_bytes())
                self.digests[path] = str(value)
                found[path] = [stat.st_size, stat.st_mtime_ns, value]
            except ContentError as problem:
                self.problems.append(problem)
            except OSError as error:
                self.problems.append(ContentError(path, None, f"cannot be read: {error.strerror}"))
        if seen is not None and found != known and seen.parent.is_dir():
            temporary = seen.with_name(f".{seen.name}-{os.getpid()}")
            temporary.write_text(json.dumps(found), encoding="utf-8")
            temporary.replace(seen)

    def __getitem__(self, path: str) -> bytes:
        if path not in self.digests:
            raise KeyError(path)
        try:
            return (self.folder / path).read_bytes()
        except OSError as error:
            raise ContentError(path, None, f"cannot be read: {error.strerror}") from error


class Changed(Sources):
    """Sources with changes over them. `changes`: path → source; None: deleted."""

    def __init__(self, base: Sources, changes: Mapping[str, bytes | None]) -> None:
        self.base = base
        self.changes = changes
        self.problems = base.problems
        merged = dict(base.digests)
        for path, source in changes.items():
            merged.pop(path, None)
            if source is not None:
                merged[path] = digest(source)
        self.digests = dict(sorted(merged.items(), key=lambda item: in_order(item[0]))) if changes else merged

    def __getitem__(self, path: str) -> bytes:
        if path in self.changes:
            source = self.changes[path]
            if source is None:
                raise KeyError(path)
            return source
        return self.base[path]


class Kept(Sources):
    """The sources of an index version, as `keep` wrote them below its folder, over those of its base, if it has one."""

    def __init__(self, folder: Path) -> None:
        self.problems = []
        self._places: dict[str, tuple[Path, int, int]] = {}
        self.digests = {}
        for below in (folder / "base", folder):
            if not (below / TABLE).is_file():
                continue
            texts = below / TEXTS
            for path, row in json.loads((below / TABLE).read_text(encoding="utf-8")).items():
                if row is None:
                    self.digests.pop(path, None)
                else:
                    self.digests[path] = row[0]
                    self._places[path] = texts, row[1], row[2]

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self.digests, key=in_order))

    def __getitem__(self, path: str) -> bytes:
        if path not in self.digests:
            raise KeyError(path)
        texts, begin, end = self._places[path]
        with texts.open("rb") as file:
            file.seek(begin)
            return file.read(end - begin)


def keep(folder: Path, sources: Mapping[str, bytes], deleted: Iterable[str] = ()) -> None:
    """Write sources below a version's folder. `deleted`: those of its base that are not there any more."""
    table: dict[str, list[str | int] | None] = dict.fromkeys(deleted)
    with (folder / TEXTS).open("wb") as file:
        for path, source in sources.items():
            begin = file.tell()
            file.write(source)
            table[path] = [digest(source), begin, file.tell()]
    (folder / TABLE).write_text(json.dumps(table), encoding="utf-8")


def has_sources(folder: Path) -> bool:
    """Whether a version was made with its sources."""
    return (folder / TABLE).is_file()


def differing(one: Mapping[str, str], other: Mapping[str, str]) -> list[str]:
    """The paths whose digests differ, or that only one has."""
    return sorted(path for path in one.keys() | other.keys() if one.get(path) != other.get(path))


def keys_of(changed: Iterable[str], sources: Sources) -> set[Key]:
    """The articles and topics that some files are of; captions are of every video beside them that names them."""
    keys = {key_of(path) for path in changed if path.endswith(".md")}
    for captions in (path for path in changed if path.endswith(".vtt")):
        folder, _, name = captions.rpartition("/")
        for path in sources:
            beside = path.endswith(".md") and path.rpartition("/")[0] == folder
            if beside and name.encode() in sources[path]:
                keys.add(key_of(path))
    return keys


def key_of(path: str) -> Key:
    """As the file's name must say it."""
    name = path.rpartition("/")[2].removesuffix(".md")
    return path.startswith("levels/"), name.rpartition(".")[0]


def _files(folder: Path) -> Iterator[str]:
    if (folder / "kb.yml").is_file():
        yield "kb.yml"
    for kind in FOLDERS:
        suffixes = _SUFFIXES.get(kind, (".md",))
        for at, folders, names in os.walk(folder / kind):
            folders[:] = [] if kind == "golden" else [one for one in folders if not one.startswith(".")]
            below = Path(at).relative_to(folder).as_posix()
            yield from (f"{below}/{name}" for name in names if name.endswith(suffixes) and not name.startswith("."))


def _seen(path: Path | None) -> dict[str, list[int | str]]:
    if path is None:
        return {}
    try:
        rows: dict[str, list[int | str]] = json.loads(path.read_text(encoding="utf-8"))
        return {name: row for name, row in rows.items() if len(row) == 3}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}
