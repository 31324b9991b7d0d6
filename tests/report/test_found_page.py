"""Cells that reuse epochs of another cell's training: the page counts each training once and names its cell."""

import pytest
from simulated_cells import GRID
from simulated_page import make_results

from experiment_grid.format import seconds
from experiment_grid.report.results import read
from experiment_grid.report.sections import head, provenance

FOUND = {
    "batch-128": ("three-hidden-layers", [2, 3]),  # two of its three seeds
    "mse": ("three-hidden-layers", [1, 2, 3]),
    "four-hidden-layers": ("learning-rate-0.05", [1]),  # its first epochs
}


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Eight cells of three seeds, all trained in this run but for what was found again."""
    folder = tmp_path_factory.mktemp("results")
    grid = GRID | {name: (GRID[name][0] | {"epochs": 3}, GRID[name][1]) for name in ("learning-rate-0.05",)}
    plan = make_results(folder, grid=grid, found=FOUND)
    plan["run"] |= {"trained": [*GRID], "kept": []}
    return read(folder, plan)


def test_each_training_is_counted_once(results):
    facts = {fact["name"]: fact for fact in head.context(results)["facts"]}
    assert facts["Models"]["value"] == "24"
    assert facts["Models"]["more"] == "3 seeds each; 18 trainings"
    own = results.curves.drop_duplicates("seconds")
    assert len(own) == 8 * 3 * 4 - 3 - (2 + 3) * 4 - 3
    assert facts["Training, all models"]["value"].startswith(seconds(own["seconds"].sum()))


def test_a_cell_of_which_nothing_was_trained_is_found_again(results):
    fact = {fact["name"]: fact for fact in head.context(results)["facts"]}["In this run"]
    assert (fact["value"], fact["more"]) == ("7 cells trained", "1 found again")


def test_says_whose_trainings_they_are(results):
    rows = {row["name"]: row for row in provenance.context(results)["rows"]}
    assert rows["mse"]["run"] == "found again: three-hidden-layers"
    assert rows["batch-128"]["run"] == "trained; found again: seeds 2, 3 of three-hidden-layers"
    assert rows["four-hidden-layers"]["run"] == "trained; found again: epochs 1 to 3 of seed 1 of learning-rate-0.05"
    assert rows["three-hidden-layers"]["run"] == "trained"
