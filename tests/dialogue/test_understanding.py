"""What the trained model takes messages for: the table of messages.yml, and every example question of the content."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import frontmatter
import pytest
import yaml

from bot.launch import RASA_PYTHON, ROOT
from tests.dialogue.running import Bot

QUESTIONS = frozenset({"question", "nlu_fallback", "correct"})  # all of them lead to the articles


def table() -> list[tuple[str, str]]:
    found = yaml.safe_load((Path(__file__).parent / "messages.yml").read_text(encoding="utf-8"))
    return [(intent, text) for intent, by_lang in found.items() for texts in by_lang.values() for text in texts]


def content() -> list[str]:
    files = [
        file for name in ("faq", "levels", "blog", "manuals", "videos") for file in (ROOT / "data" / name).glob("*.md")
    ]
    return [text for file in sorted(files) for text in frontmatter.load(str(file)).get("questions") or []]


def examples() -> set[str]:
    found = set()
    for file in (ROOT / "data" / "nlu").glob("*.yml"):
        for entry in yaml.safe_load(file.read_text(encoding="utf-8"))["nlu"]:
            found |= {line.removeprefix("- ").strip().casefold() for line in entry["examples"].splitlines()}
    return found


@pytest.fixture(scope="module")
def understood(whole_bot: Bot) -> dict[str, str]:
    """Text → intent, for all texts, by the trained model in one run of Rasa's Python."""
    texts = [text for _, text in table()] + content()
    result = subprocess.run(
        [str(RASA_PYTHON), "-W", "ignore", str(Path(__file__).parent / "classify.py"), str(whole_bot.model)],
        input=json.dumps(texts) + "\n", capture_output=True, text=True, check=False, cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"},
    )  # fmt: skip
    lines = [line for line in result.stdout.splitlines() if line.startswith("RESULT ")]
    assert lines, result.stderr[-3000:]
    return {text: intent for text, (intent, _) in zip(texts, json.loads(lines[0].removeprefix("RESULT ")), strict=True)}


def test_the_table_is_large_and_unseen_in_training() -> None:
    rows = table()
    assert len([intent for intent, _ in rows if intent == "question"]) >= 100
    assert not [text for _, text in rows if text.casefold() in examples()]


def test_a_question_is_a_question_whatever_words_stand_around_it(understood: dict[str, str]) -> None:
    wrong = [
        (text, understood[text])
        for intent, text in table()
        if intent == "question" and understood[text] not in QUESTIONS
    ]
    assert wrong == []


def test_small_talk_and_requests_are_recognised(understood: dict[str, str]) -> None:
    rows = [(intent, text) for intent, text in table() if intent != "question"]
    wrong = [(intent, text, understood[text]) for intent, text in rows if understood[text] != intent]
    assert len(wrong) <= 0.03 * len(rows), wrong
    # What is missed may be a question to the articles, but never another kind of talk.
    assert [row for row in wrong if row[2] not in QUESTIONS] == []


def test_what_the_articles_are_asked_is_not_taken_for_small_talk(understood: dict[str, str]) -> None:
    texts = content()
    wrong = [(text, understood[text]) for text in texts if understood[text] not in QUESTIONS]
    assert len(wrong) <= 0.005 * len(texts), wrong
