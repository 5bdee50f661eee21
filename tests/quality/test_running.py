"""The whole run on a small folder of content, without Rasa: every system is measured on every golden file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kb_index.encoder import load_encoder
from tests.quality import page
from tests.quality.product import FOLDS, NAME, fold
from tests.quality.running import Options, run

ARTICLES = {"pay": "How can I pay my bill?", "parcel": "Where is my parcel?", "password": "I forgot my password"}


@pytest.fixture
def content(tmp_path: Path) -> Path:
    for folder in ("faq", "levels", "golden"):
        (tmp_path / folder).mkdir()
    for ident, question in ARTICLES.items():
        front = f"id: {ident}\nlang: en\ntitle: {question}\nquestions:\n  - {question}\n"
        (tmp_path / "faq" / f"{ident}.en.md").write_text(f"---\n{front}---\nThis is about {ident}.\n")
    front = (
        "id: down\nlang: en\ntitle: Nothing works\nlevel: 3\nchannel: sla\nurgent: true\nquestions:\n  - all is down\n"
    )
    (tmp_path / "levels" / "down.en.md").write_text(f"---\n{front}---\nPeople will help.\n")
    test: dict[str, object] = {"part": "test"}
    rows: dict[str, list[dict[str, object]]] = {
        "questions": [
            {
                "id": "1",
                "lang": "en",
                "text": "where is the parcel",
                "expected": ["parcel"],
                "kind": "answerable",
                "part": "test",
            },
            {
                "id": "2",
                "lang": "en",
                "text": "who won the match",
                "expected": [],
                "kind": "out_of_scope",
                "part": "test",
            },
            {"id": "5", "lang": "en", "text": "lost my password", "expected": ["password"], "kind": "answerable"},
        ],
        "long": [
            {"id": "3", "lang": "en", "text": "pay the bill", "expected": ["pay"], "heading": "Bills", "part": "test"}
        ],
        "levels": [{"id": "4", "lang": "en", "text": "all is down", "level": 3, "topic": "down"} | test],
    }
    for name, lines in rows.items():
        text = "".join(json.dumps(line) + "\n" for line in lines)
        (tmp_path / "golden" / f"{name}.jsonl").write_text(text)
    return tmp_path


def test_every_system_answers_every_golden_question(
    content: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GUICHET_BENCHMARKS", str(tmp_path / "absent"))
    encoder = load_encoder()
    found = run(Options(content, tmp_path / "cache", rasa=False), encoder, lambda _: None)
    systems = {NAME, "BM25", "dense alone", "naive hybrid"}
    names = ["own questions", "own long texts", "own questions, cross-fitted"]
    assert [(one.name, set(one.rows)) for one in found.own] == [(name, systems) for name in names]
    for answers in found.own[0].rows.values():
        assert [row.expected for row in answers] == [("parcel",), ()]
        assert answers[0].ranked[0] == "parcel"
    assert set(found.routing) == systems
    assert found.routing["BM25"]["en"].channel.value == 1.0
    assert found.urgent_waiting is not None
    assert found.urgent_waiting.of == 1
    assert found.passages is not None
    assert (found.passages.count, found.passages.of) == (0, 1)  # the right article, without the heading asked for
    text = page.page(found, page.made("test", encoder))
    assert "laser-tatoeba fr: skipped" in text
    assert "hint3-sofmattress: skipped" in text


def test_a_golden_question_has_one_fold_whatever_its_case_and_spaces() -> None:
    assert fold("Where  is my Parcel") == fold("where is my parcel ")
    assert {fold(str(number)) for number in range(50)} == set(range(FOLDS))
