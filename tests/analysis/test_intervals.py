"""Intervals against textbooks, other libraries and simulated error rates."""

import numpy as np
import pytest
from scipy import stats

from experiment_grid.analysis.intervals import by_variances, mean_over_seeds, over_seeds_and_images, prediction, wilson


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
    assert estimate.p == pytest.approx(expected.pvalue)


def test_one_seed_has_no_interval():
    estimate = mean_over_seeds([0.9], 0.95)
    assert estimate.value == 0.9
    assert np.isnan([estimate.low, estimate.high, estimate.p]).all()
    assert np.isnan(mean_over_seeds([], 0.95).value)


def test_sum_of_variances_is_welchs_test():
    generator = np.random.default_rng(1)
    first, second = generator.normal(0, 1, 5), generator.normal(0.5, 3, 12)
    variances = [(sample.var(ddof=1) / len(sample), len(sample) - 1) for sample in (first, second)]
    estimate = by_variances(second.mean() - first.mean(), variances, 0.95)
    welch = stats.ttest_ind(second, first, equal_var=False)
    assert estimate.p == pytest.approx(welch.pvalue)
    assert (estimate.low, estimate.high) == pytest.approx(tuple(welch.confidence_interval(0.95)))


def test_no_variance_is_exact():
    assert by_variances(0.0, [(0.0, 2)], 0.95) == (0.0, 0.0, 0.0, 1.0)
    assert by_variances(0.1, [(0.0, 2)], 0.95) == (0.1, 0.1, 0.1, 0.0)


@pytest.mark.parametrize(("seed_sd", "image_sd"), [(0.01, 0.1), (0.0, 0.3), (0.02, 0.0)])
def test_seeds_and_images_together_hold_their_error_rate(seed_sd, image_sd):
    """No true difference, new seeds and new images each time: an interval of 95 % misses 0 in at most about 5 %."""
    generator = np.random.default_rng(2)
    n_seeds, n_images, repeats = 3, 300, 1500
    missed = 0
    for _ in range(repeats):
        seeds = generator.normal(0, seed_sd, (n_seeds, 1))
        images = generator.normal(0, image_sd, (1, n_images))
        estimate = over_seeds_and_images(seeds + images + generator.normal(0, 0.2, (n_seeds, n_images)), 0.95)
        missed += not estimate.low <= 0 <= estimate.high
    assert missed / repeats < 0.065


def test_seeds_and_images_find_a_real_difference():
    generator = np.random.default_rng(3)
    differences = (generator.random((3, 10000)) < 0.03).astype(int) - (generator.random((3, 10000)) < 0.02)
    estimate = over_seeds_and_images(differences, 0.95)
    assert estimate.value == pytest.approx(differences.mean())
    assert estimate.low > 0
    assert estimate.p < 0.05


def test_a_new_run_falls_into_the_prediction_interval():
    """Seeds and binomial error simulated: 95 % of new runs must fall in, or a few more (see docs/statistics.md)."""
    generator = np.random.default_rng(4)
    repeats, total, inside = 2000, 2000, 0
    for _ in range(repeats):
        shares = generator.binomial(total, generator.normal(0.95, 0.004, 4)) / total
        low, high, _ = prediction(shares[:3], total, 0.95)
        inside += low <= shares[3] <= high
    assert 0.93 < inside / repeats <= 1


def test_prediction_of_one_seed_knows_the_binomial_error_alone():
    low, high, sd = prediction([0.9], 1000, 0.95)
    assert sd == pytest.approx(np.sqrt(0.9 * 0.1 / 1000))
    assert (low, high) == pytest.approx(stats.norm.interval(0.95, 0.9, sd), abs=1e-6)
    assert np.isnan(prediction([0.25], None, 0.95)).all()


def test_prediction_of_a_loss_is_the_textbooks():
    """Student's prediction interval of one more observation: mean ± t s √(1 + 1/n)."""
    values = np.array([0.21, 0.24, 0.22, 0.25])
    margin = stats.t.ppf(0.975, 3) * values.std(ddof=1) * np.sqrt(1 + 1 / 4)
    low, high, _ = prediction(values, None, 0.95)
    assert (low, high) == pytest.approx((values.mean() - margin, values.mean() + margin))
