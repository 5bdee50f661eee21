"""Tables: whose columns are called otherwise, in other encodings, with a million rows."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import openpyxl
import pytest

from kb_index import import_options, import_tables
from kb_index.errors import ContentError
from tests.kb_index.imports import articles_of, take

SHEET = "Nr,Was der Kunde fragt,Was wir sagen,Intern\n7,Wo ist es?,Dort.,geheim\n8,Wann?,Jetzt.,geheim\n"


def test_columns_that_are_not_understood_are_shown_with_samples_and_can_be_named(tmp_path: Path) -> None:
    source = tmp_path / "faq.csv"
    source.write_text(SHEET)
    first = take(source, tmp_path / "content")
    assert not first.proposal.changes
    assert first.proposal.columns is not None
    assert [(one["name"], one["field"], one["samples"]) for one in first.proposal.columns] == [
        ("Nr", None, ["7", "8"]),
        ("Was der Kunde fragt", None, ["Wo ist es?", "Wann?"]),
        ("Was wir sagen", None, ["Dort.", "Jetzt."]),
        ("Intern", None, ["geheim", "geheim"]),
    ]
    columns = {"Was der Kunde fragt": "questions", "Was wir sagen": "text", "Nr": "id"}
    assert take(source, tmp_path / "content", columns=columns).written == ["faq/7.en.md", "faq/8.en.md"]
    found = articles_of(tmp_path / "content")
    assert (found["7"].title, found["7"].text) == ("Wo ist es?", "Dort.")


def test_a_named_column_wins_over_one_that_is_called_like_the_field(tmp_path: Path) -> None:
    source = tmp_path / "faq.csv"
    source.write_text("question,answer,long answer,category\nQ?,short,long,x\n")
    result = take(source, tmp_path / "content", columns={"long answer": "text", "category": None})
    assert result.written == ["faq/q.en.md"]
    (article,) = articles_of(tmp_path / "content").values()
    assert (article.text, article.category) == ("long", None)


@pytest.mark.parametrize(
    ("columns", "says"), [({"nowhere": "text"}, "no column 'nowhere'"), ({"a": "colour"}, "expected one of")]
)
def test_columns_that_cannot_be_are_named(tmp_path: Path, columns: dict[str, str], says: str) -> None:
    source = tmp_path / "faq.csv"
    source.write_text("a,b\n1,2\n")
    with pytest.raises(ContentError, match=says):
        take(source, tmp_path / "content", columns=columns)


def test_utf_16_of_spreadsheets_is_read(tmp_path: Path) -> None:
    source = tmp_path / "faq.csv"
    source.write_text("Question\tRéponse\nOù ?\tLà-bas, « très loin ».\n", encoding="utf-16")
    take(source, tmp_path / "content")
    (article,) = articles_of(tmp_path / "content").values()
    assert article.text == "Là-bas, « très loin »."


def test_a_workbook_that_lies_about_its_size_and_begins_with_an_empty_sheet(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.create_sheet("Data")
    sheet.append([None, None])
    sheet.append(["Question", "Answer"])
    sheet.append(["Why?", "Because."])
    source = tmp_path / "faq.xlsx"
    book.save(source)
    assert take(source, tmp_path / "content").written == ["faq/why.en.md"]


def test_more_rows_than_may_be_are_said_and_the_first_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_tables, "MAX_ROWS", 3)
    monkeypatch.setattr(import_tables, "MAX_PROBLEMS", 2)
    source = tmp_path / "faq.csv"
    source.write_text("question,answer\n" + "".join(f"q{n},a\n" for n in range(5)))
    result = take(source, tmp_path / "content")
    assert len(result.written) == 3
    assert [(one.line, "more than 3 rows" in str(one)) for one in result.problems] == [(5, True)]
    monkeypatch.setattr(import_tables, "MAX_ROWS", 100)
    source.write_text("question,answer\n" + "".join(f"x{n},\n" for n in range(9)))
    result = take(source, tmp_path / "content")
    assert [one.line for one in result.problems] == [2, 3, 4]
    assert "not listed" in str(result.problems[-1])


MILLION = """
import resource, sys
from pathlib import Path
resource.setrlimit(resource.RLIMIT_DATA, (768 * 2**20, 768 * 2**20))
from kb_index.import_options import Options
from kb_index.importing import propose
found = propose(sys.argv[1], Path(sys.argv[2]), Options("en"))
print(len(found.changes), len(found.problems), found.problems[0].line, found.problems[-1].message)
"""


def test_a_million_rows_neither_crash_nor_take_all_memory(tmp_path: Path) -> None:
    source = tmp_path / "faq.csv"
    with source.open("w") as file:
        file.write("question,answer\n" + "Where is it?,There.\n")
        file.writelines(f"q{n},\n" for n in range(1_000_000))
    words = [sys.executable, "-c", MILLION, str(source), str(tmp_path / "content")]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-500:]
    assert done.stdout.startswith(f"1 {import_options.MAX_PROBLEMS + 1} 3 ")
