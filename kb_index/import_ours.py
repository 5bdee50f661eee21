"""Files laid out as our own content folder is, an export for example: taken as they are, byte for byte."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from kb_index.content import FOLDERS, parse_file
from kb_index.drafts import Change, Proposal, State
from kb_index.errors import ContentError
from kb_index.gold import parse_gold
from kb_index.sources import checked_path

_FILE = re.compile(r"(?:^|.*?/)((?:faq|blog|manuals|videos|levels)/(?:[^/]+/)*[^/]+\.[A-Za-z-]{2,12}\.md)")
_CAPTIONS = re.compile(r"(?:^|.*?/)(videos/(?:[^/]+/)*[^/]+\.[A-Za-z-]{2,12}\.vtt)")
_GOLDEN = re.compile(r"(?:^|.*?/)(golden/[^/]+\.jsonl)")
_FIELDS = re.compile(rb"^(id|lang|title):", re.M)


def is_ours(name: str, data: bytes) -> str | None:
    """The path below the content folder of a file that is one of ours by name and front matter."""
    if found := _FILE.fullmatch(name):
        head = data[:4096].removeprefix(b"\xef\xbb\xbf")
        return found[1] if head.startswith(b"---") and len(set(_FIELDS.findall(head))) == 3 else None
    if found := _CAPTIONS.fullmatch(name) or _GOLDEN.fullmatch(name):
        return found[1]
    return "kb.yml" if name.rpartition("/")[2] == "kb.yml" else None


def ours(files: Mapping[str, bytes], content_dir: Path) -> Proposal:
    """What copying them would change. A file that is there and differs is a conflict: no source says which is newer."""
    result = Proposal()
    for path, data in files.items():
        before = _bytes(content_dir / path)
        try:
            if path == "kb.yml":
                if data != before:
                    raise ContentError(path, None, "settings of search are not imported; compare them by hand")
                continue
            title = _checked(path, files)
        except ContentError as problem:
            result.problems.append(problem)
            continue
        same = data == before
        state: State = "unchanged" if same else "new" if before is None else "conflict"
        message = "it exists and differs" if state == "conflict" else None
        was = None if before is None else before.decode("utf-8", "replace")
        result.changes.append(Change(path, state, data.decode(), was, title, message))
    return result


def _checked(path: str, files: Mapping[str, bytes]) -> str:
    """The title; ContentError where the file cannot be one of ours."""
    checked_path(path)
    try:
        files[path].decode()
    except UnicodeDecodeError as error:
        raise ContentError(path, None, "not UTF-8; save it as UTF-8") from error
    if path.startswith("golden/"):
        _, problems = parse_gold({path: files[path]})
        if problems:
            raise problems[0]
        return path
    if path.split("/")[0] in (*FOLDERS, "levels") and path.endswith(".md"):
        return parse_file(files, path).title
    return path


def _bytes(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
