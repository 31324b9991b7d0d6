"""Intervals of one cell's figures: over seeds, over test images, and for a new run of the same experiment.

SciPy and statsmodels have the distributions; what is here says which sources of variation go in (docs/statistics.md).
"""

from typing import NamedTuple

import numpy as np
from scipy import special
from statsmodels.stats.proportion import proportion_confint

MANY = 1e9  # degrees of freedom: Student's t is the normal distribution


class Estimate(NamedTuple):
    """A figure with its interval and the two-sided p value of its being 0 (NaN where there is none)."""

    value: float
    low: float
    high: float
    p: float


def wilson(count, total, confidence: float):
    """Wilson's interval (low, high) of a proportion count/total; arrays in, arrays out."""
    return proportion_confint(count, total, alpha=1 - confidence, method="wilson")


def mean_over_seeds(values, confidence: float) -> Estimate:
    """Mean of one figure per seed and Student's t interval; one seed has no interval, none has nothing."""
    values = np.asarray(values, float)
    if len(values) < 2:
        return Estimate(values[0] if len(values) else np.nan, np.nan, np.nan, np.nan)
    return by_variances(values.mean(), [(values.var(ddof=1) / len(values), len(values) - 1)], confidence)


def over_seeds_and_images(figures, confidence: float) -> Estimate:
    """Mean of `figures` [seeds, images], each seed on the same images, both seen as drawn from more of their kind.

    The variance of the mean is that between seeds plus that between images. (Each holds a share of what is peculiar
    to one seed on one image, so the sum errs on the wide side; Owen 2007, "The pigeonhole bootstrap".)
    """
    figures = np.asarray(figures)
    n_seeds, n_images = figures.shape
    between_seeds = figures.mean(axis=1, dtype=float).var(ddof=1) / n_seeds
    between_images = figures.mean(axis=0, dtype=float).var(ddof=1) / n_images
    variances = [(between_seeds, n_seeds - 1), (between_images, n_images - 1)]
    return by_variances(figures.mean(dtype=float), variances, confidence)


def prediction(values, total: int | None, confidence: float) -> tuple[float, float, float]:
    """Where one new run's figure is expected, from this experiment's figure per seed: (low, high, standard deviation).

    For a proportion of `total` images the binomial error of that many is added to the seeds' spread; with one seed it
    is all there is.
    """
    values = np.asarray(values, float)
    n, mean = len(values), values.mean()
    variances = []
    if n > 1:
        variances.append((values.var(ddof=1) * (1 + 1 / n), n - 1))
    if total:
        share = min(max(mean, 0.0), 1.0)
        variances.append((share * (1 - share) / total, np.inf))
    if not variances:
        return np.nan, np.nan, np.nan
    estimate = by_variances(mean, variances, confidence)
    return estimate.low, estimate.high, float(np.sqrt(sum(variance for variance, _ in variances)))


def by_variances(value: float, variances: list[tuple[float, float]], confidence: float) -> Estimate:
    """Student's t for a figure whose variance is a sum of independently estimated ones (variance, degrees of freedom).

    The sum's degrees of freedom are Satterthwaite's (1946), as in Welch's test. Without variance the figure is exact.
    """
    total = sum(variance for variance, _ in variances)
    if total == 0:
        return Estimate(value, value, value, 1.0 if value == 0 else 0.0)
    uncertainty = sum(variance**2 / degrees for variance, degrees in variances)
    freedom = min(total**2 / uncertainty, MANY) if uncertainty > 0 else MANY
    error = np.sqrt(total)
    margin = special.stdtrit(freedom, (1 + confidence) / 2) * error
    return Estimate(value, value - margin, value + margin, 2 * special.stdtr(freedom, -abs(value) / error))
