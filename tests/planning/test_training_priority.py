"""The order in which trainings start: the longest first."""

import pytest
from project import parameters_of

from experiment_grid.planning.training_priority import ranks

SMALL = {"hidden": [16, 8], "batch_size": 32, "epochs": 3, "seeds": [1, 2]}


@pytest.mark.parametrize(
    "longer",
    [
        {"epochs": 4},
        {"seeds": [1, 2, 3]},
        {"hidden": [17, 8]},
        {"batch_size": 31},
        {"train_fraction": 0.9},
        {"model": "cnn"},
        {"model": "torchvision.models.resnet18"},
    ],
    ids=str,
)
def test_more_work_ranks_higher(longer):
    if "model" in longer:  # hidden is an option of the mlp alone
        longer = {**longer, "hidden": []}
    cells = {"longer": parameters_of(**SMALL | longer), "shorter": parameters_of(**SMALL)}
    assert ranks(cells) == {"longer": 2, "shorter": 1}


def test_equal_work_keeps_the_order_of_the_config():
    cells = {name: parameters_of(**SMALL, learning_rate=rate) for name, rate in (("b", 0.1), ("a", 0.2))}
    assert ranks(cells) == {"b": 1, "a": 2}
