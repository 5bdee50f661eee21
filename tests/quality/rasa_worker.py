"""Runs inside Rasa's environment (Python 3.10): trains DIET on examples, reads questions with it. Imports none of ours.

Standard input: {"examples": [[text, label], …], "questions": [text, …]}. Arguments: a folder for the model (used again
where it holds one), and the file that gets [[[label, confidence], …best first], …], one list per question.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import re
import sys
from pathlib import Path

# Rasa's quickstart pipeline without entity and regex parts; the seed makes it repeatable.
PIPELINE = [
    {"name": "WhitespaceTokenizer"},
    {"name": "LexicalSyntacticFeaturizer"},
    {"name": "CountVectorsFeaturizer"},
    {"name": "CountVectorsFeaturizer", "analyzer": "char_wb", "min_ngram": 1, "max_ngram": 4},
]
EPOCHS = 100
MODEL = "model.tar.gz"
SHOWN = 10


def plain(text: str) -> str:
    """One line without the brackets that Rasa reads as entities."""
    return re.sub(r"[\[\]{}]", " ", " ".join(text.split())) or "?"


def train(folder: Path, examples: list[list[str]]) -> None:
    from rasa.model_training import train_nlu

    by_label: dict[str, list[str]] = {}
    for text, label in examples:
        by_label.setdefault(label, []).append(plain(text))
    names = {label: f"label{at}" for at, label in enumerate(by_label)}
    diet = {
        "name": "DIETClassifier",
        "epochs": EPOCHS,
        "random_seed": 1,
        "constrain_similarities": True,
        "entity_recognition": False,
        "ranking_length": SHOWN,
    }
    config = {"recipe": "default.v1", "language": "en", "assistant_id": "quality", "pipeline": [*PIPELINE, diet]}
    nlu = [
        {"intent": names[label], "examples": [{"text": text} for text in texts]} for label, texts in by_label.items()
    ]
    # JSON is YAML, and needs no quoting rules of its own; Rasa looks for the keys at the beginning of a line
    data = f'version: "3.1"\nnlu: {json.dumps(nlu, ensure_ascii=False)}\n'
    (folder / "config.yml").write_text(json.dumps(config), encoding="utf-8")
    (folder / "nlu.yml").write_text(data, encoding="utf-8")
    (folder / "labels.json").write_text(json.dumps({name: label for label, name in names.items()}), encoding="utf-8")
    made = train_nlu(str(folder / "config.yml"), str(folder / "nlu.yml"), str(folder / "unfinished"))
    if not made:
        raise SystemExit("rasa trained no model")
    Path(made).rename(folder / MODEL)  # only a finished model gets the name


async def read(folder: Path, questions: list[str]) -> list[list[list[object]]]:
    from rasa.core.agent import Agent

    labels = json.loads((folder / "labels.json").read_text(encoding="utf-8"))
    agent = Agent.load(str(folder / MODEL))
    result = []
    for question in questions:
        parsed = await agent.parse_message(plain(question).lstrip("/ "))
        ranking = parsed.get("intent_ranking") or []
        result.append([[labels[one["name"]], float(one["confidence"])] for one in ranking if one["name"] in labels])
    return result


def main(folder: Path, out: Path) -> None:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ["RASA_TELEMETRY_ENABLED"] = "false"
    from rasa.utils.log_utils import configure_structlog

    logging.disable(logging.WARNING)
    configure_structlog(logging.ERROR)
    job = json.load(sys.stdin)
    if not (folder / MODEL).is_file():
        train(folder, job["examples"])
    out.write_text(json.dumps(asyncio.run(read(folder, job["questions"]))), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
