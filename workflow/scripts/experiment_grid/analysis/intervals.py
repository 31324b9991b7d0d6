"""Intervals of one cell's figures: over seeds, over test images. SciPy and statsmodels have the distributions."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import special
from statsmodels.stats.proportion import proportion_confint


class Estimate(NamedTuple):
    """A figure with its interval; NaN where there is none."""

    value: float
    low: float
    high: float


def wilson(count: ArrayLike, total: ArrayLike, confidence: float) -> tuple[Any, Any]:
    """Wilson's interval (low, high) of a proportion count/total; arrays in, arrays out."""
    low, high = proportion_confint(count, total, alpha=1 - confidence, method="wilson")
    return low, high


def mean_over_seeds(values: ArrayLike, confidence: float) -> Estimate:
    """Mean of one figure per seed and Student's t interval; one seed has no interval, none has nothing."""
    values = np.asarray(values, float)
    if len(values) < 2:
        return Estimate(values[0] if len(values) else np.nan, np.nan, np.nan)
    margin = special.stdtrit(len(values) - 1, (1 + confidence) / 2) * values.std(ddof=1) / np.sqrt(len(values))
    return Estimate(values.mean(), values.mean() - margin, values.mean() + margin)
