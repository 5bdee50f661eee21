"""Runs every system on every set."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from kb_index.config import Config, load_config
from kb_index.decision import Bound
from kb_index.encoder import Encoder
from tests.quality import diet, encoding, product
from tests.quality.baselines import Baselines
from tests.quality.measures import Row, Share
from tests.quality.sets import Golden, Task, benchmarks_dir, golden, outside_tasks
from tests.quality.targets import Ranking, Text, examples, row_of, texts_of

RASA = "Rasa DIET"
PARTS = ((True, ""), (False, ", cross-fitted"))  # (the part that only measures?, after the names of what is asked)
Progress = Callable[[str], None]
Routings = dict[str, product.Routing]  # language and part → routing
T = TypeVar("T")


@dataclass(frozen=True)
class Options:
    """`rasa`: train Rasa too; `retrain`: even where a model of the same examples is kept; `data`: our content."""

    data: Path
    cache: Path
    rasa: bool = True
    retrain: bool = False


@dataclass
class Result:
    """One set: system → its rows; what the product states, once per index that was asked."""

    name: str
    about: str
    rows: dict[str, list[Row]]
    bounds: list[Bound]


@dataclass
class Findings:
    """All that was measured. `kinds`: of each row of the first own set; `notes`: what was skipped, and why."""

    outside: list[Result] = field(default_factory=list)
    own: list[Result] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    langs: list[str] = field(default_factory=list)
    routing: dict[str, Routings] = field(default_factory=dict)  # by system
    urgent_waiting: Share | None = None
    passages: Share | None = None
    encoding: encoding.Encoding | None = None
    notes: list[str] = field(default_factory=list)


def run(options: Options, encoder: Encoder, progress: Progress) -> Findings:
    """Everything; Rasa, which is by far the slowest, last."""
    findings = Findings()
    config = load_config(options.data)
    own, absent = golden(options.data)
    findings.notes.extend(absent)
    if own.questions or own.long or own.levels:
        _own(own, config, encoder, findings, progress)
    tasks, absent = outside_tasks(benchmarks_dir())
    findings.notes.extend(absent)
    for task in tasks:
        progress(task.name)
        findings.outside.append(_outside(task, encoder))
    progress("the encoder alone")
    findings.encoding, absent = encoding.measure(benchmarks_dir(), encoder)
    findings.notes.extend(absent)
    if options.rasa:
        _rasa(own, tasks, options, findings, progress)
    for note in findings.notes:
        progress(note)
    return findings


def _outside(task: Task, encoder: Encoder) -> Result:
    rows, bound = product.evaluate_task(task, Config(), encoder)
    result = Result(task.name, task.about, {product.NAME: rows}, [bound])
    asked = [(question.text, question.lang) for question in task.questions]
    expected = [question.expected for question in task.questions]
    for system, rankings in Baselines(texts_of(task.articles), Config(), encoder).rankings(asked, encoder).items():
        result.rows[system] = [row_of(one, right) for one, right in zip(rankings, expected, strict=True)]
    return result


def _own(own: Golden, config: Config, encoder: Encoder, findings: Findings, progress: Progress) -> None:
    progress("own content: building the indexes")
    indexes = product.OwnIndexes(own, config, encoder)
    for tested, part in _own_parts(own):
        rows = indexes.rows(part.questions)
        findings.own.append(Result(part.name, part.about, {product.NAME: rows}, indexes.bounds(tested)))
    shown = own.part(any(one.id in own.tested for one in own.questions)).questions  # those of the first set
    findings.kinds = [own.kinds[question.id] for question in shown]
    findings.langs = [question.lang for question in shown]
    findings.passages = product.passages_right(indexes, own.long)
    decided = product.decisions(indexes, own.levels)
    findings.urgent_waiting = product.urgent_waiting(own, decided)
    findings.routing[product.NAME] = _routing(own, decided, product.routing)
    progress("own content: baselines")
    baselines = Baselines(_own_texts(own), config, encoder)
    for system, rankings in baselines.rankings(_own_asked(own), encoder).items():
        _add_own(own, findings, system, rankings, lambda _: True)


def _own_parts(own: Golden) -> list[tuple[bool, Task]]:
    """(whether it only measures, the golden questions that expect articles), where there are any."""
    result = []
    for tested, suffix in PARTS:
        chosen = own.part(tested)
        for name, about, questions in (
            ("own questions", "our golden questions in French, German and English", chosen.questions),
            (
                "own long texts",
                "French questions whose answer lies in a manual, a post or a video",
                chosen.long_questions(),
            ),
        ):
            if questions:
                result.append((tested, Task(name + suffix, about, own.content.articles, questions)))
    return result


def _routing(own: Golden, found: list[T], measure: Callable[[Golden, list[T], str], product.Routing]) -> Routings:
    """By language and part. `found`: one per level question."""
    result = {}
    for tested, suffix in PARTS:
        chosen = own.part(tested)
        kept = [one for row, one in zip(own.levels, found, strict=True) if (row["id"] in own.tested) == tested]
        result |= {lang + suffix: measure(chosen, kept, lang) for lang in _langs(chosen)}
    return result


def _own_texts(own: Golden) -> list[Text]:
    return texts_of(own.content.articles, own.content.topics)


def _own_asked(own: Golden) -> list[tuple[str, str]]:
    """(text, language) of every golden question: those of `_own_parts`, then the levels'."""
    asked = [(one.text, one.lang) for _, part in _own_parts(own) for one in part.questions]
    return asked + [(row["text"], row["lang"]) for row in own.levels]


def _langs(own: Golden) -> list[str]:
    return list(dict.fromkeys(str(row["lang"]) for row in own.levels))


def _add_own(
    own: Golden, findings: Findings, system: str, rankings: list[Ranking], sure: Callable[[Ranking], bool]
) -> None:
    """A system's rankings of `_own_asked` as rows and routing."""
    rest = iter(rankings)
    for (_, part), result in zip(_own_parts(own), findings.own, strict=True):
        ranked = [next(rest) for _ in part.questions]
        result.rows[system] = [
            row_of(one, question.expected, sure(one)) for one, question in zip(ranked, part.questions, strict=True)
        ]
    levels = list(rest)
    findings.routing[system] = _routing(own, levels, product.routing_by_rank)


def _rasa(own: Golden, tasks: list[Task], options: Options, findings: Findings, progress: Progress) -> None:
    try:
        if findings.own or findings.routing:
            progress("Rasa: own content")
            asked = [text for text, _ in _own_asked(own)]
            found = diet.rank(examples(_own_texts(own)), asked, options.cache, options.retrain)
            _add_own(own, findings, RASA, found, diet.sure)
        for task, result in zip(tasks, findings.outside, strict=True):
            if task.trainable:
                progress(f"Rasa: {task.name}")
                texts = [question.text for question in task.questions]
                found = diet.rank(examples(texts_of(task.articles)), texts, options.cache, options.retrain)
                result.rows[RASA] = [
                    row_of(one, question.expected, diet.sure(one))
                    for one, question in zip(found, task.questions, strict=True)
                ]
    except diet.RasaError as error:
        findings.notes.append(f"Rasa's baseline, in part or whole: {error}")
