"""Word documents → manuals: headings by their styles, lists, tables; pictures are left out and said."""

from __future__ import annotations

import io
import re
from pathlib import PurePath
from typing import Any

from kb_index.drafts import Parsed
from kb_index.errors import ContentError
from kb_index.import_archive import checked_office
from kb_index.import_markdown import document
from kb_index.import_markup import markdown_of
from kb_index.import_options import Options, Report

# Built-in styles have English names in the file, whatever Word shows; these are beyond the library's own.
_STYLES = """
p[style-name='Title'] => h1.title:fresh
p[style-name='Subtitle'] => p:fresh
p[style-name='Code'] => pre:separator('\\n')
p[style-name='HTML Preformatted'] => pre:separator('\\n')
p[style-name='Source Code'] => pre:separator('\\n')
r[style-name='Code'] => code
r[style-name='Verbatim Char'] => code
p[style-name='toc 1'] => !
p[style-name='toc 2'] => !
p[style-name='toc 3'] => !
p[style-name='toc 4'] => !
p[style-name='TOC Heading'] => !
"""
_TITLE = re.compile(r"<h1 class=\"title\">(.*?)</h1>", re.S)
_PICTURE = re.compile(r"<img\b[^>]*>")
_ANCHOR = re.compile(r"<a id=\"[^\"]*\">\s*</a>")
_HEADING = re.compile(r"<(/?)h([1-6])>")


def word(name: str, data: bytes, options: Options, source: str, report: Report) -> Parsed:
    """One manual. ContentError where it is no document, or has no text."""
    import mammoth
    from mammoth.images import img_element

    checked_office(name, data, "a DOCX document")
    report(0, 1, name)
    try:
        picture = img_element(lambda image: {"src": "", "alt": image.alt_text or ""})
        found = mammoth.convert_to_html(io.BytesIO(data), style_map=_STYLES, convert_image=picture)
        markup = str(found.value)
    except MemoryError:
        raise
    except Exception as error:  # the library raises many kinds for files that are none of its
        raise ContentError(name, None, f"not a DOCX document ({type(error).__name__}: {error})") from error
    pictures = len(_PICTURE.findall(markup))
    markup = _ANCHOR.sub("", _PICTURE.sub("", markup))
    title = _TITLE.search(markup)
    meta: dict[str, Any] = {}
    if title:
        meta["title"] = " ".join(re.sub(r"<[^>]+>", "", title[1]).split())
        markup = markup[: title.start()] + markup[title.end() :]
    if title or markup.count("<h1>") > 1:  # chapters: below the title of the whole
        markup = _HEADING.sub(lambda tag: f"<{tag[1]}h{min(int(tag[2]) + 1, 6)}>", markup)
        meta.setdefault("title", re.sub(r"[-_]+", " ", PurePath(name).stem).strip().capitalize())
    notes = (f"{pictures} pictures left out",) if pictures else ()
    return document(name, markdown_of(name, markup), meta, options, source, notes)
