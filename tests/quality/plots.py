"""Risk-coverage curves and the reliability diagram, as SVG that is the same for the same figures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kb_index.metrics import reliability
from tests.quality.measures import arrays, risk_curve, wilson
from tests.quality.product import NAME, RISK
from tests.quality.running import Result

# after Okabe and Ito: told apart by people with any colour vision
COLOURS = {
    NAME: "#0072B2",
    "BM25": "#999999",
    "dense alone": "#E69F00",
    "naive hybrid": "#009E73",
    "Rasa DIET": "#CC79A7",
}
COLUMNS = 3


def _style() -> None:
    matplotlib.rcParams.update(
        {
            "svg.hashsalt": "guichet",
            "svg.fonttype": "path",
            "font.size": 9,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "grid.color": "#e6e6e6",
            "axes.axisbelow": True,
        }
    )


def risk_coverage(results: Sequence[Result], path: Path) -> None:
    """One panel per set: the wrong share of what is answered, against the share that is answered."""
    _style()
    rows = -(-len(results) // COLUMNS)
    figure = Figure(figsize=(10, 2.9 * rows + 0.5), layout="constrained")
    axes = figure.subplots(rows, COLUMNS, squeeze=False, sharex=True, sharey=True).flatten()
    for axis, result in zip(axes, results, strict=False):
        for system, answers in result.rows.items():
            coverage, risk = risk_curve(answers)
            own = system == NAME
            axis.plot(
                coverage,
                risk,
                color=COLOURS[system],
                label=system,
                linewidth=2.2 if own else 1.2,
                zorder=3 if own else 2,
            )
        axis.axhline(RISK, color="#555555", linewidth=0.8, linestyle=":")
        axis.set_title(f"{result.name}, n = {len(result.rows[NAME])}", fontsize=9.5)
        axis.set_xlim(0, 1)
        axis.set_ylim(0, 1)
    for axis in axes[len(results) :]:
        axis.set_visible(False)
    for axis in axes[::COLUMNS]:
        axis.set_ylabel("wrong share of answered")
    for column in range(min(COLUMNS, len(results))):
        last = axes[column + COLUMNS * ((len(results) - 1 - column) // COLUMNS)]
        last.set_xlabel("share answered, surest first")
        last.tick_params(labelbottom=True)
    lines = {line.get_label(): line for axis in axes[: len(results)] for line in axis.get_lines()[:-1]}
    names = [name for name in COLOURS if name in lines]
    figure.legend([lines[name] for name in names], names, loc="outside upper center", ncols=len(names), frameon=False)
    _save(figure, path)


def reliability_diagram(results: Sequence[Result], path: Path) -> None:
    """One panel per set: how often the first article is right, against the probability that was said."""
    _style()
    figure = Figure(figsize=(3.4 * len(results), 3.6), layout="constrained")
    axes: list[Axes] = list(figure.subplots(1, len(results), squeeze=False, sharey=True).flatten())
    for axis, result in zip(axes, results, strict=True):
        confidence, right = arrays(result.rows[NAME])
        error, bins = reliability(confidence, right)
        axis.plot([0, 1], [0, 1], color="#999999", linewidth=0.9, linestyle="--")
        said = [one["probability"] for one in bins]
        was = [one["right"] for one in bins]
        spans = [wilson(round(one["right"] * one["count"]), int(one["count"])) for one in bins]
        reach = [
            [value - low for value, (low, _) in zip(was, spans, strict=True)],
            [high - value for value, (_, high) in zip(was, spans, strict=True)],
        ]
        reach = [[max(value, 0.0) for value in side] for side in reach]
        axis.errorbar(said, was, yerr=reach, fmt="o", color=COLOURS[NAME], markersize=4.5, elinewidth=1, capsize=2)
        for one in bins:
            axis.annotate(
                str(int(one["count"])),
                (one["probability"], one["right"]),
                xytext=(5, -9),
                textcoords="offset points",
                fontsize=7,
                color="#555555",
            )
        axis.set_title(f"{result.name}\nn = {len(right)}, calibration error {error:.3f}", fontsize=9)
        axis.set_xlim(0, 1)
        axis.set_ylim(0, 1.02)
        axis.set_xlabel("probability said")
    axes[0].set_ylabel("share right (95 % interval; numbers: n)")
    _save(figure, path)


def _save(figure: Figure, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, format="svg", metadata={"Date": None})
