"""Files of other programs → drafts: Markdown, JSON lines, CSV, XLSX, captions. A bad row is named, the others go on."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import PurePath
from typing import Any

import frontmatter
import webvtt
import yaml
from webvtt.errors import MalformedCaptionError, MalformedFileError

from kb_index.content import Kind
from kb_index.drafts import Draft, Parsed, ident_of
from kb_index.errors import ContentError

MAX_UNPACKED, MAX_MEMBERS = 200 * 1024 * 1024, 1000  # of a workbook, which is an archive
_TITLE = re.compile(r"^# +(.+?)[ #]*(?:\{[^}]*\})?$", re.M)
_ATTRIBUTES = re.compile(r"[ \t]*\{[#.:][^}\n]*\}[ \t]*$", re.M)  # {#anchor .class} of MkDocs and Pandoc
_SECTION = re.compile(r"^## +", re.M)
# How columns and keys are called, in the languages of those who fill tables:
COLUMNS = {
    "id": ("id", "ident", "key", "clé", "schlüssel"),
    "lang": ("lang", "language", "locale", "langue", "sprache"),
    "title": ("title", "titre", "titel", "subject", "sujet", "betreff"),
    "questions": ("questions", "question", "fragen", "frage"),
    "text": ("answer", "text", "body", "content", "réponse", "reponse", "texte", "antwort", "inhalt"),
    "category": ("category", "catégorie", "categorie", "kategorie", "tag", "section"),
    "url": ("url", "link", "lien"),
}
_FIELD_OF = {name: field for field, names in COLUMNS.items() for name in names}


def parse(name: str, data: bytes, lang: str, kind: Kind | None, video: str | None, source: str) -> Parsed:
    """`name`: with the ending that tells the format; `source`: where it comes from. ContentError: nothing of it."""
    suffix = PurePath(name).suffix.lower()
    if suffix in CAPTIONS:
        return captions(name, data, lang, video, source)
    parser = PARSERS.get(suffix)
    if parser is None:
        raise ContentError(name, None, f"{suffix or 'no ending'}: expected one of {', '.join(FORMATS)}")
    return parser(name, data, lang, kind, source)


def _decoded(name: str, data: bytes, fallback: str | None = None) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if fallback:
            return data.decode(fallback, "replace")
        line = data[: error.start].count(b"\n") + 1
        raise ContentError(name, line, "not UTF-8; save it as UTF-8") from error


def markdown(name: str, data: bytes, lang: str, kind: Kind | None, source: str) -> Parsed:
    """One article, or one for each `##` question where `kind` is faq."""
    try:
        meta, text = frontmatter.parse(_decoded(name, data))
    except yaml.YAMLError as error:
        raise ContentError(name, None, f"front matter is not YAML: {error}") from error
    text = _ATTRIBUTES.sub("", text).strip()
    heading = _TITLE.search(text)
    title = str(meta.get("title") or (heading.group(1) if heading else PurePath(name).stem)).strip()
    if heading:
        text = (text[: heading.start()] + text[heading.end() :]).strip()
    lang = str(meta.get("lang") or lang)
    category = _text(meta.get("category"))
    if not text:
        raise ContentError(name, None, "no text in it")
    if kind != "faq":
        ident = ident_of(str(meta.get("id") or PurePath(name).stem))
        asked = meta.get("questions")
        questions = tuple(str(one) for one in asked) if isinstance(asked, list) else ()
        draft = Draft(name, source, ident, lang, kind or "manual", title, text, None, questions, category,
                      _text(meta.get("url")), _text(meta.get("date")))  # fmt: skip
        return Parsed([draft])
    result = Parsed()
    for section in _SECTION.split(text)[1:]:
        question, _, answer = section.partition("\n")
        question = question.strip(" _*#")
        if answer.strip():
            result.drafts.append(
                Draft(name, source, ident_of(question), lang, "faq", question, answer.strip(), None, (question,),
                      category)
            )  # fmt: skip
    if not result.drafts:
        raise ContentError(name, None, "no '## question' heading with a text below; import it as --kind manual")
    return result


def json_lines(name: str, data: bytes, lang: str, kind: Kind | None, source: str) -> Parsed:
    """One object a line: title or questions, answer or text; id, lang, category, url where there are."""

    def rows() -> Iterator[tuple[int, Any]]:
        for number, line in enumerate(_decoded(name, data).split("\n"), 1):
            if line.strip():
                try:
                    yield number, json.loads(line)
                except (ValueError, RecursionError) as error:
                    yield number, error

    return _rows(name, rows(), lang, kind, source)


def comma_separated(name: str, data: bytes, lang: str, kind: Kind | None, source: str) -> Parsed:
    """A header line, then one article a row; separated by commas, semicolons or tabs; UTF-8, else Windows-1252."""
    text = _decoded(name, data, "cp1252")
    header = text.split("\n", 1)[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=header.count), strict=True)

    def rows() -> Iterator[tuple[int, list[str]]]:
        begin = 1
        for row in reader:
            yield begin, row
            begin = reader.line_num + 1

    try:
        return _table(name, rows(), lang, kind, source)
    except csv.Error as error:
        raise ContentError(name, reader.line_num, f"not CSV: {error}; check its quotes") from error


def workbook(name: str, data: bytes, lang: str, kind: Kind | None, source: str) -> Parsed:
    """The first sheet of an XLSX file, as a CSV file."""
    import openpyxl

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            if len(members) > MAX_MEMBERS or sum(member.file_size for member in members) > MAX_UNPACKED:
                raise ContentError(name, None, f"unpacks to more than {MAX_UNPACKED} bytes or {MAX_MEMBERS} files")
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        sheet = book.worksheets[0]
        values = sheet.iter_rows(values_only=True)
        rows = ((number, ["" if cell is None else str(cell) for cell in row]) for number, row in enumerate(values, 1))
        return _table(name, rows, lang, kind, source)
    except ContentError:
        raise
    except Exception as error:  # the library raises many kinds for files that are none of its
        raise ContentError(name, None, f"not an XLSX workbook ({type(error).__name__}: {error})") from error


def _table(name: str, rows: Iterable[tuple[int, list[str]]], lang: str, kind: Kind | None, source: str) -> Parsed:
    listed = iter(rows)
    number, header = next(listed, (1, []))
    fields = [_FIELD_OF.get(cell.strip().casefold()) for cell in header]
    if "text" not in fields or not {"title", "questions"} & set(fields):
        shown = ", ".join(cell.strip() for cell in header)
        raise ContentError(
            name, number, f"header: expected the columns question (or title) and answer, got: {shown:.200}"
        )

    def objects() -> Iterator[tuple[int, Any]]:
        for at, row in listed:
            if not any(cell.strip() for cell in row):
                continue
            if len(row) > len(fields) and any(cell.strip() for cell in row[len(fields) :]):
                yield at, ValueError(f"{len(row)} cells, but the header has {len(fields)}; quote what holds separators")
                continue
            given: dict[str, Any] = {}
            for field, cell in zip(fields, row, strict=False):
                if field == "questions":
                    given.setdefault(field, []).extend(re.split(r"\n|\s\|\s", cell))
                elif field and cell.strip():
                    given[field] = cell.strip()
            yield at, given

    return _rows(name, objects(), lang, kind, source)


def _rows(name: str, rows: Iterable[tuple[int, Any]], lang: str, kind: Kind | None, source: str) -> Parsed:
    result = Parsed()
    for number, row in rows:
        try:
            if isinstance(row, Exception):
                raise ContentError(name, number, f"cannot be read: {row}")
            result.drafts.append(_row(name, number, row, lang, kind or "faq", source))
        except ContentError as problem:
            result.problems.append(problem)
    return result


def _row(name: str, number: int, row: Any, lang: str, kind: Kind, source: str) -> Draft:
    if not isinstance(row, dict):
        raise ContentError(name, number, f"expected an object, got {type(row).__name__}")
    given: dict[str, Any] = {}
    for key, value in row.items():
        field = _FIELD_OF.get(str(key).strip().casefold())
        if field and value not in (None, "", []):
            given.setdefault(field, value)
    asked = given.get("questions", [])
    asked = [asked] if isinstance(asked, str) else asked
    if not isinstance(asked, list) or not all(isinstance(one, str) for one in asked):
        raise ContentError(name, number, f"questions: expected a text or a list of texts, got {asked!r:.60}")
    questions = tuple(one.strip() for one in asked if one.strip())
    for field in ("title", "text", "id", "lang"):
        if isinstance(given.get(field), dict | list):
            raise ContentError(name, number, f"{field}: expected a text, got {given[field]!r:.60}")
    title = str(given.get("title") or (questions[0] if questions else "")).strip()
    text = str(given.get("text", "")).strip()
    if not title:
        raise ContentError(name, number, "neither a title nor a question; give it one")
    if not text:
        raise ContentError(name, number, "no answer; write it, or delete the row")
    return Draft(
        where=name,
        source=source,
        id=ident_of(str(given.get("id") or title)),
        lang=str(given.get("lang") or lang),
        kind=kind,
        title=title,
        text=text,
        line=number,
        questions=questions,
        category=_text(given.get("category")),
        url=_text(given.get("url")),
    )


def captions(name: str, data: bytes, lang: str, video: str | None, source: str) -> Parsed:
    """WebVTT or SRT with the address of its video; `name.de.vtt` says its language."""
    if not video:
        raise ContentError(name, None, "captions need the address of their video: --video https://…")
    stem = PurePath(name).stem
    base, _, tail = stem.rpartition(".")
    if base and re.fullmatch(r"[a-z]{2,3}", tail):
        stem, lang = base, tail
    try:
        lines = io.StringIO(_decoded(name, data))
        content = str(webvtt.from_buffer(lines, format=PurePath(name).suffix[1:].lower()).content)
        if not webvtt.from_string(content).captions:
            raise ContentError(name, None, "no cue in it")
    except (MalformedFileError, MalformedCaptionError, ValueError, IndexError) as error:
        raise ContentError(name, None, f"not captions in WebVTT or SRT: {error}") from error
    title = re.sub(r"[-_.]+", " ", stem).strip().capitalize()
    return Parsed([Draft(name, source, ident_of(stem), lang, "video", title, "", video=video, captions=content)])


def _text(value: Any) -> str | None:
    return None if value in (None, "") or isinstance(value, dict | list) else str(value)


PARSERS: dict[str, Callable[[str, bytes, str, Kind | None, str], Parsed]] = {
    ".md": markdown,
    ".markdown": markdown,
    ".jsonl": json_lines,
    ".ndjson": json_lines,
    ".csv": comma_separated,
    ".tsv": comma_separated,
    ".xlsx": workbook,
}
CAPTIONS = (".vtt", ".srt")
FORMATS = (*PARSERS, *CAPTIONS)
