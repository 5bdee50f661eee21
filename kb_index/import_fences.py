"""Which lines of a Markdown text are code, and changes to what is not."""

from __future__ import annotations

import re
from collections.abc import Callable

_FENCE = re.compile(r"[ \t]*(`{3,}|~{3,})([^`\n]*)$")
_CODE_SPAN = re.compile(r"(?<!`)(`+)(?!`)(?:(?!\n\s*\n).)*?(?<!`)\1(?!`)", re.S)


class Fences:
    """Asked of one line after another. A block that begins in a quotation ends in it."""

    def __init__(self) -> None:
        self._fence = ""
        self._quoted = False

    def is_code(self, line: str) -> bool:
        """Whether the line belongs to a code block, its first and last lines included."""
        quoted = line.lstrip().startswith(">") if not self._fence else self._quoted
        found = _FENCE.match((line.lstrip("> ") if quoted else line).rstrip("\n"))
        if not self._fence:
            if found:
                self._fence, self._quoted = found[1], quoted
            return found is not None
        if found and found[1].startswith(self._fence) and not found[2].strip():
            self._fence = ""
        return True


def outside_code(text: str, change: Callable[[str], str]) -> str:
    """`change` made to what stands outside code blocks and code spans."""
    fences = Fences()
    result: list[str] = []
    run: list[str] = []
    for line in text.splitlines(keepends=True):
        if fences.is_code(line):
            result += [outside_spans("".join(run), change), line]
            run = []
        else:
            run.append(line)
    return "".join([*result, outside_spans("".join(run), change)])


def outside_spans(text: str, change: Callable[[str], str]) -> str:
    """`change` made to what stands outside code spans; zero bytes are lost."""
    kept: list[str] = []

    def keep(match: re.Match[str]) -> str:
        kept.append(match[0])
        return f"\x00{len(kept) - 1}\x00"

    changed = change(_CODE_SPAN.sub(keep, text.replace("\x00", "")))
    return re.sub(r"\x00(\d+)\x00", lambda match: kept[int(match[1])], changed)
