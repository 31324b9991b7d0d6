"""Cells that are drawn from distributions, and combinations that are left out of them and of grids."""

import math
import subprocess
import sys

import pytest
from configs import load_overlay
from project import ROOT, SCRIPTS
from snakemake.common.configfile import load_configfile

from experiment_grid.config.sampling import draw
from experiment_grid.config.settings import checked_before
from experiment_grid.runtime.errors import UserError

SAMPLE = {
    "number": 50,
    "learning_rate": {"log_uniform": [1e-4, 1e-1]},
    "dropout": {"uniform": [0, 0.5]},
    "batch_size": {"int_uniform": [16, 128]},
    "epochs": {"log_int_uniform": [1, 100]},
    "model.hidden": {"choice": [[64], [128, 64]]},
}
CELLS = "baseline: plain\nfinal: plain\ncells:\n  - name: plain\n  - name: search\n    sample: {%s}\n"
RATES = [0.0007253, 0.0355, 0.0004531, 0.009071]  # of SAMPLE's first cells
RATE = "learning_rate: {log_uniform: [0.001, 0.1]}, batch_size: {choice: [32, 64]}"


def cells(folder, sample, more=""):
    return {
        name: cell.parameters
        for name, cell in load_overlay(folder, CELLS % sample + more).cells.items()
        if name != "plain"
    }


def test_values_are_in_their_ranges_and_spread_over_them():
    drawn = [*draw(SAMPLE).values()]
    for axis, (low, high) in {"learning_rate": (1e-4, 0.1), "dropout": (0, 0.5), "batch_size": (16, 128)}.items():
        values = [values[axis] for values in drawn]
        assert low <= min(values) and max(values) <= high and len({*values}) > 35
    decades = [math.floor(math.log10(values["learning_rate"])) for values in drawn]
    assert all(abs(decades.count(decade) - 50 / 3) < 3 for decade in (-4, -3, -2))
    assert sum(values["epochs"] <= 10 for values in drawn) in range(22, 29)
    assert {type(values["epochs"]) for values in drawn} == {int}
    assert abs([values["model.hidden"] for values in drawn].count([64]) - 25) < 3


def test_numbers_are_short():
    assert all(len(f"{values['learning_rate']:.8f}".rstrip("0").lstrip("0.")) <= 5 for values in draw(SAMPLE).values())
    narrow = {"number": 200, "learning_rate": {"log_uniform": [0.1, 0.1001]}}
    assert len(draw(narrow)) == 200


@pytest.mark.parametrize("number", [1, 7, 64, 500])
def test_a_larger_number_keeps_the_cells(number):
    first, more = draw(SAMPLE | {"number": number}), draw(SAMPLE | {"number": 1000})
    assert len(more) == 1000 and [*more.items()][:number] == [*first.items()]


def test_another_seed_draws_others_and_another_order_the_same():
    assert draw(SAMPLE) == draw(SAMPLE | {"seed": 1}) == draw(dict(reversed(SAMPLE.items())))
    assert draw(SAMPLE) != draw(SAMPLE | {"seed": 2})


def test_the_cells_of_a_seed_stay_what_they_are_under_other_versions():
    """SciPy and NumPy draw the points: if a version of theirs draws others, a search trains again."""
    rates = [values["learning_rate"] for values in draw(SAMPLE | {"number": 4}).values()]
    assert rates == RATES


def test_a_sample_is_cells_with_names_that_stay(tmp_path):
    found = cells(tmp_path, f"number: 20, {RATE}")
    assert [*found] == [f"search-{number:03}" for number in range(1, 21)]
    more = cells(tmp_path, f"number: 1001, {RATE}")
    assert "search-1000" in more and all(more[name] == cell for name, cell in found.items())


def test_excluded_combinations_are_left_out_of_a_sample(tmp_path):
    before = cells(tmp_path, f"number: 20, {RATE}")
    after = cells(tmp_path, f"number: 20, {RATE}", "    exclude: [{learning_rate: {above: 0.01}, batch_size: 32}]\n")
    assert len(after) == 20 and not any(one.learning_rate > 0.01 and one.batch_size == 32 for one in after.values())
    assert all(after[name] == before[name] for name in after.keys() & before.keys())
    assert all(
        before[name].learning_rate > 0.01 and before[name].batch_size == 32 for name in before.keys() - after.keys()
    )


def test_excluded_combinations_are_left_out_of_a_grid(tmp_path):
    grid = "baseline: batch-32_momentum-0\nfinal: batch-32_momentum-0\ncells:\n  - grid: {batch_size: [32, 64], "
    grid += "momentum: [0, 0.9]}\n    exclude: [{batch_size: 64.0, momentum: 0.0}, "
    grid += "{momentum: {above: 0.5}, batch_size: 32}]"
    assert [*load_overlay(tmp_path, grid).cells] == ["batch-32_momentum-0", "batch-64_momentum-0.9"]


def test_a_choice_of_few_gives_each_once(tmp_path):
    found = cells(tmp_path, "number: 4, batch_size: {choice: [32, 64]}, momentum: {choice: [0, 0.5]}")
    assert {(one.batch_size, one.optimizer.options["momentum"]) for one in found.values()} == {
        (batch, momentum) for batch in (32, 64) for momentum in (0, 0.5)
    }


def test_a_cell_that_another_item_has_is_no_cell_of_the_sample(tmp_path):
    text = (
        CELLS % "number: 2, batch_size: {choice: [32, 64]}" + "  - sample: {number: 2, batch_size: {choice: [16, 32]}}"
    )
    found = load_overlay(tmp_path, text).cells  # plain has 64
    assert len(found) == 3 and sorted(one.parameters.batch_size for one in found.values()) == [16, 32, 64]
    base = load_configfile(tmp_path / "base.yaml") | load_configfile(tmp_path / "overlay.yaml")
    assert [*checked_before(base).cells] == [*found]


CASES = {
    "number: 3": "sample: draws no parameter; given: ",
    "number: 30, batch_size: {choice: [32, 64]}": "sample.number: is more than the distinct combinations left after "
    "exclude; given: 30; allowed: 1 to 2",
    "number: 30000, learning_rate: {uniform: [0.1, 1]}": "sample.number: is out of range; given: 30000; allowed: a "
    "whole number from 1 to 20000",
    "number: 3, batch_size: {uniform: [32, 64]}": "sample.batch_size.uniform: draws numbers that batch_size can't be; "
    "given: [32, 64]; allowed: a whole number from 1 to 10000000; by int_uniform, log_int_uniform",
    "number: 3, batch_size: {intuniform: [32, 64]}": "sample.batch_size.intuniform: unknown key (did you mean "
    "int_uniform?); given: [32, 64]; allowed: uniform, log_uniform, int_uniform, log_int_uniform, choice",
    "number: 3, batch_size: {}": "sample.batch_size: is not one distribution; given: {}; allowed: ",
    "number: 3, learning_rate: {log_uniform: [1, 0.1]}": "sample.learning_rate.log_uniform: has its ends in the wrong "
    "order, or at one value; given: [1, 0.1]; allowed: a list of 2 items, each a number above 0",
    "number: 3, learning_rate: {uniform: [0, 1]}": "sample.learning_rate.uniform[0]: is out of range; given: 0; "
    "allowed: a number above 0 to 1000",
    "number: 3, hidden: {choice: [[64], [0]]}": "sample.hidden.choice[1][0]: is out of range; given: 0; allowed: ",
    "number: 1, optimizer.nestrov: {choice: [true, false]}": "sample.optimizer.nestrov.choice: unknown option of sgd, "
    "the optimizer of cell search-001 (did you mean nesterov?); given: ",
}


@pytest.mark.parametrize("sample", CASES)
def test_what_is_wrong_with_a_sample_is_reported_in_a_line(tmp_path, monkeypatch, sample):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError) as refused:
        cells(tmp_path, sample)
    assert str(refused.value).startswith(f"overlay.yaml:6: cells[1].{CASES[sample]}"), refused.value
    assert "\n" not in str(refused.value)


EXCLUDED = {
    "{batch_size: 48}": "[0].batch_size: is not a value of the axis; given: 48; allowed: one of [32, 64]",
    "{momentum: 0.9}": "[0].momentum: is not an axis of this sample; given: 0.9; allowed: learning_rate, batch_size",
    "{learning_rate: {above: 1}}": '[0].learning_rate: is not a value of the axis; given: {"above": 1}; allowed: '
    "a number from 0.001 to 0.1, or {above: …, below: …}",
    "{}": "[0]: is empty; given: {}; allowed: ",
}


@pytest.mark.parametrize("entry", EXCLUDED)
def test_an_entry_that_leaves_nothing_out_is_reported(tmp_path, monkeypatch, entry):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError) as refused:
        cells(tmp_path, f"number: 3, {RATE}", f"    exclude: [{entry}]")
    assert str(refused.value).startswith(f"overlay.yaml:7: cells[1].exclude{EXCLUDED[entry]}"), refused.value


@pytest.mark.parametrize(
    ("item", "wrong"),
    [
        ("{name: c, exclude: [{momentum: 0}]}", "cells[2].exclude: has no grid or sample to leave out of"),
        (
            "{grid: {momentum: [0]}, sample: {number: 1, momentum: {choice: [0]}}}",
            "cells[2].sample: is given beside a grid",
        ),
        ("{grid: {momentum: [0]}, exclude: [{momentum: 0}]}", "cells[2].exclude: leaves no cell"),
        (
            "{momentum: 0, sample: {number: 1, momentum: {choice: [0]}}}",
            "cells[2].momentum: is given twice: here and as",
        ),
    ],
)
def test_what_makes_no_sense_together_is_reported(tmp_path, monkeypatch, item, wrong):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=r"^overlay.yaml:1: ") as refused:
        load_overlay(tmp_path, "cells: [{name: a}, {name: b, momentum: 0.5}, " + item + "]")
    assert wrong in str(refused.value)


def test_a_configuration_without_a_sample_does_not_import_scipy():
    code = (
        "import sys, yaml; from experiment_grid.config.settings import load; "
        "load(yaml.safe_load(open('config/config.yaml')) | {'reference': None}); assert 'scipy' not in sys.modules"
    )
    path = {"PYTHONPATH": str(SCRIPTS), "PATH": ""}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
