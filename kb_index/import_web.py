"""Pages and feeds of the web → drafts: the main text as Markdown, without menus, banners and footers."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

from kb_index.drafts import Draft, Parsed, ident_of
from kb_index.errors import ContentError
from kb_index.fetching import Page
from kb_index.import_archive import refuse_entities
from kb_index.import_dialects import plain_markdown
from kb_index.import_markup import is_markup, markdown_of
from kb_index.import_options import Options, Report

HTML = ("text/html", "application/xhtml+xml")
FEEDS = ("application/rss+xml", "application/atom+xml", "application/rdf+xml", "application/xml", "text/xml")
SUFFIX_OF_TYPE = {
    "text/markdown": ".md",
    "text/csv": ".csv",
    "text/tab-separated-values": ".tsv",
    "application/jsonl": ".jsonl",
    "application/x-ndjson": ".jsonl",
    "application/json": ".json",
    "text/vtt": ".vtt",
    "application/x-subrip": ".srt",
    "application/pdf": ".pdf",
    "application/zip": ".zip",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
}
_LANG = re.compile(rb"<html\b[^>]{0,1000}?\slang\s*=\s*[\"']?([A-Za-z]{2,3})\b", re.I)
_FEED = re.compile(
    rb"\A(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*|<\?[^>]*>\s*)*<(?:rss|feed|rdf:RDF)\b", re.S
)
_INLINE = (
    "p",
    "td",
    "th",
    "cell",
    "head",
    "hi",
    "a",
    "ref",
    "pre",
    "strong",
    "em",
    "span",
    *(f"h{n}" for n in range(1, 7)),
)
MIN_WORDS = 5  # below, what was found is no article


def is_feed(page: Page) -> bool:
    return page.type in FEEDS and bool(_FEED.match(page.data[: 64 * 1024]))


def html(page: Page, options: Options, source: str | None = None) -> Parsed:
    """The article of a page. ContentError where none is found. `source`: if it is not the page's address."""
    import trafilatura
    from trafilatura.metadata import extract_metadata

    try:
        tree = trafilatura.load_html(decoded(page))
        text = None if tree is None else _main_text(tree, page.url)
        about: Any = extract_metadata(tree, default_url=page.url) if text else None
    except MemoryError:
        raise
    except Exception as error:  # of several libraries, for pages that are broken
        raise ContentError(page.url, None, f"its HTML cannot be read ({type(error).__name__})") from error
    if not text or len(text.split()) < MIN_WORDS:
        raise ContentError(
            page.url, None, "no article text was found in it; a page drawn by scripts cannot be imported: save its text"
        )
    said = _LANG.search(page.data[:4096])
    title = str(about.title or "").strip() if about is not None else ""
    heading = re.match(r"# +(.+)\n*", text)
    if heading:
        title = heading[1].strip() if not title or heading[1].strip() in title else title
        text = text[heading.end() :].strip()
    is_address = page.url.startswith(("https://", "http://"))
    ident = _ident(page.url)
    draft = Draft(
        page.url, source or page.url, ident, said[1].decode().lower() if said else options.lang,
        options.kind or "manual", title or ident, plain_markdown(text)[0], url=page.url if is_address else None,
        day=str(about.date) if about is not None and about.date else None,
    )  # fmt: skip
    return Parsed([draft], targets={page.url: (draft.id, draft.lang, None)})


def feed(page: Page, options: Options, report: Report) -> Parsed:
    """An article for each entry of an RSS or Atom feed that brings its text."""
    import feedparser

    refuse_entities(page.url, page.data)
    headers = {"content-type": f"{page.type}; charset={page.charset}" if page.charset else page.type}
    try:
        found: Any = feedparser.parse(page.data, response_headers=headers, sanitize_html=True)
    except MemoryError:
        raise
    except Exception as error:  # the library raises many kinds for what is no feed
        raise ContentError(page.url, None, f"not a feed that can be read ({type(error).__name__})") from error
    if not found.entries:
        why = f" ({found.bozo_exception})" if found.get("bozo") else ""
        raise ContentError(page.url, None, f"no entry in this feed{why}")
    said = str(found.feed.get("language") or "")[:2].lower()
    result = Parsed()
    for number, entry in enumerate(found.entries, 1):
        report(number, len(found.entries), page.url)
        try:
            result.drafts.append(_entry(page, entry, number, said, options))
        except ContentError as problem:
            result.problems.append(problem)
    return result


def _entry(page: Page, entry: Any, number: int, said: str, options: Options) -> Draft:
    link = str(entry.get("link") or "")
    link = link if link.startswith(("https://", "http://")) else ""
    name = link or f"{page.url} entry {number}"
    bodies = [str(part.value) for part in entry.get("content", [])] or [str(entry.get("summary") or "")]
    body = max(bodies, key=len)
    text = markdown_of(name, body, link or page.url) if is_markup(body) else body.strip()
    if len(text.split()) < MIN_WORDS:
        raise ContentError(name, None, "the feed brings no text of this entry; import its page")
    when = entry.get("published_parsed") or entry.get("updated_parsed")
    tags = entry.get("tags") or []
    return Draft(
        where=name,
        source=link or f"{page.url}#{entry.get('id') or number}",
        id=_ident(link) if link else ident_of(str(entry.get("title") or number)),
        lang=said if re.fullmatch("[a-z]{2}", said) else options.lang,
        kind=options.kind or "blog",
        title=str(entry.get("title") or _ident(link)),
        text=text,
        category=str(tags[0].get("term") or "") or None if tags else None,
        url=link or None,
        day=f"{when.tm_year:04}-{when.tm_mon:02}-{when.tm_mday:02}" if when else None,
    )


def _main_text(tree: Any, url: str) -> str | None:
    import trafilatura
    from lxml import etree

    found: Any = trafilatura.bare_extraction(
        tree, url=url, include_comments=False, include_links=True, include_tables=True, include_formatting=True,
        favor_recall=True, deduplicate=False, with_metadata=False,
    )  # fmt: skip
    if found is None or found.body is None:
        return None
    for element in found.body.iter():
        _as_html(element)
    return markdown_of(url, str(etree.tostring(found.body, encoding="unicode", method="html")), url)


def _as_html(element: Any) -> None:
    """The library's own elements (TEI) as HTML: its own HTML loses numbers of lists and code within lines."""
    rend, parent = element.get("rend") or "", element.getparent()
    if element.tag == "code":
        within = parent is not None and parent.tag in _INLINE
        alone = not (element.tail or "").strip() and (parent is None or not (parent.text or "").strip())
        element.tag = "code" if within or not (alone or "\n" in "".join(element.itertext())) else "pre"
    elif element.tag == "quote":
        element.tag = "pre" if len(element) == 0 and "\n" in (element.text or "").strip() else "blockquote"
    elif element.tag == "list":
        element.tag = "ol" if rend == "ol" else "ul"
    elif element.tag == "hi":
        element.tag = {"#b": "strong", "#i": "em", "#t": "code"}.get(rend, "span")
    elif element.tag == "head":
        element.tag = rend if re.fullmatch("h[1-6]", rend) else "h3"
    elif element.tag == "cell":
        element.tag = "th" if element.get("role") == "head" else "td"
    elif element.tag == "ref":
        element.tag = "a"
        element.set("href", element.get("target") or "")
    else:
        element.tag = {"item": "li", "row": "tr", "lb": "br"}.get(element.tag, element.tag)


def decoded(page: Page) -> str | bytes:
    """As the server says; else the library finds it out."""
    if page.charset:
        try:
            return page.data.decode(page.charset, "replace")
        except LookupError:
            return page.data
    return page.data


def links_of(page: Page) -> tuple[str | None, bool, bool, list[str]]:
    """(canonical address, may be taken, its links may be followed, addresses that it links to) of a page."""
    from lxml import html as lxml_html
    from lxml.etree import LxmlError

    try:
        tree = lxml_html.fromstring(decoded(page))
    except (LxmlError, ValueError):
        return None, True, True, []
    base = next((str(one) for one in tree.xpath("//base/@href")), "")
    canonical = next((str(one) for one in tree.xpath("//link[@rel='canonical']/@href")), None)
    said = ",".join(
        str(one) for one in tree.xpath("//meta[translate(@name,'ROBTS','robts')='robots']/@content")
    ).lower()
    rules = {rule.strip() for rule in said.split(",")}
    try:
        address = urljoin(page.url, base)
        canonical = urljoin(page.url, canonical) if canonical else None
    except ValueError:
        address = page.url
    links = []
    for one in tree.xpath("//a[@href][not(contains(concat(' ', @rel, ' '), ' nofollow '))]/@href"):
        try:
            links.append(urljoin(address, str(one).strip()))
        except ValueError:
            continue
    return canonical, not rules & {"noindex", "none"}, not rules & {"nofollow", "none"}, links


def _ident(url: str) -> str:
    """The last two parts of the path: stays when the title changes."""
    parts = urlsplit(url)
    named = [part for part in unquote(parts.path).split("/") if part and not part.startswith("index.")]
    if parts.query:
        named.append(unquote(parts.query))
    return ident_of(re.sub(r"\.(?:html?|php|aspx?)\b", "", "-".join(named[-2:])) or parts.netloc)
