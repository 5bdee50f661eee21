"""Documents as sequences of text blocks, and the alignment of two translations of one document."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

CODE = re.compile(r"(```|~~~).*?(\1|\Z)", re.S)
INCLUDE = re.compile(r"\[!\w+\s*\[[^\]]*\]\s*\([^)]*\)\s*\]")
LINK = re.compile(r"!?\[((?:[^\[\]]|\[[^\]]*\])*)\](\([^)]*\)|\[[^\]]*\])?(\{[^}]*\})?")
TAG = re.compile(r"<[^>]+>|\{\{[^}]*\}\}|\{%[^%]*%\}")
SENTENCE = re.compile(r"(?<=[.!?…:])[\"»”’)]*\s+(?=[\"«“‘(¿]?\s?[A-ZÀ-ÖØ-Þ0-9])")


@dataclass
class Block:
    """One paragraph, heading, list item or table cell; `anchors` are what a translation keeps as it is."""

    kind: str
    text: str
    anchors: frozenset[str] = field(default_factory=frozenset)


def plain(text: str) -> str:
    """Markdown or HTML inline markup off, white space folded."""
    text = INCLUDE.sub(" ", text)
    text = LINK.sub(lambda found: "" if found.group(0).startswith("!") else found.group(1), text)
    text = TAG.sub(" ", text)
    text = html.unescape(text)
    text = re.sub(r"[*`]+|(?<!\w)_+|_+(?!\w)|\\(?=\W)", "", text)
    return re.sub(r"\s+", " ", text).strip()


def anchors(raw: str) -> frozenset[str]:
    """Link targets' last parts, code spans and numbers of a block."""
    found = re.findall(r"\]\(([^)\s]+)|`([^`]+)`|(?<![\w.])(\d[\d.,]*)", raw)
    return frozenset(part.rstrip("/").rsplit("/", 1)[-1].lower() for row in found for part in row if part)


def markdown(source: str) -> list[Block]:
    """Blocks of a Markdown document; front matter gives title and description, code gives an empty block."""
    blocks: list[Block] = []
    front = re.match(r"\ufeff?---\s*\n(.*?)\n---\s*\n", source, re.S)
    if front:
        source = source[front.end() :]
        for key in ("title", "description"):
            value = re.search(rf"^{key}:\s*[\"']?(.*?)[\"']?\s*$", front.group(1), re.M)
            if value and value.group(1):
                blocks.append(Block("meta " + key, plain(value.group(1)), anchors(value.group(1))))
    source = re.sub(r"<!--.*?-->", "", source, flags=re.S)
    source = CODE.sub("\n\n\x00\n\n", source)
    buffer: list[str] = []
    kind = "text"

    def flush() -> None:
        if buffer:
            raw = " ".join(buffer)
            blocks.append(Block(kind, plain(raw), anchors(raw)))
            buffer.clear()

    for line in source.splitlines():
        line = re.sub(r"^[\s>]+", "", line)
        if not line or line.startswith(("[!", ":::", "import ", "export ")):
            flush()
            kind = "text"
            continue
        if line.startswith("\x00"):
            flush()
            blocks.append(Block("code", ""))
            continue
        heading = re.match(r"(#+)\s+(.*)", line)
        item = re.match(r"(?:[-*+]|\d+[.)])\s+(.*)", line)
        if heading:
            flush()
            text = re.sub(r"\s*\{[#/].*\}\s*$|\s*#+$", "", heading.group(2))
            blocks.append(Block(f"heading {len(heading.group(1))}", plain(text), anchors(text)))
        elif line.startswith("|"):
            flush()
            for cell in line.strip("| ").split("|"):
                if not re.fullmatch(r"[\s:-]*", cell):
                    blocks.append(Block("cell", plain(cell), anchors(cell)))
        elif item:
            flush()
            kind = "item"
            buffer.append(item.group(1))
        else:
            buffer.append(line)
    flush()
    return blocks


def hypertext(source: str) -> list[Block]:
    """Blocks of an HTML page: headings, paragraphs, list items, cells."""
    body = re.search(r"<body.*?>(.*)", source, re.S | re.I)
    source = body.group(1) if body else source
    source = re.sub(r"<(script|style|pre|nav|header|footer|aside)\b.*?</\1>", " ", source, flags=re.S | re.I)
    blocks: list[Block] = []
    for piece in re.split(r"(?=<(?:h[1-6]|p|li|td|th|dt|dd|div|table|ul|ol)\b)", source, flags=re.I):
        tag = re.match(r"<(\w+)", piece)
        text = plain(piece)
        if tag and text:
            kind = tag.group(1).lower()
            blocks.append(Block(kind, text, frozenset(re.findall(r"(?<![\w.])\d[\d.,]*", text))))
    return blocks


def _cost(left: Block, right: Block) -> float:
    if left.kind != right.kind:
        return 4.0
    if not left.text or not right.text:
        return 0.0 if left.text == right.text else 4.0
    ratio = math.log((len(right.text) + 8) / (len(left.text) * 1.12 + 8))
    both = left.anchors | right.anchors
    differ = len(left.anchors ^ right.anchors) / len(both) if both else 0.0
    bonus = 0.6 if both and left.anchors == right.anchors else 0.0
    return (ratio / 0.35) ** 2 * 0.5 + differ * 1.5 - bonus


def align(left: list[Block], right: list[Block], gap: float = 1.4, band: int = 60) -> Iterator[tuple[Block, Block]]:
    """Pairs of blocks that translate each other, in order (least cost over matches and gaps, within a band)."""
    rows, columns = len(left), len(right)
    if not rows or not columns or max(rows, columns) > 3 * min(rows, columns) + 10:
        return
    infinite = float("inf")
    slope = columns / rows
    best = [[infinite] * (columns + 1) for _ in range(rows + 1)]
    step = [bytearray(columns + 1) for _ in range(rows + 1)]
    best[0][0] = 0.0
    for row in range(rows + 1):
        middle = int(row * slope)
        for column in range(max(0, middle - band), min(columns, middle + band) + 1):
            value, move = best[row][column], step[row][column]
            if row and column and best[row - 1][column - 1] < infinite:
                match = best[row - 1][column - 1] + _cost(left[row - 1], right[column - 1])
                if match < value:
                    value, move = match, 1
            if row and best[row - 1][column] + gap < value:
                value, move = best[row - 1][column] + gap, 2
            if column and best[row][column - 1] + gap < value:
                value, move = best[row][column - 1] + gap, 3
            best[row][column], step[row][column] = value, move
    found: list[tuple[Block, Block]] = []
    row, column = rows, columns
    while row or column:
        move = step[row][column]
        if move == 0:
            return
        if move == 1:
            row, column = row - 1, column - 1
            if _cost(left[row], right[column]) < 2.0 and left[row].text and right[column].text:
                found.append((left[row], right[column]))
        elif move == 2:
            row -= 1
        else:
            column -= 1
    yield from reversed(found)


def sentences(left: str, right: str) -> Iterator[tuple[str, str]]:
    """A pair of paragraphs as pairs of sentences where both have as many of fitting lengths, else whole."""
    lefts, rights = SENTENCE.split(left), SENTENCE.split(right)
    if len(lefts) == len(rights) > 1 and all(
        0.4 < (len(b) + 10) / (len(a) * 1.1 + 10) < 2.2 for a, b in zip(lefts, rights, strict=True)
    ):
        yield from zip(lefts, rights, strict=True)
    else:
        yield left, right
