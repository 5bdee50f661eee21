"""Findings as Markdown tables."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from tests.quality import reference
from tests.quality.measures import Row, Share, figures, share
from tests.quality.product import NAME, Routing
from tests.quality.running import RASA, Findings, Result

PROBABILITIES = (NAME, RASA)  # whose confidence claims to be a probability
NONE = "–"


def number(value: float | None) -> str:
    return NONE if value is None or math.isnan(value) else f"{value:.3f}".replace("0.", ".", 1)


def proportion(value: Share | None) -> str:
    """« .52 (.45–.59) »"""
    if value is None or not value.of:
        return NONE
    low, high = value.interval
    return f"{_two(value.value)} ({_two(low)}–{_two(high)})"


def _two(value: float) -> str:
    return f"{value:.2f}".replace("0.", ".", 1)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines) + "\n"


def ranking(results: Sequence[Result]) -> str:
    """hit@k and MRR of answerable questions."""
    rows = []
    for result in results:
        for at, (system, answers) in enumerate(result.rows.items()):
            found = figures(answers, False)
            name = f"{result.name}, n = {found['answerable']}" if at == 0 else ""
            hits = [proportion(found[f"hit{k}"]) for k in (1, 3, 5)]
            rows.append([name, _own(system), *hits, number(found["mrr"])])
    return table(["set, answerable questions", "system", "hit@1", "hit@3", "hit@5", "MRR"], rows)


def knowing(results: Sequence[Result]) -> str:
    """Answerable against unanswerable."""
    rows = []
    for result in results:
        first = figures(result.rows[NAME], False)
        if not first["unanswerable"]:
            continue
        name = f"{result.name}, n = {first['answerable']} + {first['unanswerable']}"
        for at, (system, answers) in enumerate(result.rows.items()):
            found = figures(answers, system in PROBABILITIES)
            cells = [number(found["auroc"]), proportion(found["in_scope"]), number(found["ece"])]
            rows.append([name if at == 0 else "", _own(system), *cells])
        for system, (auroc, accuracy) in reference.PUBLISHED.get(result.name, {}).items():
            rows.append(["", f"*{system}*", number(auroc), number(accuracy), NONE])
    head = ["set, answerable + unanswerable", "system", "AUROC", "in-scope accuracy at out-of-scope recall ≥ .80"]
    return table([*head, "calibration error"], rows)


def operating(results: Sequence[Result]) -> str:
    """What is answered, and how much of it is wrong, beside what was stated."""
    rows = []
    for result in results:
        for at, (system, answers) in enumerate(result.rows.items()):
            if system not in PROBABILITIES:
                continue
            found = figures(answers, False)
            stated = NONE
            if system == NAME:
                stated = "; ".join(
                    (f"≤ {_two(bound.risk)}" if bound.stated else "none") + f", threshold {_two(bound.threshold)}"
                    for bound in result.bounds
                )
            wrong = f"{proportion(found['wrong'])}, {found['wrong'].count} of {found['wrong'].of}"
            asked_back = f"{proportion(found['clarified'])}, right among three {_two_or_none(found['clarified_right'])}"
            name = f"{result.name}, n = {len(answers)}" if at == 0 else ""
            rows.append([name, _own(system), proportion(found["answered"]), wrong, stated, asked_back])
    head = ["set", "system", "answered share", "wrong among answered", "stated bound", "asked back"]
    return table(head, rows)


def _two_or_none(value: Share) -> str:
    return f"{_two(value.value)} of {value.of}" if value.of else NONE


def own_slices(findings: Findings) -> str:
    """Our own questions by language and kind, for the product."""
    if not findings.kinds:
        return ""
    answers = findings.own[0].rows[NAME]
    rows = []
    for lang in dict.fromkeys(findings.langs):
        for kind in dict.fromkeys(findings.kinds):
            pairs = zip(answers, findings.langs, findings.kinds, strict=True)
            chosen = [row for row, its_lang, its_kind in pairs if (its_lang, its_kind) == (lang, kind)]
            rows.append([lang, kind.replace("_", " "), str(len(chosen)), *_slice(chosen)])
    return table(["language", "kind", "n", "hit@1", "hit@3", "answered", "wrong among answered"], rows)


def _slice(rows: Sequence[Row]) -> list[str]:
    found = figures(rows, False)
    wrong = found["wrong"]
    said = f"{wrong.count} of {wrong.of}"
    return [proportion(found["hit1"]), proportion(found["hit3"]), proportion(found["answered"]), said]


def routing(findings: Findings) -> str:
    rows = []
    for system, by_lang in findings.routing.items():
        for at, (lang, found) in enumerate(by_lang.items()):
            cells = [proportion(found.topic), proportion(found.level), proportion(found.channel)]
            rows.append([_own(system) if at == 0 else "", f"{lang}, n = {found.topic.of}", *cells])
    return table(["system", "language", "topic right", "level right", "channel right"], rows)


def encoder(findings: Findings) -> str:
    if findings.encoding is None:
        return ""
    rows = []
    translated = {name: (found, found.of) for name, found in findings.encoding.top1.items()}
    translated |= {
        result.name: (share([row.rank == 1 for row in result.rows["dense alone"]]), len(result.rows["dense alone"]))
        for result in findings.outside
        if "→" in result.name
    }
    for name, (found, of) in translated.items():
        rows.append([f"{name}: top 1", str(of), proportion(found), number(reference.TRANSLATION_REFERENCE.get(name))])
    for lang, (value, pairs) in findings.encoding.sts.items():
        rows.append([f"STS {lang}, test: Spearman", str(pairs), number(value), number(reference.STS_REFERENCE[lang])])
    return table(["task", "n", "bundled encoder", "all-MiniLM-L6-v2 (reference)"], rows)


def goals(findings: Findings) -> str:
    """Each goal with what was reached."""
    reached = _reached(findings)
    rows = []
    for (name, figure), goal in reference.GOALS.items():
        value = reached.get((name, figure))
        at_most = figure in reference.AT_MOST
        met = "not measured" if value is None else ("yes" if (value <= goal if at_most else value >= goal) else "no")
        sign = "≤" if at_most else "≥"
        rows.append([name, figure.replace("_", " "), f"{sign} {_two(goal)}", number(value), met])
    return table(["set", "figure", "goal", "reached", "met"], rows)


def _reached(findings: Findings) -> dict[tuple[str, str], float]:
    result: dict[tuple[str, str], float] = {}
    for one in (*findings.outside, *findings.own):
        found = figures(one.rows[NAME], True)
        result[one.name, "auroc"] = found["auroc"]
        result[one.name, "calibration_error"] = found["ece"]
        if found["in_scope"] is not None:
            result[one.name, "accuracy_at_rejection"] = found["in_scope"].value
    by_lang: dict[str, Routing] = findings.routing.get(NAME, {})
    result |= {(f"levels {lang}", "channel"): found.channel.value for lang, found in by_lang.items()}
    if findings.encoding is not None:
        result |= {(name, "top1"): found.value for name, found in findings.encoding.top1.items()}
        result |= {(f"sts {lang}", "spearman"): value for lang, (value, _) in findings.encoding.sts.items()}
    return result


def _own(system: str) -> str:
    return f"**{system}**" if system == NAME else system
