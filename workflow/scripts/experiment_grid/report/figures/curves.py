"""Loss and accuracy of every cell, over epochs or over seconds of training: mean over the seeds, band from
least to greatest seed."""

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from experiment_grid.report.figures.label_placement import label_ends, shorten
from experiment_grid.report.figures.scales import ROUND, accuracy_scale, loss_ticks
from experiment_grid.report.figures.style import DASHES, GRID, INK, MUTED, PALETTE, Look, Margins, figure
from experiment_grid.report.results import Epochs

SETS = {"train": "Training", "validation": "Validation", "test": "Test"}
SET_COLOURS = {"train": PALETTE[1], "validation": PALETTE[2], "test": PALETTE[0]}  # those of a cell's own charts
AXES = {"epochs": "epoch", "seconds": "seconds of training"}


@dataclass(frozen=True)
class Line:
    """One cell's mean over the seeds, and the least and greatest seed, by epoch."""

    x: np.ndarray
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray


def lines(epochs: dict[str, Epochs], column: str, x: str) -> dict[str, Line]:
    """Cell → its line of `column` over `x` (of `AXES`); epochs without a number (all seeds diverged) are left out."""
    made = {}
    for cell, held in epochs.items():
        known = np.isfinite(held.mean[column])
        if known.any():
            across = held.epoch if x == "epochs" else held.elapsed
            made[cell] = Line(
                *(values[known] for values in (across, held.mean[column], held.low[column], held.high[column]))
            )
    return made


def panel(
    axes: Axes, drawn: dict[str, Line], cells: dict[str, int], looks: list[Look], named: list[str], context: bool
) -> None:
    """Draw every cell's line. With `context` all but the `named` are thin, grey and without band.

    Two collections hold them all (a thousand artists would take minutes); each path's url names its cell.
    """
    order = sorted(drawn, key=lambda cell: (cell in named, looks[cells[cell]].colour == INK))
    grey = [context and cell not in named for cell in order]
    shown = [drawn[cell] for cell in order]
    urls = [f"cell-{cells[cell]}" for cell in order]
    colours = [GRID if dull else looks[cells[cell]].colour for cell, dull in zip(order, grey, strict=True)]
    if not context:
        edges = [
            np.column_stack([np.concatenate([line.x, line.x[::-1]]), np.concatenate([line.low, line.high[::-1]])])
            for line in shown
        ]
        axes.add_collection(PolyCollection(edges, facecolors=colours, alpha=0.13, linewidths=0, urls=urls))
    strokes = LineCollection(
        [np.column_stack([line.x, line.mean]) for line in shown],
        colors=colours,
        linewidths=[0.7 if dull else looks[cells[cell]].width for cell, dull in zip(order, grey, strict=True)],
        linestyles=["-" if dull else looks[cells[cell]].dash for cell, dull in zip(order, grey, strict=True)],
        urls=urls,
        zorder=2.4,
    )
    axes.add_collection(strokes)
    for cell, line in drawn.items():
        if len(line.x) == 1:
            look = looks[cells[cell]]
            axes.plot(line.x, line.mean, color=look.colour, marker="o", markersize=3, gid=f"cell-{cells[cell]}")
    axes.autoscale_view()


def scale(axes: Axes, measure: str, drawn: dict[str, Line], x_label: str) -> None:
    """Losses on a logarithmic scale; accuracies on one of errors, so that halving them is one step anywhere."""
    axes.set_xlabel(x_label)
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=x_label == "epoch", steps=ROUND))
    values = (
        np.concatenate([np.concatenate([line.low, line.high]) for line in drawn.values()]) if drawn else np.array([])
    )
    if not len(values):
        axes.text(0.5, 0.5, "no finite value", transform=axes.transAxes, ha="center", color=MUTED)
        axes.set_yticks([])
        return
    if measure == "loss":
        if (values > 0).all():
            axes.set_yscale("log")
            axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.4g}"))
            axes.yaxis.set_major_locator(FixedLocator(loss_ticks(*axes.get_ylim())))
            axes.yaxis.set_minor_locator(NullLocator())
        return
    accuracy_scale(axes, values)


def draw(
    epochs: dict[str, Epochs],
    which: list[tuple[str, str]],
    x: str,
    cells: dict[str, int],
    looks: list[Look],
    named: list[str],
    context: bool = False,
    size: tuple[float, float] = (3.4, 2.45),
    columns: int = 1,
    legend: bool = False,
    right: float = 1.2,
) -> Figure:
    """A figure with a panel of `size` inches for each (set, measure) of `which`.

    `named` cells get their name at the end of their line; with `legend` all cells are listed below.
    """
    rows = -(-len(which) // columns)
    foot = 0.1 + 0.16 * -(-len(cells) // 5) if legend else 0.0
    made, axes = figure(size, rows, columns, Margins(right=right), foot)
    label = AXES[x]
    for here, (data, measure) in zip(axes, which, strict=True):
        drawn = lines(epochs, f"{data}_{measure}", x)
        panel(here, drawn, cells, looks, named, context)
        scale(here, measure, drawn, label)
        here.set_title(f"{SETS[data]} {measure}")
        ends = [
            (cell, drawn[cell].x[-1], drawn[cell].mean[-1], looks[cells[cell]].colour, cells[cell])
            for cell in named
            if cell in drawn
        ]
        label_ends(here, ends)
    if legend:
        handles = [
            Line2D([], [], color=look.colour, linestyle=look.dash, linewidth=look.width, label=shorten(cell))
            for cell, look in zip(cells, looks, strict=True)
        ]
        made.legend(handles=handles, loc="lower center", ncols=5, fontsize=7.5, handlelength=3)
    return made


def draw_one(held: Epochs, size: tuple[float, float] = (2.6, 1.7)) -> Figure:
    """One cell's accuracies over the epochs: training, validation and test, with the seeds' range."""
    made, (axes,) = figure(size, margins=Margins(left=0.42, right=0.75, bottom=0.24, top=0.08))
    known, ends = [], []
    for place, data in enumerate(SETS):
        line = lines({"": held}, f"{data}_accuracy", "epochs").get("")
        if line is None:
            continue
        colour = SET_COLOURS[data]
        axes.fill_between(line.x, line.low, line.high, color=colour, alpha=0.15, linewidth=0)
        axes.plot(line.x, line.mean, color=colour, linestyle=DASHES[place], marker="o" if len(line.x) == 1 else None)
        known += [line.low, line.high]
        ends.append((data, line.x[-1], line.mean[-1], colour, None))
    if known:
        accuracy_scale(axes, np.concatenate(known))
        axes.xaxis.set_major_locator(MaxNLocator(4, integer=True, steps=ROUND))
        label_ends(axes, ends, 7)
    axes.tick_params(labelsize=7)
    return made
