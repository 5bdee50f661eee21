"""What a publication would change, before it is published: golden questions, findings, answers to real questions.

Runs in a child process; the same content and questions give the same report.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any

from kb_index.encoder import Encoder, load_encoder
from kb_index.errors import PublishError
from kb_index.focus import Focus, questions_near
from kb_index.gold import parse_gold
from kb_index.golden import compare, outcome
from kb_index.index import WINDOW_CHARS, Answer, Index
from kb_index.inspection import dead_links, warnings
from kb_index.lint import Finding, lint
from kb_index.postings import Floats
from kb_index.publication import layered
from kb_index.publishing import content_folder
from kb_index.questions import Asked, questions_of
from kb_index.settings import Settings
from kb_index.sources import Changed, Kept, Key, differing, keys_of
from kb_index.tasks import Report
from kb_index.vector_store import VECTORS, RememberingEncoder
from kb_index.versions import Versions
from kb_index.workspace import changes_of, new_problems

BLOCKING = ("contradiction", "stolen_question")  # findings; others warn


def run(settings: Settings, args: dict[str, Any], report: Report) -> dict[str, Any]:
    """In a child: `args` {"changes", "questions"} → the report of docs/console.md."""
    encoder = load_encoder(settings.encoder, settings.encoder_threads)
    return gate(settings, encoder, changes_of(args["changes"]), questions_of(args.get("questions", [])), report)


def gate(
    settings: Settings,
    encoder: Encoder,
    changes: dict[str, bytes | None],
    questions: Sequence[Asked],
    report: Report = lambda done, total, doing: None,
) -> dict[str, Any]:
    """Compare what serves with the content folder and the changes. PublishError where nothing can be compared."""
    started = time.monotonic()
    versions = Versions(settings.versions_dir)
    remembering = RememberingEncoder(encoder, versions.folder / VECTORS)
    report(0, 4, "reading")
    before = versions.load_current(encoder)
    folder = content_folder(versions, settings.content_dir)
    sources = Changed(folder, changes)
    problems = new_problems(folder, changes)
    after = layered(before, versions, settings, encoder, sources, most=None)
    if after is None:
        raise PublishError("rebuild_first", "what serves was built without its files: build and publish it once more")
    golden_texts = [one.text for one in parse_gold(sources, ("fit", "test"))[0]]
    vector = vectors_of(after, remembering, [*golden_texts, *(text for text, _, _ in questions)])
    report(1, 4, "golden")
    golden = compare(before, after, sources, encoder, vector)
    report(2, 4, "answers")
    diff = answer_diff(before, after, questions, vector)
    report(3, 4, "lint")
    changed = keys_of(differing(Kept(versions.path(before.version)).digests, sources.digests), sources)
    found = compared_findings(before, after, changed, remembering)
    dead = dead_links(after, dead_links(before, ()))
    blocks = [{"kind": "invalid", **one} for one in problems]
    blocks += [{"kind": "golden_lost", "message": f"« {one['text']} »", **one} for one in golden["lost"]]
    blocks += [_named(one) for one in found["new"] if one.kind in BLOCKING]
    blocks += dead
    warned = [_named(one) for one in found["new"] if one.kind not in BLOCKING]
    warned += warnings(after, changed, date.today())
    return {
        "passes": not blocks,
        "base": before.version,
        "golden": golden,
        "lint": {
            "new": [vars(one) for one in found["new"]],
            "solved": [vars(one) for one in found["solved"]],
            "standing": len(found["standing"]),
        },
        "diff": diff,
        "blocks": blocks,
        "warnings": warned,
        "seconds": round(time.monotonic() - started, 2),
    }


def vectors_of(index: Index, encoder: Encoder, texts: Iterable[str]) -> Callable[[Index, str], Floats]:
    """(index, text) → the vector of each of the texts as a question, encoded all at once."""
    cleaned = {text: index.clean(text) for text in texts}
    short = [text for text in dict.fromkeys(cleaned.values()) if len(text) <= WINDOW_CHARS]
    rows = dict(zip(short, encoder.encode(short), strict=True))
    long = {text: index.vector(text, encoder) for text, clean in cleaned.items() if clean not in rows}
    return lambda _, text: rows[cleaned[text]] if text not in long else long[text]


def answer_diff(
    before: Index, after: Index, questions: Sequence[Asked], vector: Callable[[Index, str], Floats]
) -> list[dict[str, Any]]:
    """The questions whose answer changes, the most frequent first."""
    rows = []
    for text, lang, count in questions:
        old, new = (one.search(text, vector(one, text), lang, 3) for one in (before, after))
        kind = change(old, new)
        if kind:
            row = {"text": text, "lang": lang, "count": count, "kind": kind}
            rows.append(row | {"before": outcome(old), "after": outcome(new)})
    return sorted(rows, key=lambda row: -int(row["count"]))


def change(old: Answer, new: Answer) -> str | None:
    """What becomes of an answer: changed, lost, won, to_handoff; None: nothing that a customer sees."""
    one, other = outcome(old), outcome(new)
    if one["outcome"] != "handoff" and other["outcome"] == "handoff":
        return "to_handoff"
    if one["outcome"] != other["outcome"]:
        if "answer" in (one["outcome"], other["outcome"]):
            return "won" if other["outcome"] == "answer" else "lost"
        return "won" if one["outcome"] == "handoff" else "lost"
    if one["outcome"] == "answer":
        return "changed" if (one["article"], one["text"]) != (other["article"], other["text"]) else None
    return "changed" if one["outcome"] == "handoff" and one["topic"] != other["topic"] else None


def compared_findings(before: Index, after: Index, changed: set[Key], encoder: Encoder) -> dict[str, list[Finding]]:
    """Findings in which changed articles and topics have a part: {"new", "solved", "standing"}."""
    indexes = (before, after)
    targets = [{one.corpus.place[key] for key in changed if key in one.corpus.place} for one in indexes]
    near = {text for one, own in zip(indexes, targets, strict=True) for text in questions_near(one, own)}
    old, new = (
        lint(one, encoder, Focus(own, near)) if own or near else [] for one, own in zip(indexes, targets, strict=True)
    )
    return {
        "new": [one for one in new if one not in old],
        "solved": [one for one in old if one not in new],
        "standing": [one for one in new if one in old],
    }


def _named(finding: Finding) -> dict[str, Any]:
    return {"kind": finding.kind, "message": finding.message, "where": finding.where, "cure": finding.cure}
