"""Markdown of MkDocs, Docusaurus, GitHub and with HTML in it → plain Markdown, as our pages and the widget show it."""

from __future__ import annotations

import html
import re
from functools import partial

from kb_index.import_fences import Fences, outside_spans

_FENCE = re.compile(r"([ \t]*)(`{3,}|~{3,})[ \t]*([^`\n]*)$")
_ADMONITION = re.compile(r"([ \t]*)(?:!!!|\?\?\?\+?)[ \t]+([\w-]+)(?:[ \t]+[\w -]+?)?(?:[ \t]+\"([^\"]*)\")?[ \t]*$")
_TAB = re.compile(r"([ \t]*)===\+?!?[ \t]+\"([^\"]*)\"[ \t]*$")
_CONTAINER = re.compile(r":{3,}[ \t]*([a-z]+)[ \t]*(?:\[([^\]]*)\]|([^{\n]*))(?:\{[^}]*\})?$", re.I)
_ALERT = re.compile(r"([ \t]*>[ \t]*)\[!(\w+)\][ \t]*$")
_LEFT_OUT = re.compile(r"[ \t]*(?:--8<--.*|\{:[^}\n]*\}|\*\[[^\]\n]+\]:.*|\[TOC\])[ \t]*$")
_DIAGRAMS = ("mermaid", "plantuml", "dot", "graphviz")
_REFERENCE = re.compile(r"^ {0,3}\[([^\]^\n]{1,200})\]:[ \t]*<?(\S+?)>?(?:[ \t]+[\"'(].*[\"')])?[ \t]*$")
_REFERRED = re.compile(r"\[([^\[\]\n]{1,300})\](?:\[([^\[\]\n]{0,200})\])?(?![\[(:])")
_TAGS = (
    "a abbr address article aside b big blockquote body br button caption center cite code col colgroup dd del details "
    "div dl dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 head header hr html i iframe img input ins kbd label "
    "li main mark nav ol p picture pre q s samp section small source span strike strong sub summary sup svg path table "
    "tbody td tfoot th thead title tr tt u ul var video wbr"
)
_TAG = re.compile(
    rf"<(/?)({'|'.join(_TAGS.split())})\b((?:[^<>\"']++|\"[^\"]{{0,2000}}+\"|'[^']{{0,2000}}+'){{0,60}}+)>", re.I
)
_DROPPED = re.compile(
    r"<!--.*?(?:-->|\Z)|<(script|style|template|object|embed|noscript)\b[^>]*>.*?(?:</\1\s*>|\Z)|</?(?:script|style|object|embed)\b[^>]*>",
    re.I | re.S,
)  # fmt: skip
_DATA = re.compile(r"data:[\w/+.;=,-]+")  # pictures within the text
_ICON = re.compile(r":(?:material|fontawesome|octicons|simple)-[\w-]+:(?:\{[^}\n]*\})?")
_HEADING = re.compile(r"<h([1-6])\b([^<>]{0,500})>(.{0,500}?)</h\1\s*>", re.I | re.S)
_ATTRIBUTE = re.compile(r"([\w-]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))")
_LINK = re.compile(r"<a\b([^<>]{0,2000})>(.{0,1000}?)</a\s*>", re.I | re.S)


def plain_markdown(text: str) -> tuple[str, tuple[str, ...]]:
    """The text, and what was left out of it."""
    notes: list[str] = []
    lines = _blocks(text.replace("\t", "    ").split("\n"), notes)
    told = tuple(f"{notes.count(note)} {note} left out" for note in dict.fromkeys(notes))
    return "\n".join(_outside_fences(lines)), told


def _blocks(lines: list[str], notes: list[str], depth: int = 0) -> list[str]:
    result: list[str] = []
    at = 0
    while at < len(lines):
        line = lines[at]
        at += 1
        if fence := _FENCE.match(line):
            body, at = _to_fence_end(lines, at, fence)
            language = fence[3].split()[0].strip("{}.") if fence[3].split() else ""
            if language in _DIAGRAMS:
                notes.append("diagrams")
            else:
                result += [f"{fence[1]}{fence[2]}{language}", *body]
        elif (found := _ADMONITION.match(line)) and depth < 20:
            body, at = _indented(lines, at, len(found[1]) + 4)
            title = found[2].replace("-", " ").capitalize() if found[3] is None else found[3]
            result += _quoted(found[1], title, _blocks(body, notes, depth + 1))
        elif (found := _TAB.match(line)) and depth < 20:
            body, at = _indented(lines, at, len(found[1]) + 4)
            inner = _blocks(body, notes, depth + 1)
            result += [f"{found[1]}**{found[2]}**", "", *(f"{found[1]}{one}" if one else "" for one in inner), ""]
        elif (found := _CONTAINER.match(line)) and depth < 20 and (end := _container_end(lines, at)) is not None:
            title = (found[2] or found[3] or "").strip() or found[1].capitalize()
            result += _quoted("", title, _blocks(lines[at:end], notes, depth + 1))
            at = end + 1
        elif found := _ALERT.match(line):
            result += [f"{found[1]}**{found[2].capitalize()}**", found[1].rstrip()]
        elif not _LEFT_OUT.match(line):
            result.append(line)
    return result


def _to_fence_end(lines: list[str], at: int, fence: re.Match[str]) -> tuple[list[str], int]:
    for end in range(at, len(lines)):
        closing = lines[end].strip()
        if closing.startswith(fence[2]) and not closing.strip(fence[2][0]):
            return lines[at : end + 1], end + 1
    return [*lines[at:], f"{fence[1]}{fence[2]}"], len(lines)


def _indented(lines: list[str], at: int, indent: int) -> tuple[list[str], int]:
    """The lines that are indented so far, and blank ones among them, without their indentation."""
    end = at
    while end < len(lines) and (not lines[end].strip() or lines[end].startswith(" " * indent)):
        end += 1
    body = [line[indent:] for line in lines[at:end]]
    while body and not body[-1].strip():
        body.pop()
        end -= 1
    return body, end


def _container_end(lines: list[str], at: int) -> int | None:
    depth = 1
    for end in range(at, len(lines)):
        line = lines[end].strip()
        if re.fullmatch(":{3,}", line):
            depth -= 1
            if not depth:
                return end
        elif _CONTAINER.match(line):
            depth += 1
    return None


def _quoted(indent: str, title: str, body: list[str]) -> list[str]:
    while body and not body[0].strip():
        body = body[1:]
    shown = [f"**{title.strip()}**", "", *body] if title.strip() else body
    return ["", *(f"{indent}> {line}".rstrip() for line in shown), ""]


def _outside_fences(lines: list[str]) -> list[str]:
    """References put where they are used, and HTML as Markdown, in what is not code."""
    references: dict[str, str] = {}
    fences = Fences()
    parts: list[tuple[bool, list[str]]] = []
    for line in lines:
        code = fences.is_code(line)
        if not code and (found := _REFERENCE.match(line)):
            references[found[1].casefold()] = found[2]
            continue
        if not parts or parts[-1][0] != code:
            parts.append((code, []))
        parts[-1][1].append(line)
    result = []
    for code, part in parts:
        plain = partial(_no_html, references=references)
        result += part if code else outside_spans("\n".join(part), plain).split("\n")
    return result


def _no_html(text: str, references: dict[str, str]) -> str:
    def referred(match: re.Match[str]) -> str:
        address = references.get((match[2] or match[1]).casefold())
        return f"[{match[1]}]({address})" if address else match[0]

    text = _ICON.sub("", _DROPPED.sub("", _DATA.sub("", text) if "base64," in text else text))
    if references:
        text = _REFERRED.sub(referred, text)
    if "<" in text:
        text = _HEADING.sub(_heading, text)
        text = _LINK.sub(_link, text)
        text = "\n".join(_TAG.sub(partial(_tag, line=line), line) for line in text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", text)


def _heading(match: re.Match[str]) -> str:
    name = _attributes(match[2]).get("id")
    shown = " ".join(_TAG.sub("", match[3]).split())
    return f"\n{'#' * int(match[1])} {shown}{f' {{#{name}}}' if name else ''}\n"


def _link(match: re.Match[str]) -> str:
    address = _attributes(match[1]).get("href")
    return (
        f"[{' '.join(match[2].split())}]({address.replace(' ', '%20')})" if address and match[2].strip() else match[2]
    )


def _tag(match: re.Match[str], line: str) -> str:
    closing, name, rest = match[1], match[2].lower(), match[3]
    if name in ("b", "strong"):
        return "**"
    if name in ("i", "em"):
        return "*"
    if name in ("code", "kbd", "samp", "tt"):
        return "`"
    if name == "img" and not closing:
        given = _attributes(rest)
        return f"![{given.get('alt', '')}]({given.get('src', '').replace(' ', '%20')})" if given.get("src") else ""
    if name in ("br", "hr"):
        return " " if line.lstrip().startswith("|") or name == "hr" else "\n"
    if name == "li" and not closing:
        return "\n- "
    return "\n" if name in ("p", "div", "tr", "ul", "ol") and line.strip() != match[0] else ""


def _attributes(text: str) -> dict[str, str]:
    return {one[1].lower(): html.unescape(one[2] or one[3] or one[4] or "") for one in _ATTRIBUTE.finditer(text)}
