"""What the widget costs the page that embeds it."""

from __future__ import annotations

import gzip
from pathlib import Path

WIDGET = Path(__file__).resolve().parents[2] / "bot" / "widget"
OF_THE_DEMO = {"demo.js", "demo.css"}


def test_loader_is_at_most_5_kb() -> None:
    assert len(gzip.compress((WIDGET / "loader.js").read_bytes())) <= 5 * 1024


def test_panel_with_all_its_parts_is_at_most_40_kb() -> None:
    parts = [
        file
        for file in WIDGET.iterdir()
        if file.suffix in {".js", ".css"} and file.name not in OF_THE_DEMO | {"loader.js"}
    ]
    assert len(parts) > 2
    assert sum(len(gzip.compress(file.read_bytes())) for file in parts) <= 40 * 1024
