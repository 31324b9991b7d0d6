"""Names at the ends of lines, moved apart where they would cover each other: no legend is needed."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

LONGEST = 20  # characters of a name in a figure; the page has the whole one


def shorten(name: str, longest: int = LONGEST) -> str:
    """The name as a figure can hold it: cut in the middle, since names that begin alike end differently."""
    if len(name) <= longest:
        return name
    end = (longest - 1) // 2
    return f"{name[: longest - 1 - end]}…{name[-end:]}"


def label_ends(axes: Axes, ends: Sequence[tuple[str, float, float, str, int | None]], size: float = 7.5) -> None:
    """Write each (name, x, y, colour, cell or None) beside the end of its line, or as near to it as fits.

    Limits and scale must be final: places are computed in points.
    """
    if not ends:
        return
    axes.get_xlim(), axes.get_ylim()  # brings lazy limits up to date
    to_points = 72 / axes.figure.dpi
    places = np.array([axes.transData.transform((x, y)) for _, x, y, _, _ in ends]) * to_points
    lengths = np.array([0.6 * size * len(shorten(name)) for name, *_ in ends])
    heights, placed = places[:, 1], places[:, 1].copy()
    for group in _overlapping(places[:, 0], lengths):
        placed[group] = spread(heights[group], 1.15 * size)
    for (name, x, y, colour, cell), height, place in zip(ends, heights, placed, strict=True):
        axes.annotate(
            shorten(name),
            (x, y),
            xytext=(4, place - height),
            textcoords="offset points",
            color=colour,
            fontsize=size,
            verticalalignment="center",
            annotation_clip=False,
            gid=None if cell is None else f"cell-{cell}",
        )


def _overlapping(starts: np.ndarray, lengths: np.ndarray) -> list[list[int]]:
    """Names in groups that share no horizontal place with those of another group."""
    groups: list[list[int]] = []
    reached = -np.inf
    for place in np.argsort(starts, kind="stable"):
        if starts[place] > reached:
            groups.append([])
        groups[-1].append(int(place))
        reached = max(reached, starts[place] + lengths[place])
    return groups


def spread(heights: np.ndarray, gap: float) -> np.ndarray:
    """The nearest heights that keep `gap` between neighbours (pool adjacent violators)."""
    order = np.argsort(heights, kind="stable")
    # Subtracting what is below turns "at least `gap` apart" into "never decreasing".
    wanted = heights[order] - gap * np.arange(len(heights))
    blocks: list[tuple[float, int]] = []
    for value in wanted:
        blocks.append((value, 1))
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            (last, count), (before, more) = blocks.pop(), blocks.pop()
            blocks.append(((last * count + before * more) / (count + more), count + more))
    placed = np.concatenate([np.full(count, value) for value, count in blocks]) + gap * np.arange(len(heights))
    result: np.ndarray = np.empty_like(placed)
    result[order] = placed
    return result
