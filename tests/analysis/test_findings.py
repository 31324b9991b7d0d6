"""findings.json: pairs that do not differ at all, time beside accuracy, crowded machines."""

import json
import shutil

import pytest
from simulated_cells import make_cells, settings_of

from experiment_grid.analysis.cell_results import read_cells
from experiment_grid.analysis.comparison_table import comparison_table
from experiment_grid.analysis.effects import find_effects
from experiment_grid.analysis.findings import findings
from experiment_grid.analysis.scores import score_cells

GRID = {
    "three-hidden-layers": ({}, 4.0),
    "ce": ({"loss": "cross_entropy"}, 4.0),
    "few": ({"epochs": 1, "hidden": [9]}, 2.0),
    "many": ({"epochs": 3, "hidden": [9]}, 4.5),
    "more": ({"epochs": 12, "hidden": [9]}, 4.5),
}


@pytest.fixture
def results(tmp_path):
    settings = settings_of(make_cells(tmp_path, GRID))
    shutil.copy(tmp_path / "cells/three-hidden-layers/predictions.npz", tmp_path / "cells/ce/predictions.npz")
    return tmp_path, settings


def reported(results, settings):
    folders = {cell["name"]: results / "cells" / cell["name"] for cell in settings["cells"]}
    cells = read_cells(folders, settings["cells"])
    seeds, _ = score_cells(cells, 0.95)
    effects = find_effects(cells, seeds, settings["baseline"], 0.95)
    return findings(settings, cells, seeds, comparison_table(cells, seeds, 0.95), effects, [])


def test_cells_with_the_same_predictions_are_not_called_undecided(results):
    finding = next(item for item in reported(*results)["findings"] if item["id"] == "effect-three-hidden-layers-ce")
    assert finding["decided"] is None
    assert "test accuracy the same, with the same predictions on every image" in finding["text"]
    assert "not significant" not in finding["text"]


def test_a_factors_accuracy_and_time_are_of_one_pair(results):
    """The largest ratio of times is that of few and more, or of many and more, whichever pair differs most."""
    factor = next(factor for factor in reported(*results)["factors"] if factor["factor"] == "epochs")
    assert factor["pairs"] == 3
    for end in ("from", "to"):
        assert factor["largest"][end] == factor["time"][end]
    assert factor["time"]["ratio"] is None and "; no times." in factor["text"]  # nothing was timed
    assert "The largest of 3 pairs, so probably overestimated." in factor["text"]


def test_cells_that_predict_the_same_count_once(results):
    """`ce` is `three-hidden-layers` under another name: its pair with `mse` is the same comparison."""
    folder, settings = results
    grid = {**GRID, "mse": ({"loss": "mse"}, 2.0)}
    settings = settings_of(make_cells(folder, grid))
    shutil.copy(folder / "cells/three-hidden-layers/predictions.npz", folder / "cells/ce/predictions.npz")
    said = reported(folder, settings)
    loss = next(factor for factor in said["factors"] if factor["factor"] == "loss")
    assert (loss["pairs"], loss["distinct"]) == (3, 1)
    assert "3 pairs, of which 1 is distinct" in loss["text"]
    epochs = next(factor for factor in said["factors"] if factor["factor"] == "epochs")
    assert epochs["distinct"] == 3
    assert said["pairs"]["distinct"] == sum(factor["distinct"] for factor in said["factors"])
    assert "In one pair both cells make the same predictions. Such cells count once" in said["pairs"]["text"]


def test_the_best_cell_is_compared_with_the_final_one(results):
    best = reported(*results)["best"]
    assert (best["final"], best["cells"]) == ("three-hidden-layers", 4)
    assert best["cell"] in GRID and best["difference"] >= 0
    assert best["low"] < best["difference"] < best["high"]


@pytest.mark.parametrize(("cores", "crowded"), [(4, True), (5, False)])
def test_more_trainings_at_once_than_cores_are_reported(results, cores, crowded):
    folder, settings = results
    for name in GRID:
        path = folder / "cells" / name / "run.json"
        run = json.loads(path.read_text("utf-8"))
        run["machine"] |= {"host": "here", "cores": cores}
        run |= {"started": "2026-01-01T10:00:00+00:00", "finished": "2026-01-01T10:01:00+00:00"}
        path.write_text(json.dumps(run), "utf-8")
    text = "Up to 5 trainings at once on 4 cores: times include waiting for each other."
    assert (text in reported(folder, settings)["caveats"]) is crowded


def test_a_cell_that_only_guesses_is_named(tmp_path):
    settings = settings_of(make_cells(tmp_path, GRID | {"exploded": ({"learning_rate": 1000.0}, 0.0)}))
    assert reported(tmp_path, settings)["no_better_than_chance"] == ["exploded"]
