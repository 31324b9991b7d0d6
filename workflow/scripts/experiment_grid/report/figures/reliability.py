"""The final cell's reliability curve: the accuracy of answers by their confidence."""

from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from experiment_grid.report.figures.style import MUTED, PALETTE, Margins, figure


def draw(bins: list[dict[str, Any]]) -> Figure:
    """`bins` are those of `calibration` in findings.json; on the diagonal confidence is accuracy."""
    made, (axes,) = figure((3.6, 3.2), margins=Margins(left=0.6, right=0.15, bottom=0.5, top=0.15))
    axes.plot([0, 1], [0, 1], color=MUTED, linewidth=0.8, linestyle=(0, (4, 3)))
    points = [(one["probability"], one["right"]) for one in bins]
    axes.plot(*zip(*points, strict=True), color=PALETTE[0], marker="o", markersize=4)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1))
    axes.set_xlim(0, 1.02)
    axes.set_ylim(0, 1.02)
    axes.set_xlabel("probability of the predicted class")
    axes.set_ylabel("share that is right")
    return made
