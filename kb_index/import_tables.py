"""Tables → articles, a row each: CSV, XLSX and JSON lines. A bad row is named, the others go on."""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import Any

from kb_index.content import Kind
from kb_index.drafts import Draft, Parsed, ident_of
from kb_index.errors import ContentError
from kb_index.import_archive import checked_office
from kb_index.import_columns import FIELD_OF, fields_of
from kb_index.import_options import MAX_PROBLEMS, MAX_ROWS, Options, Report

SAMPLES, SAMPLE_CHARS = 3, 120
MAX_BROKEN_QUOTES = 100
_SEPARATORS = ",;\t|"
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def json_lines(name: str, data: bytes, options: Options, source: str, report: Report) -> Parsed:
    """One object a line: title or questions, answer or text; id, lang, category, url where there are."""

    def rows() -> Iterator[tuple[int, Any]]:
        for number, line in enumerate(io.BytesIO(data), 1):
            if line.strip():
                try:
                    yield number, json.loads(line.decode("utf-8-sig"))
                except (ValueError, RecursionError) as error:
                    yield number, error

    return objects(name, rows(), options, source, report)


def comma_separated(name: str, data: bytes, options: Options, source: str, report: Report) -> Parsed:
    """A header line, then a row each; any usual separator; UTF-8, UTF-16 by its mark, else Windows-1252."""
    lines = io.TextIOWrapper(io.BytesIO(data), encoding=_encoding(data), errors="replace", newline="")
    header = lines.readline()
    separator = max(_SEPARATORS, key=header.count)
    return _table(name, _csv_rows(chain([header], lines), separator), options, source, report)


def _encoding(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for at in range(0, len(data), 1 << 20):
            decoder.decode(data[at : at + (1 << 20)])
        decoder.decode(b"", True)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8-sig"


class _Lines(Iterator[str]):
    """Lines that can be read again. `number`: of the line that was read last; `row`: those of the row being read."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self.number = 0
        self.row: list[str] = []

    def __next__(self) -> str:
        line = next(self._lines).replace("\0", "")
        self.number += 1
        self.row.append(line)
        return line

    def again(self) -> int:
        """Go back to the line after the first of this row; the number of the first."""
        begin = self.number - len(self.row) + 1
        self._lines = chain(self.row[1:], self._lines)
        self.number, self.row = begin, []
        return begin


def _csv_rows(source: Iterable[str], separator: str) -> Iterator[tuple[int, Any]]:
    lines = _Lines(source)
    reader = csv.reader(lines, delimiter=separator, strict=True)
    broken = 0
    while True:
        lines.row = []
        begin = lines.number + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if not lines.row:
                return
            broken += 1
            if broken > MAX_BROKEN_QUOTES:
                yield begin, ValueError("too many rows whose quotes are not closed; the rest is not read")
                return
            yield lines.again(), ValueError(f"{error}; check its quotes")
            reader = csv.reader(lines, delimiter=separator, strict=True)
        else:
            yield begin, row


def workbook(name: str, data: bytes, options: Options, source: str, report: Report) -> Parsed:
    """The first sheet of an XLSX file that has something in it, as a CSV file."""
    import openpyxl

    checked_office(name, data, "an XLSX workbook")
    try:
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        sheet: Any = next((one for one in book.worksheets if any(islice(_cells(one), 50))), book.worksheets[0])
        rows = ((number, row) for number, row in enumerate(_cells(sheet), 1))
        return _table(name, rows, options, source, report)
    except (ContentError, MemoryError):
        raise
    except Exception as error:  # the library raises many kinds for files that are none of its
        raise ContentError(name, None, f"not an XLSX workbook ({type(error).__name__}: {error})") from error


def _cells(sheet: Any) -> Iterator[list[str]]:
    sheet.reset_dimensions()  # what the file says of its size may be anything
    for row in sheet.iter_rows(values_only=True):
        cells = ["" if cell is None else str(cell) for cell in row]
        yield cells if any(cells) else []


def _table(name: str, rows: Iterable[tuple[int, Any]], options: Options, source: str, report: Report) -> Parsed:
    listed = iter(rows)
    number, header = next(((at, row) for at, row in listed if isinstance(row, Exception) or any(map(str.strip, row))),
                          (1, []))  # fmt: skip
    if isinstance(header, Exception):
        raise ContentError(name, number, f"the header cannot be read: {header}")
    titles = [" ".join(cell.split()) for cell in header]
    fields = fields_of(name, titles, options.columns)
    first = list(islice(listed, SAMPLES))
    columns = [
        {"name": title, "field": field, "samples": [_cell(row, at)[:SAMPLE_CHARS] for _, row in first]}
        for at, (title, field) in enumerate(zip(titles, fields, strict=True))
    ]
    if "text" not in fields or not {"title", "questions"} & set(fields):
        shown = ", ".join(titles)
        message = f"header: expected the columns question (or title) and answer, got: {shown:.200}; or name them"
        return Parsed(problems=[ContentError(name, number, message)], columns=columns)

    def given() -> Iterator[tuple[int, Any]]:
        for at, row in chain(first, listed):
            if isinstance(row, Exception):
                yield at, row
            elif len(row) > len(fields) and any(cell.strip() for cell in row[len(fields) :]):
                yield at, ValueError(f"{len(row)} cells, but the header has {len(fields)}; quote what holds separators")
            elif any(cell.strip() for cell in row):
                yield at, _given(row, fields)

    result = objects(name, given(), options, source, report)
    result.columns = columns
    return result


def _cell(row: Any, at: int) -> str:
    return "" if isinstance(row, Exception) or at >= len(row) else str(row[at])


def _given(row: list[str], fields: list[str | None]) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for field, cell in zip(fields, row, strict=False):
        if field == "questions":
            given.setdefault(field, []).extend(re.split(r"\n|\s\|\s", cell))
        elif field == "text" and cell.strip() and "text" in given:
            given["text"] += f"\n\n{cell.strip()}"
        elif field and cell.strip():
            given.setdefault(field, cell.strip())
    return given


def objects(name: str, rows: Iterable[tuple[int, Any]], options: Options, source: str, report: Report) -> Parsed:
    """Articles of (line, object or what is wrong with it)."""
    result = Parsed()
    for count, (number, row) in enumerate(rows, 1):
        if count > MAX_ROWS:
            result.problems.append(ContentError(name, number, f"more than {MAX_ROWS} rows; import the rest divided"))
            break
        if count % 1000 == 0:
            report(count, None, name)
        try:
            if isinstance(row, Exception):
                raise ContentError(name, number, f"cannot be read: {row}")
            result.drafts.append(_draft(name, number, row, options.lang, options.kind or "faq", source))
        except ContentError as problem:
            if len(result.problems) < MAX_PROBLEMS:
                result.problems.append(problem)
            elif len(result.problems) == MAX_PROBLEMS:
                result.problems.append(ContentError(name, number, "more rows cannot be taken; they are not listed"))
    return result


def _draft(name: str, number: int, row: Any, lang: str, kind: Kind, source: str) -> Draft:
    if not isinstance(row, dict):
        raise ContentError(name, number, f"expected an object, got {type(row).__name__}")
    given: dict[str, Any] = {}
    for key, value in row.items():
        field = FIELD_OF.get(str(key).strip().casefold())
        if field and value not in (None, "", []):
            given.setdefault(field, value)
    asked = given.get("questions", [])
    asked = [asked] if isinstance(asked, str) else asked
    if not isinstance(asked, list) or not all(isinstance(one, str) for one in asked):
        raise ContentError(name, number, f"questions: expected a text or a list of texts, got {type(asked).__name__}")
    questions = tuple(one.strip() for one in asked if one.strip())
    for field in ("title", "text", "id", "lang", "updated"):
        if isinstance(given.get(field), dict | list):
            raise ContentError(name, number, f"{field}: expected a text, got {type(given[field]).__name__}")
    title = str(given.get("title") or (questions[0] if questions else "")).strip()
    text = str(given.get("text", "")).strip()
    if not title:
        raise ContentError(name, number, "neither a title nor a question; give it one")
    if not text:
        raise ContentError(name, number, "no answer; write it, or delete the row")
    day = _DAY.match(str(given.get("updated", "")))
    return Draft(name, source, ident_of(str(given.get("id") or title)), str(given.get("lang") or lang).strip(), kind,
                 title, text, number, questions, _word(given.get("category")), _word(given.get("url")),
                 updated=day[0] if day else None)  # fmt: skip


def _word(value: Any) -> str | None:
    return None if value in (None, "") or isinstance(value, dict | list) else str(value)
