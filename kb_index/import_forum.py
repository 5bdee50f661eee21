"""Forum threads with an accepted answer → articles: the question is the example question, the answer the text.

Discourse's JSON of topics; Stack Exchange's JSON (API) and Posts.xml (data dump). Who answered is named and linked.
"""

from __future__ import annotations

import html
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse

from kb_index.drafts import Draft, Parsed, ident_of
from kb_index.errors import ContentError
from kb_index.import_markup import is_markup, markdown_of
from kb_index.import_options import MAX_ROWS, Options, Report

_SPECIAL = re.compile(r"([\\`*_\[\]<>])")


@dataclass(frozen=True)
class _Thread:
    ident: str
    title: str
    answer: str | None  # HTML or Markdown; None: none was accepted
    author: str = ""
    url: str | None = None
    licence: str = ""
    category: str | None = None
    day: str | None = None


def is_forum(data: Any) -> bool:
    return next(_threads(data, ""), None) is not None


def threads(name: str, data: Any, options: Options, source: str, report: Report) -> Parsed:
    """Of JSON."""
    return _articles(name, _threads(data, source), options, source, report)


def posts(name: str, data: bytes, options: Options, source: str, report: Report) -> Parsed:
    """Of a data dump's Posts.xml."""
    return _articles(name, _rows(name, data), options, source, report)


def _articles(name: str, found: Iterator[_Thread], options: Options, source: str, report: Report) -> Parsed:
    result = Parsed()
    open_ones = 0
    for number, one in enumerate(found, 1):
        if number > MAX_ROWS:
            result.problems.append(ContentError(name, None, f"more than {MAX_ROWS} threads; import the rest divided"))
            break
        report(number, None, name)
        where = f"{name} thread {one.ident}"
        if one.answer is None:
            open_ones += 1
            continue
        try:
            text = markdown_of(where, one.answer, one.url) if is_markup(one.answer) else one.answer.strip()
            title = html.unescape(one.title).strip()
            who = _SPECIAL.sub(r"\\\1", " ".join(one.author.split()))
            credit = f"[{who or urlsplit(one.url).netloc}]({one.url})" if one.url else who
            text += f"\n\n— {credit}{f' ({one.licence})' if one.licence else ''}" if credit and text else ""
            result.drafts.append(
                Draft(where, one.url or f"{source}#{one.ident}", ident_of(f"{title[:60]}-{one.ident}"), options.lang,
                      options.kind or "faq", title, text, questions=(title,), category=one.category, url=one.url,
                      updated=one.day)
            )  # fmt: skip
        except ContentError as problem:
            result.problems.append(problem)
    if open_ones:
        result.problems.append(
            ContentError(name, None, f"{open_ones} threads have no accepted answer; they are not taken")
        )
    return result


def _threads(data: Any, source: str) -> Iterator[_Thread]:
    if isinstance(data, list):
        for one in data:
            if isinstance(one, dict):
                yield from _threads(one, source)
    elif isinstance(data, dict):
        if isinstance(data.get("post_stream"), dict):
            yield _discourse(data, source)
        elif "question_id" in data and isinstance(data.get("title"), str):
            yield _exchange(data)
        else:
            for key in ("items", "topics", "threads"):
                if isinstance(data.get(key), list):
                    yield from _threads([one for one in data[key] if isinstance(one, dict)], source)


def _discourse(topic: dict[str, Any], source: str) -> _Thread:
    listed = topic["post_stream"].get("posts")
    every = [post for post in listed if isinstance(post, dict)] if isinstance(listed, list) else []
    said = topic.get("accepted_answer")
    number = said.get("post_number") if isinstance(said, dict) else None
    answer = next((post for post in every if post.get("accepted_answer") is True), None)
    answer = answer or next((post for post in every if number and post.get("post_number") == number), None)
    ident, title = str(topic.get("id", "")), str(topic.get("title") or topic.get("fancy_title") or "")
    if answer is None:
        return _Thread(ident, title, None)
    parts = urlsplit(str(topic.get("url") or source))
    base = f"{parts.scheme}://{parts.netloc}" if parts.scheme in ("http", "https") else None
    url = base and f"{base}/t/{topic.get('slug') or '-'}/{ident}/{answer.get('post_number', 1)}"
    tags = topic.get("tags")
    first = tags[0] if isinstance(tags, list) and tags else None
    category = first.get("name") if isinstance(first, dict) else first
    text = answer.get("cooked") or answer.get("raw")
    return _Thread(ident, title, text if isinstance(text, str) else None, str(answer.get("username") or ""), url, "",
                   category if isinstance(category, str) else None, _day(answer.get("updated_at")))  # fmt: skip


def _exchange(question: dict[str, Any]) -> _Thread:
    listed = question.get("answers")
    every = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    accepted = question.get("accepted_answer_id")
    answer = next((one for one in every if one.get("is_accepted") is True
                   or (accepted is not None and one.get("answer_id") == accepted)), None)  # fmt: skip
    ident, title = str(question["question_id"]), str(question["title"])
    if answer is None:
        return _Thread(ident, title, None)
    owner = answer.get("owner")
    author = str(owner.get("display_name") or "") if isinstance(owner, dict) else ""
    tags = question.get("tags")
    text = answer.get("body") or answer.get("body_markdown")
    url = answer.get("link") or question.get("link")
    return _Thread(
        ident, title, text if isinstance(text, str) else None, html.unescape(author),
        url if isinstance(url, str) and url.startswith(("https://", "http://")) else None,
        str(answer.get("content_license") or ""), str(tags[0]) if isinstance(tags, list) and tags else None,
    )  # fmt: skip


def _rows(name: str, data: bytes) -> Iterator[_Thread]:
    """Questions are kept until their accepted answer comes; at the end those that still wait have none here."""
    waiting: dict[str, dict[str, str]] = {}
    root: Element | None = None
    try:
        for event, element in iterparse(io.BytesIO(data), events=("start", "end"), forbid_dtd=True):
            if root is None:
                root = element
            if event == "start" or element.tag != "row":
                continue
            row = dict(element.attrib)
            element.clear()
            if len(root) > 1000:
                root.clear()
            if row.get("PostTypeId") == "1":
                if row.get("AcceptedAnswerId") and row.get("Title") and len(waiting) < MAX_ROWS:
                    waiting[row["AcceptedAnswerId"]] = {key: row.get(key, "") for key in ("Id", "Title", "Tags")}
                else:
                    yield _Thread(row.get("Id", ""), row.get("Title", ""), None)
            elif row.get("PostTypeId") == "2" and (question := waiting.pop(row.get("Id", ""), None)):
                tags = re.findall(r"[^<>|]+", question["Tags"])
                author = row.get("OwnerDisplayName") or (f"user {row['OwnerUserId']}" if row.get("OwnerUserId") else "")
                yield _Thread(question["Id"], question["Title"], row.get("Body") or None, author, None,
                              row.get("ContentLicense", ""), tags[0] if tags else None,
                              _day(row.get("LastEditDate") or row.get("CreationDate")))  # fmt: skip
    except DefusedXmlException as error:
        raise ContentError(name, None, "declares a document type or entities, which is not read") from error
    except (ParseError, ValueError, LookupError) as error:
        raise ContentError(name, None, f"not XML that can be read: {error}") from error
    for question in waiting.values():
        yield _Thread(question["Id"], question["Title"], None)


def _day(value: object) -> str | None:
    found = re.match(r"\d{4}-\d\d-\d\d", str(value or ""))
    return found[0] if found else None
