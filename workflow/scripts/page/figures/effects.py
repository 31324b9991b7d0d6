"""What each change did: difference of test accuracy and log loss and the ratio of times, a row per pair,
with intervals."""

from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from page.figures.labels import shorten
from page.figures.style import INK, MUTED, PALETTE, Margins, figure
from page.numbers import TIMES, missing

ROW = 0.25  # inches
PANELS = (
    ("Test accuracy, points", ("difference", "low", "high"), 100),
    ("Log loss", ("loss_difference", "loss_low", "loss_high"), 1),
    ("Training time, ratio", ("seconds_ratio", None, None), 1),
)


def draw(effects: list[dict[str, Any]], cells: dict[str, int]) -> Figure:
    """Names and three panels side by side; `effects` are rows of effects.csv, a filled mark is a decided one."""
    size = (2.35, ROW * len(effects) + 0.8)
    made, (names, *panels) = figure(size, 1, 4, Margins(left=0.15, right=0.1, bottom=0.4, top=0.32))
    for panel in (names, *panels):
        panel.set_ylim(len(effects) - 0.4, -0.6)
        panel.set_yticks([])
        panel.grid(False, axis="y")
    names.set_axis_off()
    for place, row in enumerate(effects):
        names.text(
            1, place, shorten(row["to"], 36), ha="right", va="center", fontsize=8, gid=f"cell-{cells[row['to']]}"
        )
    for panel, (title, keys, factor) in zip(panels, PANELS, strict=True):
        neutral = 0 if keys[1] else 1
        panel.set_title(title, fontsize=9)
        panel.axvline(neutral, color=INK, linewidth=0.8, zorder=1)
        for place, row in enumerate(effects):
            _mark(panel, [None if key is None else row[key] for key in keys], factor, place, row, cells)
        panel.xaxis.set_major_locator(MaxNLocator(4))
        if neutral == 1:
            panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{TIMES}{value:.3g}"))
    return made


def _mark(
    panel, values: list[float | None], factor: float, place: int, row: dict[str, Any], cells: dict[str, int]
) -> None:
    """An interval and its middle, grey and hollow where the difference of accuracy is not decided."""
    middle, low, high = values
    if missing(middle):
        return
    decided = bool(row["decided"])
    colour, gid = PALETTE[0] if decided else MUTED, f"cell-{cells[row['to']]}"
    if not missing(low) and not missing(high):
        panel.plot([factor * low, factor * high], [place, place], color=colour, linewidth=1.6, gid=gid)
    panel.plot(
        [factor * middle],
        [place],
        marker="o",
        markersize=5,
        color=colour,
        markerfacecolor=colour if decided else "#ffffff",
        gid=gid,
    )
