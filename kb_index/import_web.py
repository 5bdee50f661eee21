"""Pages and feeds of the web → drafts: the main text as Markdown, without menus, banners and footers."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote, urlsplit

from kb_index.content import Kind
from kb_index.drafts import Draft, Parsed, ident_of
from kb_index.errors import ContentError
from kb_index.fetching import Page

HTML = ("text/html", "application/xhtml+xml")
FEEDS = ("application/rss+xml", "application/atom+xml", "application/rdf+xml", "application/xml", "text/xml")
SUFFIX_OF_TYPE = {
    "text/markdown": ".md",
    "text/csv": ".csv",
    "text/tab-separated-values": ".tsv",
    "application/jsonl": ".jsonl",
    "application/x-ndjson": ".jsonl",
    "text/vtt": ".vtt",
    "application/x-subrip": ".srt",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
}
_LANG = re.compile(rb"<html\b[^>]*?\slang\s*=\s*[\"']?([A-Za-z]{2,3})\b", re.I)
_FEED = re.compile(rb"^\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*|<\?[^>]*>\s*)*<(?:rss|feed|rdf:RDF)\b", re.S)
MIN_WORDS = 5  # below, what was found is no article


def is_feed(page: Page) -> bool:
    return page.type in FEEDS and bool(_FEED.match(page.data))


def html(page: Page, lang: str, kind: Kind | None) -> Parsed:
    """The article of a page. ContentError where none is found."""
    import trafilatura
    from trafilatura.metadata import extract_metadata

    tree = trafilatura.load_html(_decoded(page))
    text = None if tree is None else _main_text(tree, page.url)
    if not text or len(text.split()) < MIN_WORDS:
        raise ContentError(
            page.url, None, "no article text was found in it; a page drawn by scripts cannot be imported: save its text"
        )
    about: Any = extract_metadata(tree, default_url=page.url)
    said = _LANG.search(page.data[:4096])
    title = str(about.title or "").strip()
    heading = re.match(r"# +(.+)\n*", text)
    if heading:
        title = title or heading.group(1).strip()
        text = text[heading.end() :].strip()
    return Parsed(
        [
            Draft(
                where=page.url,
                source=page.url,
                id=_ident(page.url),
                lang=said.group(1).decode().lower() if said else lang,
                kind=kind or "manual",
                title=title or _ident(page.url),
                text=text,
                url=page.url,
                day=str(about.date) if about.date else None,
            )
        ]
    )


def feed(page: Page, lang: str, kind: Kind | None) -> Parsed:
    """An article for each entry of an RSS or Atom feed that brings its text."""
    import feedparser

    headers = {"content-type": f"{page.type}; charset={page.charset}" if page.charset else page.type}
    found: Any = feedparser.parse(page.data, response_headers=headers, sanitize_html=True)
    if not found.entries:
        why = f" ({found.bozo_exception})" if found.get("bozo") else ""
        raise ContentError(page.url, None, f"no entry in this feed{why}")
    said = str(found.feed.get("language") or "")[:2].lower()
    result = Parsed()
    for number, entry in enumerate(found.entries, 1):
        link = str(entry.get("link") or "")
        name = link or f"{page.url} entry {number}"
        bodies = [str(part.value) for part in entry.get("content", [])] or [str(entry.get("summary") or "")]
        text = _entry_text(max(bodies, key=len), link or page.url)
        if not text or len(text.split()) < MIN_WORDS:
            result.problems.append(ContentError(name, None, "the feed brings no text of this entry; import its page"))
            continue
        when = entry.get("published_parsed") or entry.get("updated_parsed")
        result.drafts.append(
            Draft(
                where=name,
                source=link or f"{page.url}#{entry.get('id') or number}",
                id=_ident(link) if link else ident_of(str(entry.get("title") or number)),
                lang=said or lang,
                kind=kind or "blog",
                title=str(entry.get("title") or _ident(link)),
                text=text,
                url=link or None,
                day=f"{when.tm_year:04}-{when.tm_mon:02}-{when.tm_mday:02}" if when else None,
            )
        )
    return result


def _main_text(tree: Any, url: str) -> str | None:
    import trafilatura

    found = trafilatura.extract(
        tree, url=url, output_format="markdown", include_comments=False, include_links=True, include_tables=True,
        include_formatting=True, favor_recall=True, deduplicate=False,
    )  # fmt: skip
    return None if found is None else str(found).strip()


def _entry_text(markup: str, url: str) -> str | None:
    """An entry's body is all article, and may be plain words."""
    import trafilatura

    if not re.search(r"<[a-z]", markup, re.I):
        return markup.strip()
    tree = trafilatura.load_html(f"<html><body><article>{markup}</article></body></html>")
    return None if tree is None else _main_text(tree, url)


def _decoded(page: Page) -> str | bytes:
    """As the server says; else the library finds it out."""
    if page.charset:
        try:
            return page.data.decode(page.charset, "replace")
        except LookupError:
            return page.data
    return page.data


def _ident(url: str) -> str:
    """The last two parts of the path: stays when the title changes."""
    parts = urlsplit(url)
    named = [part for part in unquote(parts.path).split("/") if part and not part.startswith("index.")]
    if parts.query:
        named.append(unquote(parts.query))
    return ident_of(re.sub(r"\.(?:html?|php|aspx?)\b", "", "-".join(named[-2:])) or parts.netloc)
