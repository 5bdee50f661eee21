"""Runs every system on every set."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from kb_index.config import Config, load_config
from kb_index.decision import Bound
from kb_index.encoder import Encoder
from tests.quality import diet, encoding, product
from tests.quality.baselines import Baselines
from tests.quality.measures import Row, Share
from tests.quality.sets import Golden, Task, benchmarks_dir, golden, outside_tasks
from tests.quality.targets import Ranking, Text, examples, row_of, texts_of

RASA = "Rasa DIET"
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Options:
    """`rasa`: train Rasa too; `retrain`: even where a model of the same examples is kept; `data`: our content."""

    data: Path
    cache: Path
    rasa: bool = True
    retrain: bool = False


@dataclass
class Result:
    """One set: system → its rows; the bound that the product states."""

    name: str
    about: str
    rows: dict[str, list[Row]]
    bound: Bound


@dataclass
class Findings:
    """All that was measured. `kinds`: of each row of the first own set; `notes`: what was skipped, and why."""

    outside: list[Result] = field(default_factory=list)
    own: list[Result] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    langs: list[str] = field(default_factory=list)
    routing: dict[str, dict[str, product.Routing]] = field(default_factory=dict)  # system → language → routing
    urgent_waiting: Share | None = None
    passages: Share | None = None
    encoding: encoding.Encoding | None = None
    notes: list[str] = field(default_factory=list)


def run(options: Options, encoder: Encoder, progress: Progress) -> Findings:
    findings = Findings()
    config = load_config(options.data)
    tasks, absent = outside_tasks(benchmarks_dir())
    findings.notes.extend(absent)
    progress("encoder")
    findings.encoding, absent = encoding.measure(benchmarks_dir(), encoder)
    findings.notes.extend(absent)
    for task in tasks:
        progress(task.name)
        findings.outside.append(_outside(task, Config(), encoder, options, findings.notes))
    own, absent = golden(options.data)
    findings.notes.extend(absent)
    _own(own, config, encoder, options, findings, progress)
    for note in findings.notes:
        progress(note)
    return findings


def _outside(task: Task, config: Config, encoder: Encoder, options: Options, notes: list[str]) -> Result:
    rows, bound = product.evaluate_task(task, config, encoder)
    result = Result(task.name, task.about, {product.NAME: rows}, bound)
    texts = texts_of(task.articles)
    asked = [(question.text, question.lang) for question in task.questions]
    expected = [question.expected for question in task.questions]
    for system, rankings in Baselines(texts, config, encoder).rankings(asked, encoder).items():
        result.rows[system] = [row_of(one, right) for one, right in zip(rankings, expected, strict=True)]
    if options.rasa and task.trainable:
        found = _rasa(task.name, texts, [text for text, _ in asked], options, notes)
        if found is not None:
            result.rows[RASA] = _rasa_rows(found, expected)
    return result


def _own(
    own: Golden, config: Config, encoder: Encoder, options: Options, findings: Findings, progress: Progress
) -> None:
    if not (own.questions or own.long or own.levels):
        return
    progress("own content: building the index")
    index = product.own_index(own, config, encoder)
    texts = texts_of(own.content.articles, own.content.topics)
    baselines = Baselines(texts, config, encoder)
    long = own.long_questions()
    asked = [(one.text, one.lang) for one in (*own.questions, *long)]
    asked += [(row["text"], row["lang"]) for row in own.levels]
    progress(f"own content: {len(asked)} questions")
    rankings: dict[str, list[Ranking]] = baselines.rankings(asked, encoder)
    if options.rasa:
        found = _rasa("own content", texts, [text for text, _ in asked], options, findings.notes)
        if found is not None:
            rankings[RASA] = found
    start = 0
    for name, about, questions in (
        (
            "own questions",
            "our golden questions in French, German and English",
            own.questions,
        ),
        ("own long texts", "French questions whose answer lies in a manual, a post or a video", long),
    ):
        expected = [question.expected for question in questions]
        result = Result(name, about, {product.NAME: product.rows_of(index, questions, encoder)}, index.decider.bound)
        for system, ranked in rankings.items():
            part = ranked[start : start + len(questions)]
            if system == RASA:
                result.rows[system] = _rasa_rows(part, expected)
            else:
                result.rows[system] = [row_of(one, right) for one, right in zip(part, expected, strict=True)]
        if questions:
            findings.own.append(result)
        start += len(questions)
    findings.kinds = [own.kinds[question.id] for question in own.questions]
    findings.langs = [question.lang for question in own.questions]
    findings.passages = product.passages_right(index, own.long, encoder)
    decided = product.decisions(index, own.levels, encoder)
    for lang in sorted({str(row["lang"]) for row in own.levels}, key=["fr", "de", "en"].index):
        findings.routing.setdefault(product.NAME, {})[lang] = product.routing(own, decided, lang)
        for system, ranked in rankings.items():
            found_routing = product.routing_by_rank(own, ranked[start:], lang)
            findings.routing.setdefault(system, {})[lang] = found_routing
    findings.urgent_waiting = product.urgent_waiting(own, decided)


def _rasa(
    name: str, texts: list[Text], questions: list[str], options: Options, notes: list[str]
) -> list[Ranking] | None:
    try:
        return diet.rank(examples(texts), questions, options.cache, options.retrain)
    except diet.RasaError as error:
        notes.append(f"{name}: no Rasa baseline ({error})")
        return None


def _rasa_rows(rankings: list[Ranking], expected: list[tuple[str, ...]]) -> list[Row]:
    return [row_of(one, right, diet.sure(one)) for one, right in zip(rankings, expected, strict=True)]
