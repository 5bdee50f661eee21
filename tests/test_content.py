"""The sample content is what the product promises to a first visitor."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import frontmatter
import pytest

from bot.company import load_company
from tests.stack.test_questions import HANDED_OVER

DATA = Path(__file__).resolve().parent.parent / "data"
LANGUAGES = ("fr", "de", "en")
CHANNELS = {1: "ticket", 2: "callback", 3: "sla", 4: "sla"}


def posts(kind: str) -> dict[tuple[str, str], frontmatter.Post]:
    """(id, language) → the article, of one folder."""
    found = {}
    for file in sorted((DATA / kind).glob("*.md")):
        post = frontmatter.load(str(file))
        assert file.name == f"{post['id']}.{post['lang']}.md", f"{file.name} names another id or language inside"
        found[str(post["id"]), str(post["lang"])] = post
    return found


@pytest.mark.parametrize(("kind", "least"), [("faq", 60), ("blog", 8), ("manuals", 3), ("videos", 4), ("levels", 30)])
def test_there_is_enough_of_every_kind_in_french(kind: str, least: int) -> None:
    assert sum(lang == "fr" for _, lang in posts(kind)) >= least


@pytest.mark.parametrize("kind", ["faq", "levels"])
def test_articles_and_topics_are_there_in_every_language(kind: str) -> None:
    languages = defaultdict(set)
    for name, lang in posts(kind):
        languages[name].add(lang)
    assert {name: found for name, found in languages.items() if found != set(LANGUAGES)} == {}


def test_a_topic_has_one_level_channel_and_urgency_in_all_languages() -> None:
    facts = defaultdict(set)
    for (name, _), post in posts("levels").items():
        facts[name].add((post["level"], post["channel"], post["urgent"]))
        assert post["channel"] == CHANNELS[int(str(post["level"]))], name
        assert ({"passed_to", "passed_on"} <= set(post.metadata)) == (post["level"] == 4), name
    assert {name: found for name, found in facts.items() if len(found) > 1} == {}


def test_no_example_question_belongs_to_two_articles_of_a_language() -> None:
    owners = Counter(
        (lang, question.casefold())
        for kind in ("faq", "blog", "manuals", "videos", "levels")
        for (_, lang), post in posts(kind).items()
        for question in {str(question) for question in post.get("questions", [])}  # type: ignore[attr-defined]
    )
    assert [question for question, count in owners.items() if count > 1] == []


def test_the_sources_twelve_examples_stand_in_their_topics() -> None:
    examples = {
        str(question): post
        for (_, lang), post in posts("levels").items()
        if lang == "fr"
        for question in post["questions"]  # type: ignore[attr-defined]
    }
    twelve = [(question, level, channel) for lang, question, level, channel in HANDED_OVER if lang == "fr"]
    assert len(twelve) == 12
    for question, level, channel in twelve:
        assert (examples[question]["level"], examples[question]["channel"]) == (level, channel)


def golden(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (DATA / "golden" / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


def test_there_are_enough_golden_questions_for_a_statement_on_the_error() -> None:
    questions, levels = golden("questions"), golden("levels")
    assert len(questions) >= 750
    assert {kind for kind, of in Counter(row["kind"] for row in questions).items() if of >= 140} == {
        "answerable",
        "neighbour",
        "out_of_scope",
    }
    assert len(levels) >= 440
    assert {(row["lang"], row["level"]) for row in levels} == {
        (lang, level) for lang in LANGUAGES for level in CHANNELS
    }


def test_a_golden_question_measures_or_is_fitted_on_by_its_id_alone() -> None:
    rows = [row for name in ("questions", "levels", "long") for row in golden(name)]
    assert len({row["id"] for row in rows}) == len(rows)
    for row in rows:
        third = int.from_bytes(hashlib.sha256(row["id"].encode()).digest()[:4], "big") % 3 == 0
        assert row["part"] == ("test" if third else "fit"), row["id"]


def test_both_parts_of_the_golden_questions_are_answerable_and_not_in_every_language() -> None:
    held = Counter((row["part"], row["lang"], bool(row["expected"])) for row in golden("questions"))
    few = {
        group: held[group]
        for group in ((part, lang, known) for part in ("fit", "test") for lang in LANGUAGES for known in (True, False))
        if held[group] < 20
    }
    assert few == {}
    assert set(Counter((row["part"], row["lang"]) for row in golden("levels"))) == {
        (part, lang) for part in ("fit", "test") for lang in LANGUAGES
    }


def test_no_golden_text_is_written_twice_or_copied_from_an_example() -> None:
    def plain(text: object) -> str:
        return " ".join(re.findall(r"\w+", str(text).casefold()))

    texts = Counter((row["lang"], plain(row["text"])) for name in ("questions", "levels") for row in golden(name))
    assert [text for text, count in texts.items() if count > 1 and text[1]] == []
    examples = {
        (lang, plain(question))
        for kind in ("faq", "blog", "manuals", "videos", "levels")
        for (_, lang), post in posts(kind).items()
        for question in post.get("questions", [])  # type: ignore[attr-defined]
    }
    assert sorted(examples & set(texts)) == []


def test_the_contact_article_says_the_opening_hours_of_the_company_file() -> None:
    times = {minutes for day in load_company(DATA / "company.yml").hours().week for span in day for minutes in span}
    for (name, lang), post in posts("faq").items():
        if name == "contact-support":
            for time in times:
                hour, minute = divmod(time, 60)
                written = rf"\b{hour}\b" if minute == 0 else rf"\b{hour}\s?[h:]\s?{minute}"
                assert re.search(written, post.content), f"{name}.{lang}.md lacks {hour:02}:{minute:02} of company.yml"
