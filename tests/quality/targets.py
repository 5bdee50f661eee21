"""What a baseline ranks: the texts of every article (and topic), each under the id it stands for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kb_index.content import Article, Topic
from kb_index.passages import chunks, passages_of
from tests.quality.measures import Row

Ranking = list[tuple[str, float]]  # (target, score), best first
TOPIC = "topic:"  # before a topic's id, which may be an article's too


@dataclass(frozen=True)
class Text:
    """One text of a target. `asked`: a question or title, so an example to train a classifier on."""

    text: str
    lang: str
    target: str
    asked: bool


def texts_of(articles: Sequence[Article], topics: Sequence[Topic] = ()) -> list[Text]:
    """Questions, titles and passages, in the order of the articles; nothing of a text is kept twice for one target."""
    found: dict[Text, None] = {}
    items: list[tuple[str, Article | Topic]] = [(one.id, one) for one in articles]
    items += [(TOPIC + one.id, one) for one in topics]
    for target, item in items:
        for text in (*item.questions, item.title):
            if text.strip():
                found.setdefault(Text(text, item.lang, target, True))
        if isinstance(item, Article):
            for passage in passages_of(item):
                head = f"{passage.heading}. " if passage.heading else ""
                for chunk in chunks(passage.text):
                    found.setdefault(Text(head + chunk, item.lang, target, False))
    return list(found)


def examples(texts: Sequence[Text]) -> list[tuple[str, str]]:
    """(question, target) to train a classifier on."""
    return [(one.text, one.target) for one in texts if one.asked]


def row_of(ranking: Ranking, expected: tuple[str, ...], sure: bool = True) -> Row:
    """Its articles as a row: answered where an article comes before every topic and the system is `sure` of it."""
    articles = [(target, score) for target, score in ranking if not target.startswith(TOPIC)]
    answered = sure and bool(articles) and ranking[0] == articles[0]
    confidence = articles[0][1] if articles else 0.0
    return Row(expected, tuple(target for target, _ in articles), confidence, "answer" if answered else "handoff")
