"""Accuracy by setting: a panel per factor, and all settings of a cell as one line from axis to axis."""

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from experiment_grid.format import missing, setting
from experiment_grid.report.figures.label_placement import shorten
from experiment_grid.report.figures.scales import accuracy_limits, accuracy_scale, accuracy_ticks, errors, round_ticks
from experiment_grid.report.figures.style import GRID, INK, MUTED, PALETTE, Look, Margins, figure

MOST_LABELS = 8  # values of an axis that are written
WIDTHS = re.compile(r"\d+(-\d+)*$")  # of hidden layers: sorted by their number, then by size
LONGEST = 13  # characters of a value
Range = tuple[bool, float, float]  # of a factor that was drawn from one: whether by its logarithm, and its ends
MANY_MARKS = 100  # cells whose marks are of the full size
BOX: dict[str, Any] = {"facecolor": "#ffffff", "edgecolor": "none", "alpha": 0.85, "pad": 1}
TEXT: dict[str, Any] = {"ha": "right", "va": "center", "fontsize": 8}
NARROW_TEXT: dict[str, Any] = {"ha": "center", "va": "top", "fontsize": 7.5}
APART = 0.012  # of an axis: lines of neighbouring cells through the same value


def known(rows: list[dict[str, Any]]) -> list[int]:
    """Places of the rows that have a test accuracy."""
    return [place for place, row in enumerate(rows) if not missing(row["test_accuracy"])]


def values_of(rows: list[dict[str, Any]], key: str) -> list[Any]:
    """A parameter's values in order: numbers by size, all else as they come first."""
    values = list(dict.fromkeys(row[key] for row in rows))
    given = [value for value in values if value is not None]
    if all(isinstance(value, int | float) for value in given):
        given.sort()
    elif all(WIDTHS.match(str(value)) for value in given):
        given.sort(key=lambda value: (value.count("-"), [int(width) for width in value.split("-")]))
    return given + [None] * (None in values)


def draw_factor(
    rows: list[dict[str, Any]],
    key: str,
    heading: str,
    pairs: list[dict[str, Any]],
    cells: dict[str, int],
    looks: list[Look],
    drawn: Range | None = None,
    size: tuple[float, float] = (3.4, 2.45),
) -> Figure:
    """Test accuracy of every cell over its value of `key`; `pairs`, which differ in nothing else, are joined.

    `rows` are those of comparison.csv, `pairs` of effects.csv: blue where the difference is decided, grey and dashed
    where it is not. A factor `drawn` from a range has an axis of numbers.
    """
    made, (axes,) = figure(size, margins=Margins(left=0.62, right=0.2))
    values, shown = values_of(rows, key), {*known(rows)}
    axis = _RangeAxis(drawn, values) if drawn else None
    across = axis.places if axis else {value: place for place, value in enumerate(values)}
    place = {
        name: (across[rows[at][key]], rows[at]["test_accuracy"])
        for name, at in cells.items()
        if at in shown and rows[at][key] in across
    }
    for row in pairs:
        ends = [place.get(row["from"]), place.get(row["to"])]
        if None in ends:
            continue
        dash, colour = ("-", PALETTE[0]) if row["decided"] else ((0, (3, 2)), MUTED)
        (line,) = axes.plot(*zip(*ends, strict=True), color=colour, linestyle=dash, linewidth=1, alpha=0.8)
        line.set_gid(f"pair-{cells[row['from']]}-{cells[row['to']]}")
    size_of_mark = 5 if len(place) <= MANY_MARKS else 3
    x, y = np.array([*place.values()]).reshape(-1, 2).T
    colours, urls = [looks[cells[name]].colour for name in place], [f"cell-{cells[name]}" for name in place]
    axes.scatter(x, y, s=size_of_mark**2, c=colours, linewidths=0, zorder=3, urls=urls)
    if axis:
        axes.set_xticks([at for _, at in axis.ticks], [setting(value) for value, _ in axis.ticks], fontsize=8.5)
        axes.set_xlim(-0.05, 1.05)
    else:
        _value_ticks(axes, values)
        axes.set_xlim(-0.5, len(values) - 0.5)
    accuracy_scale(axes, np.array([rows[at]["test_accuracy"] for at in shown]))
    axes.set_title(heading)
    return made


class _RangeAxis:
    """Places from 0 to 1 of a factor's values, by their logarithm or as they are, and round numbers as ticks."""

    def __init__(self, drawn: Range, values: list[Any]):
        log, low, high = drawn
        known = [value for value in values if isinstance(value, int | float) and (value > 0 or not log)]
        scale = math.log if log else float
        low, high = min(low, *known), max(high, *known)
        reach = scale(high) - scale(low)
        self.places = {value: (scale(value) - scale(low)) / reach for value in known}
        self.ticks = [(tick, (scale(tick) - scale(low)) / reach) for tick in round_ticks(low, high, log=log)]


def _value_ticks(axes: Axes, values: list[Any]) -> None:
    step = -(-len(values) // MOST_LABELS)
    places = range(0, len(values), step)
    texts = [shorten(setting(values[place]), LONGEST) for place in places]
    crowded = sum(map(len, texts)) > 34
    axes.set_xticks(list(places), texts, fontsize=7.5 if crowded else 8.5)
    if crowded:
        for place, label in enumerate(axes.get_xticklabels()):
            label.set_y(-0.06 * (place % 2))


def draw_parallel(
    rows: list[dict[str, Any]],
    keys: list[str],
    heading: Callable[[str], str],
    looks: list[Look],
    context: bool,
    drawn: Mapping[str, Range | None] | None = None,
    narrow: bool = False,
) -> Figure:
    """A line per cell through its settings to its test accuracy, the last axis; a value's text names its condition.

    With `context` (very many cells) lines are thin and grey. `narrow` has the axes below each other, for a phone.
    """
    if narrow:
        made, (axes,) = figure((3.8, 0.3 + 0.72 * len(keys)), margins=Margins(0.15, 0.15, 0.3, 0.3))
    else:
        made, (axes,) = figure((12.4, 3.9), margins=Margins(left=1.1, right=0.75, bottom=0.2, top=0.4))
    value_text = NARROW_TEXT if narrow else TEXT
    aside = 0.1 if narrow else -0.03  # of a value from its axis
    shown = known(rows)
    found = np.array([rows[place]["test_accuracy"] for place in shown])
    low, high = accuracy_limits(found)

    def height(accuracy: Any) -> Any:
        return (errors(accuracy) - errors(low)) / (errors(high) - errors(low))

    def turned(x: Any, y: Any) -> tuple[Any, Any]:
        return (y, x) if narrow else (x, y)

    columns = []
    for x, key in enumerate(keys):
        values = values_of(rows, key)
        heights = {value: 0.06 + 0.88 * place / max(len(values) - 1, 1) for place, value in enumerate(values)}
        if axis := (drawn or {}).get(key):
            ranged = _RangeAxis(axis, values)
            heights |= {value: 0.06 + 0.88 * place for value, place in ranged.places.items()}
            heights |= {value: 0.0 for value in values if value not in ranged.places}
            for value, place in ranged.ticks:
                axes.text(*turned(x + aside, 0.06 + 0.88 * place), setting(value), bbox=BOX, zorder=4, **value_text)
            values = []
        columns.append([heights[rows[place][key]] for place in shown])
        step = -(-len(values) // MOST_LABELS)
        for value in values[:: step or 1]:
            text = shorten(setting(value), LONGEST)
            gid = None if value is None else f"value {key} = {setting(value)}"
            axes.text(*turned(x + aside, heights[value]), text, gid=gid, bbox=BOX, zorder=4, **value_text)
    for tick in accuracy_ticks(low, high):
        beside: dict[str, Any] = value_text if narrow else {"va": "center", "fontsize": 8, "color": INK}
        axes.text(*turned(len(keys) + abs(aside), height(tick)), f"{100 * tick:.6g} %", **beside)
    apart = APART * (np.arange(len(shown)) - (len(shown) - 1) / 2) * min(1, 12 / max(len(shown), 1))
    points = np.array([*(np.array(column) + apart for column in columns), height(found)]).T
    across = np.arange(len(keys) + 1)
    lines = LineCollection(
        [np.column_stack(turned(across, line)) for line in points],
        colors=[GRID if context else looks[place].colour for place in shown],
        linestyles=["-" if context else looks[place].dash for place in shown],
        linewidths=0.7 if context else 1.3,
        urls=[f"cell-{place}" for place in shown],
    )
    for x, key in enumerate([*keys, "test_accuracy"]):
        (axes.axhline if narrow else axes.axvline)(x, color=MUTED, linewidth=0.8)
        left, top = (-0.08, x - 0.1) if narrow else (x, 1.09)
        of: dict[str, Any] = {"ha": "left", "bbox": BOX} if narrow else {"ha": "center"}
        axes.text(left, top, shorten(heading(key), 18), fontsize=8.5, fontweight="bold", zorder=4, **of)
    axes.add_collection(lines)
    (axes.set_ylim if narrow else axes.set_xlim)(*turned(-0.02, len(keys) + 0.02))
    (axes.set_xlim if narrow else axes.set_ylim)(-0.08, 1.08)
    axes.set_axis_off()
    return made
