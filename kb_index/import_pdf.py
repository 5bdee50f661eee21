"""PDF manuals → articles: headings by outline or size of type, tables, lists, code; without heads and feet of pages."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import PurePath
from typing import Any

from kb_index.drafts import Parsed
from kb_index.errors import ContentError
from kb_index.import_markdown import document
from kb_index.import_options import Options, Report
from kb_index.import_pdf_lines import Line, Table, without_furniture
from kb_index.import_pdf_text import as_markdown, key_of

MAX_PAGES = 2_000
MAX_CHARS_OF_PAGE = 200_000
MAX_SHAPES = 2_000
MIN_WORDS = 5
_MONO = re.compile(r"mono|courier|consol|menlo|code|typewriter|cmtt", re.I)
_BOLD = re.compile(r"bold|black|heavy|semibold|demi|-bd", re.I)


def pdf(name: str, data: bytes, options: Options, source: str, report: Report) -> Parsed:
    """One manual. ContentError where it cannot be read, is locked, or has no text (scanned pages)."""
    import pdfplumber
    from pdfminer.pdfdocument import PDFPasswordIncorrect

    if b"%PDF-" not in data[:1024]:
        raise ContentError(name, None, "not a PDF")
    try:
        with pdfplumber.open(io.BytesIO(data)) as book:
            count = len(book.pages)
            if count > MAX_PAGES:
                raise ContentError(name, None, f"{count} pages; at most {MAX_PAGES} are read. Divide it")
            pages = []
            for number, page in enumerate(book.pages, 1):
                report(number - 1, count, name)
                pages.append(_page(name, page, number))
                page.close()
            levels = _outline(book)
            meta = {"title": _title(book, pages)}
    except (ContentError, MemoryError):
        raise
    except Exception as error:  # the libraries raise many kinds for files that are broken
        if _has(error, MemoryError):
            raise MemoryError from error
        if _has(error, PDFPasswordIncorrect):
            raise ContentError(name, None, "locked with a password; save it without") from error
        raise ContentError(name, None, f"not a PDF that can be read ({type(error).__name__}: {error})") from error
    text = as_markdown(without_furniture(pages), levels, str(meta["title"] or ""))
    if len(text.split()) < MIN_WORDS:
        raise ContentError(
            name, None, "no text in it, only pictures of pages; let a program recognise their text (OCR)"
        )
    if not meta["title"]:
        meta["title"] = re.sub(r"[-_]+", " ", PurePath(name).stem).strip().capitalize()
    return document(name, text, meta, options, source, ())


def _has(error: BaseException | None, kind: type[BaseException]) -> bool:
    """Whether it is, or comes of, an error of that kind: one library wraps those of the other."""
    while error is not None:
        if isinstance(error, kind) or any(isinstance(one, kind) for one in error.args):
            return True
        error = error.__cause__ or error.__context__
    return False


def _page(name: str, page: Any, number: int) -> list[Line | Table]:
    """Lines and tables from top to bottom as the page has them."""
    if len(page.chars) > MAX_CHARS_OF_PAGE:
        raise ContentError(name, None, f"page {number} has {len(page.chars)} characters; it cannot be read")
    tables = _tables(page) if len(page.rects) + len(page.lines) < MAX_SHAPES else []
    items: list[Line | Table] = []
    left = list(tables)
    marks = _drawn_bullets(page)
    for line in _lines(page, number):
        middle = (line.top + line.bottom) / 2
        table = next((one for one in tables if one.top <= middle <= one.bottom and line.x0 >= one.x0 - 2
                      and line.x1 <= one.x1 + 2), None)  # fmt: skip
        if table is None:
            near = (x1 for x1, at in marks if 0 < line.x0 - x1 < 2 * line.size and abs(at - middle) < line.size / 2)
            drawn = next(near, None)
            items.append(line if drawn is None else replace(line, text=f"• {line.text}", x0=drawn))
        elif table in left:
            left.remove(table)
            items.append(table)
    return items


def _drawn_bullets(page: Any) -> list[tuple[float, float]]:
    """(right end, height on the page) of small round or square shapes: some programs draw bullets."""
    shapes = [*page.curves, *page.rects][:MAX_SHAPES]
    return [
        (float(one["x1"]), (float(one["top"]) + float(one["bottom"])) / 2)
        for one in shapes
        if 1 < one["width"] < 8 and abs(one["width"] - one["height"]) < 1
    ]


def _tables(page: Any) -> list[Table]:
    found = []
    for one in page.find_tables():
        rows = [[" ".join(str(cell or "").split()) for cell in row] for row in one.extract()]
        rows = [row for row in rows if any(row)]
        if len(rows) >= 2 and len(rows[0]) >= 2 and sum(bool(cell) for row in rows for cell in row) > len(rows):
            x0, top, x1, bottom = one.bbox
            found.append(Table(top, bottom, x0, x1, rows))
    return found


def _lines(page: Any, number: int) -> Iterator[Line]:
    words = page.extract_words(
        use_text_flow=True, keep_blank_chars=False, extra_attrs=["size", "fontname"], x_tolerance_ratio=0.2
    )
    height = float(page.height) or 1.0
    run: list[dict[str, Any]] = []
    for word in words:
        if run and not _same_line(run, word):
            yield _line(run, number, height)
            run = []
        run.append(word)
    if run:
        yield _line(run, number, height)


def _same_line(run: list[dict[str, Any]], word: dict[str, Any]) -> bool:
    last = run[-1]
    overlap = min(last["bottom"], word["bottom"]) - max(last["top"], word["top"])
    size = min(last["bottom"] - last["top"], word["bottom"] - word["top"])
    return bool(overlap > 0.5 * size and word["x0"] >= last["x0"] and word["x0"] - last["x1"] < 12 * max(size, 1))


def _line(run: list[dict[str, Any]], number: int, height: float) -> Line:
    letters = Counter[tuple[float, bool, bool]]()
    for word in run:
        font = str(word["fontname"])
        style = (round(float(word["size"]) * 2) / 2, bool(_BOLD.search(font)), bool(_MONO.search(font)))
        letters[style] += len(word["text"])
    (size, bold, mono), _ = letters.most_common(1)[0]
    mono, bold = all(one[2] for one in letters), all(one[1] for one in letters)
    x0, x1 = min(word["x0"] for word in run), max(word["x1"] for word in run)
    text = _spaced(run) if mono else " ".join(word["text"] for word in run)
    top, bottom = min(word["top"] for word in run), max(word["bottom"] for word in run)
    return Line(text, number, top, bottom, x0, x1, size, bold, mono, top / height)


def _spaced(run: list[dict[str, Any]]) -> str:
    """Code keeps the width of its gaps."""
    text = ""
    for before, word in zip([None, *run], run, strict=False):
        if before is not None:
            width = (word["x1"] - word["x0"]) / max(len(word["text"]), 1) or 1
            text += " " * max(1, round((word["x0"] - before["x1"]) / width))
        text += word["text"]
    return text


def _outline(book: Any) -> dict[str, int]:
    """Level of each title of the outline, by its letters; empty where there is none."""
    try:
        found = list(book.doc.get_outlines())
    except Exception:  # no outline, or one that is broken: type sizes tell then
        return {}
    tops = sum(level == 1 for level, *_ in found)
    result: dict[str, int] = {}
    for level, title, *_ in found:
        if (key := key_of(str(title or ""))) and (level > 1 or tops > 1):  # a single one is the title of the whole
            result.setdefault(key, int(level) - (tops == 1))
    return result


def _title(book: Any, pages: list[list[Line | Table]]) -> str | None:
    """What is largest on the first page, if it is larger than what follows; else as the file says."""
    first = [line for line in (pages[0] if pages else []) if isinstance(line, Line)]
    sizes = [line.size for page in pages for line in page if isinstance(line, Line)]
    if first and sizes:
        largest = max(line.size for line in first)
        lines = [line for line in first if line.size == largest]
        common = Counter(sizes).most_common(1)[0][0]
        if largest > 1.3 * common and len(lines) <= 3 and sizes.count(largest) == len(lines):
            return " ".join(line.text for line in lines)
    said = str((book.metadata or {}).get("Title") or "").strip()
    return (
        said
        if said and not re.search(r"\.(?:docx?|odt|indd|pdf|html?|tex)$|^untitled|^microsoft word", said, re.I)
        else None
    )
