"""Tasks made of sets that have no questions file, and sets that are absent."""

from __future__ import annotations

import json
from pathlib import Path

from kb_index.content import Article
from tests.quality.sets import ROOT, golden, outside_tasks, question_to_answer, translation


def article(ident: str, lang: str = "fr", twin: str | None = None) -> Article:
    return Article(ident, lang, "faq", f"title {ident}", (f"question {ident}?",), f"answer {ident}", "v", twin=twin)


def test_an_absent_set_is_skipped_with_a_message(tmp_path: Path) -> None:
    tasks, absent = outside_tasks(tmp_path)
    assert tasks == []
    assert len(absent) == 5
    assert all("skipped" in message for message in absent)


def test_a_set_is_read_in_the_format_of_evaluate(tmp_path: Path) -> None:
    folder = tmp_path / "askubuntu"
    folder.mkdir()
    one = {"id": "a", "lang": "en", "title": "A", "questions": ["A?"], "answer": ""}
    asked = {"id": "1", "lang": "en", "text": "B?", "expected": []}
    (folder / "articles.jsonl").write_text(json.dumps(one) + "\n")
    (folder / "questions.jsonl").write_text(json.dumps(asked) + "\n")
    (task,) = outside_tasks(tmp_path)[0]
    assert [item.id for item in task.articles] == ["a"]
    assert task.questions[0].expected == ()


def test_no_question_or_title_is_left_beside_the_answers_that_it_should_find() -> None:
    task = question_to_answer("x", "x", [article(str(at)) for at in range(6)])
    assert [item.id for item in task.articles] == ["1", "2", "4", "5"]
    assert all(not item.questions and not item.title for item in task.articles)
    assert [question.expected for question in task.questions] == [(), ("1",), ("2",), (), ("4",), ("5",)]


def test_a_question_expects_its_twin_in_the_other_language() -> None:
    asked = [article("a.fr", twin="a"), article("b.fr", twin="b"), article("c.fr", twin="c")]
    task = translation("x", "x", asked, [article("b.en", "en", "b"), article("a.en", "en", "a")])
    assert [(question.id, question.expected) for question in task.questions] == [
        ("a.fr", ("a.en",)),
        ("b.fr", ("b.en",)),
    ]


def test_our_golden_questions_name_articles_headings_and_topics_that_exist() -> None:
    own, absent = golden(ROOT / "data")
    assert absent == []
    articles = {item.id for item in own.content.articles}
    topics = {item.id: item.level for item in own.content.topics}
    for question in (*own.questions, *own.long_questions()):
        assert set(question.expected) <= articles, question.id
    for row in own.levels:
        assert row["level"] in topics.values(), row["id"]
        assert row["topic"] is None or topics[row["topic"]] == row["level"], row["id"]
    for question in own.questions:
        assert bool(question.expected) == (own.kinds[question.id] == "answerable"), question.id
    assert len(own.questions) >= 300
