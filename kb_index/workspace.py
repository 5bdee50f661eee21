"""The content folder with changes that are not published: what they are, what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from kb_index.content import Article, Content, Topic, parse_file, parse_items, read_file
from kb_index.errors import ContentError, PublishError
from kb_index.fields import split, text_of
from kb_index.gold import parse_gold
from kb_index.passages import passages_of
from kb_index.sources import MAX_BYTES, Changed, Folder, Sources, checked_path, digest, key_of, keys_of

MOST_CHANGES = 20_000
Problem = dict[str, Any]
Row = dict[str, Any]
Changes = dict[str, bytes | None]


def changes_of(rows: object) -> Changes:
    """path → source, of `[{"path", "source"}]`. PublishError names what cannot be used."""
    problems: list[Problem] = []
    changes: Changes = {}
    if not isinstance(rows, list) or len(rows) > MOST_CHANGES:
        raise PublishError("invalid_content", f"changes: expected a list of at most {MOST_CHANGES} changes")
    for row in rows:
        try:
            if not isinstance(row, dict):
                raise ContentError("", None, 'expected {"path", "source"}')
            path, source = checked_path(row.get("path")), row.get("source")
            if source is not None and not isinstance(source, str):
                raise ContentError(path, None, f"source: expected a text or null, got {type(source).__name__}")
            data = None if source is None else source.encode("utf-8", "replace")
            if data is not None and len(data) > MAX_BYTES:
                raise ContentError(path, None, f"{len(data)} bytes; at most {MAX_BYTES} are read. Divide it")
            if path in changes:
                raise ContentError(path, None, "changed twice; send each path once")
            changes[path] = data
        except ContentError as error:
            problems.append(problem(error))
    if problems:
        raise PublishError("invalid_content", "; ".join(str(one["message"]) for one in problems[:5]), problems)
    return changes


def problem(error: ContentError) -> Problem:
    return {"path": error.file, "line": error.line, "message": error.message}


def new_problems(base: Sources, changes: Changes) -> list[Problem]:
    """What is wrong with the articles and questions that the changes touch, and was not before."""
    sources = Changed(base, changes)
    before = [problem(error) for error in _affected(base, sources, changes).problems]
    after = [problem(error) for error in _affected(sources, sources, changes).problems]
    touched = changes.keys()
    return [one for one in after if one not in before or one["path"] in touched]


def _affected(sources: Sources, names: Sources, changes: Iterable[str]) -> Content:
    changed = list(changes)
    keys = keys_of([path for path in changed if not path.endswith(".vtt") or path in names], names)
    content = parse_items(sources, [path for path in sources if path.endswith(".md") and key_of(path) in keys])
    content.problems += parse_gold({path: sources[path] for path in changed if path in sources})[1]
    return content


class Listing:
    """The files of a content folder as they are listed; what has not changed since the last time is not read again."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, Row | Problem]] = {}

    def of(self, folder: Folder) -> dict[str, Any]:
        """What `GET /content` says, but the version."""
        rows: list[Row] = []
        problems = [problem(error) for error in folder.problems]
        known: dict[str, tuple[str, Row | Problem]] = {}
        seen: dict[tuple[str, str, str], str] = {}
        captions = " ".join(value for path, value in folder.digests.items() if path.endswith(".vtt"))
        for path, value in folder.digests.items():
            if not path.endswith(".md"):
                continue
            key = f"{value} {captions}" if path.startswith("videos/") else value
            if self._known.get(path, ("",))[0] != key:
                known[path] = key, _row_or_problem(folder, path)
            else:
                known[path] = self._known[path]
            row = known[path][1]
            if "id" in row:
                first = seen.setdefault(
                    ("topic" if row["kind"] == "topic" else "article", row["id"], row["lang"]), path
                )
                if first == path:
                    rows.append(row)
                    continue
                message = f"id {row['id']} in {row['lang']} is taken by {first}; give it another id"
                row = {"path": path, "line": None, "message": message}
            problems.append(row)
        self._known = known
        problems += [problem(error) for error in parse_gold(folder)[1]]
        return {"files": rows, "problems": problems}


def _row_or_problem(folder: Folder, path: str) -> Row | Problem:
    try:
        return row_of(path, parse_file(folder, path))
    except ContentError as error:
        return problem(error)


def row_of(path: str, item: Article | Topic) -> Row:
    """One file as it is listed."""
    row: Row = {"path": path, "id": item.id, "lang": item.lang, "kind": "topic", "title": item.title}
    row |= {"questions": len(item.questions), "version": item.version}
    row |= {"category": None, "updated": None, "audience": "public", "valid_from": None, "valid_until": None}
    if isinstance(item, Topic):
        return row | {"level": item.level, "channel": item.channel, "topic": None}
    keys = ("kind", "category", "updated", "audience", "valid_from", "valid_until", "topic")
    return row | {key: getattr(item, key) for key in keys}


def source_of(folder: Path, path: str) -> dict[str, Any]:
    """A file of the content folder as `GET /content/{path}` tells it. ContentError where there is none."""
    file = folder / path
    try:
        if file.stat().st_size > MAX_BYTES:
            raise ContentError(path, None, f"more than {MAX_BYTES} bytes; divide it")
        source = file.read_bytes()
    except FileNotFoundError:
        raise ContentError(path, None, "there is no such file in the content folder") from None
    except OSError as error:
        raise ContentError(path, None, f"cannot be read: {error.strerror}") from error
    try:
        version = read_file(file, path).version if path.endswith(".md") else digest(source)
    except ContentError:
        version = digest(source)
    return {"path": path, "source": source.decode("utf-8", "replace"), "version": version}


def checked(base: Sources, changes: Changes) -> dict[str, Any]:
    """What `POST /check` says of changes: each file as it was understood, and all problems."""
    sources = Changed(base, changes)
    rows = [row for path, source in changes.items() if source is not None for row in _checked(sources, path)]
    return {"files": rows, "problems": new_problems(base, changes)}


def _checked(sources: Sources, path: str) -> Iterator[Row]:
    if not path.endswith(".md"):
        return
    try:
        item = parse_file(sources, path)
        meta, text = split(text_of(sources[path], path), path)
    except ContentError:
        return
    row = row_of(path, item) | {"questions": list(item.questions), "text": text, "meta": _plain(meta), "passages": []}
    if isinstance(item, Article):
        keys = ("heading", "text", "second")
        row["passages"] = [{key: asdict(one)[key] for key in keys} for one in passages_of(item)]
    yield row


def _plain(meta: Mapping[str, Any]) -> dict[str, Any]:
    """Front matter as JSON: values of one level; what YAML makes of dates as it is written."""
    result: dict[str, Any] = {}
    for key, value in meta.items():
        if isinstance(value, list):
            result[str(key)] = [str(one) for one in value if not isinstance(one, dict | list)]
        elif isinstance(value, bool | int | float | str) or value is None:
            result[str(key)] = value
        elif not isinstance(value, dict):
            result[str(key)] = str(value)
    return result
