"""Pairs of cells that differ in one factor."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from simulated_cells import PARAMETERS

from experiment_grid.analysis import factor_pairs
from experiment_grid.analysis.factor_pairs import levels, pairs


def cell(ran_on="cpu", without=(), **changes):
    parameters = PARAMETERS | changes
    return levels({key: value for key, value in parameters.items() if key not in without}, ran_on)


def found(cells, baseline=None):
    return [(pair.factor, pair.first, pair.second) for pair in pairs(cells, baseline)[0]]


@pytest.mark.parametrize(
    ("first", "second", "factor"),
    [
        ([128, 64], [256, 128, 64], "depth"),
        ([256, 128, 64], [512, 256, 128, 64], "depth"),
        ([64, 64], [64, 64, 64], "depth"),
        ([], [32], "depth"),
        ([128, 64], [128, 32], "width"),
        ([128, 64], [100, 50, 20], "hidden"),
    ],
)
def test_hidden_layers_differ_in_number_width_or_both(first, second, factor):
    assert [pair[0] for pair in found([cell(hidden=first), cell(hidden=second)])] == [factor]


def test_two_factors_at_once_are_no_pair():
    assert found([cell(), cell(learning_rate=0.1, batch_size=32)]) == []


def test_seeds_are_no_factor():
    assert found([cell(), cell(seeds=[4, 5])]) == []


def test_the_device_that_it_ran_on_is_a_factor():
    assert found([cell("cpu", device="auto"), cell("cuda", device="auto")]) == [("device", 0, 1)]
    assert found([cell("cpu", device="auto"), cell("cpu", device="cpu")]) == []


def test_another_optimizer_is_one_factor_with_its_options():
    cells = [cell(), cell(optimizer="adam", without=["momentum"]), cell(momentum=0.5)]
    assert found(cells) == [("optimizer", 0, 1), ("optimizer", 1, 2), ("momentum", 2, 0)]


def test_options_of_one_component_are_factors_and_another_component_is_one():
    lenet = {"model": "models/lenet.py:LeNet", "without": ["hidden", "activation"]}
    cells = [
        cell(model="mlp"),
        cell(**lenet, **{"model.channels": [6, 16]}),
        cell(**lenet, **{"model.channels": [12, 32]}),
        cell(model="mlp", **{"loss.label_smoothing": 0.1}),
    ]
    assert found(cells) == [("model", 0, 1), ("model", 0, 2), ("model.channels", 1, 2), ("loss.label_smoothing", 0, 3)]


def test_lower_values_come_first_and_the_baseline_before_all():
    cells = [cell(learning_rate=0.1), cell(learning_rate=0.01), cell(learning_rate=0.001)]
    assert found(cells) == [("learning_rate", 1, 0), ("learning_rate", 2, 0), ("learning_rate", 2, 1)]
    assert found(cells, baseline=0)[:2] == [("learning_rate", 0, 1), ("learning_rate", 0, 2)]


def test_many_pairs_are_thinned_to_neighbours_and_the_baselines(monkeypatch):
    monkeypatch.setattr(factor_pairs, "MOST_PAIRS", 10)
    cells = [cell(batch_size=size) for size in (8, 16, 32, 64, 128, 256)]
    kept, n_found = pairs(cells, 2)
    assert n_found == 15
    assert {(p.first, p.second) for p in kept} == {(0, 1), (2, 1), (2, 3), (3, 4), (4, 5), (2, 0), (2, 4), (2, 5)}


AXES = st.fixed_dictionaries(
    {
        "hidden": st.sampled_from([[64], [128, 64], [128, 32]]),
        "learning_rate": st.sampled_from([0.1, 0.01]),
        "normalize": st.booleans(),
        "loss": st.sampled_from(["nll", "mse"]),
        "optimizer": st.sampled_from(["sgd", "adam"]),
        "momentum": st.sampled_from([0.0, 0.9]),
    }
)


@given(st.lists(AXES, max_size=12))
def test_all_pairs_are_found_once(changes):
    cells = [cell(**change) for change in changes]
    expected = set()
    for first, second in combinations(range(len(cells)), 2):
        one, other = cells[first], cells[second]
        differing = {name for name in one if one[name] != other[name]}
        if len(differing - {"momentum"} if "optimizer" in differing else differing) == 1:
            expected.add(frozenset((first, second)))
    given_pairs, n_found = pairs(cells, None)
    assert len(given_pairs) == n_found == len(expected)
    assert {frozenset((p.first, p.second)) for p in given_pairs} == expected
