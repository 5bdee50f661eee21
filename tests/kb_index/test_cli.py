"""The command line from import to answer, and its errors."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from kb_index.cli import app, guarded
from kb_index.errors import KbError
from kb_index.settings import Settings
from tests.kb_index.conftest import write_content


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GUICHET_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.setenv("GUICHET_CONTENT_DIR", str(tmp_path / "content"))
    return write_content(tmp_path / "content")


def run(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def test_build_publish_ask_rollback(folder: Path) -> None:
    (folder / "faq" / "bad.en.md").write_text("nothing")
    built = run("build")
    assert built.exit_code == 0, built.output
    assert "left out: faq/bad.en.md:1" in built.stderr
    version = built.stdout.split()[0]
    assert "errors:" in built.stdout
    assert run("publish").exit_code == 0
    answer = json.loads(run("ask", "I forgot my password", "--lang", "en", "--json").stdout)
    assert (answer["version"], answer["hits"][0]["article"]) == (version, "reset-password")
    assert "reset-password" in run("ask", "I forgot my password", "--lang", "en").stdout
    assert "unchanged" in run("build").stdout
    (folder / "faq" / "dark-theme.en.md").unlink()
    second = run("build").stdout.split()[0]
    run("publish")
    assert f"* {second}" in run("versions").stdout
    assert f"{version} serves" in run("rollback").stdout


def test_errors_are_one_line_and_status_2(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def fails() -> None:
        raise KbError("what went wrong")

    with pytest.raises(SystemExit) as ended:
        guarded(fails)
    assert ended.value.code == 2
    assert capsys.readouterr().err == "error: what went wrong\n"
    assert isinstance(run("publish").exception, KbError)
    assert isinstance(run("ask", "x").exception, KbError)


def test_import_reports_what_became_of_everything(folder: Path, tmp_path: Path) -> None:
    source = tmp_path / "faq.csv"
    source.write_text("question;answer\nWhere is it?;There.\nAnd when?;\n")
    result = run("import", str(source), "--lang", "en")
    assert result.exit_code == 1
    assert "new: faq/where-is-it.en.md" in result.stdout
    assert "1 new, 0 updated, 0 unchanged, 0 conflict, 0 vanished, 1 not taken" in result.stdout
    assert "not taken: faq.csv:3: no answer" in result.stderr
    source.write_text("question;answer\nWhere is it?;Here.\n")
    again = run("import", str(source), "--lang", "en")
    assert again.exit_code == 0
    assert "0 new, 1 updated, 0 unchanged, 0 conflict, 0 vanished, 0 not taken" in again.stdout
    assert run("import", str(source), "--kind", "poem").exit_code == 2
    assert "no such file" in str(run("import", str(tmp_path / "nowhere.csv")).exception)
    assert "not a public address" in str(run("import", "http://127.0.0.1:1/").exception)


def test_an_import_can_be_looked_at_before_it_writes_and_deletes_only_when_asked(folder: Path, tmp_path: Path) -> None:
    source = tmp_path / "wiki"
    source.mkdir()
    (source / "rows.csv").write_text("a,b\nQ?,Answer.\n")
    (source / "page.md").write_text("# Page\n\nText.\n")
    words = ("import", str(source), "--lang", "en", "--column", "a=questions", "--column", "b=text")
    shown = run(*words, "--dry-run", "--json")
    assert shown.exit_code == 0, shown.output
    found = json.loads(shown.stdout)
    assert [(one["path"], one["state"]) for one in found["changes"]] == [
        ("manuals/page.en.md", "new"),
        ("faq/q.en.md", "new"),
    ]
    assert found["problems"] == []
    assert not (folder / "manuals").exists()
    assert "2 new" in run(*words).stdout
    assert (folder / "faq" / "q.en.md").is_file()
    (source / "page.md").unlink()
    kept = run(*words)
    assert "left alone: manuals/page.en.md: it is no longer in the source; --delete deletes it" in kept.stderr
    assert (folder / "manuals" / "page.en.md").is_file()
    assert "deleted: manuals/page.en.md" in run(*words, "--delete").stdout
    assert not (folder / "manuals" / "page.en.md").exists()
    path = folder / "faq" / "q.en.md"
    path.write_text(path.read_text().replace("Answer.", "Edited."))
    left = run(*words)
    assert left.exit_code == 1
    assert "--overwrite replaces it" in left.stderr
    assert "replaced: faq/q.en.md" in run(*words, "--overwrite").stdout
    assert "Answer." in path.read_text()


def test_lint_names_what_confuses(folder: Path) -> None:
    path = folder / "faq" / "dark-theme.en.md"
    path.write_text(path.read_text().replace('"night colours"', '"password lost"'))
    result = run("lint", "--json")
    assert result.exit_code == 1
    found = json.loads(result.stdout)
    same = next(row for row in found if row["kind"] == "same_question")
    assert "password lost" in same["message"]
    assert {"article dark-theme", "article reset-password"} == set(same["where"].split(", "))
    assert all(row["cure"] for row in found)


def test_evaluate_fits_from_the_articles_alone_and_writes_a_row_per_question(folder: Path, tmp_path: Path) -> None:
    articles, questions, out = (tmp_path / name for name in ("a.jsonl", "q.jsonl", "out.json"))
    rows = [
        {
            "id": "pw",
            "lang": "en",
            "title": "Password",
            "questions": ["I lost my password", "reset password"],
            "answer": "",
        },
        {
            "id": "pdf",
            "lang": "en",
            "title": "PDF",
            "questions": ["make a PDF", "export to PDF"],
            "answer": "Use export.",
        },
    ]
    articles.write_text("\n".join(map(json.dumps, rows)))
    asked = [("1", "password forgotten", ["pw"]), ("2", "PDF please", ["pdf"]), ("3", "pizza", [])]
    write = lambda shift: questions.write_text(  # noqa: E731
        "\n".join(
            json.dumps({"id": i, "lang": "en", "text": t, "expected": e if not shift else []}) for i, t, e in asked
        )
    )
    words = ("evaluate", "--articles", str(articles), "--questions", str(questions), "--json", str(out))
    write(False)
    assert run(*words).exit_code == 0
    report = json.loads(out.read_text())
    assert report["hit@1"] == 1
    assert {row["id"] for row in report["rows"]} == {"1", "2", "3"}
    for key in ("mrr", "auroc", "accuracy_at_rejection_0.80", "risk_coverage", "calibration_error"):
        assert key in report
    assert {"answered_share", "wrong_share", "bound", "threshold"} <= set(report["operating_point"])
    write(True)
    assert run(*words).exit_code == 0
    again = json.loads(out.read_text())
    assert again["operating_point"]["threshold"] == report["operating_point"]["threshold"]
    assert [row["probability"] for row in again["rows"]] == [row["probability"] for row in report["rows"]]


def test_evaluate_names_the_line_that_is_wrong(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"id": "a"}\n')
    result = run("evaluate", "--articles", str(path), "--questions", str(path))
    assert "a.jsonl:1: missing: lang, title, questions, answer" in str(result.exception)


def test_every_setting_has_help_and_is_listed() -> None:
    listed = "".join(run("settings").stdout.split())
    for field in Settings.model_fields.values():
        assert field.description
        assert str(field.alias)[:8] in listed


def test_a_setting_that_cannot_be_used_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GUICHET_ERROR_BOUND", "2")
    result = run("versions")
    assert isinstance(result.exception, KbError)
    assert "GUICHET_ERROR_BOUND" in str(result.exception)


def test_a_model_path_that_is_missing_stops_a_build_and_changes_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("build")
    run("publish")
    live = run("versions").stdout
    (folder / "faq" / "dark-theme.en.md").unlink()
    monkeypatch.setenv("GUICHET_ENCODER", "/nowhere/model")
    for command in ("build", "publish", "lint", "ask x"):
        result = run(*command.split())
        assert "no such folder; correct the path or empty it" in str(result.exception)
    monkeypatch.delenv("GUICHET_ENCODER")
    assert run("versions").stdout == live
    assert run("ask", "dark theme", "--lang", "en").exit_code == 0


def test_gate_and_try_look_at_the_content_folder_before_it_is_published(folder: Path, tmp_path: Path) -> None:
    (folder / "golden").mkdir()
    (folder / "golden" / "g.jsonl").write_text(
        '{"text": "dark theme please", "lang": "en", "expected": ["dark-theme"]}\n'
    )
    run("build")
    run("publish")
    assert run("gate").exit_code == 0
    (folder / "faq" / "dark-theme.en.md").unlink()
    questions = tmp_path / "asked.jsonl"
    questions.write_text('{"text": "turn on dark mode", "lang": "en", "count": 3}\n')
    stopped = run("gate", "--questions", str(questions))
    assert stopped.exit_code == 1
    assert "stops: golden_lost: « dark theme please »" in stopped.stdout
    assert "« turn on dark mode » (en, 3): dark-theme →" in stopped.stdout
    report = json.loads(run("gate", "--json").stdout)
    assert (report["passes"], len(report["golden"]["lost"])) == (False, 1)
    tried = json.loads(run("try", "turn on dark mode", "--lang", "en", "--json").stdout)
    assert tried["live"]["hits"][0]["article"] == "dark-theme"
    assert "dark-theme" not in [hit["article"] for hit in tried["draft"]["hits"]]
    assert "question «" in run("try", "turn on dark mode", "--lang", "en").stdout
    (tmp_path / "bad.jsonl").write_text("{")
    assert "cannot be read" in str(run("gate", "--questions", str(tmp_path / "bad.jsonl")).exception)
    rolled = run("rollback", run("versions").stdout.split()[1])
    assert "as it was: faq/dark-theme.en.md" in rolled.stdout
    assert (folder / "faq" / "dark-theme.en.md").exists()
