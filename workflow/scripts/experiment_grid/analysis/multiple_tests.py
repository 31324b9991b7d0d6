"""All comparisons of a page as one family: Holm's p values, and intervals without zero just where decided."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from experiment_grid.analysis.variance import Spread


class Comparisons(NamedTuple):
    """Differences [..., m] with standard error and degrees of freedom; NaN where there is nothing to test."""

    difference: np.ndarray
    error: np.ndarray
    freedom: np.ndarray


class Family(NamedTuple):
    """Per comparison [m]: simultaneous interval, p of it alone, p after Holm, and whether it is decided."""

    low: np.ndarray
    high: np.ndarray
    p: np.ndarray
    p_adjusted: np.ndarray
    decided: np.ndarray


def compare_means(
    means: ArrayLike, counts: np.ndarray | int, cells: Spread, pairs: ArrayLike, images: np.ndarray | float
) -> Comparisons:
    """Second minus first of the cells' means [..., C] over `counts` [C] seeds, for `pairs` int [m, 2] of cells.

    `images` [m] is the variance of each difference by the choice of test images. Degrees of freedom are
    Satterthwaite's (1946), at most those of the average spread.
    """
    means, (first, second) = np.asarray(means, float), np.asarray(pairs, int).reshape(-1, 2).T
    of_mean = cells.variance / counts
    one, other = of_mean[..., first], of_mean[..., second]
    variance = one + other + images
    uncertainty = one**2 / cells.degrees[..., first] + other**2 / cells.degrees[..., second]
    with np.errstate(divide="ignore", invalid="ignore"):
        most = np.minimum(cells.total[..., first], cells.total[..., second])
        freedom = np.minimum(variance**2 / uncertainty, most)
        error = np.where(variance > 0, np.sqrt(variance), np.nan)
    return Comparisons(means[..., second] - means[..., first], error, freedom)


def p_values(comparisons: Comparisons) -> np.ndarray:
    """Two-sided p by Student's t of each comparison alone; NaN where there is nothing to test."""
    p: np.ndarray = 2 * special.stdtr(comparisons.freedom, -np.abs(comparisons.difference) / comparisons.error)
    return p


def holm(p: ArrayLike) -> np.ndarray:
    """Holm's adjusted p values along the last axis; NaN (no test) stays NaN and does not count.

    By hand, because statsmodels' takes one family at a time, 50 ms each, and a simulation has thousands.
    """
    p = np.asarray(p, float)
    order = np.argsort(p, axis=-1)  # NaN last
    left = (~np.isnan(p)).sum(axis=-1, keepdims=True) - np.arange(p.shape[-1])
    steps = np.maximum.accumulate(np.take_along_axis(p, order, -1) * left, axis=-1)
    adjusted = np.empty_like(p)
    np.put_along_axis(adjusted, order, np.minimum(steps, 1), -1)
    return adjusted


def judge(comparisons: Comparisons, same: ArrayLike, confidence: float) -> Family:
    """Decide all comparisons [m] of a page together. Those with the same number in `same` [m] are one, and count once.

    The intervals hold all together (Bonferroni). Where Holm's later steps decide a pair whose interval would reach over
    zero, it ends at zero instead, an end that leaves zero out (Strassburger & Bretz 2008; Guilbaud 2008).
    """
    p = p_values(comparisons)
    _, first, place = np.unique(np.asarray(same, int), return_index=True, return_inverse=True)
    adjusted = holm(p[first])[place]
    decided = adjusted < 1 - confidence
    margin = simultaneous_margin(comparisons, int((~np.isnan(p[first])).sum()), confidence)
    low, high = beside_zero(comparisons.difference, margin, decided)
    return Family(low, high, p, adjusted, decided)


def simultaneous_margin(comparisons: Comparisons, n_tests: int, confidence: float) -> np.ndarray:
    """Half the width of intervals of which `n_tests` hold all together (Bonferroni)."""
    tail = (1 - confidence) / (2 * max(n_tests, 1))
    margin: np.ndarray = -special.stdtrit(comparisons.freedom, tail) * comparisons.error
    return margin


def beside_zero(difference: np.ndarray, margin: np.ndarray, decided: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Ends (low, high) of the intervals: where decided at most at zero, which is not part of them."""
    low, high = difference - margin, difference + margin
    low = np.where(decided & (difference > 0), np.maximum(low, 0.0), low)
    return low, np.where(decided & (difference < 0), np.minimum(high, 0.0), high)
