"""The page and its images from findings: honest about what is missing, the same for the same findings."""

from __future__ import annotations

from pathlib import Path

from kb_index.decision import Bound
from tests.quality import page, tables
from tests.quality.__main__ import write
from tests.quality.measures import Row, Share
from tests.quality.product import NAME
from tests.quality.running import Findings, Result

HOW = page.Made("python -m tests.quality", "2026-01-01 00:00 UTC", "2 cores", "abc", "model (1)")


def findings() -> Findings:
    rows = [
        Row(("a",), ("a", "b"), 0.9, "answer"),
        Row(("b",), ("a", "b"), 0.6, "clarify"),
        Row((), ("a",), 0.2, "handoff"),
    ]
    plain = [Row(row.expected, row.ranked, row.confidence, "answer") for row in rows]
    result = Result("small", "a set", {NAME: rows * 20, "BM25": plain * 20}, [Bound(0.1, 0.95, True, 0.7)])
    return Findings(outside=[result], notes=["askubuntu: skipped, it is not there"])


def test_the_page_says_what_was_not_measured_and_how_it_was_made() -> None:
    text = page.page(findings(), HOW)
    assert "askubuntu: skipped" in text
    assert "2 cores" in text
    assert "| hint3-sofmattress (full) | auroc | ≥ .93 | – | not measured |" in text


def test_shares_carry_their_interval_and_the_bound_is_beside_the_wrong_share() -> None:
    text = tables.operating(findings().outside)
    assert f"| **{NAME}** | .33 (.23–.46) | .00 (.00–.16), 0 of 20 | ≤ .10, threshold .70 |" in text
    assert tables.proportion(Share(0, 0)) == "–"


def test_images_are_the_same_for_the_same_findings(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        write(findings(), "text", tmp_path / folder)
    for name in (page.RISK_IMAGE, page.RELIABILITY_IMAGE):
        first, second = ((tmp_path / folder / "images" / name).read_bytes() for folder in ("one", "two"))
        assert first == second
        assert first.startswith(b"<?xml")


def test_nothing_found_still_makes_a_page(tmp_path: Path) -> None:
    write(Findings(), page.page(Findings(), HOW), tmp_path)
    assert (tmp_path / "quality.md").is_file()
    assert not (tmp_path / "images").exists()
