"""Exports of help centers and forums: languages, sections, links; drafts and threads without an answer are said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kb_index.errors import ContentError
from tests.kb_index.imports import Taken, articles_of, take

BASE = "https://help.example.org/hc/en-us/articles"


def given(folder: Path, data: Any, name: str = "export.json", **more: Any) -> Taken:
    path = folder / name
    path.write_text(data if isinstance(data, str) else json.dumps(data), encoding="utf-8")
    return take(path, folder / "content", **more)


def zendesk() -> dict[str, Any]:
    body = (
        f'<h2>How</h2><p>Click <b>Forgot</b>. See <a href="{BASE}/12-Accounts#x">accounts</a>.</p><script>x()</script>'
    )
    article = {
        "locale": "en-us",
        "section_id": 5,
        "draft": False,
        "user_segment_id": None,
        "updated_at": "2026-02-03T10:00:00Z",
    }
    return {
        "articles": [
            article | {"id": 11, "title": "Reset your password", "body": body, "html_url": f"{BASE}/11-Reset",
                       "translations": [
                           {"locale": "en-us", "title": "Reset your password", "body": body},
                           {"locale": "fr", "title": "Changer le mot de passe", "body": "<p>Cliquez « Oublié ».</p>"},
                           {"locale": "de", "title": "Passwort", "body": "<p>Klicken.</p>", "draft": True}]},
            article | {"id": 12, "title": "Accounts", "body": "<ol><li>One</li><li>Two</li></ol>",
                       "html_url": f"{BASE}/12-Accounts"},
            article | {"id": 13, "title": "Not yet", "body": "<p>Soon.</p>", "draft": True},
            article | {"id": 14, "title": "For agents", "body": "<p>Only for agents.</p>", "user_segment_id": 7},
            article | {"id": 15, "title": "Nothing", "body": ""},
        ],
        "sections": [{"id": 5, "name": "Signing in"}],
    }  # fmt: skip


def test_a_zendesk_export_brings_languages_sections_and_links(tmp_path: Path) -> None:
    result = given(tmp_path, zendesk())
    assert sorted(result.written) == [
        "manuals/article-11.en.md", "manuals/article-11.fr.md", "manuals/article-12.en.md", "manuals/article-14.en.md",
    ]  # fmt: skip
    said = "\n".join(map(str, result.problems))
    assert "article 11 (de): “Passwort” is a draft" in said
    assert "“Not yet” is a draft" in said
    assert "“Nothing” has no text" in said
    assert len(result.problems) == 3
    content = tmp_path / "content" / "manuals"
    english = (content / "article-11.en.md").read_text()
    for part in ("category: Signing in", f"source: {BASE}/11-Reset", "updated: '2026-02-03'", "## How",
                 "Click **Forgot**", "[accounts](/articles/en/article-12#x)"):  # fmt: skip
        assert part in english
    assert "x()" not in english
    found = articles_of(tmp_path / "content")
    assert found["article-12"].text == "1. One\n2. Two"
    assert found["article-14"].audience == "internal", "what only agents may read is not for customers"
    assert given(tmp_path, zendesk()).unchanged == result.written
    changed = zendesk()
    changed["articles"][1]["body"] = "<p>Other.</p>"
    assert given(tmp_path, changed).updated == ["manuals/article-12.en.md"]


def test_a_freshdesk_export_brings_folders_and_leaves_drafts(tmp_path: Path) -> None:
    data = [
        {"category": {"name": "General", "folders": [
            {"name": "Start", "visibility": 1, "articles": [
                {"id": 1, "title": "Begin", "description": "<p>Begin here, with care.</p>", "status": 2},
                {"id": 2, "title": "Later", "description": "<p>Not yet.</p>", "status": 1}]},
            {"name": "Team", "visibility": 3, "articles": [
                {"id": 3, "title": "Inside", "description": "<p>For us only.</p>", "status": 2}]}]}},
    ]  # fmt: skip
    result = given(tmp_path, data)
    assert sorted(result.written) == ["manuals/article-1.en.md", "manuals/article-3.en.md"]
    assert "“Later” is a draft" in str(result.problems[0])
    found = articles_of(tmp_path / "content")
    assert (found["article-1"].category, found["article-1"].audience) == ("Start", "public")
    assert found["article-3"].audience == "internal"


def test_an_intercom_export_brings_translations(tmp_path: Path) -> None:
    article = {"id": "9", "title": "Hello", "body": "<p>Some words.</p>", "state": "published", "default_locale": "en",
               "translated_content": {"type": "x",
                                      "fr": {"title": "Bonjour", "body": "<p>Des mots.</p>", "state": "published"},
                                      "de": {"title": "Hallo", "body": "<p>Worte.</p>", "state": "draft"}}}  # fmt: skip
    result = given(tmp_path, {"type": "list", "data": [article]})
    assert sorted(result.written) == ["manuals/article-9.en.md", "manuals/article-9.fr.md"]
    assert len(result.problems) == 1


def discourse() -> dict[str, Any]:
    posts = [
        {"post_number": 1, "username": "asker", "cooked": "<p>How do I do it?</p>"},
        {
            "post_number": 3,
            "username": "ada_l",
            "cooked": "<p>Press <code>F1</code>, then wait.</p>",
            "accepted_answer": True,
        },
    ]
    return {"id": 42, "slug": "how-to", "title": "How do I do it?", "tags": ["keys"], "post_stream": {"posts": posts},
            "url": "https://forum.example.org/t/how-to/42"}  # fmt: skip


def test_a_discourse_thread_becomes_question_and_answer_with_credit(tmp_path: Path) -> None:
    unsolved = discourse() | {"id": 43}
    unsolved["post_stream"] = {"posts": [{"post_number": 1, "cooked": "<p>?</p>"}]}
    result = given(tmp_path, [discourse(), unsolved])
    assert result.written == ["faq/how-do-i-do-it-42.en.md"]
    assert "1 threads have no accepted answer" in str(result.problems[0])
    (article,) = articles_of(tmp_path / "content").values()
    assert (article.questions, article.category) == (("How do I do it?",), "keys")
    assert article.text == ("Press `F1`, then wait.\n\n— [ada\\_l](https://forum.example.org/t/how-to/42/3)")
    assert article.url == "https://forum.example.org/t/how-to/42/3"


def test_stack_exchange_answers_as_json_and_as_dump_name_author_and_licence(tmp_path: Path) -> None:
    answers = [
        {"answer_id": 6, "body": "<p>No.</p>", "is_accepted": False},
        {"answer_id": 7, "body": "<p>Type <code>ls</code> &amp; enter.</p>", "is_accepted": True,
         "owner": {"display_name": "O&#39;Neil"}, "content_license": "CC BY-SA 4.0"},
    ]  # fmt: skip
    question = {
        "question_id": 5,
        "title": "List files &amp; folders?",
        "link": "https://a.example/q/5",
        "answers": answers,
    }
    assert given(tmp_path, {"items": [question]}).written == ["faq/list-files-folders-5.en.md"]
    (article,) = articles_of(tmp_path / "content").values()
    assert article.title == "List files & folders?"
    assert article.text == "Type `ls` & enter.\n\n— [O'Neil](https://a.example/q/5) (CC BY-SA 4.0)"
    rows = (
        '<row Id="1" PostTypeId="1" AcceptedAnswerId="2" Title="Why &amp; how?" Body="x" Tags="|shell|" />'
        '<row Id="2" PostTypeId="2" ParentId="1" Body="&lt;p&gt;Because it &lt;b&gt;is&lt;/b&gt; so.&lt;/p&gt;" '
        'OwnerUserId="8" ContentLicense="CC BY-SA 3.0" CreationDate="2020-01-02T03:04:05" />'
        '<row Id="3" PostTypeId="1" Title="Open?" />'
    )
    result = given(tmp_path, f'<?xml version="1.0"?><posts>{rows}</posts>', "Posts.xml")
    assert result.written == ["faq/why-how-1.en.md"]
    assert "1 threads have no accepted answer" in str(result.problems[0])
    assert articles_of(tmp_path / "content")["why-how-1"].text == "Because it **is** so.\n\n— user 8 (CC BY-SA 3.0)"


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("a.json", "{", "not JSON"),
        ("a.json", "[" * 100_000, "not JSON"),
        ("a.json", '{"a": 1}', "nothing in this JSON is an article"),
        ("a.xml", "<a/>", "neither a feed"),
        ("a.xml", '<!DOCTYPE x [<!ENTITY a "a">]><posts><row/></posts>', "entities"),
        ("a.xml", "<posts><row", "not XML"),
        (
            "a.xml",
            '<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "a">]><rss><channel>&a;</channel></rss>',
            "feed|entities",
        ),
    ],
)
def test_exports_that_are_none_are_named(tmp_path: Path, name: str, data: str, says: str) -> None:
    with pytest.raises(ContentError, match=says):
        given(tmp_path, data, name)


def test_a_list_of_rows_as_json_is_a_table(tmp_path: Path) -> None:
    result = given(tmp_path, [{"question": "Where?", "answer": "There."}, {"question": "When?"}])
    assert result.written == ["faq/where.en.md"]
    assert result.problems[0].line == 2
