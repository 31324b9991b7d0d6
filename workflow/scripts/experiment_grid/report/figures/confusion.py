"""The final model's confusion matrix for a paper: each true class's share of predictions, with the counts."""

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from experiment_grid.report.figures.style import INK, PALETTE, Margins, figure


def draw(counts: np.ndarray, classes: list[str]) -> Figure:
    """`counts` [K, K]: rows are true classes, columns predicted ones."""
    side = 1.5 + 0.42 * len(classes)
    made, (axes,) = figure((side, side), margins=Margins(left=1.0, right=0.1, bottom=1.0, top=0.1))
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(
        np.sqrt(shares), cmap=LinearSegmentedColormap.from_list("blue", ["#ffffff", PALETTE[0]]), vmin=0, vmax=1
    )
    for true, predicted in zip(*np.nonzero(counts), strict=True):
        colour = "#ffffff" if shares[true, predicted] > 0.35 else INK
        axes.text(predicted, true, str(counts[true, predicted]), ha="center", va="center", fontsize=7, color=colour)
    axes.grid(False)
    axes.set_xticks(range(len(classes)), classes, rotation=0 if max(map(len, classes)) < 3 else 60)
    axes.set_yticks(range(len(classes)), classes)
    axes.set_xlabel("predicted class")
    axes.set_ylabel("true class")
    return made
