"""docs/quality.md: what was measured, how, and with what."""

from __future__ import annotations

import os
import platform
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from kb_index.encoder import Encoder
from tests.quality import tables
from tests.quality.measures import Share
from tests.quality.product import FOLDS, NAME, RISK, SECONDS_NEAR
from tests.quality.running import RASA, Findings
from tests.quality.sets import ROOT

RISK_IMAGE = "quality-risk-coverage.svg"
RELIABILITY_IMAGE = "quality-reliability.svg"


@dataclass(frozen=True)
class Made:
    """How the page was made."""

    command: str
    date: str
    machine: str
    commit: str
    encoder: str


def made(command: str, encoder: Encoder) -> Made:
    date = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    return Made(command, date, _machine(), _commit(), f"{encoder.name} ({encoder.fingerprint})")


def _machine() -> str:
    model = platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        names = [line.split(":", 1)[1].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        model = names[0] if names else model
    return f"{os.cpu_count()} cores ({model}), no GPU used, Python {platform.python_version()}"


def _commit() -> str:
    def git(*words: str) -> str:
        done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False)
        return done.stdout.strip()

    changed = git("status", "--porcelain", "--", "kb_index", "data")
    return (git("rev-parse", "--short", "HEAD") or "unknown") + (" with uncommitted changes" if changed else "")


def page(findings: Findings, how: Made) -> str:
    results = [*findings.own, *findings.outside]
    parts = [
        "# Quality of search and decision\n",
        f"Made by `{how.command}` (`make quality`) on {how.date}; {how.machine}; commit {how.commit}; "
        f"encoder {how.encoder}. Outside sets: everything is fitted from the articles alone. Our own content: the "
        "part of the golden questions that only measures is asked of the index that ships, fitted on the other part; "
        f"« cross-fitted »: that other part in {FOLDS} folds, each asked of an index fitted without it. No question is "
        "asked of an index that has seen it. Shares are followed by their 95 % interval (Wilson).\n\n"
        "All is seeded: the same code, content and "
        "encoder give the same figures, training of Rasa apart as far as TensorFlow's threads allow.\n",
        "## Goals\n",
        tables.goals(findings),
        "## Systems\n",
        f"- **{NAME}**: `kb_index` as the service runs it, asked to keep wrong answers at or below {RISK:.0%}.\n"
        "- BM25: stemmed words, a document per question, title and passage; an article counts by its best.\n"
        "- dense alone: the bundled encoder, nearest text.\n"
        "- naive hybrid: BM25 and dense, each scaled to 0…1 per question, summed. Its top is near 2 whatever is "
        "asked, so it can hardly know that it does not know.\n"
        f"- {RASA}: Rasa's quickstart pipeline with DIETClassifier, 100 epochs, an intent per article (and level "
        "topic), trained on the same questions and titles; it answers where its FallbackClassifier (.3, ambiguity "
        ".1) would. On sets without example questions there is nothing to train it on. A model trained before on "
        "the same examples with the same pipeline is used again (`--retrain` trains anew).\n"
        "- *Published figures* come from HINT3's published prediction files, at one operating point.\n",
        "## Finding the right article\n",
        tables.ranking(results),
        "## Knowing what is not answered\n",
        "AUROC: chance that an answerable question gets more confidence than an unanswerable one. Calibration error: "
        "expected, ten bins, over all questions, the first article right or not.\n",
        tables.knowing(results),
        "## At the operating point\n",
        "Wrong: answered, but not with an article that answers, or where none does. « None » stated: only "
        "enough golden questions allow a statement at 95 % confidence; a threshold without one applies. BM25, dense "
        "alone and the sum have no threshold of their own and would answer everything.\n",
        tables.operating(results),
        f"![Wrong share of what is answered, against the share answered](images/{RISK_IMAGE})\n",
        f"The dotted line is the {RISK:.0%} that is asked for; unanswerable questions count as wrong once answered.\n",
        f"![Share right against the probability said](images/{RELIABILITY_IMAGE})\n",
    ]
    if findings.kinds:
        parts += ["## Our own questions by language and kind\n", tables.own_slices(findings)]
    if findings.passages is not None and findings.passages.of:
        parts += [
            "## Passages of long texts\n",
            f"Where the article named first in the golden file is the first hit, the passage is the right one (its "
            f"heading, or at most {SECONDS_NEAR} s from its second) in {_counted(findings.passages)}.\n",
        ]
    if findings.routing:
        parts += [
            "## Routing to levels\n",
            f"A message about a level's topic is routed right where the outcome is a handoff to that topic, level or "
            f"channel; an answer or a question back is not. The other systems route by their first target. Golden "
            f"messages, {NAME} with its decision, the others by rank alone.\n",
            tables.routing(findings),
        ]
        if findings.urgent_waiting is not None:
            parts.append(
                f"Urgent messages that were answered or asked back instead of handed to people: "
                f"{_counted(findings.urgent_waiting)}.\n"
            )
    parts += ["## The encoder alone\n", tables.encoder(findings)]
    parts += ["## Sets\n", "\n".join(f"- {one.name}: {one.about}." for one in results) + "\n"]
    if findings.notes:
        parts += ["Not measured:\n", "\n".join(f"- {note}" for note in findings.notes) + "\n"]
    return "\n".join(parts)


def _counted(value: Share) -> str:
    return f"{value.count} of {value.of}: {tables.proportion(value)}"
