"""Manuals written for MkDocs, Docusaurus or GitHub read as their authors meant them; questions become articles."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kb_index.drafts import Draft
from kb_index.import_dialects import plain_markdown
from kb_index.import_markdown import linked, sections_of
from kb_index.passages import passages_of
from tests.kb_index.imports import articles_of, take

MANUAL = Path(os.environ.get("GUICHET_BENCHMARKS", "../shared/benchmarks")) / "paperless-ngx"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ('!!! warning "Oh"\n\n    Do not.\n\n    Never.\n\nAfter.', "> **Oh**\n>\n> Do not.\n>\n> Never.\n\nAfter."),
        ("??? note\n    Folded.", "> **Note**\n>\n> Folded."),
        ('!!! tip ""\n    No title.', "> No title."),
        ("- item\n\n    !!! info\n\n        Inside.", "- item\n\n    > **Info**\n    >\n    > Inside."),
        (":::tip Short\nWords.\n:::", "> **Short**\n>\n> Words."),
        ("> [!IMPORTANT]\n> Read this.", "> **Important**\n>\n> Read this."),
        ('=== "Linux"\n\n    Run it.\n\n=== "Mac"\n\n    Open it.', "**Linux**\n\nRun it.\n\n**Mac**\n\nOpen it."),
        ("Press <kbd>Ctrl</kbd>.<br/>Then <b>go</b>.", "Press `Ctrl`.\nThen **go**."),
        ("| a<br>b | c |", "| a b | c |"),
        ("<!-- hidden\nlines -->Seen<script>alert(1)</script>.", "Seen."),
        ('See <a href="https://example.org/x">this</a>.', "See [this](https://example.org/x)."),
        ("See [the page][1].\n\n[1]: https://example.org/p", "See [the page](https://example.org/p)."),
        ("An `<i>` in code and <https://example.org> stay.", "An `<i>` in code and <https://example.org> stay."),
        ("```html title=\"x\" {1}\n<b>!!! note</b>\n```", "```html\n<b>!!! note</b>\n```"),
        ("```\nnever closed", "```\nnever closed\n```"),
    ],
)  # fmt: skip
def test_dialects_become_plain_markdown(written: str, read: str) -> None:
    assert plain_markdown(written)[0].strip() == read


def test_diagrams_are_left_out_and_said() -> None:
    assert plain_markdown("A\n\n```mermaid\ngraph\n```\n") == ("A\n\n", ("1 diagrams left out",))


def test_a_comment_in_code_is_no_heading() -> None:
    sections = sections_of("Intro\n\n```sh\n# not a heading\n```\n\n## Real {#name}\n\ntext\n")
    assert [(one.level, one.title, one.name) for one in sections] == [(0, "", None), (2, "Real", "name")]


@pytest.mark.parametrize(
    ("link", "becomes"),
    [
        ("[a](other.md)", "[a](/articles/en/other)"),
        ("[a](../docs/other.md#named)", "[a](/articles/en/other#its-heading)"),
        ("[a](#here)", "[a](/articles/en/page#here)"),
        ("[a](nowhere.md)", "a"),
        ("![a](picture.png)", ""),
        ("[a](javascript:alert(1))", "a"),
        ("[a](https://example.org/b_(c))", "[a](https://example.org/b_(c))"),
        ("`[a](other.md)`", "`[a](other.md)`"),
    ],
)
def test_links_within_a_manual_lead_to_its_articles(link: str, becomes: str) -> None:
    targets = {
        "docs/other.md": ("other", "en", None),
        "docs/other.md#named": ("other", "en", "its-heading"),
        "docs/page.md#here": ("page", "en", "here"),
    }
    draft = Draft("docs/page.md", "s", "page", "en", "manual", "t", f"x {link} y")
    assert linked(draft, targets).text == f"x {becomes} y"


FAQ = """# Questions

## _Where is it?_ {#where}

**A:** There, see [the other](#when-is-it).

## 2. When is it?

Now.

### Exactly?

At noon.

## How?

"""


def test_a_list_of_questions_is_known_without_being_told(tmp_path: Path) -> None:
    source = tmp_path / "help.md"
    source.write_text(FAQ)
    result = take(source, tmp_path / "content")
    assert result.written == ["faq/where.en.md", "faq/when-is-it.en.md"]
    assert [(one.line, "How?" in str(one)) for one in result.problems] == [(15, True)]
    found = articles_of(tmp_path / "content")
    assert found["where"].title == "Where is it?"
    assert found["where"].text == "There, see [the other](/articles/en/when-is-it)."
    assert "At noon." in found["when-is-it"].text
    assert take(source, tmp_path / "manual", kind="manual").written == ["manuals/help.en.md"]


def test_languages_and_ids_are_told_by_paths(tmp_path: Path) -> None:
    wiki = tmp_path / "wiki"
    for name in (
        "a/index.md",
        "b/index.md",
        "guide.de.md",
        "fr/guide.md",
        "x/setup.md",
        "y/setup.md",
        "руководство.md",
    ):
        (wiki / name).parent.mkdir(parents=True, exist_ok=True)
        (wiki / name).write_text(f"# Title of {name}\n\nSome text.\n")
    result = take(wiki, tmp_path / "content")
    assert not result.problems
    cyrillic = [
        path for path in result.written if path.startswith("manuals/") and len(path) == len("manuals/12345678.en.md")
    ]
    assert len(cyrillic) == 1
    assert set(result.written) - set(cyrillic) == {
        "manuals/a.en.md", "manuals/b.en.md", "manuals/guide.de.md", "manuals/guide.fr.md", "manuals/x-setup.en.md",
        "manuals/y-setup.en.md",
    }  # fmt: skip


def test_what_left_a_folder_is_proposed_for_deletion_and_not_deleted_unasked(tmp_path: Path) -> None:
    wiki, content = tmp_path / "wiki", tmp_path / "content"
    wiki.mkdir()
    (wiki / "a.md").write_text("# A\n\nText.\n")
    (wiki / "b.md").write_text("# B\n\nText.\n")
    other = tmp_path / "c.md"
    other.write_text("# C\n\nOf another source.\n")
    take(other, content)
    take(wiki, content)
    (wiki / "b.md").unlink()
    assert take(wiki, content).vanished == ["manuals/b.en.md"]
    assert (content / "manuals" / "b.en.md").is_file()
    (wiki / "bad.md").write_bytes(b"\xc3(")
    assert take(wiki, content).vanished == [], "a folder that was not read whole lists nothing"
    (wiki / "bad.md").unlink()
    take(wiki, content, delete=True)
    assert set(articles_of(content)) == {"a", "c"}


def test_fields_that_editors_add_outlive_the_next_import(tmp_path: Path) -> None:
    source, content = tmp_path / "a.md", tmp_path / "content"
    source.write_text("# A\n\nText.\n")
    take(source, content)
    path = content / "manuals" / "a.en.md"
    path.write_text(path.read_text().replace("title: A\n", "title: A\naudience: internal\nvalid_until: 2030-01-01\n"))
    source.write_text("# A\n\nOther text.\n")
    assert take(source, content).updated == ["manuals/a.en.md"]
    (article,) = articles_of(content).values()
    assert (article.text, article.audience, article.valid_until) == ("Other text.", "internal", "2030-01-01")


@pytest.mark.skipif(not MANUAL.is_dir(), reason=f"outside data: {MANUAL} is not here")
def test_a_real_manual_imports_to_sensible_articles(tmp_path: Path) -> None:
    result = take(MANUAL, tmp_path)
    assert not result.problems
    found = articles_of(tmp_path)
    assert {"administration", "setup", "usage", "troubleshooting", "which-message-broker-should-i-use"} <= set(found)
    assert sum(article.kind == "faq" for article in found.values()) == 11
    for article in found.values():
        for mark in ("!!!", "{#", "{width", "<kbd>", "<br", "<h3", ".md)", ".md#", "\x00"):
            assert mark not in article.text, f"{mark} in {article.id}"
        assert article.text.count("```") % 2 == 0
    headings = {passage.heading for passage in passages_of(found["administration"])}
    assert {"Making backups", "Management utilities › Document exporter"} <= headings
    assert "(/articles/en/administration#document-exporter)" in found["administration"].text
    assert take(MANUAL, tmp_path).updated == []
