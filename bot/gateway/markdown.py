"""Articles' Markdown as safe HTML: no HTML of its own, every heading with an anchor, what is left sanitised."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

_TAGS = {
    *(
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "p",
        "br",
        "hr",
        "ul",
        "ol",
        "li",
        "blockquote",
        "pre",
        "code",
        "em",
        "strong",
    ),
    *("s", "a", "img", "table", "thead", "tbody", "tr", "th", "td"),
}
_ATTRIBUTES = {
    "a": {"href", "title"},
    "img": {"src", "alt", "title"},
    "ol": {"start"},
    **{f"h{n}": {"id"} for n in range(1, 7)},
}
_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


@dataclass(frozen=True, slots=True)
class Rendered:
    """`headings`: (level, anchor, text) of each, in order."""

    html: str
    headings: list[tuple[int, str, str]]


def anchor(heading: str) -> str:
    """The anchor of a heading: without accents, lower case, everything but letters and digits as one hyphen."""
    folded = unicodedata.normalize("NFKD", heading.casefold())
    plain = "".join(letter for letter in folded if not unicodedata.combining(letter))
    return re.sub(r"[\W_]+", "-", plain).strip("-")


def render(text: str) -> Rendered:
    """HTML of `text`; its headings begin at `h2`, since the page's title is `h1`."""
    tokens = _MARKDOWN.parse(text)
    headings: list[tuple[int, str, str]] = []
    taken: dict[str, int] = {}
    shift = 1 if any(token.type == "heading_open" and token.tag == "h1" for token in tokens) else 0
    for index, token in enumerate(tokens):
        if token.type not in ("heading_open", "heading_close"):
            continue
        level = min(int(token.tag[1]) + shift, 6)
        token.tag = f"h{level}"
        if token.type == "heading_open" and not token.level:
            parts = tokens[index + 1].children or ()
            shown = "".join(part.content for part in parts if part.type in ("text", "code_inline"))
            name = anchor(shown) or "section"
            taken[name] = taken.get(name, 0) + 1
            name = name if taken[name] == 1 else f"{name}-{taken[name]}"
            token.attrSet("id", name)
            headings.append((level, name, shown))
    html = nh3.clean(
        _MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {}),
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        set_tag_attribute_values={"pre": {"tabindex": "0"}, "table": {"tabindex": "0"}},  # they scroll on small screens
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer",
    )
    return Rendered(html, headings)


def excerpt(text: str, most: int = 220) -> str:
    """The first words of a Markdown text as they are read, at most about `most` characters, ended with a word."""
    inline = [token.children or () for token in _MARKDOWN.parse(text) if token.type == "inline"]
    words = " ".join("".join(_read(part) for part in parts) for parts in inline).split()
    shown = " ".join(words)
    return shown if len(shown) <= most else shown[:most].rsplit(" ", 1)[0].rstrip(" ,;:.–…") + " …"


def _read(part: Token) -> str:
    return part.content if part.type in ("text", "code_inline") else " " if part.type.endswith("break") else ""
