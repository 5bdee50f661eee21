"""Markdown of other programs → articles: a manual, or an article for each question of a list of questions."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote

import frontmatter
import yaml

from kb_index.content import MAX_BYTES
from kb_index.drafts import Draft, Parsed, ident_of
from kb_index.errors import ContentError
from kb_index.import_dialects import plain_markdown
from kb_index.import_fences import Fences, outside_code
from kb_index.import_options import Options, Report, decoded, named
from kb_index.passages import anchor

MIN_QUESTIONS, QUESTION_SHARE = 3, 0.6  # of a document's sections, for it to be a list of questions
MIN_INTRO = 30  # words before the first question that are worth an article
_HEADING = re.compile(r"(#{1,6})[ \t]+(.*?)[ \t]*#*[ \t]*$")
_ATTRIBUTES = re.compile(r"[ \t]*\{[^{}\n]*?#([\w.:-]+)[^{}\n]*\}[ \t]*$|[ \t]*\{[.:][^{}\n]*\}[ \t]*$")
_LINK = re.compile(r"(!?)\[((?:[^\[\]\n]|\[[^\[\]\n]*\]|\n(?!\n)){0,500})\]\(\s*<?([^()\s<>]*(?:\([^()\s]*\)[^()\s]*)?)>?(\s+\"[^\"\n]*\")?\s*\)(?:\{[^{}\n]*\})?")  # fmt: skip # noqa: E501
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.I)
_SAFE = ("http:", "https:", "mailto:", "tel:")
_ANSWER = re.compile(r"\A\s*(?:\*\*|__)?\s*(?:A|Answer|R|Réponse|Antwort)\s*[:.]\s*(?:\*\*|__)?\s*", re.I)
_ASKED = re.compile(r"^(?:(?:Q|F)\s*\d*\s*[:.]\s*|\d+(?:\.\d+)*[.)]\s+)")


@dataclass(frozen=True)
class Section:
    """`line`: where it begins; `name`: the anchor that its source gave it, if it did."""

    level: int
    title: str
    name: str | None
    line: int
    text: str


def markdown(name: str, data: bytes, options: Options, source: str, report: Report) -> Parsed:
    """One article, or one for each question where `kind` is faq, or where it is None and most sections ask."""
    if len(data) > MAX_BYTES:
        raise ContentError(name, None, f"{len(data)} bytes; at most {MAX_BYTES} are read. Divide it into several files")
    whole = decoded(name, data)
    try:
        meta, text = frontmatter.parse(whole)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ContentError(name, None, f"front matter is not YAML: {error}") from error
    before = whole[: len(whole) - len(text.lstrip())] if whole.rstrip().endswith(text) else ""
    text, notes = plain_markdown(text)
    return document(name, text, meta, options, source, notes, before.count("\n"))


def document(
    name: str, text: str, meta: Mapping[str, Any], options: Options, source: str, notes: tuple[str, ...], above: int = 0
) -> Parsed:
    """Articles of a Markdown text. `meta`: id, lang, title, category, questions, url, date; `above`: lines before."""
    sections = sections_of(text)
    first = next((one for one in sections[1:] if one.level == 1), None)
    ident, lang = named(name, options.lang)
    ident, lang = ident_of(_said(meta, "id") or ident), _said(meta, "lang") or lang
    title = _said(meta, "title") or (first.title if first else "") or PurePosixPath(name).stem
    if first:
        sections = [Section(0, "", first.name, first.line, first.text) if one is first else one for one in sections]
    asking = [one for one in sections if one.level == 2]
    about = Draft(name, source, ident, lang, options.kind or "manual", title, "", notes=notes,
                  category=_said(meta, "category"), url=_said(meta, "url"), day=_said(meta, "date"))  # fmt: skip
    asks = sum(_question(one.title).endswith("?") for one in asking)
    if options.kind == "faq" or (
        options.kind is None and len(asking) >= MIN_QUESTIONS and asks >= QUESTION_SHARE * len(asking)
    ):
        return _questions(about, sections, above)
    asked = meta.get("questions")
    questions = tuple(str(one) for one in asked) if isinstance(asked, list) else ()
    whole = "".join(f"{'#' * one.level} {one.title}\n{one.text}" if one.level else one.text for one in sections)
    if not whole.strip():
        raise ContentError(name, None, "no text in it")
    result = Parsed([replace(about, text=whole.strip(), questions=questions)])
    result.targets[name] = (ident, lang, None)
    taken: dict[str, int] = {}
    for one in sections:
        mark = anchor(one.title) if one.level else None
        if mark:
            taken[mark] = taken.get(mark, 0) + 1
            mark = mark if taken[mark] == 1 else f"{mark}-{taken[mark]}"
            result.targets[f"{name}#{mark}"] = (ident, lang, mark)
        if one.name:
            result.targets[f"{name}#{one.name}"] = (ident, lang, mark)
    return result


def _questions(about: Draft, sections: list[Section], above: int) -> Parsed:
    """An article for each section of level 2, with what is below it."""
    result = Parsed()
    intro = "".join(one.text for one in sections if one.level == 0).strip()
    texts: list[tuple[Section, str]] = []
    for one in sections:
        if one.level == 2:
            texts.append((one, one.text))
        elif texts and one.level > 2:
            texts[-1] = (texts[-1][0], texts[-1][1] + f"{'#' * one.level} {one.title}\n{one.text}")
    for one, text in texts:
        question, answer = _question(one.title), _ANSWER.sub("", text).strip()
        if not answer:
            where = f"no text below the question “{question:.60}”; write the answer there"
            result.problems.append(ContentError(about.where, above + one.line, where))
            continue
        ident = ident_of(one.name or question)
        result.drafts.append(replace(about, id=ident, kind="faq", title=question, text=answer, questions=(question,),
                                     line=above + one.line))  # fmt: skip
        for name in {one.name, anchor(one.title), anchor(question)} - {None}:
            result.targets[f"{about.where}#{name}"] = (ident, about.lang, None)
    if not result.drafts:
        raise ContentError(about.where, None, "no '## question' heading with a text below; import it as a manual")
    result.targets[about.where] = (result.drafts[0].id, about.lang, None)
    if len(intro.split()) >= MIN_INTRO:
        result.drafts.insert(0, replace(about, kind="faq", text=intro))
        result.targets[about.where] = (about.id, about.lang, None)
    return result


def _question(title: str) -> str:
    return _ASKED.sub("", title.strip(" _*#")).strip(" _*")


def sections_of(text: str) -> list[Section]:
    """The text before the first heading (level 0), then each heading with its own; code is no heading."""
    found: list[tuple[int, str, str | None, int, list[str]]] = [(0, "", None, 1, [])]
    fences = Fences()
    for number, line in enumerate(text.split("\n"), 1):
        heading = None if fences.is_code(line) else _HEADING.fullmatch(line)
        if heading and heading[2]:
            attributes = _ATTRIBUTES.search(heading[2])
            title = heading[2][: attributes.start()] if attributes else heading[2]
            found.append((len(heading[1]), title.strip(), attributes[1] if attributes else None, number, []))
        else:
            found[-1][4].append(f"{line}\n")
    return [Section(level, title, name, line, "".join(lines)) for level, title, name, line, lines in found]


def linked(draft: Draft, targets: Mapping[str, tuple[str, str, str | None]]) -> Draft:
    """With its links to other files of the source as links to their articles; what leads nowhere is plain text."""
    lost = 0

    def link(match: re.Match[str]) -> str:
        nonlocal lost
        image, text, address, title = match[1], match[2], match[3], match[4] or ""
        found: tuple[str, str, str | None] | None = None
        if _SCHEME.match(address) and not (found := targets.get(address.partition("#")[0])):
            return match[0] if address.lower().startswith(_SAFE) else text
        if address.startswith("/articles/") and not image:
            return match[0]
        target = None if image else found or _target(draft.where, unquote(address), targets)
        if target is None:
            lost += 1
            return "" if image else text
        ident, lang, mark = target
        return f"[{text}](/articles/{lang}/{ident}{f'#{mark}' if mark else ''}{title})"

    text = outside_code(draft.text, lambda part: _LINK.sub(link, part))
    notes = draft.notes + ((f"{lost} links and images to what is not here are plain text",) if lost else ())
    return replace(draft, text=text, notes=notes)


def _target(
    where: str, address: str, targets: Mapping[str, tuple[str, str, str | None]]
) -> tuple[str, str, str | None] | None:
    path, _, mark = address.partition("#")
    path = path.split("?")[0]
    file = posixpath.normpath(posixpath.join(posixpath.dirname(where), path)) if path else where
    for one in (file, f"{file}.md", f"{file}/index.md", f"{file}/README.md", re.sub(r"\.html?$", ".md", file)):
        found = targets.get(f"{one}#{mark}") if mark else None
        found = found or targets.get(one)
        if found:
            return found
    return None


def _said(meta: Mapping[str, Any], key: str) -> str | None:
    value = meta.get(key)
    return None if value in (None, "") or isinstance(value, dict | list) else str(value).strip()
