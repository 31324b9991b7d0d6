"""Accuracy against time: every cell at its test accuracy and training seconds, with the interval over its seeds."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from experiment_grid.format import missing
from experiment_grid.report.figures.label_placement import label_ends
from experiment_grid.report.figures.scales import accuracy_scale
from experiment_grid.report.figures.style import GRID, Look, Margins, figure


def draw(
    rows: list[dict[str, Any]],
    looks: list[Look],
    named: list[str],
    context: bool,
    paper: tuple[tuple[float, float], float] = ((7.6, 3.9), 1.6),
) -> Figure:
    """`rows` are those of comparison.csv, in the order of `looks`; only `named` cells get their name.

    `paper` is size and right margin, in inches.
    """
    size, right = paper
    made, (axes,) = figure(size, margins=Margins(left=0.6, right=right, bottom=0.45, top=0.15))
    ends, known = [], []
    for index, (row, look) in enumerate(zip(rows, looks, strict=True)):
        if missing(row["train_seconds"]) or missing(row["test_accuracy"]):
            continue
        x, y = row["train_seconds"], row["test_accuracy"]
        known.append(y)
        colour = GRID if context and row["cell"] not in named else look.colour
        if not context and not missing(row["test_accuracy_low"]):
            low, high = max(0, row["test_accuracy_low"]), min(1, row["test_accuracy_high"])
            known += [low, high]
            axes.plot([x, x], [low, high], color=colour, linewidth=1.1, alpha=0.6, gid=f"cell-{index}")
        axes.plot(
            [x], [y], marker="o", markersize=4 if context else 6, color=colour, linestyle="none", gid=f"cell-{index}"
        )
        if row["cell"] in named:
            ends.append((row["cell"], x, y, look.colour, index))
    times = [row["train_seconds"] for row in rows if not missing(row["train_seconds"])]
    if times and max(times) > 8 * min(times) > 0:
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(10, (1, 2, 5)))
        axes.xaxis.set_minor_locator(NullLocator())
    elif times:
        axes.set_xlim(0, 1.06 * max(times))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    if known:
        accuracy_scale(axes, np.array(known))
    axes.set_xlabel("seconds of training, mean over the seeds")
    label_ends(axes, ends)
    return made
