"""Takes articles of other origin into the content folder: files, folders, pages, feeds."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from kb_index import import_web
from kb_index.content import FOLDERS, Kind, read_file
from kb_index.drafts import Imported, Parsed, write_drafts
from kb_index.errors import ContentError
from kb_index.fetching import Fetcher, Page
from kb_index.import_files import FORMATS, parse

MAX_FILE = 50 * 1024 * 1024


def import_source(
    source: str,
    content_dir: Path,
    lang: str,
    kind: Kind | None = None,
    *,
    video: str | None = None,
    overwrite: bool = False,
    hosts: Iterable[str] = (),
) -> Imported:
    """Take a file, a folder of files, or an address. `lang`: of what does not say; `kind`: None for the source's own.

    `video`: the address of the video that captions belong to; `hosts`: those in private networks that may be fetched
    from. ContentError where the source itself cannot be read; what of it cannot be taken is in the result.
    """
    if urlsplit(source).scheme in ("http", "https"):
        page = asyncio.run(_fetched(source, hosts))
        parsed = _parse_page(page, lang, kind, video)
        result = write_drafts(parsed.drafts, content_dir, overwrite)
        result.problems[:0] = parsed.problems
        return result
    return _import_path(Path(source), content_dir, lang, kind, video, overwrite)


async def _fetched(url: str, hosts: Iterable[str]) -> Page:
    async with Fetcher(hosts) as fetcher:
        return await fetcher.fetch(url)


def _parse_page(page: Page, lang: str, kind: Kind | None, video: str | None) -> Parsed:
    if import_web.is_feed(page):
        return import_web.feed(page, lang, kind)
    if page.type in import_web.HTML:
        return import_web.html(page, lang, kind)
    name = PurePosixPath(urlsplit(page.url).path).name
    if PurePosixPath(name).suffix.lower() not in FORMATS:
        name = f"{name or 'source'}{import_web.SUFFIX_OF_TYPE.get(page.type, '')}"
    if PurePosixPath(name).suffix.lower() not in FORMATS:
        expected = "a page, a feed, or a file of " + ", ".join(FORMATS)
        raise ContentError(page.url, None, f"is {page.type}; expected {expected}")
    return parse(name, page.data, lang, kind, video, page.url)


def _import_path(
    source: Path, content_dir: Path, lang: str, kind: Kind | None, video: str | None, overwrite: bool
) -> Imported:
    if not source.exists():
        raise ContentError(str(source), None, "no such file or folder")
    single = source.is_file()
    copied, parsed = Imported(), Parsed()
    for path in [source] if single else sorted(one for one in source.rglob("*") if one.suffix.lower() in FORMATS):
        name = path.name if single else path.relative_to(source).as_posix()
        try:
            if path.parent.name in (*FOLDERS, "levels"):  # laid out as our content folder is
                if path.suffix == ".md":
                    _copy(path, name, content_dir, overwrite, copied)
                continue
            if path.stat().st_size > MAX_FILE:
                raise ContentError(name, None, f"larger than {MAX_FILE} bytes; divide it")
            parsed.add(parse(name, path.read_bytes(), lang, kind, video, name))
        except ContentError as problem:
            parsed.problems.append(problem)
        except OSError as error:
            parsed.problems.append(ContentError(name, None, f"cannot be read: {error.strerror}"))
    result = write_drafts(parsed.drafts, content_dir, overwrite)
    result.written[:0], result.unchanged[:0] = copied.written, copied.unchanged
    result.problems[:0] = parsed.problems
    return result


def _copy(path: Path, name: str, content_dir: Path, overwrite: bool, result: Imported) -> None:
    """An article or topic file of ours, with a video's captions beside it."""
    folder = path.parent.name
    read_file(path, f"{folder}/{path.name}")
    for file in (path, path.with_suffix(".vtt")):
        if not file.is_file() or (file != path and folder != "videos"):
            continue
        target = content_dir / folder / file.name
        shown = target.relative_to(content_dir).as_posix()
        if target.exists() and target.read_bytes() == file.read_bytes():
            result.unchanged.append(shown)
            continue
        if target.exists() and not overwrite:
            raise ContentError(name, None, f"{shown} exists and differs; use --overwrite to replace it")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
        result.written.append(shown)
