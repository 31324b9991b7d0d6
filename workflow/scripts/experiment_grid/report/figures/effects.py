"""What each change did: difference of test accuracy and log loss, ratio of times; a row per pair, with intervals."""

import math
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from experiment_grid.format import MINUS, missing
from experiment_grid.report.figures.label_placement import shorten
from experiment_grid.report.figures.scales import ROUND, loss_ticks
from experiment_grid.report.figures.style import INK, MUTED, PALETTE, Margins, figure

ROW = 0.25  # inches
OUTLIER = 8  # times the median: further out an effect is an arrow
PANELS = (
    ("Test accuracy, points", ("difference", "low", "high"), 100),
    ("Log loss", ("loss_difference", "loss_low", "loss_high"), 1),
    (TIME := "Time of all steps, ratio", ("time_ratio", "time_low", "time_high"), 1),  # by its logarithm
)


def draw(effects: list[dict[str, Any]], cells: dict[str, int], narrow: bool = False) -> Figure:
    """Names and three panels side by side; `effects` are rows of effects.csv, a filled mark is a decided one.

    `narrow` has accuracy alone, for a phone: the table has the rest.
    """
    high, drawn = ROW * len(effects) + 0.8, PANELS[:1] if narrow else PANELS
    if narrow:
        made, panels = figure((3.7, high), margins=Margins(left=1.7, right=0.12, bottom=0.4, top=0.32))
    else:
        made, (names, *panels) = figure((2.35, high), 1, 4, Margins(left=0.15, right=0.1, bottom=0.4, top=0.32))
        names.set_axis_off()
        names.set_ylim(len(effects) - 0.4, -0.6)
    for panel in panels:
        panel.set_ylim(len(effects) - 0.4, -0.6)
        panel.set_yticks([])
        panel.grid(False, axis="y")
    for place, row in enumerate(effects):
        of: dict[str, Any] = {"ha": "right", "va": "center", "fontsize": 8, "gid": f"cell-{cells[row['to']]}"}
        if narrow:
            panels[0].text(-0.03, place, shorten(row["to"], 24), transform=panels[0].get_yaxis_transform(), **of)
        else:
            names.text(1, place, shorten(row["to"], 36), **of)
    for panel, (title, keys, factor) in zip(panels, drawn, strict=True):
        panel.set_title(title, fontsize=9)
        panel.axvline(0, color=INK, linewidth=0.8, zorder=1)
        scale = math.log if title == TIME else float
        values = [[None if missing(row[key]) else factor * scale(row[key]) for key in keys] for row in effects]
        reach = _reach([value for value in values if value[0] is not None])
        for place, (row, value) in enumerate(zip(effects, values, strict=True)):
            _mark(panel, value, place, row, cells, reach, keys[0] == "difference")
        if title == TIME:
            low, high = (math.exp(end) for end in panel.get_xlim())
            ticks = loss_ticks(low, high, 4)
            panel.set_xticks([math.log(tick) for tick in ticks], [f"× {tick:.3g}" for tick in ticks])
        else:
            panel.xaxis.set_major_locator(MaxNLocator(4, steps=ROUND))
    return made


def _reach(values: list[list[float | None]]) -> float:
    """How far from zero the axis goes: as far as all but those that would squeeze the others flat."""
    furthest = [max(abs(bound) for bound in value if bound is not None) for value in values]
    if not furthest:
        return 1.0
    return max(one for one in furthest if one <= OUTLIER * np.median(furthest))


def _mark(
    panel: Axes, value: list[Any], place: int, row: dict[str, Any], cells: dict[str, int], reach: float, judged: bool
) -> None:
    """An interval and its middle, grey and hollow where the difference is not decided, or not `judged` at all.

    What is beyond the axis is an arrow at its edge with the figure beside it.
    """
    middle, low, high = value
    if middle is None:
        return
    decided = judged and bool(row["decided"])
    colour, gid = PALETTE[0] if decided else MUTED, f"cell-{cells[row['to']]}"
    if abs(middle) > 1.05 * reach:
        sign = 1 if middle > 0 else -1
        panel.plot([sign * reach], [place], marker=">" if sign > 0 else "<", markersize=5, color=colour, gid=gid)
        panel.annotate(
            f"{middle:.3g}".replace("-", MINUS),
            (sign * reach, place),
            xytext=(-7 * sign, 0),
            textcoords="offset points",
            ha="right" if sign > 0 else "left",
            va="center",
            fontsize=7.5,
            color=colour,
            gid=gid,
        )
        return
    if low is not None and high is not None:
        panel.plot([low, high], [place, place], color=colour, linewidth=1.6, gid=gid)
    face = colour if decided else "#ffffff"
    panel.plot([middle], [place], marker="o", markersize=5, color=colour, markerfacecolor=face, gid=gid)
