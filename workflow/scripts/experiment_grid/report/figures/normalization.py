"""With and without normalization side by side, as the original report asks first: both curves, and their difference."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from experiment_grid.report.figures.curves import lines, scale
from experiment_grid.report.figures.label_placement import label_ends
from experiment_grid.report.figures.scales import ROUND
from experiment_grid.report.figures.style import DASHES, INK, Look, Margins, figure
from experiment_grid.report.results import Epochs

DRAWN = (("train", DASHES[1]), ("validation", DASHES[0]))


TITLES = ("Loss", "Accuracy", "Difference in loss", "Difference in accuracy (points)")
MARGINS = Margins(right=1.15)
Pair = tuple[
    dict[str, Epochs], str, str, dict[str, int], list[Look]
]  # epochs, without, with, places and looks of cells


def draw(*pair: *Pair) -> Figure:
    """Loss and accuracy over epochs of the two cells, training dashed and validation solid, then their differences."""
    made, axes = figure((4.1, 2.9), 2, 2, MARGINS)
    _fill(axes, *pair)
    return made


def draw_panels(*pair: *Pair) -> dict[str, Figure]:
    """The same as a figure for each of `TITLES`."""
    made = {title: figure((3.25, 2.5), margins=MARGINS) for title in TITLES}
    _fill([axes for _, (axes,) in made.values()], *pair)
    return {title: panel for title, (panel, _) in made.items()}


def _fill(
    axes: list[Axes], epochs: dict[str, Epochs], without: str, with_: str, cells: dict[str, int], looks: list[Look]
) -> None:
    for column, measure in enumerate(("loss", "accuracy")):
        both = {}
        for data, dash in DRAWN:
            drawn = lines({name: epochs[name] for name in (without, with_)}, f"{data}_{measure}", "epochs")
            for cell in (without, with_):
                if cell in drawn:
                    colour = looks[cells[cell]].colour
                    line = both[f"{'with' if cell == with_ else 'without'}, {data}"] = drawn[cell], colour, cells[cell]
                    axes[column].fill_between(
                        line[0].x, line[0].low, line[0].high, color=colour, alpha=0.13, linewidth=0
                    )
                    axes[column].plot(line[0].x, line[0].mean, color=colour, linestyle=dash)
            if len(drawn) == 2:
                _difference(axes[2 + column], drawn[without], drawn[with_], measure, data, dash)
        scale(axes[column], measure, {name: line for name, (line, _, _) in both.items()}, "epoch")
        label_ends(
            axes[column],
            [(name, line.x[-1], line.mean[-1], colour, cell) for name, (line, colour, cell) in both.items()],
        )
        below = axes[2 + column]
        below.set_xlabel("epoch")
        below.axhline(0, color=INK, linewidth=0.8)
        below.xaxis.set_major_locator(MaxNLocator(5, integer=True, steps=ROUND))
        ends = [line for line in below.lines if not str(line.get_label()).startswith("_")]
        places = [np.asarray(line.get_xydata())[-1].tolist() for line in ends]
        label_ends(
            below, [(str(line.get_label()), x, y, INK, cells[with_]) for line, (x, y) in zip(ends, places, strict=True)]
        )
    for panel, title in zip(axes, TITLES, strict=True):
        panel.set_title(title)


def _difference(axes: Axes, without: Any, with_: Any, measure: str, data: str, dash: Any) -> None:
    """With minus without, at the epochs that both have; accuracies in percentage points."""
    known = dict(zip(without.x, without.mean, strict=True))
    shared = [(x, value - known[x]) for x, value in zip(with_.x, with_.mean, strict=True) if x in known]
    if shared:
        factor = 100 if measure == "accuracy" else 1
        axes.plot(
            [x for x, _ in shared], [factor * value for _, value in shared], color=INK, linestyle=dash, label=data
        )
