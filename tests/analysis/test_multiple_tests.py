"""Spread between seeds, the share of the test images, and all comparisons of a page, which are decided together."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from scipy import stats
from statsmodels.stats.multitest import multipletests

from experiment_grid.analysis.multiple_tests import Comparisons, compare_means, holm, judge
from experiment_grid.analysis.variance import centred, shared_by_images, spread


def test_a_small_variance_is_replaced_by_the_average():
    found = spread([1.0, 1.2, 0.8, 1e-6], np.full(4, 3))
    assert found.variance == pytest.approx([1.0, 1.2, 0.8, 0.75], abs=0.25)
    assert found.variance[3] == pytest.approx(0.75, abs=1e-3)
    assert (found.degrees == 8).all()


def test_an_outlying_cell_counts_by_its_own_seeds():
    found = spread([1.0] * 9 + [9.0], np.full(10, 3))
    assert found.variance[-1] == 9
    assert found.degrees.tolist() == [20] * 9 + [2]


def test_a_diverged_seed_does_not_affect_other_cells():
    found = spread([1.0] * 9 + [1e4], np.full(10, 3))
    assert found.variance[:9] == pytest.approx(np.ones(9))
    assert found.degrees.tolist() == [18] * 9 + [2]


@given(some.lists(some.floats(0, 1e3), min_size=1, max_size=6), some.integers(2, 9))
def test_pages_are_independent(variances, n_seeds):
    counts = np.full(len(variances), n_seeds)
    alone, beside = spread(variances, counts), spread([variances, np.ones(len(variances))], counts)
    assert np.array_equal(beside.variance[0], alone.variance)
    assert np.array_equal(beside.degrees[0], alone.degrees)
    assert (alone.variance >= np.array(variances)).all()


def test_two_cells_with_equal_spread_give_students_test():
    generator = np.random.default_rng(1)
    first = generator.normal(size=5)
    second = 2 * first.mean() - first + 0.4  # the same spread about another mean
    cells = spread([first.var(ddof=1), second.var(ddof=1)], np.array([5, 5]))
    found = compare_means([first.mean(), second.mean()], np.array([5, 5]), cells, [(0, 1)], np.zeros(1))
    expected = stats.ttest_ind(second, first)
    family = judge(found, [0], 0.95)
    assert family.p == pytest.approx([expected.pvalue])
    interval = expected.confidence_interval(0.95)
    assert (family.low[0], family.high[0]) == pytest.approx((interval.low, interval.high))


def test_the_share_of_the_images_is_what_seeds_have_in_common():
    """An answer depends on how hard the image is for all seeds, and on chance: only the first is counted."""
    generator = np.random.default_rng(2)
    chance = np.where(np.arange(400) < 40, 0.5, 0.95)
    answers = [centred(generator.random((6, 400)) < chance) for _ in range(300)]
    found = [shared_by_images(six[:3], [1, 2, 3], six[3:], [4, 5, 6]) for six in answers]
    assert np.mean(found) == pytest.approx(chance.var(ddof=1) / 400, rel=0.05)


def test_equal_seeds_are_no_different_answers():
    answers = centred([[True, False, True, True]])
    assert shared_by_images(answers, [1], answers, [1]) == 0
    assert shared_by_images(answers, [1], answers, [2]) == pytest.approx(answers[0].var(ddof=1) / 4)


comparisons = some.lists(
    some.tuples(some.floats(-5, 5), some.floats(0.01, 2), some.floats(1, 50), some.integers(0, 3)),
    min_size=1,
    max_size=9,
)


@given(comparisons, some.sampled_from([0.5, 0.9, 0.95, 0.999]))
def test_an_interval_excludes_zero_if_and_only_if_its_pair_is_decided(rows, confidence):
    family = judge(Comparisons(*np.array([row[:3] for row in rows]).T), np.arange(len(rows)), confidence)
    assert (((family.low >= 0) | (family.high <= 0)) == family.decided).all()
    assert (family.low <= family.high).all()


def test_one_comparison_under_two_names_counts_once():
    one = Comparisons(*np.array([[1.0, 0.4, 30], [1.0, 0.4, 30], [0.2, 0.4, 30]]).T)
    twice, once = judge(one, [0, 0, 1], 0.95), judge(Comparisons(*(a[1:] for a in one)), [0, 1], 0.95)
    assert twice.p_adjusted.tolist() == [once.p_adjusted[0], *once.p_adjusted]
    assert twice.low.tolist() == [once.low[0], *once.low]


def test_pairs_without_a_test_are_not_in_the_family():
    family = judge(Comparisons(np.array([0.0, 1.0]), np.array([np.nan, 0.3]), np.array([np.nan, 20])), [0, 1], 0.95)
    assert family.p_adjusted[1] == family.p[1]
    assert np.isnan(family.p_adjusted[0]) and not family.decided[0]


@given(some.lists(some.floats(0, 1), max_size=8))
def test_holm_is_that_of_statsmodels(p):
    assert holm(p) == pytest.approx(multipletests(p, method="holm")[1] if p else np.empty(0))
