"""Articles → passages: verbatim pieces that a chat bubble shows well, with their heading's anchor or second."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from markdown_it import MarkdownIt
from markdown_it.token import Token

from kb_index.captions import windows
from kb_index.content import Article
from kb_index.text import plain

WIDGET_CHARS = 1200  # what the widget shows well
CHUNK_CHARS = 360  # what one vector stands for
_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table")
_SENTENCE_END = re.compile(r"(?<=[.!?…])[\"»”’)\]]*\s+(?=\S)")


@dataclass(frozen=True)
class Passage:
    """`text`: verbatim from the article's text (from its captions, cues joined by a space, where `second` is set)."""

    number: int
    text: str
    heading: str | None = None
    anchor: str | None = None
    second: int | None = None


def anchor(heading: str) -> str:
    """The anchor of a heading as article pages make it: without accents, lower case, the rest as one hyphen."""
    folded = unicodedata.normalize("NFKD", heading.casefold())
    letters = "".join(letter for letter in folded if not unicodedata.combining(letter))
    return re.sub(r"[\W_]+", "-", letters).strip("-") or "section"


def passages_of(article: Article) -> list[Passage]:
    """The passages of one article in their order; at least one where it has any text."""
    found: list[tuple[str, str | None, str | None, int | None]] = []
    if article.kind == "faq" and len(article.text) <= WIDGET_CHARS:
        if article.text:
            found.append((article.text, None, None, None))
    else:
        for heading, mark, section in _sections(article.text):
            found.extend((piece, heading, mark, None) for piece in _pieces(section))
    found.extend((text, None, None, second) for second, text in windows(article.captions))
    return [Passage(number, *rest) for number, rest in enumerate(found)]


def chunks(text: str) -> list[str]:
    """A passage's words in runs of whole sentences of about `CHUNK_CHARS`, for search: one vector each."""
    result: list[str] = []
    for line in plain(text).split("\n"):
        for sentence in _SENTENCE_END.split(line):
            for part in _hard_cut(sentence.strip(), CHUNK_CHARS * 2):
                if result and len(result[-1]) + len(part) < CHUNK_CHARS:
                    result[-1] += f" {part}"
                elif part:
                    result.append(part)
    return result


def _sections(text: str) -> Iterator[tuple[str | None, str | None, str]]:
    """(heading path, anchor, the text below the heading) by headings of levels 1 to 3."""
    lines = text.splitlines(keepends=True)
    path: list[tuple[int, str]] = []
    taken: dict[str, int] = {}
    mark: str | None = None
    start = 0
    tokens = _MARKDOWN.parse(text)
    for index, token in enumerate(tokens):
        if token.type != "heading_open" or not token.map or token.level:
            continue
        shown = _shown(tokens[index + 1])
        name = anchor(shown)
        taken[name] = taken.get(name, 0) + 1
        level = int(token.tag[1])
        if level > 3:
            continue
        yield _path(path), mark, "".join(lines[start : token.map[0]])
        path = [*(entry for entry in path if entry[0] < level), (level, shown)]
        mark = name if taken[name] == 1 else f"{name}-{taken[name]}"
        start = token.map[1]
    yield _path(path), mark, "".join(lines[start:])


def _shown(inline: Token) -> str:
    return "".join(part.content for part in inline.children or () if part.type in ("text", "code_inline"))


def _path(path: list[tuple[int, str]]) -> str | None:
    return " › ".join(title for _, title in path) or None


def _pieces(section: str) -> Iterator[str]:
    """The section in runs of whole blocks of at most `WIDGET_CHARS`; longer blocks cut at lines, sentences, words."""
    lines = section.splitlines(keepends=True)
    borders = sorted(
        {token.map[0] for token in _MARKDOWN.parse(section) if token.map and not token.level} | {len(lines)}
    )
    run = ""
    previous = 0
    for border in borders:
        block = "".join(lines[previous:border])
        previous = border
        if len((run + block).strip()) <= WIDGET_CHARS:
            run += block
            continue
        if run.strip():
            yield run.strip()
        run = block
        if len(block.strip()) > WIDGET_CHARS:
            *done, run = _cut_block(block)
            yield from (piece.strip() for piece in done if piece.strip())
    if run.strip():
        yield run.strip()


def _cut_block(block: str) -> list[str]:
    pieces = [""]
    for line in block.splitlines(keepends=True):
        for part in [line] if len(line) <= WIDGET_CHARS else _sentences(line):
            for unit in _hard_cut(part, WIDGET_CHARS):
                if len(pieces[-1]) + len(unit) <= WIDGET_CHARS:
                    pieces[-1] += unit
                else:
                    pieces.append(unit)
    return pieces


def _sentences(line: str) -> list[str]:
    borders = [0, *(match.end() for match in _SENTENCE_END.finditer(line)), len(line)]
    return [line[a:b] for a, b in pairwise(borders) if b > a]


def _hard_cut(text: str, size: int) -> Iterator[str]:
    """Whole where it fits, else at spaces, else anywhere."""
    while len(text) > size:
        at = text.rfind(" ", size // 2, size) + 1 or size
        yield text[:at]
        text = text[at:]
    if text:
        yield text
