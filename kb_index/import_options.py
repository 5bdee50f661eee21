"""What whoever imports may choose, how an import tells where it is, and what its parts have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Protocol

from babel.localedata import exists as is_locale

from kb_index.content import Kind
from kb_index.drafts import Parsed, ident_of
from kb_index.errors import ContentError
from kb_index.settings import Settings

MAX_FILE = 100 * 1024 * 1024
MAX_ROWS = 200_000  # articles or rows of one file
MAX_PROBLEMS = 1_000  # told one by one

Report = Callable[[int, int | None, str], None]  # how many are done, of how many (None: not known), what is being done
_INDEXES = ("index", "readme", "_index")


@dataclass(frozen=True)
class Options:
    """`lang`: of what does not say; `kind`: None for the source's own; `video`: address that captions belong to.

    `columns`: column's name → field it is taken for, or None: left out. `site`: of an address, all pages below it, at
    most `pages`. `hosts`: those in private networks that may be fetched from. `state`: folder that keeps the pages of
    an unfinished walk, so that the next goes on there.
    """

    lang: str = "fr"
    kind: Kind | None = None
    video: str | None = None
    columns: Mapping[str, str | None] = field(default_factory=dict)
    site: bool = False
    pages: int = 1_000
    hosts: tuple[str, ...] = ()
    state: Path | None = None


def folder_of(settings: Settings) -> Path:
    """Of uploads and of unfinished walks."""
    return settings.versions_dir / "imports"


def options_of(settings: Settings) -> Options:
    """Those that whoever runs the service has chosen."""
    return Options(hosts=tuple(settings.import_hosts.split(",")), state=folder_of(settings))


class Parser(Protocol):
    """`name`: with the ending that tells the format; `source`: where it comes from. ContentError: nothing of it."""

    def __call__(self, name: str, data: bytes, options: Options, source: str, report: Report) -> Parsed: ...


def silent(done: int, total: int | None, doing: str) -> None:
    """A report that nobody reads."""


def decoded(name: str, data: bytes, fallback: str | None = None) -> str:
    """By its byte order mark, else UTF-8, else `fallback`; ContentError where there is none."""
    for mark, encoding in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"\xef\xbb\xbf", "utf-8-sig")):
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        if fallback:
            return data.decode(fallback, "replace")
        line = data[: error.start].count(b"\n") + 1
        raise ContentError(name, line, "not UTF-8; save it as UTF-8") from error


def named(name: str, lang: str) -> tuple[str, str]:
    """(id, language) of a file by its path: `guide.de.md` and `de/guide.md` say the language, `a/index.md` is a."""
    path = PurePosixPath(name)
    stem, tail = path.stem, path.stem.rpartition(".")[2]
    folders = [part for part in path.parts[:-1] if part not in ("/", ".")]
    if "." in stem and _is_lang(tail):
        stem, lang = stem[: -len(tail) - 1], tail
    else:
        lang = next((part for part in reversed(folders) if _is_lang(part)), lang)
    if stem.casefold() in _INDEXES:
        stem = next((part for part in reversed(folders) if not _is_lang(part)), stem)
    return ident_of(stem), lang


def _is_lang(part: str) -> bool:
    return len(part) == 2 and part.isascii() and part.islower() and is_locale(part)
