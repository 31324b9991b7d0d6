"""The original report's test accuracies against ours: its figure as a mark, the prediction interval of a
new run as a line."""

from textwrap import wrap
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from experiment_grid import column_values
from experiment_grid.format import missing
from experiment_grid.report.figures.label_placement import shorten
from experiment_grid.report.figures.scales import ROUND
from experiment_grid.report.figures.style import INK, MUTED, PALETTE, Margins, figure

ROW = 0.29  # inches
LONGEST = 26  # characters of a line of a row's label, which has two
CONSISTENT, DIFFERS = PALETTE[2], PALETTE[6]  # green and red, as the verdicts in the tables


def draw(rows: list[dict[str, Any]], titles: dict[str, str], cells: dict[str, int]) -> Figure | None:
    """`rows` are those of reference.csv with figure `test_accuracy`, `titles` names them; None where there
    is nothing to draw."""
    rows = [row for row in rows if not missing(row["original"]) and not missing(row["low"])]
    if not rows:
        return None
    # As wide as a phone can show.
    made, (axes,) = figure((4.6, ROW * len(rows) + 0.75), margins=Margins(left=1.8, right=0.75, bottom=0.42, top=0.15))
    for place, row in enumerate(rows):
        agrees = row["verdict"] == column_values.CONSISTENT
        colour = CONSISTENT if agrees else DIFFERS
        index = cells.get(row["cell"])
        gid = None if index is None else f"cell-{index}"
        axes.plot([row["low"], row["high"]], [place, place], color=colour, linewidth=4, alpha=0.45, gid=gid)
        axes.plot([row["here"]], [place], marker="|", markersize=9, markeredgewidth=2, color=colour, gid=gid)
        axes.plot([row["original"]], [place], marker="D", markersize=5, color=INK, markerfacecolor="#ffffff", gid=gid)
        if not agrees and not missing(row["nearest_low"]):
            axes.plot([row["nearest_low"], row["nearest_high"]], [place + 0.3] * 2, color=MUTED, linewidth=1.6)
        axes.annotate(
            row["verdict"],
            (1, place),
            xycoords=("axes fraction", "data"),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            fontsize=7.5,
            color=colour,
        )
    axes.set_yticks(range(len(rows)), _labels(rows, titles), color=INK, fontsize=7, linespacing=0.95)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.xaxis.set_major_locator(MaxNLocator(3, steps=ROUND))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.4g} %"))
    axes.set_xlabel("test accuracy")
    return made


def _labels(rows: list[dict[str, Any]], titles: dict[str, str]) -> list[str]:
    """The rows' titles as far as they fit; where that makes two alike, the rows' names."""
    labels = [_in_two_lines(titles.get(row["row"], row["row"])) for row in rows]
    if len(set(labels)) < len(labels):
        labels = [_in_two_lines(row["row"]) for row in rows]
    return labels


def _in_two_lines(label: str) -> str:
    return "\n".join(wrap(shorten(label, 2 * LONGEST), LONGEST + 2, max_lines=2, placeholder="…"))
