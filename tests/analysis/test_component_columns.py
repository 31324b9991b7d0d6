"""Cells of different components side by side: a column per option, empty for cells without it."""

import json

import pytest
from simulated_cells import make_cells
from tables import rows

from experiment_grid.analysis.cell_results import CellResults, read_cells
from experiment_grid.analysis.comparison_table import comparison_table
from experiment_grid.analysis.scores import score_cells
from experiment_grid.analysis.table_files import shown_table, write_csv

COMMON = {"learning_rate": 0.01, "batch_size": 64, "epochs": 2, "normalize": True, "train_fraction": 0.8}
COMMON |= {"seeds": [1], "device": "cpu"}
MLP = {"model": "mlp", "hidden": [], "dropout": 0.0, "loss": "nll", "optimizer": "sgd", "momentum": 0.9} | COMMON
LENET = {
    "model": "models/lenet.py:LeNet",
    "model.channels": [6, 16],
    "model.kernel": 5,
    "loss": "torch.nn.CrossEntropyLoss",
    "loss.label_smoothing": 0.1,
    "optimizer": "adam",
} | COMMON


@pytest.fixture
def table():
    cells = [CellResults("plain", MLP), CellResults("lenet", LENET)]
    seeds, _ = score_cells(cells, 0.95)
    return comparison_table(cells, seeds, 0.95)


def test_options_are_columns_beside_their_component(table, tmp_path):
    write_csv(tmp_path / "comparison.csv", table)
    plain, lenet = rows(tmp_path / "comparison.csv")
    names = list(plain)
    assert names[: names.index("seeds")] == [
        "cell", "model", "hidden", "dropout", "model.channels", "model.kernel", "loss", "loss.label_smoothing",
        "optimizer", "momentum", "learning_rate", "batch_size", "epochs", "normalize", "train_fraction",
    ]  # fmt: skip
    assert (plain["hidden"], plain["dropout"], plain["model.kernel"], plain["momentum"]) == ("none", "0.0", "", "0.9")
    assert (lenet["hidden"], lenet["model.channels"], lenet["model.kernel"]) == ("", "6-16", "5")


def test_the_table_for_papers_has_what_differs(table):
    shown = shown_table(table)
    assert list(shown.columns[:6]) == ["Cell", "Model", "Hidden layers", "Loss", "Optimizer", "Learning rate"]
    assert shown["Hidden layers"].tolist() == ["none", ""]


def test_the_table_shows_what_the_record_says_was_trained(tmp_path):
    """Even if the plan of the comparison says otherwise."""
    (made,) = make_cells(tmp_path, {"cell": ({"learning_rate": 0.001}, 1.0)}, images=50)
    run = tmp_path / "cells/cell/run.json"
    record = json.loads(run.read_text("utf-8"))
    model = {"_target_": "…", "hidden": [7]}
    record["recipe"]["settings"]["parameters"] |= {"learning_rate": 0.125, "model": model}
    run.write_text(json.dumps(record), "utf-8")
    planned = made["parameters"] | {"hidden": [16]}
    (cell,) = read_cells({"cell": run.parent}, [made | {"parameters": planned}])
    assert cell.parameters == planned | {"learning_rate": 0.125, "hidden": [7]}
