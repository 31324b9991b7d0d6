"""The table with a row per cell, comparison.csv."""

from typing import Any

import pandas as pd

from experiment_grid.analysis.cell_results import CellResults
from experiment_grid.analysis.intervals import mean_over_seeds, wilson
from experiment_grid.config.labels import component
from experiment_grid.format import plain

# Means over seeds, in the table's order: column → column of seeds.csv.
MEANS = {
    "train_loss": "train_loss",
    "train_accuracy": "train_accuracy",
    "validation_loss": "validation_loss",
    "validation_accuracy": "validation_accuracy",
    "test_loss": "test_loss",
    "test_accuracy": "accuracy",
    "test_precision_macro": "precision_macro",
    "test_recall_macro": "recall_macro",
    "test_f1_macro": "f1_macro",
    "chosen_epoch": "chosen_epoch",
    "train_seconds": "train_seconds",
    "seconds_per_epoch": "seconds_per_epoch",
    "last_test_loss": "last_test_loss",
    "last_test_accuracy": "last_accuracy",
    "last_test_f1_macro": "last_f1_macro",
}
AS_THEY_WERE = ("seeds", "device")  # parameters that the table shows as they turned out
FIGURES = [
    "seeds",
    "parameters",
    "device",
    "status",
    "train_loss",
    "train_accuracy",
    "validation_loss",
    "validation_accuracy",
    "test_loss",
    "test_accuracy",
    "test_accuracy_low",
    "test_accuracy_high",
    "test_precision_macro",
    "test_recall_macro",
    "test_f1_macro",
    "chosen_epoch",
    "train_seconds",
    "seconds_per_epoch",
    "interval",
    "seeds_ok",
    "representative_seed",
    "test_accuracy_sd",
    "validation_accuracy_sd",
    "last_test_loss",
    "last_test_accuracy",
    "last_test_f1_macro",
    "images_per_second",
]


def shown_parameters(cells: list[CellResults]) -> list[str]:
    """The parameters that any of the cells has, in the order of a cell's own."""
    keys = list(dict.fromkeys(key for cell in cells for key in cell.parameters if key not in AS_THEY_WERE))
    owner = {key: component(key) or key for key in keys}  # options of another cell's component go beside it
    return sorted(keys, key=lambda key: keys.index(owner[key]) if owner[key] in keys else keys.index(key))


def comparison_table(cells: list[CellResults], seeds: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """A row per cell, in the order of the config: means over the seeds that did not diverge."""
    facts = [_facts(cell) for cell in cells]
    table = pd.DataFrame(facts).set_index("cell", drop=False)
    parameters = shown_parameters(cells)
    for name in parameters:  # as they are: a whole number stays one where other cells have none
        table[name] = pd.Series([row.get(name) for row in facts], table.index, dtype=object)
    timed = seeds.groupby("cell")[["train_seconds", "seconds_per_epoch"]].mean()
    good = seeds[seeds["status"] == "ok"].groupby("cell")
    for column, source in MEANS.items():
        table[column] = timed[source] if source in timed else good[source].mean()
    table["seeds_ok"] = good.size().reindex(table.index, fill_value=0)
    table["test_accuracy_sd"], table["validation_accuracy_sd"] = (
        good["accuracy"].std(),
        good["validation_accuracy"].std(),
    )
    table["images_per_second"] = table.pop("training_images") / table["seconds_per_epoch"]
    intervals = {name: _accuracy_interval(group, confidence) for name, group in good}
    for place, column in enumerate(("interval", "test_accuracy_low", "test_accuracy_high")):
        table[column] = pd.Series({name: interval[place] for name, interval in intervals.items()}, dtype=object)
    table = table.astype({"test_accuracy_low": float, "test_accuracy_high": float})
    columns = ["cell", *parameters, *FIGURES]
    return table[columns].reset_index(drop=True).astype({"parameters": "Int64", "representative_seed": "Int64"})


def _facts(cell: CellResults) -> dict[str, Any]:
    """What is known of a cell without its seeds' figures."""
    row = {"cell": cell.name} | {name: plain(value) for name, value in cell.parameters.items()}
    row |= {"seeds": len(cell.parameters["seeds"]), "status": cell.status}
    if not cell.run:
        return row | dict.fromkeys(["parameters", "device", "representative_seed", "training_images"])
    return row | {
        "parameters": cell.run["parameters_count"],
        "device": cell.device,
        "representative_seed": cell.seeds[cell.representative],
        "training_images": cell.run["training_images"],
    }


def _accuracy_interval(seeds: pd.DataFrame, confidence: float) -> tuple[str, float, float]:
    if len(seeds) > 1:
        estimate = mean_over_seeds(seeds["accuracy"].to_numpy(), confidence)
        return "seeds", max(estimate.low, 0.0), min(estimate.high, 1.0)
    return "wilson", *wilson(seeds["n_correct"].iloc[0], seeds["n_test"].iloc[0], confidence)
