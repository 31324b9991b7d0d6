"""What more seeds would show: the number that would decide a pair, and how often one cell beats another."""

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from experiment_grid.analysis.multiple_tests import Comparisons

MOST_SEEDS = 30  # more are not proposed
POWER = 0.8  # chance to decide a difference that is as large as measured


def seeds_needed(
    comparisons: Comparisons,
    variance: ArrayLike,
    images: ArrayLike,
    counts: ArrayLike,
    n_tests: int,
    confidence: float,
) -> np.ndarray:
    """The least number of seeds each [m] that would decide the measured differences with a chance of `POWER`.

    `variance` [m]: of one run, both cells' added; `images` [m]: the part of the difference's variance that no seed
    takes away; `counts` [m]: seeds now. Bonferroni over `n_tests`. NaN where `MOST_SEEDS` would not do, or no test is.
    """
    n_seeds = np.arange(2, MOST_SEEDS + 1)
    column = [np.asarray(values, float)[:, None] for values in (variance, images, counts)]
    freedom = np.maximum(comparisons.freedom[:, None] * (n_seeds - 1) / (column[2] - 1), 1)
    error = np.sqrt(column[0] / n_seeds + column[1])
    tail = (1 - confidence) / (2 * max(n_tests, 1))
    reach = special.stdtrit(freedom, POWER) - special.stdtrit(freedom, tail)
    enough = np.abs(comparisons.difference[:, None]) >= reach * error
    enough &= ~np.isnan(comparisons.error[:, None])
    return np.where(enough.any(axis=1), n_seeds[enough.argmax(axis=1)], np.nan)


def share_higher(first: np.ndarray, second: np.ndarray) -> float:
    """How often a run of the second cell is above one of the first, ties half: P(second > first); figures [seeds].

    All pairs of a run of each: Mann and Whitney's U by its greatest value (Bouthillier et al. 2021). NaN without runs.
    """
    if not len(first) or not len(second):
        return np.nan
    first, second = np.asarray(first)[:, None], np.asarray(second)
    return float((second > first).mean() + (second == first).mean() / 2)
