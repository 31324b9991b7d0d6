"""The cell that a search chooses, and how much of its lead is luck."""

import numpy as np
import pytest
from simulated_cells import make_cells, settings_of

from experiment_grid.analysis.cell_results import read_cells
from experiment_grid.analysis.chosen import choose, luck_of_best, of_choice
from experiment_grid.analysis.scores import score_cells

SEARCH = {"searches": [{"name": "search", "seed": 1, "axes": {"learning_rate": ["uniform", [0, 1]]}, "cells": []}]}


def test_the_best_of_fifty_equal_cells_is_all_luck():
    generator, error = np.random.default_rng(1), np.full(50, 0.002)
    found = [luck_of_best(0.97 + generator.normal(0, error), error) for _ in range(40)]
    assert np.mean(found) == pytest.approx(2.25 * 0.002, rel=0.15)  # the mean of the largest of fifty normal draws


@pytest.mark.parametrize("spread", [0.001, 0.004, 0.02])
def test_luck_is_on_average_what_the_best_loses(spread):
    generator, error = np.random.default_rng(2), np.full(50, 0.002)
    said, lost = [], []
    for _ in range(200):
        true = generator.normal(0.9, spread, 50)
        means = true + generator.normal(0, error)
        said.append(luck_of_best(means, error))
        lost.append(means.max() - true[means.argmax()])
    assert np.mean(said) == pytest.approx(np.mean(lost), abs=0.00035)


@pytest.mark.parametrize("seeds", [(1,), (1, 2, 3)])
def test_validation_alone_chooses(tmp_path, seeds):
    grid = {f"c{number}": ({"learning_rate": 0.001 * (number + 1)}, 1.0 + 0.02 * number) for number in range(12)}
    made = make_cells(tmp_path, grid, seeds=seeds, images=200)
    cells = read_cells({name: tmp_path / "cells" / name for name in grid}, made)
    for cell in cells:  # the best by test is the worst by validation
        cell.curves["validation_accuracy"] = 1 - cell.curves["test_accuracy"]
    scores, _ = score_cells(cells, 0.95)
    accuracy = scores.groupby("cell")["accuracy"].mean()
    found = choose(settings_of(made, **SEARCH), cells, scores)
    assert accuracy[found.cell] == accuracy.min()
    assert (found.of, found.seeds) == (12, len(seeds)) and found.luck > 0
    assert ("trained once" in of_choice(found)) == (len(seeds) == 1)
    assert choose(settings_of(made), cells, scores) is None
