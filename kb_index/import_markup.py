"""HTML that is all article (an entry of a feed, a help desk's article, a document) → Markdown."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urljoin, urlsplit

import nh3
from markdownify import markdownify

from kb_index.errors import ContentError
from kb_index.import_fences import outside_code

_TAGS = {
    *("h1", "h2", "h3", "h4", "h5", "h6", "p", "br", "hr", "div", "ul", "ol", "li", "blockquote", "pre", "code", "kbd"),
    *("em", "i", "strong", "b", "s", "del", "a", "img", "table", "thead", "tbody", "tfoot", "tr", "th", "td"),
    *("dl", "dt", "dd", "figure", "figcaption", "section", "article", "sub", "sup", "span", "caption"),
}  # fmt: skip
_ATTRIBUTES = {"a": {"href"}, "img": {"src", "alt"}, "ol": {"start"}, "td": {"colspan"}, "th": {"colspan"},
               "code": {"class"}, "pre": {"class"}}  # fmt: skip
_SCHEMES = {"http", "https", "mailto", "tel"}
_LINK = re.compile(r"(\]\()<?([^()\s<>]+)>?((?:\s+\"[^\"\n]*\")?\))")
MAX_MARKUP = 5 * 1024 * 1024  # characters


def _language(element: Any) -> str | None:
    """Of code, as its class says."""
    inner = element.find("code")
    for one in (element, inner):
        for name in (one.get("class") or []) if one is not None else []:
            if found := re.fullmatch(r"(?:language|lang|highlight)-([\w+#-]+)", name):
                return found[1]
    return None


def markdown_of(where: str, markup: str, base: str | None = None) -> str:
    """The text as Markdown; links relative to the address `base`. ContentError where it cannot be converted."""
    if len(markup) > MAX_MARKUP:
        raise ContentError(where, None, f"longer than {MAX_MARKUP} characters; divide it")
    try:
        clean = nh3.clean(markup, tags=_TAGS, attributes=_ATTRIBUTES, url_schemes=_SCHEMES, link_rel=None,
                          clean_content_tags={"script", "style", "template", "noscript", "title"})  # fmt: skip
        text = markdownify(
            clean, heading_style="atx", bullets="-", escape_underscores=False, escape_misc=False,
            table_infer_header=True, code_language_callback=_language,
        )  # fmt: skip
    except (RecursionError, ValueError) as error:
        raise ContentError(
            where, None, f"its HTML cannot be read ({type(error).__name__}): nested too deeply"
        ) from error
    text = re.sub(r"[ \t]+$", "", text.replace("\xa0", " "), flags=re.M)
    text = re.sub(r"\n{3,}", "\n\n", text).strip()
    return outside_code(text, lambda part: _LINK.sub(lambda match: _absolute(match, base), part)) if base else text


def _absolute(match: re.Match[str], base: str | None) -> str:
    address = match[2]
    try:
        if not urlsplit(address).scheme:
            address = urljoin(base or "", address)
    except ValueError:
        return match[0]
    return f"{match[1]}{address}{match[3]}"


def is_markup(text: str) -> bool:
    """Whether it has tags at all; otherwise it is plain words."""
    return re.search(r"</?[a-z][a-z0-9]*[\s>/]", text, re.I) is not None
