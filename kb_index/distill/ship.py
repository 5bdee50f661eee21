"""A trained student → the shipped files and their card: `python -m kb_index.distill.ship DATA TARGET …`."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from .evaluate import bundle_encoder, figures
from .export import load_transformer, write_bundle
from .trees import PINS

NAME = "guichet-minilm-fr-de-en"
LICENCE = "Apache-2.0"
MAX_TOKENS = 256


def source_table(data: Path) -> list[str]:
    """Markdown rows: source, where from, licence, pairs by language."""
    lines = [
        "| source | taken from | licence | fr–en pairs | de–en pairs | English alone |",
        "|---|---|---|---:|---:|---:|",
    ]
    total = {"fr": 0, "de": 0, "en": 0}
    for row in json.loads((data / "sources.json").read_text(encoding="utf-8")):
        origins = []
        for name in row["from"]:
            pin = PINS[name]
            origin = (
                f"{name.replace('+', '/')} at {pin['version'][:12]}"
                if pin["from"] == "git"
                else f"{pin['from']}: {pin['version']}"
            )
            origins.append(origin)
        counts = " | ".join(f"{row[lang]:,}" for lang in total)
        lines.append(f"| {row['source']} | {'; '.join(origins)} | {row['licence']} | {counts} |")
        total = {lang: total[lang] + row[lang] for lang in total}
    return [*lines, f"| all | | | {total['fr']:,} | {total['de']:,} | {total['en']:,} |"]


def figure_table(before: dict[str, float], after: dict[str, float]) -> list[str]:
    """Markdown rows: the figures of the untrained base and of the shipped files."""
    return [
        "| figure | all-MiniLM-L6-v2 | this model |",
        "|---|---:|---:|",
        *(f"| {name} | {before.get(name, float('nan')):.3f} | {value:.3f} |" for name, value in after.items()),
    ]


def run_table(data: Path) -> list[str]:
    """Markdown rows: the checkpoints of the training runs."""
    lines = [
        "| minutes | steps of a process | sentences | mean divergence | mean 1 − cosine |",
        "|---:|---:|---:|---:|---:|",
    ]
    for text in (data / "progress.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(text)
        divergence, distance = row["loss"]
        lines.append(f"| {row['minutes']} | {row['step']} | {row['sentences']:,} | {divergence:.3f} | {distance:.3f} |")
    return lines


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("--benchmarks", type=Path, required=True)
    parser.add_argument("--before", type=Path, required=True, help="bundle of the base model, to compare with")
    options = parser.parse_args()
    checkpoint = options.data / "checkpoint"
    write_bundle(
        load_transformer(checkpoint),
        checkpoint / "tokenizer.json",
        options.target,
        name=NAME,
        max_tokens=MAX_TOKENS,
        licence=LICENCE,
    )
    before, after = (figures(bundle_encoder(folder), options.benchmarks) for folder in (options.before, options.target))
    tables = {
        "sources": "\n".join(source_table(options.data)),
        "figures": "\n".join(figure_table(before, after)),
        "training": "\n".join(run_table(options.data)),
    }
    card = (Path(__file__).parent / "card.md").read_text(encoding="utf-8")
    for name, text in tables.items():
        card = card.replace(f"<!-- {name} -->", text)
    (options.target / "MODEL_CARD.md").write_text(card, encoding="utf-8")
    print(tables["figures"])


if __name__ == "__main__":
    main()
