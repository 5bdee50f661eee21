"""Articles of other origin: files, folders, zips, pages, sites, feeds. First what would change, then the change."""

from __future__ import annotations

import asyncio
import re
from collections import defaultdict
from dataclasses import replace
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from kb_index.drafts import Change, Draft, Parsed, Proposal, ident_of, propose_drafts
from kb_index.errors import ContentError
from kb_index.fetching import Fetcher, Page
from kb_index.import_archive import Member, files_of, unpacked
from kb_index.import_files import FORMATS, PARSERS, parse
from kb_index.import_markdown import linked
from kb_index.import_options import MAX_FILE, MAX_PROBLEMS, Options, Report, silent
from kb_index.import_ours import is_ours, ours
from kb_index.import_sites import Site, is_sitemap
from kb_index.import_vanished import propose_vanished
from kb_index.import_web import HTML, SUFFIX_OF_TYPE, feed, html, is_feed
from kb_index.sources import checked_path

STEP = 100  # articles from one report to the next


def propose(source: str, content_dir: Path, options: Options, report: Report = silent, name: str = "") -> Proposal:
    """What taking a file, a folder, a zip or an address would change; nothing is written.

    `name`: of a file that was uploaded under another. ContentError where the source itself cannot be read; what of it
    cannot be taken is in the result.
    """
    if urlsplit(source).scheme.lower() in ("http", "https"):
        return asyncio.run(_of_address(source, content_dir, options, report))
    path = Path(source)
    if path.is_dir():
        return _of_members(files_of(path), [], path.resolve().name, content_dir, options, report)
    if not path.is_file():
        raise ContentError(str(source), None, "no such file or folder")
    if path.stat().st_size > MAX_FILE:
        raise ContentError(name or path.name, None, f"larger than {MAX_FILE} bytes; divide it")
    return _of_file(name or path.name, path.read_bytes(), content_dir, options, report)


def apply(proposal: Proposal, content_dir: Path, overwrite: bool = False, delete: bool = False) -> list[Change]:
    """Write what is new and updated; `overwrite`: also over conflicts; `delete`: also what vanished. What was done."""
    wanted = {"new", "updated"} | ({"conflict"} if overwrite else set()) | ({"vanished"} if delete else set())
    done = [change for change in proposal.changes if change.state in wanted]
    for change in done:
        path = content_dir / checked_path(change.path)
        if change.source is None:
            path.unlink(missing_ok=True)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.new")
        temporary.write_bytes(change.source.encode())
        temporary.replace(path)
    return done


def _of_file(name: str, data: bytes, content_dir: Path, options: Options, report: Report) -> Proposal:
    if PurePosixPath(name).suffix.lower() == ".zip":
        members, problems, top = unpacked(name, data)
        return _of_members(members, problems, top or PurePosixPath(name).stem, content_dir, options, report)
    return _proposal(parse(name, data, options, name, report), content_dir, report)


def _of_members(
    members: list[Member], problems: list[ContentError], name: str, content_dir: Path, options: Options, report: Report
) -> Proposal:
    """Files laid out as our content folder is are taken as they are, the others by their format."""
    own: dict[str, bytes] = {}
    parsed = Parsed(problems=problems)
    complete = not problems
    for number, member in enumerate(members):
        suffix = PurePosixPath(member.name).suffix.lower()
        if suffix not in PARSERS and member.name.rpartition("/")[2] != "kb.yml":
            continue
        report(number, len(members), member.name)
        try:
            data = member.read()
            if path := is_ours(member.name, data):
                own[path] = data
            else:
                parsed.add(parse(member.name, data, options, f"{name}/{member.name}", report))
        except ContentError as problem:
            complete = False
            parsed.problems.append(problem)
    parsed.drafts = _apart(parsed)
    result = _proposal(parsed, content_dir, report)
    copied = ours(own, content_dir)
    result.changes[:0], result.problems[:0] = copied.changes, copied.problems
    if not (result.changes or result.problems):
        raise ContentError(name, None, f"no file in it that can be taken; expected {', '.join(FORMATS)}")
    if complete and parsed.drafts:
        seen = {change.path for change in result.changes}
        result.changes += propose_vanished(content_dir, f"{name}/", seen)
    return result


def _apart(parsed: Parsed) -> list[Draft]:
    """Files of one name in several folders get their folder's name before their own."""
    files: dict[str, set[str]] = defaultdict(set)
    for draft in parsed.drafts:
        files[draft.path].add(draft.where)
    result = []
    for draft in parsed.drafts:
        folder = PurePosixPath(draft.where).parent.name
        if len(files[draft.path]) > 1 and folder and draft.line is None:
            ident = ident_of(f"{folder}-{draft.id}")
            for key, (known, lang, mark) in list(parsed.targets.items()):
                if known == draft.id and key.partition("#")[0] == draft.where:
                    parsed.targets[key] = (ident, lang, mark)
            draft = replace(draft, id=ident)
        result.append(draft)
    return result


def _proposal(parsed: Parsed, content_dir: Path, report: Report) -> Proposal:
    total = len(parsed.drafts)

    def told(done: int) -> None:
        if done % STEP == 0:
            report(done, total, parsed.drafts[done].where)

    result = propose_drafts((linked(draft, parsed.targets) for draft in parsed.drafts), content_dir, told)
    result.problems[:0] = parsed.problems
    if len(result.problems) > MAX_PROBLEMS:
        more = len(result.problems) - MAX_PROBLEMS
        del result.problems[MAX_PROBLEMS:]
        result.problems.append(ContentError("…", None, f"{more} more cannot be taken"))
    result.columns = parsed.columns
    return result


async def _of_address(url: str, content_dir: Path, options: Options, report: Report) -> Proposal:
    async with Fetcher(options.hosts) as fetcher:
        report(0, None, url)
        page = await fetcher.fetch(url)
        if is_sitemap(page) or (options.site and page.type in HTML):
            return await _of_site(page, fetcher, content_dir, options, report)
    if is_feed(page):
        return _proposal(feed(page, options, report), content_dir, report)
    if page.type in HTML:
        return _proposal(html(page, options), content_dir, report)
    name = _name_of(page)
    if PurePosixPath(name).suffix.lower() == ".zip":
        return _of_file(name, page.data, content_dir, options, report)
    return _proposal(parse(name, page.data, options, page.url, report), content_dir, report)


async def _of_site(page: Page, fetcher: Fetcher, content_dir: Path, options: Options, report: Report) -> Proposal:
    site = Site(page, fetcher, options, report)
    await site.walk()
    site.parsed.drafts = _once(site.parsed.drafts)
    result = _proposal(site.parsed, content_dir, report)
    if site.complete and site.parsed.drafts:
        seen = {change.path for change in result.changes}
        for change in propose_vanished(content_dir, site.prefix, seen):
            if await site.is_gone(_source(change)):
                result.changes.append(change)
    return result


def _once(drafts: list[Draft]) -> list[Draft]:
    """Of pages whose addresses make one id, the later ones get more of their address."""
    taken: set[str] = set()
    result = []
    for draft in drafts:
        if draft.path in taken:
            draft = replace(draft, id=ident_of(urlsplit(draft.source).path))
        taken.add(draft.path)
        result.append(draft)
    return result


def _source(change: Change) -> str:
    found = re.search(r"^source: (.*)$", change.before or "", re.M)
    return found[1].strip("'\" ") if found else ""


def _name_of(page: Page) -> str:
    name = PurePosixPath(urlsplit(page.url).path).name
    if PurePosixPath(name).suffix.lower() not in FORMATS:
        name = f"{name or 'source'}{SUFFIX_OF_TYPE.get(page.type, '')}"
    if PurePosixPath(name).suffix.lower() not in FORMATS:
        expected = "a page, a feed, or a file of " + ", ".join(FORMATS)
        raise ContentError(page.url, None, f"is {page.type}; expected {expected}")
    return name
