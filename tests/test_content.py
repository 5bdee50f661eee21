"""The sample content is what the product promises to a first visitor."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from pathlib import Path

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


def test_the_contact_article_says_the_opening_hours_of_the_company_file() -> None:
    times = {minutes for day in load_company(DATA / "company.yml").hours().week for span in day for minutes in span}
    for (name, lang), post in posts("faq").items():
        if name == "contact-support":
            for time in times:
                hour, minute = divmod(time, 60)
                written = rf"\b{hour}\b" if minute == 0 else rf"\b{hour}\s?[h:]\s?{minute}"
                assert re.search(written, post.content), f"{name}.{lang}.md lacks {hour:02}:{minute:02} of company.yml"
