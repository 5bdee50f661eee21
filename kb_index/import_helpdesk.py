"""Exports of help centers as JSON (in the manner of Zendesk, Freshdesk, Intercom) → articles in all their languages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from kb_index.drafts import Draft, Parsed, ident_of
from kb_index.errors import ContentError
from kb_index.import_markup import is_markup, markdown_of
from kb_index.import_options import MAX_ROWS, Options, Report

_LISTS = ("categories", "sections", "folders", "articles", "data", "solutions", "results", "collections")
_WRAPPED = ("article", "solution_article", "category", "folder", "section")
_FOR_AGENTS = (3, 4)  # Freshdesk: visible to agents, to some companies
_DRAFT = 1  # Freshdesk's status
_DEPTH = 12
_OURS = re.compile(r"(\]\()https?://[^()\s]*?/articles/(\d+)[^()\s#]*(#[^()\s]*)?(\))")


@dataclass(frozen=True)
class _Found:
    """An article as the export has it; `category`: of what it stands below; `internal`: not for customers."""

    row: dict[str, Any]
    category: str | None
    internal: bool


def is_export(data: Any) -> bool:
    return any(True for _ in _articles(data))


def export(name: str, data: Any, options: Options, source: str, report: Report) -> Parsed:
    """An article for each published translation; drafts are named."""
    result = Parsed()
    found = list(_articles(data))
    sections = _names(data)
    extra = _translations(data)
    ids = {str(one.row.get("id")): _ident(one.row) for one in found}
    for number, one in enumerate(found, 1):
        if number > MAX_ROWS:
            result.problems.append(ContentError(name, None, f"more than {MAX_ROWS} articles; import the rest divided"))
            break
        report(number, len(found), name)
        category = one.category or sections.get(str(one.row.get("section_id") or one.row.get("folder_id")))
        for text in _languages(one.row, extra.get(str(one.row.get("id")), [])):
            try:
                result.drafts.append(_draft(name, source, one, text, category, options, ids))
            except ContentError as problem:
                result.problems.append(problem)
    return result


def _articles(data: Any, category: str | None = None, internal: bool = False, depth: int = 0) -> Iterator[_Found]:
    if depth > _DEPTH:
        return
    if isinstance(data, list):
        for one in data:
            yield from _articles(one, category, internal, depth + 1)
    elif isinstance(data, dict):
        if isinstance(data.get("title"), str) and ("body" in data or "description" in data) and "id" in data:
            yield _Found(data, category, internal or data.get("user_segment_id") is not None)
            return
        inner = next((data[key] for key in _WRAPPED if isinstance(data.get(key), dict)), None)
        if inner is not None:
            yield from _articles(inner, category, internal, depth + 1)
        name = data.get("name") if isinstance(data.get("name"), str) else category
        hidden = internal or data.get("visibility") in _FOR_AGENTS
        for key in _LISTS:
            if isinstance(data.get(key), list):
                yield from _articles(data[key], name, hidden, depth + 1)


def _names(data: Any) -> dict[str, str]:
    rows = [*_rows(data, "sections"), *_rows(data, "folders")]
    return {str(row.get("id")): str(row["name"]) for row in rows if row.get("name")}


def _translations(data: Any) -> dict[str, list[dict[str, Any]]]:
    result: dict[str, list[dict[str, Any]]] = {}
    for row in _rows(data, "translations"):
        result.setdefault(str(row.get("source_id")), []).append(row)
    return result


def _rows(data: Any, key: str) -> list[dict[str, Any]]:
    rows = data.get(key) if isinstance(data, dict) else None
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _languages(row: dict[str, Any], extra: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The article itself and its translations, one for each language: {locale, title, body, draft, …}."""
    inner = row.get("translated_content")
    listed = (
        [{**one, "locale": key} for key, one in inner.items() if isinstance(one, dict)]
        if isinstance(inner, dict)
        else []
    )
    seen: set[str] = set()
    for text in [row, *_rows(row, "translations"), *extra, *listed]:
        lang = _lang(text) or ("" if text is row else "?")
        if lang not in seen and lang != "?" and ("body" in text or "description" in text):
            seen.add(lang)
            yield text


def _draft(
    name: str,
    source: str,
    one: _Found,
    text: dict[str, Any],
    category: str | None,
    options: Options,
    ids: dict[str, str],
) -> Draft:
    lang = _lang(text) or options.lang
    title, ident = str(text.get("title") or "").strip(), _ident(one.row)
    where = f"{name} article {one.row.get('id')} ({lang})"
    if text.get("draft") is True or text.get("state") == "draft" or text.get("status") in (_DRAFT, "draft"):
        raise ContentError(where, None, f"“{title:.80}” is a draft; publish it there to import it")
    if text.get("archived") is True:
        raise ContentError(where, None, f"“{title:.80}” is archived; it is not taken")
    body = text.get("body") or text.get("description") or ""
    if not isinstance(body, str) or not body.strip():
        raise ContentError(where, None, f"“{title:.80}” has no text")
    address = text.get("html_url") or one.row.get("html_url") or one.row.get("url")
    url = address if isinstance(address, str) and address.startswith(("https://", "http://")) else None
    if url and url.endswith(".json"):  # of the API, not of a page
        url = None
    shown = markdown_of(where, body, url) if is_markup(body) else body
    shown = _OURS.sub(lambda found: _inner(found, lang, ids), shown)
    day = str(text.get("updated_at") or "")[:10]
    return Draft(
        where, url or f"{source}#{ident}", ident, lang, options.kind or "manual", title, shown,
        category=category, url=url, updated=day if re.fullmatch(r"\d{4}-\d\d-\d\d", day) else None,
        audience="internal" if one.internal else None,
    )  # fmt: skip


def _inner(found: re.Match[str], lang: str, ids: dict[str, str]) -> str:
    ident = ids.get(found[2])
    return f"{found[1]}/articles/{lang}/{ident}{found[3] or ''}{found[4]}" if ident else found[0]


def _ident(row: dict[str, Any]) -> str:
    """By its number, which stays when the title changes."""
    return ident_of(f"article-{row.get('id')}")


def _lang(text: dict[str, Any]) -> str:
    found = str(text.get("locale") or text.get("language") or text.get("default_locale") or "")
    return re.split(r"[-_]", found.strip().lower())[0][:3]
