"""Files and folders become articles; a bad row is named with its line, the others are taken; again means update."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import openpyxl
import pytest

from kb_index.content import read_content
from kb_index.errors import ContentError
from tests.kb_index.conftest import write_content
from tests.kb_index.imports import take


@pytest.fixture
def content_dir(tmp_path: Path) -> Path:
    return tmp_path / "content"


def text_of(content_dir: Path, name: str) -> str:
    return (content_dir / name).read_text(encoding="utf-8")


def test_markdown_of_any_origin_becomes_a_manual(tmp_path: Path, content_dir: Path) -> None:
    source = tmp_path / "wiki"
    (source / "deep").mkdir(parents=True)
    (source / "guide.md").write_text("# The guide {#top}\n\nIntro.\n\n## Part one\n\nText.\n")
    (source / "deep" / "other.md").write_text("---\nlang: de\ntitle: Anderes\n---\nText.\n")
    (source / "empty.md").write_text("# Nothing\n")
    result = take(source, content_dir)
    assert sorted(result.written) == ["manuals/guide.en.md", "manuals/other.de.md"]
    assert [problem.file for problem in result.problems] == ["empty.md"]
    (guide,) = [one for one in read_content(content_dir).articles if one.id == "guide"]
    assert (guide.title, guide.text) == ("The guide", "Intro.\n\n## Part one\n\nText.")


def test_each_question_of_a_markdown_faq_becomes_an_article(tmp_path: Path, content_dir: Path) -> None:
    source = tmp_path / "faq.md"
    source.write_text("## Where is it?\n\nThere.\n\n## When?\n\nNow.\n")
    assert take(source, content_dir, kind="faq").written == ["faq/where-is-it.en.md", "faq/when.en.md"]
    (source).write_text("no heading")
    with pytest.raises(ContentError, match="import it as a manual") as caught:
        take(source, content_dir, kind="faq")
    assert caught.value.file == "faq.md"


def test_our_own_layout_is_copied_as_it_is(tmp_path: Path, content_dir: Path) -> None:
    source = write_content(tmp_path / "ours")
    first = take(source, content_dir)
    assert len(first.written) == len(list(source.rglob("*.md")))
    assert [str(problem) for problem in first.problems] == [
        "kb.yml: settings of search are not imported; compare them by hand"
    ]
    (content_dir / "kb.yml").write_bytes((source / "kb.yml").read_bytes())
    assert text_of(content_dir, "faq/dark-theme.en.md") == text_of(source, "faq/dark-theme.en.md")
    assert (content_dir / "levels" / "nas.en.md").is_file()
    again = take(source, content_dir)
    assert (again.written, again.problems, again.conflicts) == ([], [], [])
    assert len(again.unchanged) == len(list(source.rglob("*.md")))
    path = content_dir / "faq" / "dark-theme.en.md"
    path.write_text(path.read_text().replace("Choose", "Select"))
    assert take(source, content_dir).conflicts == ["faq/dark-theme.en.md: it exists and differs"]
    assert "Select" in path.read_text()
    take(source, content_dir, overwrite=True)
    assert "Select" not in path.read_text()


ROWS = [
    {"id": "pw", "question": "Mot de passe perdu ?", "answer": "Cliquez.", "lang": "fr", "category": "compte"},
    {"questions": ["How to scan?", "scan paper"], "answer": "Press **Scan**."},
]


def test_json_lines_bring_rows_and_name_the_bad_ones(tmp_path: Path, content_dir: Path) -> None:
    source = tmp_path / "faq.jsonl"
    bad = ["{", '["list"]', '{"answer": "no question"}', '{"question": "no answer"}', '{"question": 5, "answer": "x"}',
           '{"question": "q", "answer": "x", "lang": "klingon!"}', '{"id": "pw", "lang": "fr", "question": "q", "answer": "x"}']  # fmt: skip # noqa: E501
    source.write_text("\n".join([*map(json.dumps, ROWS), "", *bad]), encoding="utf-8")
    result = take(source, content_dir)
    assert result.written == ["faq/pw.fr.md", "faq/how-to-scan.en.md"]
    assert sorted(problem.line or 0 for problem in result.problems) == [4, 5, 6, 7, 8, 9, 10]
    said = " ".join(map(str, result.problems))
    for words in ("expected an object", "give it one", "write it", "expected a text or a list", "klingon", "line 1"):
        assert words in said
    articles = {one.id: one for one in read_content(content_dir).articles}
    assert articles["pw"].category == "compte"
    assert articles["how-to-scan"].questions == ("How to scan?", "scan paper")


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_tables_as_spreadsheets_write_them(tmp_path: Path, content_dir: Path, separator: str, encoding: str) -> None:
    lines = ["Titel,Fragen,Antwort", 'Öffnen,"Wie öffne ich es?\nöffnen | auf", Drücken Sie „Auf“.', ",,", "Leer,,"]
    source = tmp_path / "faq.csv"
    source.write_bytes("\r\n".join(lines).replace(",", separator).encode(encoding))
    result = take(source, content_dir)
    assert result.written == ["faq/offnen.en.md"]
    assert [(one.line, "no answer" in str(one)) for one in result.problems] == [(5, True)]
    (article,) = read_content(content_dir).articles
    assert article.questions == ("Wie öffne ich es?", "öffnen", "auf")
    assert article.text == "Drücken Sie „Auf“."


def test_a_table_without_the_columns_or_with_broken_quotes_is_named(tmp_path: Path, content_dir: Path) -> None:
    source = tmp_path / "faq.csv"
    source.write_text("name,value\na,b\n")
    assert "expected the columns question (or title) and answer, got: name, value" in str(
        take(source, content_dir).problems[0]
    )
    source.write_text('question,answer\na,b,c\n"open,b\nWhen?,"Now, ""soon""."\n')
    result = take(source, content_dir)
    assert [one.line for one in result.problems] == [2, 3]
    assert "check its quotes" in str(result.problems[1])
    assert result.written == ["faq/when.en.md"], "what follows a quote that is not closed is read"
    source.write_text("question,answer\na,b,c\nd,e\n")
    result = take(source, content_dir)
    assert (result.written, result.problems[0].line) == (["faq/d.en.md"], 2)


def test_a_workbook_is_read_and_what_is_none_is_named(tmp_path: Path, content_dir: Path) -> None:
    book = openpyxl.Workbook()
    for row in (["Question", "Réponse", "Langue"], ["Où est-ce ?", "Là.", "fr"], [None, None, None], ["Quand ?", None]):
        book.active.append(row)
    source = tmp_path / "faq.xlsx"
    book.save(source)
    result = take(source, content_dir)
    assert (result.written, [one.line for one in result.problems]) == (["faq/ou-est-ce.fr.md"], [4])
    source.write_bytes(b"PK nonsense")
    with pytest.raises(ContentError, match="not an XLSX workbook"):
        take(source, content_dir)
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(4):
            archive.writestr(f"xl/{number}.xml", b"0" * 80_000_000)
    source.write_bytes(bomb.getvalue())
    with pytest.raises(ContentError, match="unpacks to more than"):
        take(source, content_dir)


SRT = "1\n00:00:01,000 --> 00:00:04,000\nOuvrez la boîte.\n\n2\n00:00:05,000 --> 00:00:08,500\nFermez-la.\n"


@pytest.mark.parametrize(
    ("name", "text"), [("tour.fr.srt", SRT), ("tour.fr.vtt", "WEBVTT\n\n" + SRT.replace(",", "."))]
)
def test_captions_become_a_video_with_its_address(tmp_path: Path, content_dir: Path, name: str, text: str) -> None:
    source = tmp_path / name
    source.write_text(text, encoding="utf-8")
    assert take(source, content_dir, video="https://example.org/v").written == [
        "videos/tour.fr.md",
        "videos/tour.fr.vtt",
    ]
    (video,) = read_content(content_dir).articles
    assert (video.kind, video.lang, video.video) == ("video", "fr", "https://example.org/v")
    assert [(cue.start, cue.text) for cue in video.captions] == [(1.0, "Ouvrez la boîte."), (5.0, "Fermez-la.")]
    with pytest.raises(ContentError, match="address of their video"):
        take(source, content_dir)
    source.write_text("nonsense")
    with pytest.raises(ContentError, match="not captions"):
        take(source, content_dir, video="https://example.org/v")


def test_importing_again_updates_and_keeps_what_editors_added(tmp_path: Path, content_dir: Path) -> None:
    source = tmp_path / "faq.jsonl"
    source.write_text(json.dumps(ROWS[0]))
    take(source, content_dir)
    assert take(source, content_dir).unchanged == ["faq/pw.fr.md"]
    path = content_dir / "faq" / "pw.fr.md"
    path.write_text(path.read_text().replace("- Mot de passe perdu ?", "- Mot de passe perdu ?\n- mdp oublié"))
    source.write_text(json.dumps(ROWS[0] | {"answer": "Cliquez ici."}))
    assert take(source, content_dir).updated == ["faq/pw.fr.md"]
    (article,) = read_content(content_dir).articles
    assert (article.text, article.questions) == ("Cliquez ici.", ("Mot de passe perdu ?", "mdp oublié"))


def test_an_edited_answer_or_an_article_of_other_origin_is_not_lost(tmp_path: Path, content_dir: Path) -> None:
    source = tmp_path / "faq.jsonl"
    source.write_text(json.dumps(ROWS[0]))
    take(source, content_dir)
    path = content_dir / "faq" / "pw.fr.md"
    path.write_text(path.read_text().replace("Cliquez.", "Cliquez en haut."))
    assert "edited here since" in take(source, content_dir).conflicts[0]
    other = tmp_path / "other.jsonl"
    other.write_text(source.read_text())
    assert "other origin" in take(other, content_dir).conflicts[0]
    assert "en haut" in path.read_text()
    take(source, content_dir, overwrite=True)
    assert "en haut" not in path.read_text()


def test_what_no_program_here_reads_is_said(tmp_path: Path, content_dir: Path) -> None:
    source = tmp_path / "faq.exe"
    source.write_bytes(b"MZ")
    with pytest.raises(ContentError, match=r"expected one of \.md"):
        take(source, content_dir)
    source = tmp_path / "latin.md"
    source.write_bytes(b"# A\n\ncaf\xe9\n")
    with pytest.raises(ContentError, match="UTF-8") as caught:
        take(source, content_dir)
    assert caught.value.line == 3
