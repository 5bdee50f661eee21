"""Which parser reads a file: by the ending of its name, and for JSON and XML by what is in it."""

from __future__ import annotations

import json
import re
from pathlib import PurePath
from typing import Any

from kb_index import import_forum, import_helpdesk
from kb_index.drafts import Parsed
from kb_index.errors import ContentError
from kb_index.fetching import Page
from kb_index.import_captions import captions
from kb_index.import_docx import word
from kb_index.import_markdown import markdown
from kb_index.import_options import Options, Parser, Report, decoded
from kb_index.import_pdf import pdf
from kb_index.import_tables import comma_separated, json_lines, objects, workbook
from kb_index.import_web import feed, html, is_feed

MAX_JSON = 64 * 1024 * 1024


def parse(name: str, data: bytes, options: Options, source: str, report: Report) -> Parsed:
    """`name`: with the ending that tells the format; `source`: where it comes from. ContentError: nothing of it."""
    suffix = PurePath(name).suffix.lower()
    parser = PARSERS.get(suffix)
    if parser is None:
        raise ContentError(name, None, f"{suffix or 'no ending'}: expected one of {', '.join(FORMATS)}")
    return parser(name, data, options, source, report)


def json_file(name: str, data: bytes, options: Options, source: str, report: Report) -> Parsed:
    """An export of a help center, threads of a forum, or a list of rows as in JSON lines."""
    if len(data) > MAX_JSON:
        raise ContentError(name, None, f"{len(data)} bytes; at most {MAX_JSON} are read. Divide it, or use JSON lines")
    try:
        found: Any = json.loads(decoded(name, data))
    except (ValueError, RecursionError) as error:
        raise ContentError(name, getattr(error, "lineno", None), f"not JSON: {error}") from error
    if import_forum.is_forum(found):
        return import_forum.threads(name, found, options, source, report)
    if import_helpdesk.is_export(found):
        return import_helpdesk.export(name, found, options, source, report)
    if isinstance(found, list) and found:
        return objects(name, enumerate(found, 1), options, source, report)
    expected = "a help center's articles, a forum's threads, or a list of {question, answer}"
    raise ContentError(name, None, f"nothing in this JSON is an article; expected {expected}")


def xml_file(name: str, data: bytes, options: Options, source: str, report: Report) -> Parsed:
    """A feed, or the posts of a forum's data dump."""
    page = Page(source, "text/xml", None, data)
    if is_feed(page):
        return feed(page, options, report)
    if re.search(rb"<posts[\s>]", data[:4096]):
        return import_forum.posts(name, data, options, source, report)
    raise ContentError(name, None, "this XML is neither a feed (RSS, Atom) nor the Posts.xml of a forum")


def html_file(name: str, data: bytes, options: Options, source: str, report: Report) -> Parsed:
    return html(Page(name, "text/html", None, data), options, source)


PARSERS: dict[str, Parser] = {
    ".md": markdown,
    ".markdown": markdown,
    ".jsonl": json_lines,
    ".ndjson": json_lines,
    ".csv": comma_separated,
    ".tsv": comma_separated,
    ".xlsx": workbook,
    ".pdf": pdf,
    ".docx": word,
    ".html": html_file,
    ".htm": html_file,
    ".json": json_file,
    ".xml": xml_file,
    ".rss": xml_file,
    ".atom": xml_file,
    ".vtt": captions,
    ".srt": captions,
}
FORMATS = (*PARSERS, ".zip")
