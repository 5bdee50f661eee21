"""Lines of printed pages → Markdown: headings, paragraphs with their hyphens mended, lists, code, tables."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise

from kb_index.import_pdf_lines import Line, Table

_BULLET = re.compile(r"^\s*[•‣▪●◦○■□–—∙·\uf0b7\uf0a7*-]\s+(?=\S)")
_NUMBERED = re.compile(r"^\s*(\d{1,3}|[a-z])[.)]\s+(?=\S)")
_HYPHEN = re.compile(r"(?<=[^\W\d_])[-\u00ad\u2010]$")
_ENDED = re.compile(r"[.!:;,]\s*$")
_LEADER = re.compile(r"(?:\.\s?){4,}\s*\d{1,4}\s*$")  # a line of a table of contents
LARGER, MAX_HEADING = 1.12, 120  # times the text's size; characters
MINOR = 7  # the level of a bold line where headings are larger: no heading, but emphasised
LEVELS = 3  # of sizes that are told apart


def key_of(title: str) -> str:
    """A heading's letters, whatever its numbers, spaces and case."""
    return re.sub(r"[\W\d_]+", "", title.casefold())


def as_markdown(pages: list[list[Line | Table]], outline: dict[str, int], title: str) -> str:
    """`outline`: levels of titles by their key, from 1; `title`: of the whole, left out of the text."""
    items = [item for page in pages for item in page if not (isinstance(item, Line) and _LEADER.search(item.text))]
    lines = [item for item in items if isinstance(item, Line)]
    letters = Counter[float]()
    for line in lines:
        if not line.mono:
            letters[line.size] += len(line.text)
    body = letters.most_common(1)[0][0] if letters else 0.0
    spacing = _spacing(lines, body)
    sizes = _heading_sizes(lines, body)
    blocks: list[str] = []
    run: list[Line] = []

    def end() -> None:
        if run:
            blocks.extend(_paragraphs(run, spacing))
            run.clear()

    at = 0
    while at < len(items):
        item = items[at]
        at += 1
        if isinstance(item, Table):
            end()
            blocks.append(_table(item))
            continue
        level, used = _heading(items, at - 1, sizes, body, outline)
        if level:
            end()
            shown = _joined([one.text for one in items[at - 1 : at - 1 + used] if isinstance(one, Line)])
            at += used - 1
            if key_of(shown) != key_of(title) or blocks:
                blocks.append(f"**{shown}**" if level == MINOR else f"{'#' * level} {shown}")
            continue
        if key_of(item.text) and key_of(item.text) == key_of(title) and not blocks and not run:
            continue
        run.append(item)
    end()
    return "\n\n".join(block for block in blocks if block.strip())


def _heading_sizes(lines: list[Line], body: float) -> dict[float, int]:
    """Level (2…) of each size that is larger than the text's; the title's, used once or twice, is none."""
    larger = Counter(line.size for line in lines if line.size >= body * LARGER and not line.mono)
    kept = [size for size in sorted(larger, reverse=True) if larger[size] > 1] or sorted(larger, reverse=True)
    return {size: min(2 + rank, 1 + LEVELS) for rank, size in enumerate(kept)} | {
        size: 2 for size in larger if size not in kept
    }


def _heading(
    items: list[Line | Table], at: int, sizes: dict[float, int], body: float, outline: dict[str, int]
) -> tuple[int, int]:
    """(level from 2, how many lines it takes) of the heading that begins here; (0, 0): it is none."""
    first = items[at]
    assert isinstance(first, Line)
    together: list[Line] = []
    for one in items[at : at + 3]:
        if not isinstance(one, Line) or (one.size, one.bold, one.page) != (first.size, first.bold, first.page):
            break
        if together and one.top - together[-1].bottom > one.size:
            break
        together.append(one)
    for used in range(len(together), 0, -1):
        key = key_of("".join(line.text for line in together[:used]))
        if key in outline and (first.size > body or first.bold) and not _ENDED.search(together[used - 1].text):
            return min(outline[key] + 1, 6), used
    text = " ".join(line.text for line in together)
    if first.size in sizes and len(text) <= MAX_HEADING and re.search(r"[^\W\d_]", text):
        return (sizes[first.size], len(together)) if not outline or first.size >= body * 1.3 else (4, len(together))
    alone = len(together) == 1 and at + 1 < len(items)
    if first.bold and alone and not first.mono and first.size >= body and len(text) < 80 and not _ENDED.search(text):
        following = items[at + 1]
        bullets = _BULLET.match(text) or not re.match(r"[\d.]*\s*[A-ZÀ-Ý¿«„]", text)
        if isinstance(following, Line) and following.page == first.page and not following.bold and not bullets:
            return (MINOR if sizes or outline else 2), 1
    return 0, 0


def _spacing(lines: list[Line], body: float) -> float:
    """The usual distance from one line of text to the next."""
    gaps = Counter(
        round(after.top - before.top)
        for before, after in pairwise(lines)
        if before.page == after.page and before.size == after.size == body and 0 < after.top - before.top < 3 * body
    )
    return float(gaps.most_common(1)[0][0]) if gaps else body * 1.3


def _paragraphs(lines: list[Line], spacing: float) -> list[str]:
    blocks: list[tuple[str, list[Line]]] = []
    right = max(line.x1 for line in lines)
    for line in lines:
        before = blocks[-1][1][-1] if blocks else None
        kind = "code" if line.mono else "item" if _BULLET.match(line.text) or _NUMBERED.match(line.text) else "text"
        gap = line.top - before.top if before and before.page == line.page else 0.0
        close = before is not None and gap <= spacing * 1.35
        if before is not None and before.text.endswith((".", "!", "?", ":")) and before.x1 < right - 8 * before.size:
            close = False  # a last line of a paragraph is short
        if before is not None and before.page != line.page:
            close = kind == "code" or not re.search(r"[.!?:]\s*$", before.text)
        if before is not None and kind == "text" and blocks[-1][0] == "item":
            close = close and line.x0 > blocks[-1][1][0].x0 + 2
        joins = close and (kind == blocks[-1][0] == "code" or (kind == "text" and blocks[-1][0] != "code"))
        if joins or (kind == blocks[-1][0] == "code" if blocks else False):
            blocks[-1][1].append(line)
        else:
            blocks.append((kind, [line]))
    return _shown(blocks)


def _shown(blocks: list[tuple[str, list[Line]]]) -> list[str]:
    result: list[str] = []
    lists: list[float] = []
    for kind, lines in blocks:
        if kind != "item":
            lists = []
        if kind == "code":
            left = min(line.x0 for line in lines)
            width = max((lines[0].x1 - lines[0].x0) / max(len(lines[0].text), 1), 1)
            shown = "\n".join(" " * round((line.x0 - left) / width) + line.text for line in lines)
            result.append(f"```\n{shown}\n```")
            continue
        text = _joined([line.text for line in lines])
        if kind == "text":
            result.append(_escaped(text))
            continue
        lists = [x0 for x0 in lists if x0 < lines[0].x0 - 4]
        again = (bool(result) and result[-1].lstrip().startswith(("- ", "1. "))) or bool(lists)
        indent = "   " * len(lists)
        lists.append(lines[0].x0)
        number = _NUMBERED.match(text)
        shown = f"{indent}{number[1]}. {text[number.end() :]}" if number and number[1].isdigit() else (
            f"{indent}- {_BULLET.sub('', text)}"
        )  # fmt: skip
        if again or (result and re.match(r"\s*(?:-|\d+\.) ", result[-1].split("\n")[-1])):
            result[-1] += f"\n{shown}"
        else:
            result.append(shown)
    return result


def _joined(texts: list[str]) -> str:
    """Lines as one; a word that was divided is mended: its other half begins with a small letter."""
    whole = ""
    for text in (text.strip() for text in texts):
        if _HYPHEN.search(whole) and text[:1].islower():
            whole = whole[:-1] + text
        else:
            whole = f"{whole} {text}" if whole else text
    return whole.replace("\u00ad", "").replace("\xa0", " ")


def _escaped(text: str) -> str:
    """A paragraph that begins like a heading, a quotation or a table is none."""
    return re.sub(r"^([#>|+]|```)", r"\\\1", text)


def _table(table: Table) -> str:
    width = max(len(row) for row in table.rows)
    rows = [[cell.replace("|", "\\|") for cell in row] + [""] * (width - len(row)) for row in table.rows]
    head, *rest = rows
    return "\n".join(f"| {' | '.join(row)} |" for row in [head, ["---"] * width, *rest])
