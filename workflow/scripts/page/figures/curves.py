"""Loss and accuracy of every cell, over epochs or over seconds of training: mean over the seeds, band from least to greatest seed."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from page.figures.labels import label_ends, shorten
from page.figures.style import GRID, INK, MUTED, Look, Margins, figure

SETS = {"train": "Training", "validation": "Validation", "test": "Test"}
MEASURES = {"loss": "loss", "accuracy": "accuracy"}
AXES = {"epochs": ("epoch", "epoch"), "seconds": ("elapsed_seconds", "seconds of training")}
FEWEST_ERRORS = 1e-4  # an accuracy of 1 has no place on a scale of errors; it is drawn here
ACCURACIES = (0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999, 0.9999)


@dataclass(frozen=True)
class Line:
    """One cell's mean over the seeds, and the least and greatest seed, by epoch."""

    x: np.ndarray
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray


def lines(curves: pd.DataFrame, column: str, x: str) -> dict[str, Line]:
    """Cell → its line of `column` over `x`; rows that are no number (a diverged seed) are left out."""
    kept = curves.loc[
        curves[column].notna(), ["cell", "epoch", x, column] if x != "epoch" else ["cell", "epoch", column]
    ]
    groups = kept.groupby(["cell", "epoch"], sort=False)
    table = pd.DataFrame(
        {
            "x": groups[x].mean() if x != "epoch" else groups.size(),
            "mean": groups[column].mean(),
            "low": groups[column].min(),
            "high": groups[column].max(),
        }
    )
    made = {}
    for cell, part in table.groupby(level="cell", sort=False):
        values = part.droplevel("cell").sort_index()
        across = values.index.to_numpy(float) if x == "epoch" else values["x"].to_numpy()
        made[cell] = Line(across, *(values[key].to_numpy() for key in ("mean", "low", "high")))
    return made


def panel(
    axes: Axes, drawn: dict[str, Line], cells: dict[str, int], looks: list[Look], named: list[str], context: bool
) -> None:
    """Draw every cell's line, its gid telling which. With `context` all but the `named` are thin, grey and without band."""
    for cell, line in drawn.items():
        index, look = cells[cell], looks[cells[cell]]
        grey = context and cell not in named
        if not context and len(line.x) > 1 and (line.high > line.low).any():
            axes.fill_between(
                line.x, line.low, line.high, color=look.colour, alpha=0.13, linewidth=0, gid=f"cell-{index}"
            )
        axes.plot(
            line.x,
            line.mean,
            color=GRID if grey else look.colour,
            linestyle="-" if grey else look.dash,
            linewidth=0.7 if grey else look.width,
            marker="o" if len(line.x) == 1 else None,
            markersize=3,
            zorder=2 if grey else 2.6 if look.colour == INK else 2.4,
            gid=f"cell-{index}",
        )


def scale(axes: Axes, measure: str, drawn: dict[str, Line], x_label: str) -> None:
    """Losses on a logarithmic scale; accuracies on one of errors, so that halving them is one step anywhere."""
    axes.set_xlabel(x_label)
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=x_label == "epoch"))
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
            if values.max() / values.min() < 30:
                axes.yaxis.set_major_locator(MaxNLocator(5, prune="both"))
            axes.yaxis.set_minor_locator(NullLocator())
        return
    accuracy_scale(axes, values)


def accuracy_scale(axes: Axes, values: np.ndarray) -> None:
    """Accuracies on a scale of errors, with room around `values`."""
    axes.set_yscale("function", functions=(_errors, _accuracies))
    low, high = max(0.0, values.min()), min(values.max(), 1 - FEWEST_ERRORS)
    reach = max(0.08, 0.06 * (_errors(high) - _errors(low)))
    axes.set_ylim(_accuracies(_errors(low) - reach), _accuracies(_errors(high) + reach))
    axes.yaxis.set_major_locator(FixedLocator(_ticks(*axes.get_ylim())))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.4g} %"))


def _ticks(low: float, high: float) -> list[float]:
    inside = [value for value in ACCURACIES if low <= value <= high]
    return inside if len(inside) >= 2 else list(np.linspace(low, high, 4).round(4))


def _errors(accuracy):
    return -np.log10(np.clip(1 - np.asarray(accuracy, float), FEWEST_ERRORS / 2, None))


def _accuracies(value):
    return 1 - 10.0 ** -np.asarray(value, float)


def draw(
    curves: pd.DataFrame,
    which: list[tuple[str, str]],
    x: str,
    cells: dict[str, int],
    looks: list[Look],
    named: list[str],
    context: bool = False,
    size: tuple[float, float] = (4.1, 2.9),
    columns: int = 1,
    legend: bool = False,
) -> Figure:
    """A figure with a panel of `size` inches for each (set, measure) of `which`.

    `named` cells get their name at the end of their line; with `legend` all cells are listed below.
    """
    rows = -(-len(which) // columns)
    foot = 0.1 + 0.16 * -(-len(cells) // 5) if legend else 0.0
    made, axes = figure(size, rows, columns, Margins(right=1.3), foot)
    column, label = AXES[x]
    for here, (data, measure) in zip(axes, which, strict=True):
        drawn = lines(curves, f"{data}_{measure}", column)
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
