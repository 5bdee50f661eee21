"""Markdown of any origin → articles of ours: a file with front matter of ours is copied, any other is given one."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import frontmatter
import yaml

from kb_index.content import FOLDERS, read_file
from kb_index.errors import ContentError
from kb_index.passages import anchor

_FOLDER_OF: dict[str, str] = {kind: folder for folder, kind in FOLDERS.items()}
_TITLE = re.compile(r"^# +(.+?)[ #]*(?:\{[^}]*\})?$", re.M)
_ATTRIBUTES = re.compile(r"[ \t]*\{[#.:][^}\n]*\}[ \t]*$", re.M)  # {#anchor .class} of MkDocs and Pandoc
_SECTION = re.compile(r"^## +", re.M)


@dataclass
class Imported:
    """Paths written, below the content folder; and what could not be taken."""

    written: list[str] = field(default_factory=list)
    problems: list[ContentError] = field(default_factory=list)


def import_path(source: Path, content_dir: Path, lang: str, kind: str, overwrite: bool = False) -> Imported:
    """Take one Markdown file or all below a folder. `kind`: faq (each `##` heading is a question), blog or manual."""
    if not source.exists():
        raise ContentError(str(source), None, "no such file or folder")
    result = Imported()
    for path in [source] if source.is_file() else sorted(source.rglob("*.md")):
        name = path.name if source.is_file() else path.relative_to(source).as_posix()
        try:
            for target, text in _articles(path, name, lang, kind, content_dir).items():
                if target.exists() and not overwrite:
                    raise ContentError(name, None, f"{target} exists; use --overwrite to replace it")
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text, encoding="utf-8")
                result.written.append(target.relative_to(content_dir).as_posix())
            _copy_captions(path, content_dir, name)
        except ContentError as problem:
            result.problems.append(problem)
    return result


def _articles(path: Path, name: str, lang: str, kind: str, content_dir: Path) -> dict[Path, str]:
    folder = path.parent.name
    if folder in (*FOLDERS, "levels"):  # laid out as our content folder is
        read_file(path, f"{folder}/{path.name}")
        return {content_dir / folder / path.name: path.read_text(encoding="utf-8-sig")}
    try:
        meta, text = frontmatter.parse(path.read_text(encoding="utf-8-sig"))
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise ContentError(name, None, f"cannot be read as Markdown in UTF-8: {error}") from error
    text = _ATTRIBUTES.sub("", text).strip()
    heading = _TITLE.search(text)
    title = str(meta.get("title") or (heading.group(1).strip() if heading else path.stem)).strip()
    if heading:
        text = (text[: heading.start()] + text[heading.end() :]).strip()
    if not text:
        raise ContentError(name, None, "no text in it")
    ident = anchor(str(meta.get("id") or path.stem))
    target = content_dir / _FOLDER_OF[kind]
    if kind != "faq":
        return {target / f"{ident}.{lang}.md": _written(ident, lang, title, [], text)}
    result: dict[Path, str] = {}
    for section in _SECTION.split(text)[1:]:
        question, _, answer = section.partition("\n")
        question = question.strip(" _*#")
        part = anchor(question)[:80].strip("-")
        if answer.strip():
            result[target / f"{part}.{lang}.md"] = _written(part, lang, question, [question], answer.strip())
    if not result:
        raise ContentError(name, None, "no '## question' heading with a text below; import it as --kind manual")
    return result


def _written(ident: str, lang: str, title: str, questions: list[str], text: str) -> str:
    meta = {"id": ident, "lang": lang, "title": title, "questions": questions, "updated": date.today().isoformat()}
    head = yaml.safe_dump(meta, allow_unicode=True, sort_keys=False, width=1000)
    return f"---\n{head}---\n{text}\n"


def _copy_captions(path: Path, content_dir: Path, name: str) -> None:
    """A video's captions lie beside its article."""
    captions = path.with_suffix(".vtt")
    if path.parent.name == "videos" and captions.is_file():
        try:
            shutil.copyfile(captions, content_dir / "videos" / captions.name)
        except shutil.SameFileError:
            return
        except OSError as error:
            raise ContentError(name, None, f"captions cannot be copied: {error}") from error
