"""Whatever a file holds: a ContentError or articles that can be read, nothing outside the folder, in bounded time."""

from __future__ import annotations

import contextlib
import io
import json
import tempfile
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest
from fpdf import FPDF
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kb_index.content import read_content
from kb_index.drafts import cleaned, ident_of
from kb_index.errors import ContentError
from kb_index.fetching import Page
from kb_index.import_dialects import plain_markdown
from kb_index.import_files import FORMATS
from kb_index.import_markup import markdown_of
from kb_index.import_options import Options
from kb_index.import_sites import sitemap
from kb_index.importing import apply, propose
from kb_index.sources import checked_path

OPTIONS = Options(lang="en", video="https://example.org/v")
PIECES = st.sampled_from(
    ["# ", "## ", "\n", "\n\n", "```", "~~~", "`", "!!! note\n    ", ":::tip\n", ":::\n", "> ", "---\n", "id: a\n",
     "[a](", "](../b.md)", "<b>", "<script>", "</script>", "<!--", "<a href='javascript:x'>", "|", "- ", "1. ", '"',
     ",", ";", "\t", "question,answer\n", "\0", "\ud800", "\ufeff", "\u202e", "\x1b[2J", "é", "漢", "{", "}", "[",
     "&#0;", "&a;", "<p>", "?", "00:00:01.000 --> 00:00:02.000\n", "WEBVTT\n\n", "title: [x\n", "../",
     "=== \"x\"\n    ", "%PDF-1.7\n", "<posts>", "<row "]
)  # fmt: skip
TEXT = st.lists(st.one_of(PIECES, st.text(max_size=12)), max_size=40).map("".join)
ANY = st.one_of(st.binary(max_size=400), TEXT.map(lambda text: text.encode("utf-8", "surrogatepass")))
KEYS = [
    *("articles", "id", "title", "body", "locale", "draft", "translations", "sections", "name", "items", "lang"),
    *("question_id", "answers", "is_accepted", "post_stream", "posts", "cooked", "accepted_answer", "owner", "tags"),
    *("html_url", "question", "answer", "updated_at"),
]
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), TEXT),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.sampled_from(KEYS),
            inner, max_size=6),
    ),
    max_leaves=25,
)  # fmt: skip
FAST = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def taken(name: str, data: bytes, options: Options = OPTIONS) -> None:
    """Import into a folder of its own, overwriting and deleting too, twice; ContentError is all that may come."""
    with tempfile.TemporaryDirectory() as folder:
        source, content = Path(folder) / "in" / name, Path(folder) / "out" / "content"
        source.parent.mkdir()
        source.write_bytes(data)
        before = {path for path in Path(folder).rglob("*") if not path.is_relative_to(content)} | {content.parent}
        with contextlib.suppress(ContentError):
            for _ in range(2):
                found = propose(str(source), content, options)
                for change in found.changes:
                    checked_path(change.path)
                json.dumps(found.as_json()).encode()
                apply(found, content, overwrite=True, delete=True)
        assert {path for path in Path(folder).rglob("*") if not path.is_relative_to(content)} <= before
        assert not read_content(content).problems


@pytest.mark.parametrize("suffix", FORMATS)
def test_no_bytes_break_a_parser(suffix: str) -> None:
    @FAST
    @given(data=ANY)
    def run(data: bytes) -> None:
        taken(f"file{suffix}", data)

    run()


@FAST
@given(data=JSON, kind=st.sampled_from([".json", ".jsonl"]))
def test_no_json_breaks_a_parser(data: Any, kind: str) -> None:
    taken(f"file{kind}", json.dumps(data).encode())


@FAST
@given(
    names=st.lists(TEXT, min_size=1, max_size=4), text=TEXT, folder=st.sampled_from(["", "faq/", "videos/", "golden/"])
)
def test_no_name_in_a_zip_leads_out(names: list[str], text: str, folder: str) -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for number, name in enumerate(names):
            shown = f"{folder}{name}".encode("utf-8", "replace").decode().replace("\0", "")[:200] or "x"
            archive.writestr(
                f"{shown}{('.md', '.en.md', '.vtt', '.jsonl')[number % 4]}", text.encode("utf-8", "replace")
            )
    taken("file.zip", made.getvalue())


@FAST
@given(at=st.integers(min_value=0), new=st.binary(min_size=1, max_size=40), suffix=st.sampled_from([".pdf", ".zip"]))
def test_no_damage_breaks_a_parser(at: int, new: bytes, suffix: str) -> None:
    good = {".pdf": PDF, ".zip": ZIP}[suffix]
    at %= len(good)
    taken(f"file{suffix}", good[:at] + new + good[at + len(new) :])


def _pdf() -> bytes:
    pdf = FPDF()
    pdf.set_compression(False)
    pdf.add_page()
    pdf.set_font("Helvetica", size=12)
    pdf.start_section("Part")
    pdf.multi_cell(0, 6, "Some words of a manual that can be read.\n" * 5)
    return bytes(pdf.output())


def _zip() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.md", "# A\n\nwords " * 20)
        archive.writestr("b.csv", "question,answer\nQ?,A.\n" * 5)
    return made.getvalue()


PDF, ZIP = _pdf(), _zip()


@FAST
@given(text=TEXT)
def test_no_sitemap_breaks_its_reader(text: str) -> None:
    for data in (text, f"<urlset><url><loc>{text}</loc></url></urlset>"):
        with contextlib.suppress(ContentError):
            sitemap(Page("https://example.org/s.xml", "text/xml", None, data.encode("utf-8", "replace")))


@given(text=st.text())
def test_ids_are_ids_and_texts_have_no_control_characters(text: str) -> None:
    assert checked_path(f"faq/{ident_of(text)}.en.md")
    assert not any(ord(letter) < 32 and letter not in "\t\n" for letter in cleaned(text))


@pytest.mark.parametrize(
    "markup",
    [
        "<script>alert(1)</script>Seen", "<img src=x onerror=alert(1)>Seen", "<a href='javascript:alert(1)'>Seen</a>",
        "<svg><script>alert(1)</script></svg>Seen", "<iframe src='https://evil.example'></iframe>Seen",
        "<style>p{}</style>Seen", "<a href='data:text/html,x'>Seen</a>",
    ],
)  # fmt: skip
def test_what_is_active_in_html_does_not_come_through(markup: str) -> None:
    for text in (markdown_of("x", markup), plain_markdown(markup)[0]):
        assert "Seen" in text
        for bad in ("<script", "alert(1)</", "onerror", "iframe", "p{}", "svg"):
            assert bad not in text.casefold()
    assert "javascript:" not in markdown_of("x", markup)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("deep.html", b"<div>" * 50_000 + b"words of the page that nobody sees " * 9),
        ("deep.md", b"> " * 50_000 + b"words"),
        ("links.md", b"# A\n\n" + b"[" * 200_000),
        ("spans.md", b"# A\n\n" + b"`a``b```c" * 30_000),
        ("tags.md", b"# A\n\n" + b"<a '" * 100_000),
        ("quotes.csv", b"question,answer\n" + b'"a,b\n' * 100_000),
        ("deep.json", b'{"articles":' * 5_000),
        ("laughs.xml", b'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "ha">]><rss><channel>&a;</channel></rss>'),
        ("entities.yml.md", b"---\na: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nd: [*c, *c]\n---\nwords"),
        ("lines.vtt", b"WEBVTT\n\n" + b"00:00:01.000 --> 00:00:02.000\n" * 20_000),
    ],
)  # fmt: skip
def test_what_is_made_to_take_for_ever_does_not(name: str, data: bytes) -> None:
    begun = time.process_time()
    taken(name, data)
    assert time.process_time() - begun < 20
