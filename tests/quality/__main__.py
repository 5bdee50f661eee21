"""python -m tests.quality: measure, print, and write docs/quality.md with its images."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from kb_index.encoder import load_encoder
from kb_index.errors import KbError
from kb_index.settings import load_settings
from tests.quality import page, plots
from tests.quality.remembering import RememberingEncoder
from tests.quality.running import Findings, Options, run
from tests.quality.sets import ROOT

# sets large enough for ten bins to mean something
FEWEST_FOR_RELIABILITY = 50


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.quality", description=__doc__)
    parser.add_argument("--without-rasa", action="store_true", help="leave out the Rasa baseline, which takes minutes")
    parser.add_argument("--retrain", action="store_true", help="train Rasa anew even where its model is kept")
    parser.add_argument("--out", type=Path, default=ROOT / "docs", help="folder of quality.md and images/")
    chosen = parser.parse_args(arguments)
    try:
        settings = load_settings()
        encoder = RememberingEncoder(load_encoder(settings.encoder, settings.encoder_threads * 2))
        options = Options(
            data=ROOT / "data",
            cache=settings.data_dir / "quality" / "rasa",
            rasa=not chosen.without_rasa,
            retrain=chosen.retrain,
        )
        findings = run(options, encoder, lambda text: print(text, file=sys.stderr, flush=True))
    except KbError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    text = page.page(findings, page.made(" ".join(["python -m tests.quality", *arguments]), encoder))
    print(text)
    write(findings, text, chosen.out)
    return 0


def write(findings: Findings, text: str, out: Path) -> None:
    """quality.md and its images under `out`."""
    out.mkdir(parents=True, exist_ok=True)
    results = [*findings.own, *findings.outside]
    (out / "quality.md").write_text(text, encoding="utf-8")
    if results:
        plots.risk_coverage(results, out / "images" / page.RISK_IMAGE)
    large = [one for one in results if len(next(iter(one.rows.values()))) >= FEWEST_FOR_RELIABILITY]
    if large:
        plots.reliability_diagram(large, out / "images" / page.RELIABILITY_IMAGE)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
