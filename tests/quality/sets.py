"""What is measured on: outside sets from the benchmarks folder, our own golden questions on our own content."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kb_index.content import Article, Content, read_content
from kb_index.evaluation import Question, read_articles, read_questions

ROOT = Path(__file__).resolve().parents[2]
LEFT_OUT_EVERY = 3  # where a set has no unanswerable questions, every third article is left out and its question asked


def benchmarks_dir() -> Path:
    """GUICHET_BENCHMARKS, else the folder beside the repository."""
    return Path(os.environ.get("GUICHET_BENCHMARKS") or ROOT.parent / "shared" / "benchmarks")


@dataclass(frozen=True)
class Task:
    """Articles and the questions asked of them. `trainable`: the articles have example questions to train on."""

    name: str
    about: str
    articles: list[Article]
    questions: list[Question]
    trainable: bool = True


def outside_tasks(folder: Path) -> tuple[list[Task], list[str]]:
    """(tasks, a message for each set that is absent)."""
    tasks: list[Task] = []
    absent: list[str] = []
    for name, make in (
        ("hint3-sofmattress", _hint3),
        ("askubuntu", _asked),
        ("webapplications", _asked),
        ("crpa-fr", _crpa),
        ("swiss-covid-faq", _swiss),
    ):
        if (folder / name / "articles.jsonl").is_file():
            tasks.extend(make(folder / name))
        else:
            absent.append(f"{name}: skipped, {folder.name}/{name}/articles.jsonl is not there")
    return tasks, absent


def _hint3(folder: Path) -> Iterator[Task]:
    questions = read_questions(folder / "questions.jsonl")
    for part, file in (("full", "articles.jsonl"), ("subset", "articles_subset.jsonl")):
        about = f"a shop bot's FAQ intents in English, real users' questions; {part} training examples"
        yield Task(f"{folder.name} ({part})", about, read_articles(folder / file), questions)


def _asked(folder: Path) -> Iterator[Task]:
    about = "English questions about software, a handful of broad intents with few examples"
    articles, questions = read_articles(folder / "articles.jsonl"), read_questions(folder / "questions.jsonl")
    yield Task(folder.name, about, articles, questions)


def _crpa(folder: Path) -> Iterator[Task]:
    about = "French FAQ on public data: the question finds its answer's text; every third answer is left out"
    yield question_to_answer(folder.name, about, read_articles(folder / "articles.jsonl"))


def _swiss(folder: Path) -> Iterator[Task]:
    articles = read_articles(folder / "articles.jsonl")
    by_lang = {lang: [one for one in articles if one.lang == lang] for lang in ("fr", "de", "en")}
    for lang, own in by_lang.items():
        about = "health FAQ: the question finds its answer's text; every third answer is left out"
        yield question_to_answer(f"{folder.name} {lang}", about, own)
    for source, target in (("fr", "en"), ("de", "en"), ("en", "fr"), ("en", "de")):
        about = "the question finds its translation (title and answer in the other language)"
        yield translation(f"{folder.name} {source}→{target}", about, by_lang[source], by_lang[target])


def question_to_answer(name: str, about: str, articles: list[Article]) -> Task:
    """Answers without their questions; each question is asked, unanswerable where its answer is left out."""
    left_out = {article.id for article in articles[::LEFT_OUT_EVERY]}
    questions = [
        Question(article.id, article.lang, text, () if article.id in left_out else (article.id,))
        for article in articles
        for text in article.questions
    ]
    kept = [replace(article, title="", questions=()) for article in articles if article.id not in left_out]
    return Task(name, about, kept, questions, trainable=False)


def translation(name: str, about: str, asked: list[Article], articles: list[Article]) -> Task:
    """Every question of `asked` expects the article of `articles` that is its twin; all are answerable."""
    by_twin = {article.twin: article.id for article in articles if article.twin}
    questions = [
        Question(article.id, article.lang, article.questions[0], (by_twin[article.twin],))
        for article in asked
        if article.twin in by_twin and article.questions
    ]
    return Task(name, about, articles, questions, trainable=False)


@dataclass(frozen=True)
class Golden:
    """Our content and golden questions. `kinds`: question id → answerable, neighbour, out_of_scope.

    `tested`: ids of the part that only measures; on the rest the shipped index is fitted.
    """

    content: Content
    questions: list[Question]
    kinds: dict[str, str]
    long: list[dict[str, Any]]
    levels: list[dict[str, Any]]
    tested: frozenset[str]

    def part(self, tested: bool) -> Golden:
        """Only the questions of one part."""
        return replace(
            self,
            questions=[one for one in self.questions if (one.id in self.tested) == tested],
            long=[row for row in self.long if (row["id"] in self.tested) == tested],
            levels=[row for row in self.levels if (row["id"] in self.tested) == tested],
        )

    def long_questions(self) -> list[Question]:
        return [Question(row["id"], row["lang"], row["text"], tuple(row["expected"])) for row in self.long]


def golden(data: Path) -> tuple[Golden, list[str]]:
    """(our own content with its golden questions, a message for each file that is absent)."""
    folder = data / "golden"
    absent = [
        f"{name}.jsonl: skipped, data/golden/{name}.jsonl is not there"
        for name in ("questions", "long", "levels")
        if not (folder / f"{name}.jsonl").is_file()
    ]
    path = folder / "questions.jsonl"
    questions = read_questions(path) if path.is_file() else []
    rows, long, levels = (_lines(folder / f"{name}.jsonl") for name in ("questions", "long", "levels"))
    kinds = {str(row["id"]): str(row["kind"]) for row in rows}
    tested = frozenset(str(row["id"]) for row in (*rows, *long, *levels) if row.get("part") == "test")
    return Golden(read_content(data), questions, kinds, long, levels, tested), absent


def _lines(path: Path) -> list[dict[str, Any]]:
    if not path.is_file():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
