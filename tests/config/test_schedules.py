"""The component `schedule`, its options and what training fills in; optional parameters in recipe and table."""

import pytest
from configs import cells_of
from project import parameters

from experiment_grid.config.columns import flat
from experiment_grid.runtime.errors import UserError


def schedule(tmp_path, text: str):
    return cells_of(tmp_path, f"name: x, schedule: {text}")["x"].parameters.schedule


def refused(tmp_path, text: str) -> str:
    with pytest.raises(UserError) as raised:
        cells_of(tmp_path, f"name: x, epochs: 4, schedule: {text}")
    return str(raised.value)


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("none", "{_target_: none, warmup: 0.0}"),
        ("cosine", "torch.optim.lr_scheduler.CosineAnnealingLR"),
        ("cosine", "{_target_: cosine, eta_min: 0, interval: epoch}"),
        ("one_cycle", "{_target_: torch.optim.lr_scheduler.OneCycleLR, interval: step, pct_start: 0.3}"),
        ("{_target_: step, step_size: 3.0}", "{_target_: torch.optim.lr_scheduler.StepLR, step_size: 3, gamma: 0.1}"),
    ],
)
def test_equal_schedules_are_equal_however_they_are_written(tmp_path, text, same):
    assert repr(schedule(tmp_path, text)) == repr(schedule(tmp_path, same))


def test_what_training_fills_in_is_an_option_where_it_is_given(tmp_path):
    assert schedule(tmp_path, "cosine").options == {"eta_min": 0.0, "warmup": 0.0, "interval": "epoch"}
    assert schedule(tmp_path, "{_target_: cosine, T_max: 5}").options["T_max"] == 5


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("step", "schedule.step_size: is missing: an option of step, the schedule of cell x; allowed: a whole number"),
        (
            "{_target_: step, step_size: 0}",
            "schedule.step_size: is out of range; given: 0; allowed: a whole number from 1",
        ),
        ("{_target_: cosine, warmup: -1}", "schedule.warmup: is out of range; given: -1; allowed: a number from 0"),
        ("{_target_: cosine, warmup: 4}", "schedule: has a warm-up that is no shorter than the 4 epochs of cell x"),
        (
            "{_target_: cosine, interval: batch}",
            'schedule.interval: is not one of those known; given: "batch"; allowed',
        ),
        ("{_target_: none, interval: step}", "schedule.interval: unknown option of none, the schedule of cell x"),
        ("{_target_: one_cycle, epochs: 5}", "schedule.epochs: is not an option: total_steps counts them; given: 5"),
        ("{_target_: cosine, last_epoch: 5}", "schedule.last_epoch: is not an option: training counts; given: 5"),
        ("linear", 'schedule: is not one of those known; given: "linear"; allowed: none, step, exponential, cosine'),
        ("cosin", "schedule: is not one of those known (did you mean cosine?)"),
        ("torch.optim.lr_scheduler.Linear", "schedule: no such class or function"),
    ],
)
def test_what_is_wrong_is_one_line(tmp_path, text, line):
    assert line in refused(tmp_path, text)


def test_a_warm_up_by_its_full_name_is_an_axis(tmp_path):
    found = cells_of(tmp_path, "name: x", "schedule: cosine, grid: {schedule.warmup: [0, 1.5]}")
    assert [*found] == ["x", "warmup-0", "warmup-1.5"]
    assert found["warmup-1.5"].parameters.schedule.options["warmup"] == 1.5


OPTIONAL = {"patience": 3, "gradient_clip": 1.0, "l1": 0.001, "amp": "bf16", "tf32": True, "deterministic": True}
DEFAULTS = dict.fromkeys(OPTIONAL, None) | {"l1": 0, "tf32": False, "deterministic": False}


def test_optional_parameters_are_in_recipe_and_table_only_where_they_are_used(tmp_path):
    assert not {*OPTIONAL} & {*parameters()}
    assert not {*OPTIONAL} & {*parameters(**DEFAULTS)}
    assert parameters(**OPTIONAL).items() >= OPTIONAL.items()
    found = cells_of(tmp_path, "name: x", "name: y, patience: 3, gradient_clip: 1")
    table = flat({name: cell.parameters for name, cell in found.items()})
    assert (table["x"]["patience"], table["y"]["patience"], table["y"]["gradient_clip"]) == (None, 3, 1.0)
    assert "l1" not in table["y"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("patience: 0", "patience: is out of range; given: 0; allowed: a whole number from 1 to 100000, or null"),
        ("patience: 1.5", "patience: must be a whole number"),
        ("gradient_clip: 0", "gradient_clip: is out of range; given: 0; allowed: a number above 0"),
        ("gradient_clip: max", "gradient_clip: must be a number"),
        ("amp: fp16", 'amp: is not one of those known (did you mean bf16?); given: "fp16"; allowed: bf16, or null'),
        ("tf32: 1", "tf32: must be true or false; given: 1"),
        (
            "device: cpu, tf32: true",
            "tf32: has no effect on cell x, which trains on a CPU; given: true; allowed: false",
        ),
        ("l1: -1", "l1: is out of range; given: -1; allowed: a number from 0 to 1"),
        ("model: {init: he}", 'model.init: is not one of those known; given: "he"; allowed: xavier_uniform, xavier'),
        ("model: models/lenet.py:LeNet, model.init: orthogonal", "model.init: unknown option of models/lenet.py:LeNet"),
    ],
)
def test_what_is_wrong_with_an_optional_parameter_is_one_line(tmp_path, text, line):
    with pytest.raises(UserError) as raised:
        cells_of(tmp_path, f"name: x, {text}")
    assert line in str(raised.value)


def test_an_axis_of_optional_parameters_names_its_cells(tmp_path):
    found = cells_of(tmp_path, "name: x", "grid: {gradient_clip: [null, 0.5], model.init: [kaiming_normal]}, epochs: 3")
    assert [*found] == ["x", "gradient_clip-null_init-kaiming_normal", "gradient_clip-0.5_init-kaiming_normal"]


def test_recipe_and_table_name_a_schedule_only_where_there_is_one(tmp_path):
    assert "schedule" not in parameters()
    assert parameters(schedule={"warmup": 1})["schedule"]["warmup"] == 1.0
    found = cells_of(tmp_path, "name: x", "name: y, epochs: 5")
    assert all("schedule" not in row for row in flat({name: cell.parameters for name, cell in found.items()}).values())
    found = cells_of(tmp_path, "name: x", "name: y, schedule: {_target_: cosine, warmup: 1}")
    table = flat({name: cell.parameters for name, cell in found.items()})
    assert (table["x"]["schedule"], table["y"]["schedule"], table["y"]["schedule.warmup"]) == ("none", "cosine", 1.0)
