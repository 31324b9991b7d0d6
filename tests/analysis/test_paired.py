"""Paired tests against published examples, other implementations and simulated error rates."""

from itertools import product

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar

from experiment_grid.analysis.multiple_tests import holm
from experiment_grid.analysis.paired import bootstrap_difference, mcnemar_midp, sign_flip, sign_flip_floor


def test_midp_of_the_published_example():
    """Fagerland, Lydersen & Laake (2013), airway hyper-responsiveness: 1 and 7 discordant, exact 0.070, mid-p 0.039."""
    assert mcnemar_midp(1, 7) == pytest.approx(0.0390625)
    assert mcnemar([[0, 7], [1, 0]], exact=True).pvalue == pytest.approx(0.0703125)


@pytest.mark.parametrize(("first", "second"), [(0, 5), (3, 4), (12, 30), (250, 200), (0, 1)])
def test_midp_is_the_exact_test_less_the_observed_probability(first, second):
    exact = mcnemar([[0, second], [first, 0]], exact=True).pvalue
    observed = stats.binom.pmf(min(first, second), first + second, 0.5)
    assert mcnemar_midp(first, second) == pytest.approx(exact - observed)


def test_midp_of_models_that_do_not_differ():
    assert mcnemar_midp([0, 8], [0, 8]).tolist() == [1.0, 1.0]


def test_midp_holds_its_error_rate():
    """Over all splits with their probabilities, without random draws: 5 % on average, little more at any count."""
    rates = []
    for discordant in range(100, 400):
        first = np.arange(discordant + 1)
        rejected = mcnemar_midp(first, discordant - first) < 0.05
        rates.append(stats.binom.pmf(first, discordant, 0.5)[rejected].sum())
    assert np.mean(rates) <= 0.05
    assert max(rates) < 0.065


def test_bootstrap_of_counts_is_the_bootstrap_of_images():
    only_first, only_second, total = 30, 55, 1000
    low, high = bootstrap_difference(only_first, only_second, total, 0.95, "a pair")
    images = np.repeat([-1, 1, 0], [only_first, only_second, total - only_first - only_second])
    expected = stats.bootstrap((images,), np.mean, method="percentile", n_resamples=4000, rng=1).confidence_interval
    assert (low, high) == pytest.approx((expected.low, expected.high), abs=0.002)


def test_bootstrap_of_a_pair_is_always_the_same():
    assert bootstrap_difference(3, 9, 100, 0.95, "x") == bootstrap_difference(3, 9, 100, 0.95, "x")


def test_sign_flip_tries_all_signs():
    differences = np.array([[0.4, 0.1, -0.2, 0.3], [0.1, 0.2, 0.3, 0.4]])
    for row, p in zip(differences, sign_flip(differences), strict=True):
        means = np.array([np.dot(signs, row) / 4 for signs in product([1, -1], repeat=4)])
        assert p == pytest.approx((np.abs(means) >= abs(row.mean()) - 1e-12).mean())


@pytest.mark.parametrize("n_seeds", [2, 3, 5, 6])
def test_sign_flip_reaches_its_floor_and_no_less(n_seeds):
    floor = sign_flip_floor(n_seeds)
    assert sign_flip(np.ones((1, n_seeds)) * 0.01 + np.arange(n_seeds) * 1e-4) == pytest.approx([floor])
    assert (floor < 0.05) == (n_seeds >= 6)


def test_sign_flip_of_many_seeds_and_of_no_difference():
    assert sign_flip(np.full((1, 20), 0.1) + np.linspace(0, 0.01, 20))[0] < 0.001
    assert sign_flip(np.zeros((1, 3))).tolist() == [1.0]
    assert sign_flip(np.empty((0, 3))).shape == (0,)


def test_holm_of_the_textbook_example():
    """Holm (1979) on 0.01, 0.04, 0.03, 0.005: times 4, 3, 2, 1 in ascending order, never falling."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_holm_leaves_out_what_was_not_tested():
    adjusted = holm([0.02, np.nan, 0.03])
    assert adjusted[[0, 2]] == pytest.approx([0.04, 0.04])
    assert np.isnan(adjusted[1])
    assert holm([]).shape == (0,)
