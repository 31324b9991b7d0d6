"""The schedule of a training: what it sets and when, what it imports, and what it refuses."""

import os
import subprocess
import sys
import warnings
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from project import SCRIPTS
from trained_cell import canonical

from experiment_grid.runtime.errors import UserError
from experiment_grid.training.components import Optimizer
from experiment_grid.training.schedule import Schedule

TORCH = "torch.optim.lr_scheduler"
NONE = "experiment_grid.training.schedules.none.Constant"


def made(schedule, epochs=4, steps=5, **changes):
    """A schedule and its optimizer."""
    schedule = {"_target_": schedule} if isinstance(schedule, str) else schedule
    parameters = canonical(schedule=schedule, epochs=epochs, learning_rate=0.1, **changes)
    optimizer = Optimizer("cell", parameters, [torch.nn.Parameter(torch.zeros(2))]).optimizer
    return Schedule("cell", parameters, optimizer, steps), optimizer


def values(schedule, epochs=4, steps=5, name="lr", **changes):
    """The values of an option of the optimizer at every step, by epoch."""
    one, optimizer = made(schedule, epochs, steps, **changes)
    (group,) = optimizer.param_groups
    return [[group[name] for _ in one.epoch(number)] for number in range(1, epochs + 1)]


def joined(epochs):
    return [value for epoch in epochs for value in epoch]


def test_after_every_epoch():
    found = values({"_target_": f"{TORCH}.StepLR", "step_size": 2, "gamma": 0.5, "interval": "epoch"})
    assert found == [[0.1] * 5, [0.1] * 5, [0.05] * 5, [0.05] * 5]


def test_after_every_step():
    found = joined(values({"_target_": f"{TORCH}.ExponentialLR", "gamma": 0.5, "interval": "step"}))
    assert found == pytest.approx([0.1 * 0.5**step for step in range(20)])


def test_a_warm_up_rises_to_where_the_schedule_begins():
    found = joined(values({"_target_": f"{TORCH}.CosineAnnealingLR", "warmup": 1.4, "interval": "step"}))
    assert found[:8] == pytest.approx([0.1 / 7, 0.2 / 7, 0.3 / 7, 0.4 / 7, 0.5 / 7, 0.6 / 7, 0.1, 0.1])
    assert all(one > other for one, other in pairwise(found[7:]))
    assert 0 < found[-1] < 0.002  # T_max is what is left after the warm-up
    assert values({"_target_": NONE, "warmup": 1.0}, epochs=2, steps=2) == [[0.05, 0.1], [0.1, 0.1]]


def test_the_momentum_too_if_the_scheduler_sets_it():
    found = joined(values({"_target_": f"{TORCH}.OneCycleLR", "interval": "step"}, name="momentum"))
    assert found[0] == 0.95 and min(found) == pytest.approx(0.85)


def test_what_the_optimizer_sets_itself_stays():
    schedule, optimizer = made({"_target_": f"{TORCH}.ExponentialLR", "gamma": 0.5, "interval": "epoch"})
    for number in (1, 2):
        for _ in schedule.epoch(number):
            optimizer.param_groups[0]["dampening"] = number
        assert optimizer.param_groups[0]["dampening"] == number


def test_a_resumed_schedule_has_the_same_values():
    options = {"_target_": f"{TORCH}.CosineAnnealingLR", "warmup": 0.5, "interval": "step"}
    schedule, optimizer = made(options)
    found = [optimizer.param_groups[0]["lr"] for _ in schedule.epoch(3)]
    assert found == values(options)[2]


def test_no_schedule_imports_what_an_optimizer_of_torch_imports():
    code = """
import sys, test_schedule
test_schedule.values({"_target_": "torch.optim.lr_scheduler.OneCycleLR", "interval": "step"})
print("torch._dynamo" in sys.modules)
"""
    path = os.pathsep.join(map(str, (SCRIPTS, Path(__file__).parent, Path(__file__).parents[1])))
    done = subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": path}, capture_output=True, text=True)
    assert done.stdout == "False\n", done.stderr


def test_no_scheduler_warns_of_the_order_of_steps():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        values({"_target_": f"{TORCH}.CosineAnnealingWarmRestarts", "T_0": 2, "interval": "epoch"})


@pytest.mark.parametrize(
    ("schedule", "changes", "line"),
    [
        (f"{TORCH}.ReduceLROnPlateau", {}, "needs a figure of every epoch; a schedule is fixed before the training"),
        ({"_target_": f"{TORCH}.OneCycleLR", "interval": "step", "total_steps": 9}, {}, "ValueError: Tried to step 10"),
        ({"_target_": f"{TORCH}.CosineAnnealingLR", "T_max": "x"}, {}, "TypeError"),
        ("builtins.repr", {}, "returns a str without step; expected a scheduler of torch.optim"),
        (
            f"{TORCH}.ConstantLR",
            {"optimizer": "odd_components.NoGroups"},
            "in param_groups, which the optimizer does not have",
        ),
    ],
)
def test_what_is_no_schedule_is_one_line_before_the_training(schedule, changes, line):
    with pytest.raises(UserError, match=r"^cell cell: schedule: \S+: ") as raised:
        made(schedule, **changes)
    assert line in str(raised.value)
