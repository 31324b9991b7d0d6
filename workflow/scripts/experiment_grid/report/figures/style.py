"""One look for every figure: sizes, colours that survive colour blindness and grey, and how files are written.

pyplot is left alone (its import costs half a second and its state is global).
"""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from experiment_grid.runtime.files import replacing

INK, MUTED, GRID = "#1d2125", "#595f66", "#e6e5de"
# Darkened Okabe-Ito: at least 4.5:1 on white, distinguishable with every common colour blindness.
PALETTE = ("#0a68ad", "#c4500a", "#10805e", "#a23f8f", "#7d6608", "#4a56c2", "#b0273f", "#5f6b73")
# With the dashes 8 × 4 cells stay apart in grey too.
DASHES = ((0, ()), (0, (5, 1.6)), (0, (1.3, 1.3)), (0, (7, 1.5, 1.3, 1.5)))
# On the page every colour of a figure is one of the style sheet's variables.
VARIABLES = {INK: "ink", MUTED: "muted", GRID: "grid", "#ffffff": "paper"} | {
    colour: f"c{index}" for index, colour in enumerate(PALETTE)
}

SETTINGS: Any = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelcolor": MUTED,
    "axes.edgecolor": MUTED,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.7,
    "text.color": INK,
    "text.parse_math": False,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "lines.linewidth": 1.5,
    "lines.solid_capstyle": "round",
    "legend.frameon": False,
    "pdf.fonttype": 42,  # TrueType: stays text, embeds, passes journals' checks
    "svg.hashsalt": "experiment-grid",  # the same figure, the same bytes
    "path.simplify": False,
}


@dataclass(frozen=True)
class Look:
    """How one cell is drawn everywhere."""

    colour: str
    dash: tuple[Any, ...]
    width: float = 1.4


def looks(count: int, baseline: int | None) -> list[Look]:
    """A look for each of `count` cells; the baseline is the one in ink."""
    look = [Look(PALETTE[index % len(PALETTE)], DASHES[index // len(PALETTE) % len(DASHES)]) for index in range(count)]
    if baseline is not None:
        look[baseline] = Look(INK, DASHES[0], 2.2)
    return look


def styled() -> AbstractContextManager[None]:
    """Context manager in which figures are made and written."""
    return matplotlib.rc_context(SETTINGS)


@dataclass(frozen=True)
class Margins:
    """Inches around each panel, for ticks, titles and the names at the ends of lines."""

    left: float = 0.57
    right: float = 0.12
    bottom: float = 0.42
    top: float = 0.3


def figure(
    size: tuple[float, float], rows: int = 1, columns: int = 1, margins: Margins = Margins(), foot: float = 0.0
) -> tuple[Figure, list[Axes]]:
    """A figure of rows × columns panels of `size` inches each, and its axes row by row; `foot` inches stay free below.

    Places are fixed beforehand (no layout engine): panels of different figures line up, and heights are known
    before anything is drawn.
    """
    width, height = size[0] * columns, size[1] * rows + foot
    made = Figure(figsize=(width, height), frameon=False)
    axes = []
    for place in range(rows * columns):
        row, column = divmod(place, columns)
        left, top = column * size[0] + margins.left, height - row * size[1] - margins.top
        wide, high = size[0] - margins.left - margins.right, size[1] - margins.top - margins.bottom
        panel = made.add_axes((left / width, (top - high) / height, wide / width, high / height))
        panel.patch.set_visible(False)
        axes.append(panel)
    return made, axes


def empty(text: str) -> Figure:
    """A figure that says why there is none: a rule's output must exist."""
    made = Figure(figsize=(4, 1), frameon=False)
    made.text(0.5, 0.5, text, ha="center", va="center", fontsize=9, color=MUTED)
    return made


def svg(made: Figure, fonttype: str = "none") -> bytes:
    """The figure as SVG, the same bytes every time; text stays text unless `fonttype` is "path"."""
    buffer = BytesIO()
    with matplotlib.rc_context({"svg.fonttype": fonttype}):
        FigureCanvasSVG(made).print_svg(buffer, metadata={"Date": None, "Creator": None})
    return buffer.getvalue()


def write(made: Figure, path: Path) -> None:
    """Write the figure for a paper: outlines in SVG (no font needed to show it), embedded fonts in PDF."""
    with replacing(path) as part:
        if path.suffix == ".svg":
            part.write_bytes(svg(made, "path"))
        else:
            from matplotlib.backends.backend_pdf import FigureCanvasPdf  # late: 0.4 s that the page does not need

            FigureCanvasPdf(made).print_pdf(part, metadata={"CreationDate": None, "Creator": None, "Producer": None})
