"""What is new in a mail, and what it only quotes. Every rule looks at a line and a few after it: time is linear.

A library was tried (mail-parser-reply): a hostile mail of 100 kB kept it busy for minutes, and it knew no common French
attribution.
"""

from __future__ import annotations

import html as entities
import re

import nh3

LONGEST = 200_000
_WROTE = r"(?:wrote|writes|schrieb|schreibt|a écrit|ha scritto|escribió|schreef)"
_ATTRIBUTION = re.compile(rf"^\W{{0,3}}(?:on|am|le|il|el|op)\b.{{5,300}}\b{_WROTE}\b.{{0,80}}:\s*$", re.IGNORECASE)
_REVERSED = re.compile(rf"^.{{0,150}}[\w.+-]@[\w.-]{{1,100}}.{{0,40}}\b{_WROTE}\b.{{0,60}}:\s*$", re.IGNORECASE)
_ORIGINAL = re.compile(
    r"^\s{0,3}-{2,}\s{0,3}(?:original message|forwarded message|message d.origine|message original|message transféré|"
    r"ursprüngliche nachricht|weitergeleitete nachricht|originalnachricht)\s{0,3}-{2,}\s*$",
    re.IGNORECASE,
)
_FROM = re.compile(r"^\W{0,3}(?:from|de|von)\W{0,3}\s?:", re.IGNORECASE)
_SENT = re.compile(r"^\W{0,3}(?:sent|date|envoyé|gesendet|datum)\W{0,3}\s?:", re.IGNORECASE)
_QUOTE_IN_HTML = re.compile(
    r"<div[^>]{0,100}?\s(?:id=[\"']?(?:appendonsend|divrplyfwdmsg)|class=[\"']?(?:gmail_quote|moz-cite-prefix|"
    r"yahoo_quoted)|style=[\"']?border:none;\s?border-top:solid)|<blockquote",
    re.IGNORECASE,
)
_ENDS_OF_LINES = re.compile(r"<(?:br|hr|/p|/div|/tr|/li|/h[1-6]|/table|/blockquote)\b", re.IGNORECASE)
_MANY_LINES = re.compile(r"\n[ \t]*\n\s*\n")
_LOOKED_AHEAD = 5


def split(text: str) -> tuple[str, str]:
    """What its writer wrote, and what was quoted below it ("" where nothing is, or where answers stand between)."""
    lines = text[:LONGEST].replace("\r\n", "\n").replace("\r", "\n").split("\n")
    start = _start(lines)
    new, quoted = "\n".join(lines[:start]).strip(), "\n".join(lines[start:]).strip()
    return (new, quoted) if new else (text[:LONGEST].strip(), "")


def _start(lines: list[str]) -> int:
    """Index of the first line of what is only quoted until the end."""
    for index, line in enumerate(lines):
        if not line.strip() or line.startswith(">"):
            continue
        if _ORIGINAL.match(line) or _is_header_block(lines, index):
            return index
        length = _attribution(lines, index)
        if length and _only_quoted(lines, index + length):
            return index
    last = len(lines)
    while last and (not lines[last - 1].strip() or lines[last - 1].startswith(">")):
        last -= 1
    return last


def _is_header_block(lines: list[str], index: int) -> bool:
    following = [line for line in lines[index + 1 : index + _LOOKED_AHEAD] if line.strip()]
    return bool(_FROM.match(lines[index][:200])) and any(_SENT.match(line[:200]) for line in following)


def _attribution(lines: list[str], index: int) -> int:
    """How many lines say who wrote what follows; 0: none. Programs break them at about 76 characters."""
    joined = ""
    for length in (1, 2, 3):
        if index + length > len(lines) or not lines[index + length - 1].strip():
            return 0
        joined = f"{joined} {lines[index + length - 1][:200].strip()}".strip()
        if joined.endswith(":"):
            return length if _ATTRIBUTION.match(joined) or (length == 1 and _REVERSED.match(joined)) else 0
    return 0


def _only_quoted(lines: list[str], index: int) -> bool:
    """Whether no answer follows below: quoted lines until the end, or text that is not marked as quoted at all."""
    rest = [line for line in lines[index:] if line.strip()]
    marked = [line.startswith(">") for line in rest]
    return all(marked) or not any(marked)


def folded(html: str) -> tuple[str, str]:
    """HTML of a mail in two: what is new, and what is quoted (within a blockquote; "" where nothing is)."""
    html = html[:LONGEST]
    found = _QUOTE_IN_HTML.search(html)
    if found is None:
        return html, ""
    return html[: found.start()], f"<blockquote>{html[found.start() :]}</blockquote>"


def as_text(html: str) -> str:
    """The words of HTML, a line for each of its lines."""
    broken = _ENDS_OF_LINES.sub(lambda match: f"\n{match.group()}", " ".join(html[:LONGEST].split()))
    text = entities.unescape(nh3.clean(broken, tags=set()))
    lines = "\n".join(line.strip() for line in text.replace("\xa0", " ").split("\n"))
    return _MANY_LINES.sub("\n\n", lines).strip()


def as_html(new: str, quoted: str) -> str:
    """A plain mail with a quotation as HTML, in which the quotation can be folded away."""

    def lines(text: str) -> str:
        return entities.escape(text, quote=False).replace("\n", "<br>")

    return f"<p>{lines(new)}</p><blockquote>{lines(quoted)}</blockquote>"
