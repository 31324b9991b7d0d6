"""Longest first: the order in which trainings start."""

import pytest
from trained_cell import PARAMETERS

from experiment_grid.config.parameters import Parameters
from experiment_grid.planning.order import ranks


@pytest.mark.parametrize(
    "longer",
    [{"epochs": 4}, {"seeds": [1, 2, 3]}, {"hidden": [17, 8]}, {"batch_size": 31}, {"train_fraction": 0.9}],
    ids=str,
)
def test_more_work_ranks_higher(longer):
    cells = {"longer": Parameters.of(PARAMETERS | longer), "shorter": Parameters.of(PARAMETERS)}
    assert ranks(cells) == {"longer": 2, "shorter": 1}


def test_equal_work_keeps_the_order_of_the_config():
    cells = {name: Parameters.of(PARAMETERS | {"learning_rate": rate}) for name, rate in (("b", 0.1), ("a", 0.2))}
    assert ranks(cells) == {"b": 1, "a": 2}
