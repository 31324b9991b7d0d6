"""Paired tests: two trained models on the same images, two experiments with the same seeds."""

import zlib

import numpy as np
from numpy.typing import ArrayLike
from scipy import special, stats

RESAMPLES = 2000
MOST_SEEDS_ENUMERATED = 13  # 2^13 sign flips; with more seeds as many are drawn at random


def mcnemar_midp(only_first: ArrayLike, only_second: ArrayLike) -> np.ndarray:
    """McNemar's test, mid-p variant, two-sided, from the counts of images that only one of two models gets right.

    Fagerland, Lydersen & Laake (2013): the exact conditional p, 2 P(X <= least), minus the probability of the observed
    split, P(X = least). Arrays allowed.
    """
    only_first, only_second = np.asarray(only_first), np.asarray(only_second)
    discordant = only_first + only_second
    least = np.minimum(only_first, only_second)
    as_few, fewer = special.bdtr(least, discordant, 0.5), special.bdtr(np.maximum(least - 1, 0), discordant, 0.5)
    p = as_few + np.where(least > 0, fewer, 0.0)
    return np.where(only_first == only_second, 1.0, p)


def bootstrap_difference(
    only_first: int, only_second: int, total: int, confidence: float, name: str
) -> tuple[float, float]:
    """Percentile interval of the second accuracy minus the first, images resampled with both answers together.

    Resampling images is drawing the counts of the paired table from a multinomial distribution. `name` seeds the draws,
    so that a pair's interval does not depend on what other pairs there are.
    """
    generator = np.random.default_rng(zlib.crc32(name.encode()))
    shares = np.array([only_first, only_second, total - only_first - only_second]) / total
    draws = generator.multinomial(total, shares, size=RESAMPLES)
    tail = (1 - confidence) / 2
    low, high = np.quantile((draws[:, 1] - draws[:, 0]) / total, [tail, 1 - tail])
    return float(low), float(high)


def sign_flip(differences: ArrayLike) -> np.ndarray:
    """Exact two-sided sign-flip test of mean 0 for each row of `differences` [pairs, seeds]."""
    differences = np.asarray(differences, float)
    n_pairs, n_seeds = differences.shape
    if n_pairs == 0:
        return np.empty(0)
    exact = n_seeds <= MOST_SEEDS_ENUMERATED
    result = stats.permutation_test(
        (differences,),
        lambda sample, axis: sample.mean(axis=axis),
        permutation_type="samples",
        n_resamples=np.inf if exact else 2**MOST_SEEDS_ENUMERATED,
        vectorized=True,
        axis=1,
        rng=np.random.default_rng(n_seeds),
    )
    return np.asarray(result.pvalue)


def sign_flip_floor(n_seeds: int) -> float:
    """The least p value that a sign-flip test of so many seeds can give."""
    return min(1.0, 2.0 ** (1 - n_seeds))
