"""Intervals of one cell, against textbooks and other libraries."""

import numpy as np
import pytest
from scipy import stats

from experiment_grid.analysis.intervals import mean_over_seeds, wilson


@pytest.mark.parametrize(
    ("count", "total", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_is_newcombes_method_3(count, total, low, high):
    """Newcombe (1998), Statistics in Medicine 17, table I."""
    assert wilson(count, total, 0.95) == pytest.approx((low, high), abs=0.00005)


def test_mean_over_seeds_is_students_interval():
    values = [0.931, 0.934, 0.929, 0.9355]
    expected = stats.ttest_1samp(values, 0)
    estimate = mean_over_seeds(values, 0.9)
    assert (estimate.low, estimate.high) == pytest.approx(tuple(expected.confidence_interval(0.9)))


def test_one_seed_has_no_interval():
    estimate = mean_over_seeds([0.9], 0.95)
    assert estimate.value == 0.9
    assert np.isnan([estimate.low, estimate.high]).all()
    assert np.isnan(mean_over_seeds([], 0.95).value)
